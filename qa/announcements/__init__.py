"""What is heard instead of the customer: announcements of networks, mailboxes, secretaries (D3)."""

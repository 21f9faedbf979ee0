"""What a changed playbook would do, and how it comes into force."""

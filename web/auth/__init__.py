"""Who may see what: users, passwords, sessions, and the guard before every page (X1, X2)."""

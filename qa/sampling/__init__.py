"""Which calls people listen to: pools kept apart, drawn by a seed, shared out among reviewers (S1, S5)."""

"""The plan of the day: which occasions make which calls due, and why each call is made or not (L1-L9)."""

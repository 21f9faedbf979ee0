"""Forget me: what is erased of a person, what the law wants kept, and what keeps later files out (X3)."""

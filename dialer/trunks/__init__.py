"""The lines to the customers: how each is dialled, what it may carry, and whether it works (D4)."""

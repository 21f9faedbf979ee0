"""Words said, found again: by their characters and by their sound (A4)."""

"""Who calls whom: balanced assignment, leave and stand-ins, shifts, hand-over notes (L6, L10, R9, R12)."""

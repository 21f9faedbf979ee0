"""The working day of the people: what past calls teach, targets, hand-over notes (L6, L10, R9)."""

"""How many recorded calls at once the whole service carries, beside Asterisk alone (D1, A1, X1)."""

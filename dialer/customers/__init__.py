"""Whom we call: customers, their phones and plates, and the occasions that make a call due (C1-C3)."""

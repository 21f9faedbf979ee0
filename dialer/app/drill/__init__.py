"""Drills: the product broken on purpose, and what is left counted from outside."""

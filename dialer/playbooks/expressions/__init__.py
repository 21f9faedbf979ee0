"""Conditions: a small closed language over the facts of an occasion. Pure."""

"""Changing a rule set: drafts, what they would change in calls of the past, and versions (Q2, T7)."""

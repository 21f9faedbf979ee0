"""Calls that an agent looks at first: preview, appointments to the minute, calls by hand (D2)."""

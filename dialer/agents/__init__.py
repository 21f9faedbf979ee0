"""The people who call: who they are, what they are doing now, and since when (D5)."""

"""Schema changes, in order. Never edited after they were released."""

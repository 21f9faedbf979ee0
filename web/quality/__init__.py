"""placeholder, owned by the quality area."""

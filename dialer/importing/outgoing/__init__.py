"""Results on their way back to the systems that the occasions came from (C6)."""

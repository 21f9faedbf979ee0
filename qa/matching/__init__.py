"""Chinese text as syllables, and phrases found among them by sound. Pure."""

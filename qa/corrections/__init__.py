"""Words of a transcript that a person put right; what the machine heard is kept."""

"""The doctor's checks on recorded answers."""

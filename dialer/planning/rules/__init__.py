"""What is due, on what grounds, and what becomes of it. Pure."""

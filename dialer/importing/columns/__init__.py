"""What the columns of a file are, and how their cells are read."""

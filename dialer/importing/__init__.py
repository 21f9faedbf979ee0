"""Files of occasions, read row by row; what is wrong is told with its line (C3)."""

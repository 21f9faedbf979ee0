"""Files as tables: rows of cells, one after the other, whatever the form and encoding (C3)."""

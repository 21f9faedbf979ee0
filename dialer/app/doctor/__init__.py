"""`dialer doctor`: one small module for each group of checks; each check gives one finding (O5)."""

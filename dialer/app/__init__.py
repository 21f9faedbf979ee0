"""The composition root: the one place that sees every package, and the command line."""

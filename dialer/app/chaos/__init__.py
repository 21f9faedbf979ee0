"""Chaos: faults of every kind, drawn from a seed, under calls that go on; then the books are compared."""

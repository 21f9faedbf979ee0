"""Audio to words, offline: one port, an adapter per engine, models on disk, worker processes (Q1)."""

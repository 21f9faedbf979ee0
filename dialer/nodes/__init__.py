"""Nodes: the telephone systems that calls go through, and which process of ours has each of them (D8)."""

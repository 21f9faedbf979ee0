"""A supervisor stops calling, for one playbook or for everything, and lets it go on again (V2)."""

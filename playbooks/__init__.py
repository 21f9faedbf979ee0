"""The shipped playbooks: data, no code."""

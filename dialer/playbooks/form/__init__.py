"""The form of a playbook: what may stand in its file."""

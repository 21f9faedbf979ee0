"""False follow-ups (虚假回访): the form against what was heard, for a person to decide."""

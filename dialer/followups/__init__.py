"""What is owed to a customer: one follow-up, from its occasion to its closing (L1, L7, L9)."""

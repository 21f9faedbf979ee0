"""People review calls: scorecards, verdicts over the machine's, appeals, agreement, training (S2-S4, Q5)."""

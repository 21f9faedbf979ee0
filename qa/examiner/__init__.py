"""The examiner's package: all that proves how a policy or an order was followed up (Q7)."""

"""What the customer said: answers to the questionnaire and the result form 回访记录 (T2, T3)."""

"""What answers bring about: complaint cases, question items, tasks (T3, T5, L8)."""

"""Audio to judgement: engines, transcripts, rules, findings (Q1-Q5)."""

"""How a call was held: loudness, speech rate, overlap, silence, response time, from sound and words (Q6)."""

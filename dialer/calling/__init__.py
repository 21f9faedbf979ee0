"""The dialling engine: places due calls to ready agents, and knows how each ended (D1-D7)."""

"""An agent's own test of phone and headset before the shift (V3)."""

"""What happens in a call besides talking: hold, mute, transfer, third party, listening (D6, V2)."""

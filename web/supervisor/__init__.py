"""The live page of the supervisor: who does what, what waits, what needs a person (V1)."""

"""The service and its core: who is called, when, by whom, and how it went."""

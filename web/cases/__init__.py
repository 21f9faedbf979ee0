"""Cases, question items and tasks: what answers have brought about, and the moves of each (K1, K5, L8)."""

from web.cases.pages import routes

__all__ = ["routes"]

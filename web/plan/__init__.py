"""The plan of the day: who is called and who not, by whom, what will be late, and why (L1, L6, L9, R9)."""

from web.plan.routing import routes

__all__ = ["routes"]

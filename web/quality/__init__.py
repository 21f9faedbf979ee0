"""Recordings and QA: find a call, hear it in step with its words, see what the check found (R2)."""

from web.quality.pages import routes

__all__ = ["routes"]

"""Reviews: the sample, one call heard and judged, results and appeals, the figures (S1-S4, Q5)."""

from web.reviews.pages import routes

__all__ = ["routes"]

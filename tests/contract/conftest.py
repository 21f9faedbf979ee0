"""Every database the product runs on."""

from tests.support.stores import database, empty_url, kind, make_url, store_url

__all__ = ["database", "empty_url", "kind", "make_url", "store_url"]

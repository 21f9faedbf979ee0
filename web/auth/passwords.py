"""Passwords as argon2id hashes. Slow on purpose: never call these inside a unit of database work."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from web.auth.rules import MIN_PASSWORD, BadUser

_hasher = PasswordHasher()
# Each check takes 64 MiB: a flood of logins must not take the memory of the calls.
_workers = ThreadPoolExecutor(2, thread_name_prefix="passwords")


def hash_password(password: str) -> str:
    """The hash to keep.

    Raises:
        BadUser: the password is too short.
    """
    if len(password) < MIN_PASSWORD:
        raise BadUser(f"the password is too short: give at least {MIN_PASSWORD} characters")
    return _hasher.hash(password)


async def matches(password: str, password_hash: str | None) -> bool:
    """Whether `password` is the one; takes as long where there is no user (None)."""
    loop = asyncio.get_running_loop()
    right = await loop.run_in_executor(_workers, _verify, password, password_hash)
    return right and password_hash is not None


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        return _hasher.verify(password_hash or _hash_of_nobody(), password)
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("nobody has this password")

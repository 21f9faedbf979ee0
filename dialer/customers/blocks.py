"""Do not call: numbers and plates that are never dialled, whatever a later file says (X3).

A block is a keyed hash, so that it also holds for who was forgotten. The key is made once and kept in the
database: it moves with it to another machine, and several services on one database agree. It hides a
number from who sees the table; who has the whole database can try all numbers.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, bindparam, insert, literal, select, update

from dialer.customers.identity import surname
from dialer.customers.queries import chunks, family, in_chunks
from dialer.customers.tables import blocks, customers, phones, site_secrets, vehicles
from dialer.customers.taking import NOTHING_BLOCKED, Blocked
from dialer.customers.values import Occasion
from dialer.storage.dialects import upsert
from dialer.storage.feed import emit
from dialer.storage.prepared import Prepared

# Why somebody is not called any more.
ASKED, FORGOTTEN = "asked", "forgotten"
CUSTOMER_BLOCKED = "customer.blocked"

_SECRET = select(site_secrets.c.value).where(site_secrets.c.name == "blocks")
_ANY = select(blocks.c.key).where(blocks.c.lifted_at.is_(None)).limit(1)
# Whoever asked not to be called is not called under another name either (X3). The empty number tells that
# there are blocks, which are looked up only then.
_UNWILLING = Prepared(
    select(phones.c.number)
    .join(customers, customers.c.id == phones.c.customer_id)
    .where(phones.c.number.in_(bindparam("many", expanding=True)), customers.c.do_not_call)
    .union_all(select(literal("")).where(_ANY.exists())),
    lists=("many",),
)
_HELD = select(blocks.c.key, blocks.c.reason).where(
    blocks.c.lifted_at.is_(None), blocks.c.key.in_(bindparam("many", expanding=True))
)


class NoSuchCustomer(LookupError):
    """There is no customer with this id."""


class BlockKind(StrEnum):
    """What is blocked."""

    NUMBER = "number"
    PLATE = "plate"


def number_word(number: str) -> str:
    """What is hashed of a number."""
    return f"number:{number}"


def plate_word(plate: str, name: str) -> str:
    """What is hashed of a plate: with the surname, so that it does not hold for who bought the car."""
    return f"plate:{plate}:{surname(name)}"


def blocked_of(conn: Connection, batch: Sequence[Occasion]) -> Blocked:
    """What is blocked of the numbers and plates of these occasions."""
    if conn.execute(_ANY).first() is None:
        return NOTHING_BLOCKED
    numbers = {number_word(number): number for one in batch for number in one.numbers}
    plates = {plate_word(one.plate, one.name): (one.plate, surname(one.name)) for one in batch if one.plate}
    held = _held(conn, (*numbers, *plates))
    return Blocked(
        numbers=frozenset(numbers[word] for word in held if word in numbers),
        plates=frozenset(plates[word] for word in held if word in plates),
        forgotten_numbers=frozenset(
            numbers[word] for word, why in held.items() if word in numbers and why == FORGOTTEN
        ),
        forgotten_plates=frozenset(
            plates[word] for word, why in held.items() if word in plates and why == FORGOTTEN
        ),
    )


def blocked_numbers(conn: Connection, numbers: Iterable[str]) -> dict[str, str]:
    """Those of the numbers that are blocked, each with the reason."""
    words = {number_word(number): number for number in numbers}
    if not words or conn.execute(_ANY).first() is None:
        return {}
    return {words[word]: reason for word, reason in _held(conn, words).items()}


def barred_numbers(conn: Connection, numbers: Collection[str]) -> set[str]:
    """Those of the numbers that must not be dialled, under whatever name they stand (X3): a gate of planning
    and pairing."""
    barred = {row[0] for some in chunks(numbers) for row in _UNWILLING.rows(conn, {"many": some})}
    if "" in barred:
        words = {number_word(number): number for number in numbers}
        barred |= {words[word] for word in _held(conn, words)}
    return barred - {""}


def block(conn: Connection, customer_id: str, by: str, reason: str, now: datetime) -> int:
    """Never call this person again: every number and plate, over all sources and later files (X3).

    How many numbers and plates are blocked now. The reason is a word such as asked, refused.

    Raises:
        NoSuchCustomer: there is none.
    """
    records = family(conn, customer_id)
    entries = _entries(conn, records)
    key = _secret(conn, now)
    for word, kind, shown in entries:
        row = {"key": _hash(key, word), "kind": kind, "shown": shown, "reason": reason}
        upsert(conn, blocks, {**row, "by": by, "at": now, "lifted_at": None}, ["key"])
    # Who shares one of the numbers under another name is marked, too: the number is what is not dialled.
    conn.execute(update(customers).where(customers.c.id.in_(records)).values(do_not_call=True))
    emit(conn, CUSTOMER_BLOCKED, customer_id, now, {"by": by, "reason": reason, "blocked": len(entries)})
    return len(entries)


def unblock(conn: Connection, customer_id: str, by: str, now: datetime) -> None:
    """Let this person be called again.

    Raises:
        NoSuchCustomer: there is none.
    """
    records = family(conn, customer_id)
    key = _secret(conn, now)
    keys = [_hash(key, word) for word, _kind, _shown in _entries(conn, records)]
    conn.execute(
        update(blocks).where(blocks.c.key.in_(keys), blocks.c.lifted_at.is_(None)).values(lifted_at=now)
    )
    living = (customers.c.id.in_(records), customers.c.forgotten_at.is_(None))
    conn.execute(update(customers).where(*living).values(do_not_call=False))
    emit(conn, "customer.unblocked", customer_id, now, {"by": by})


def unblock_number(conn: Connection, number: str, by: str, now: datetime) -> bool:
    """Let a number be called again whose customer is not known any more; False where it was not blocked.

    For a number that was forgotten and now is another person's.
    """
    key = _hash(_secret(conn, now), number_word(number))
    open_block = (blocks.c.key == key, blocks.c.lifted_at.is_(None))
    lifted = conn.execute(update(blocks).where(*open_block).values(lifted_at=now)).rowcount
    if lifted:
        emit(conn, "number.unblocked", "blocks", now, {"by": by, "shown": shown_number(number)})
    return bool(lifted)


def _entries(conn: Connection, records: Collection[str]) -> list[tuple[str, BlockKind, str]]:
    """What there is to block of these records: the word that is hashed, its kind, and what people see."""
    names = dict(
        conn.execute(select(customers.c.id, customers.c.name).where(customers.c.id.in_(records))).all()
    )
    if not names:
        raise NoSuchCustomer("there is no customer " + ", ".join(records))
    numbers = conn.execute(select(phones.c.number).where(phones.c.customer_id.in_(records)).distinct())
    plates = conn.execute(
        select(vehicles.c.plate, vehicles.c.customer_id).where(vehicles.c.customer_id.in_(records))
    )
    entries = [(number_word(one), BlockKind.NUMBER, shown_number(one)) for one in numbers.scalars()]
    for plate, customer_id in plates:
        word = plate_word(plate, names[customer_id])
        entries.append((word, BlockKind.PLATE, f"{plate[:2]}***{plate[-2:]}"))
    return entries


def shown_number(number: str) -> str:
    """What may be seen of a blocked number: 138****0001."""
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 9 else f"****{number[-2:]}"


def _held(conn: Connection, words: Iterable[str]) -> dict[str, str]:
    key = conn.execute(_SECRET).scalar()
    if key is None:
        return {}
    hashes = {_hash(key, word): word for word in words}
    return {hashes[row.key]: row.reason for row in in_chunks(conn, _HELD, hashes)}


def _hash(key: str, word: str) -> str:
    return hmac.digest(key.encode(), word.encode(), hashlib.sha256).hex()


def _secret(conn: Connection, now: datetime) -> str:
    key: str | None = conn.execute(_SECRET).scalar()
    if key is None:
        key = secrets.token_hex(32)
        conn.execute(insert(site_secrets).values(name="blocks", value=key, made_at=now))
    return key

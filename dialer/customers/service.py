"""Taking in occasions: customers, phones, plates, and what happened (C1-C3)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection

from dialer.customers.blocks import blocked_of
from dialer.customers.corrections import correct
from dialer.customers.identity import identity_keys
from dialer.customers.merging import note_late, write_joined
from dialer.customers.queries import load_world
from dialer.customers.storing import store_occasions, store_people
from dialer.customers.taking import take
from dialer.customers.values import CustomerFields, Occasion, Taken, TakenIn
from dialer.storage.feed import emit

__all__ = ["CustomerFields", "Occasion", "Taken", "TakenIn", "correct", "take_in", "take_in_many"]


def take_in(conn: Connection, occasion: Occasion, now: datetime) -> TakenIn:
    """Store an occasion; the same external id again is an update, never a second one."""
    (taken,) = take_in_many(conn, (occasion,), now)
    return taken


def take_in_many(conn: Connection, batch: Sequence[Occasion], now: datetime) -> list[TakenIn]:
    """Store occasions, one result for each in their order, with few statements for all of them.

    The order in which occasions come, in a batch or in several, does not matter to what is stored: whose
    an occasion is depends on who shares which number, plate and name, and each field of a customer is the
    one that the latest record told. Of who asked to be forgotten nothing is stored: `Taken.REFUSED` (X3).
    A batch of a thousand is a good size.
    """
    if not batch:
        return []
    keys = [identity_keys(one.name, one.numbers, one.plate) for one in batch]
    world = load_world(conn, batch, set(chain.from_iterable(keys)))
    world.blocked = blocked_of(conn, batch)
    taken = [take(world, one, known_by, now) for one, known_by in zip(batch, keys, strict=True)]
    people = world.people.values()
    store_people(conn, [one for one in people if one.new], now)
    write_joined(conn, world.joined, "import", now)
    store_people(conn, [one for one in people if not one.new], now)
    store_occasions(conn, world)
    if world.late:
        note_late(conn, world.late)
    if world.new_occasions or world.changed_occasions or world.joined:
        count = Counter(one.what.value for one in taken)
        emit(conn, "customers.taken_in", "customers", now, {**count, "merged": len(world.joined)})
    return taken

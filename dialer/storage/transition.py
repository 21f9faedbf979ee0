"""The one door of a state change: compare-and-set, with its event row in the same transaction."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, update

from dialer.machine import IllegalMove, Transition
from dialer.storage.feed import emit
from dialer.storage.prepared import Prepared


def apply(
    conn: Connection,
    table: Table,
    key: str,
    transition: Transition[Any],
    *,
    values: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Move the row of `table` whose primary key is `key`, and leave "<machine>.<after>" behind.

    `values` are columns that change with the state, `data` goes with the event row.

    Raises:
        IllegalMove: the row is no longer in the state the transition starts from.
    """
    changed = {"state": transition.after, **(values or {})}
    moved = _move(table, tuple(changed)).run(
        conn, {"moved_key": key, "moved_from": transition.before, **changed}
    )
    if moved != 1:
        raise IllegalMove(f"{table.name} {key} is no longer {transition.before}")
    kind = f"{table.name.removesuffix('s')}.{transition.after}"
    emit(
        conn,
        kind,
        key,
        transition.at,
        {"before": transition.before, "event": transition.event, **(data or {})},
    )


@cache
def _move(table: Table, columns: tuple[str, ...]) -> Prepared:
    (primary,) = table.primary_key.columns
    move = update(table).where(primary == bindparam("moved_key"), table.c.state == bindparam("moved_from"))
    return Prepared(move, columns=("moved_key", "moved_from", *columns))

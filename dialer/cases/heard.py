"""What the check heard in a call, on the cases and question items of that call (T5, K5).

Check and form come in any order. Whoever is first opens the matter; the other one adds to it, so that one
matter is one row.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select, update

from dialer.cases.tables import cases, question_items

# A place in the recording: {channel, start, end, words}; seconds.
Proof = Mapping[str, Any]
_HEARD = "heard:"


def effect_of(attempt_id: str) -> str:
    """The effect of what the check opened on this call and no answer says."""
    return f"{_HEARD}{attempt_id}"


def is_heard(effect: str | None) -> bool:
    """Whether the check opened it."""
    return (effect or "").startswith(_HEARD)


def attach(conn: Connection, table: Table, attempt_id: str, proofs: Sequence[Proof]) -> bool:
    """Put what was heard to every case or question item of this call; False where there is none."""
    rows = conn.execute(select(table).where(table.c.attempt_id == attempt_id)).mappings().all()
    for row in rows:
        values: dict[str, object] = (
            {"said": {**dict(row["said"]), "heard": list(proofs)}}
            if table is cases
            else {"evidence": list(proofs)}
        )
        conn.execute(update(table).where(table.c.id == row["id"]).values(**values))
    return bool(rows)


def take_over(conn: Connection, table: Table, attempt_id: str | None, row: Mapping[str, Any]) -> str | None:
    """Make what the check opened on this call what the agent wrote down in `row`, and give its id.

    None where there is no such one, or it has gone on: then the agent's is another matter.
    """
    if table not in (cases, question_items) or attempt_id is None or is_heard(row["effect"]):
        return None
    mine = (table.c.attempt_id == attempt_id, table.c.effect.startswith(_HEARD))
    known = conn.execute(select(table).where(*mine, table.c.state == row["state"])).mappings().first()
    if known is None:
        return None
    values = {**row, "opened_at": known["opened_at"]}
    if table is cases:
        values["said"] = {**dict(known["said"]), **row["said"]}
    conn.execute(update(table).where(table.c.id == known["id"]).values(**values))
    return str(known["id"])

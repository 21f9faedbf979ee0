"""What happens, told line by line from the event rows."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection, select

from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.customers.tables import customers
from dialer.followups.tables import follow_ups
from dialer.storage import feed
from dialer.storage.database import Database
from dialer.storage.feed import EventRow

_TOLD = ("attempt.talking", "attempt.ended", "recording.archived", "transcript.done", "call.checked")


class Story:
    """Tells the calls of a demo as they go."""

    def __init__(self, database: Database, say: Callable[[str], None]) -> None:
        self._db = database
        self._say = say

    async def tell(self) -> None:
        """Tell until cancelled."""
        last = 0
        while True:
            rows = await self._db.read(partial(feed.after, last=last, kinds=_TOLD))
            for row in rows:
                who = await self._db.read(partial(_who, attempt_id=row.data.get("attempt_id", row.subject)))
                self._say(f"{who}  {_what(row)}")
                last = row.id
            if not rows:
                await self._db.feed.wait(1.0)


def _who(conn: Connection, attempt_id: str) -> str:
    query = (
        select(customers.c.name, customers.c.salutation, follow_ups.c.plate, agents.c.name.label("agent"))
        .select_from(attempts)
        .join(follow_ups, follow_ups.c.id == attempts.c.follow_up_id)
        .join(customers, customers.c.id == follow_ups.c.customer_id)
        .join(agents, agents.c.id == attempts.c.agent_id)
        .where(attempts.c.id == attempt_id)
    )
    row = conn.execute(query).first()
    return "?" if row is None else f"{row.plate} {row.name}{row.salutation} ← {row.agent}"


def _what(row: EventRow) -> str:
    match row.kind:
        case "attempt.talking":
            return "talking"
        case "attempt.ended":
            return f"ended: {row.data.get('outcome')}"
        case "recording.archived":
            return "recording archived"
        case "transcript.done":
            return "transcribed"
        case _:
            return f"checked: {row.data.get('fail')} failed, {row.data.get('unclear')} unclear"

"""Acts on what became of follow-ups: used-up ones become tasks (L8), second calls are noted (K5).

What the check heard becomes question items, complaints, and tasks to listen (Q3, T5, X3).

What the plan gives to people who do not call becomes their task as well (P18, P23).
"""

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from dialer.calling.queries import of_follow_up
from dialer.cases.checked import CALL_CHECKED, act_on_check, settle_requests
from dialer.cases.queries import item_explained_by, item_of
from dialer.cases.rules import due_by
from dialer.cases.service import (
    Bearing,
    drop_other_means,
    kind_and_owner,
    make_task,
    make_task_without_call,
    move_item,
)
from dialer.cases.states import ItemEvent, ItemState, TaskKind
from dialer.clock import Clock
from dialer.customers.blocks import CUSTOMER_BLOCKED
from dialer.customers.tables import customers, occasions
from dialer.followups.queries import follow_up
from dialer.followups.service import OWED_AGAIN
from dialer.followups.workdays import WorkCalendar
from dialer.planning.writing import TASK_DUE
from dialer.playbooks.form.schema import OtherMeans
from dialer.playbooks.library import Library
from dialer.playbooks.spans import Span
from dialer.storage import feed
from dialer.storage.database import Database
from dialer.storage.dialects import keep_event_order
from dialer.storage.work import work_through

CONSUMER = "cases"
_EXHAUSTED, _DONE = "follow_up.exhausted", "follow_up.done"
_KINDS = (_EXHAUSTED, _DONE, TASK_DUE, OWED_AGAIN, CALL_CHECKED, CUSTOMER_BLOCKED)
_BATCH = 200
_LONGEST_SLEEP = 2.0


class CaseWorker:
    """A dull loop over the event rows of follow-ups, checks and the plan; each is acted on exactly once."""

    def __init__(
        self,
        database: Database,
        library: Library,
        zone: ZoneInfo,
        clock: Clock,
        calendar: WorkCalendar | None = None,
    ) -> None:
        self._db = database
        self._library = library
        self._zone = zone
        self._clock = clock
        self._calendar = calendar or WorkCalendar()

    async def run(self) -> None:
        """Work until cancelled; trouble of any kind is logged and tried again."""
        await work_through(
            self._db.feed, self.step, action="act_on_events", longest_sleep=_LONGEST_SLEEP, kinds=_KINDS
        )

    async def step(self) -> int:
        """Act on what is new; give how many events there were."""
        if not await self._db.read(_has_news):
            return 0
        work = partial(act_on_events, library=self._library, zone=self._zone, calendar=self._calendar)
        return await self._db.write(lambda conn: work(conn, now=self._clock()))


def _has_news(conn: Connection) -> bool:
    return bool(feed.after(conn, feed.position(conn, CONSUMER), kinds=_KINDS, limit=1))


def act_on_events(
    conn: Connection, library: Library, zone: ZoneInfo, calendar: WorkCalendar, now: datetime
) -> int:
    """Act on what was used up, done, checked, blocked, or given to somebody by the plan; give how many.

    Exactly once: the position in the event rows moves in the same transaction.
    """
    keep_event_order(conn)  # one process at a time: two would read the same position
    latest = feed.latest_id(conn)
    rows = feed.after(conn, feed.position(conn, CONSUMER), kinds=_KINDS, limit=_BATCH)
    for row in rows:
        if row.kind == _EXHAUSTED:
            _owe_other_means(conn, library, row.subject, zone, calendar, now)
        elif row.kind == OWED_AGAIN:
            drop_other_means(conn, row.subject, "cases", str(row.data["reason"]), now)
        elif row.kind == TASK_DUE:
            _give_task(conn, row, zone, calendar)
        elif row.kind == CALL_CHECKED:
            act_on_check(conn, library, row, zone, calendar)
        elif row.kind == CUSTOMER_BLOCKED:
            settle_requests(conn, row.subject, now)
        else:
            _note_second_call(conn, row.subject, now)
    if rows:
        feed.remember(conn, CONSUMER, rows[-1].id if len(rows) == _BATCH else latest)
    return len(rows)


def _owe_other_means(
    conn: Connection,
    library: Library,
    follow_up_id: str,
    zone: ZoneInfo,
    calendar: WorkCalendar,
    now: datetime,
) -> None:
    """The telephone did not do: somebody visits or writes, by a date of the playbook (L8)."""
    owed = follow_up(conn, follow_up_id)
    if owed is None:
        return
    playbook = library.find(owed.playbook, owed.playbook_version)
    other = playbook.other_means if playbook else OtherMeans()
    tries = of_follow_up(conn, follow_up_id)
    last = tries[-1] if tries else None
    keeper = conn.execute(select(customers.c.owner).where(customers.c.id == owed.customer_id)).scalar()
    owner = owed.owner_id or (last.agent_id if last else None) or keeper or ""
    make_task(
        conn,
        Bearing(owed, last.id if last else None, "cases", zone, calendar),
        kind=TaskKind.OTHER_MEANS,
        title=f"{playbook.name.zh if playbook else owed.playbook}：{'、'.join(other.means)}",
        owner=owner,
        effect="other_means",
        due_at=due_by(other.within, now, zone, calendar),
        now=now,
    )


def _give_task(conn: Connection, told: feed.EventRow, zone: ZoneInfo, calendar: WorkCalendar) -> None:
    """The department's or the keeper's task, due from when the plan made it."""
    # Whose occasion it is now: records of customers are joined and parted.
    whose = select(customers.c.id, customers.c.owner).join(
        occasions, occasions.c.customer_id == customers.c.id
    )
    row = conn.execute(whose.where(occasions.c.id == told.subject)).first()
    if row is None:
        return
    kind, owner = kind_and_owner(str(told.data["department"]), str(told.data["owner"] or row.owner or ""))
    within, follow_up_id = str(told.data["within"]), told.data["follow_up"]
    make_task_without_call(
        conn,
        row.id,
        None if follow_up_id is None else str(follow_up_id),
        kind=kind,
        title=str(told.data["title"]),
        owner=owner,
        effect=str(told.data["task"]),
        due_at=due_by(Span.parse(within), told.at, zone, calendar) if within else None,
        now=told.at,
    )


def _note_second_call(conn: Connection, follow_up_id: str, now: datetime) -> None:
    """A question item whose second call was made is called again (K5)."""
    owed = follow_up(conn, follow_up_id)
    item_id = item_explained_by(conn, owed.occasion_id) if owed else None
    item = item_of(conn, item_id) if item_id else None
    if item is not None and item.state is ItemState.EXPLAINED:
        move_item(conn, item.id, ItemEvent.CALL_AGAIN, "cases", now)

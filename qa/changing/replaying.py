"""Replays: a draft tried on stored calls beside the version in force, batch by batch.

The row says how far one came. A batch counts once, however often its process is killed: its counts, its
examples and the place it came to are one transaction.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

import structlog
from sqlalchemy import Connection

from dialer.clock import Clock
from dialer.ids import new_id
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from dialer.storage.feed import emit
from dialer.storage.transition import apply
from qa.changing import queries
from qa.changing.judging import Batch, Material, gather, judge
from qa.changing.library import VersionedRules, current
from qa.changing.queries import DraftRow, ReplayRow
from qa.changing.reading import as_text, data_of, fingerprint, read_rules
from qa.changing.rules import add_up
from qa.changing.service import NoRules
from qa.changing.settings import ChangingSettings
from qa.changing.states import REPLAY, ReplayEvent, ReplayState
from qa.changing.tables import rule_replays
from qa.speech.executors import ClusterUnreachable, Place

log = structlog.get_logger(__name__)

PROGRESS = "rule_replay.progress"
BEGUN = "rule_replay.running"
# Calls judged between two commits: a few seconds of work.
_BATCH = 40
# Batches that wait ready for each worker: none is idle, and memory stays small.
_AHEAD = 2


class _NoLonger(Exception):
    """The replay was stopped, or another process works on it."""


def begin(
    conn: Connection,
    library: VersionedRules,
    playbooks: Library,
    rule_set: str,
    text: str,
    *,
    draft: DraftRow | None = None,
    since: datetime | None = None,
    most: int | None = None,
    by: str,
    now: datetime,
) -> ReplayRow:
    """Begin a replay of this text; where one like it did not come to its end, that one goes on.

    Another replay of the same draft that still runs is stopped: its text is out of date.

    Raises:
        BadRules: the text is no rule set.
        NoRules: no version of this rule set is in force, so there is nothing to hold it against.
        RuleSetError: the version in force cannot be used.
    """
    data = data_of(read_rules(text, rule_set))
    now_in_force = current(conn, library, rule_set, now)
    if now_in_force is None:
        known = ", ".join(sorted(library.ids()))
        raise NoRules(f"no version of {rule_set} is in force; known rule sets are: {known}")
    known_by = fingerprint(data)
    if draft is not None:
        for other in queries.replays_of(conn, draft.id):
            if other.state is ReplayState.RUNNING and other.fingerprint != known_by:
                stop(conn, other.id, now)
    like = queries.unfinished_like(conn, known_by, now_in_force.version, since, most)
    if like is not None and like.draft_id == (draft.id if draft else None):
        return like if like.state is ReplayState.RUNNING else go_on(conn, like.id, now)
    of = [one.id for one in playbooks if one.rules == rule_set]
    total = queries.count_calls(conn, of, since)
    row = ReplayRow(
        id=new_id(),
        rule_set=rule_set,
        draft_id=draft.id if draft else None,
        state=ReplayState.RUNNING,
        yaml=text,
        fingerprint=known_by,
        rules=data,
        against=now_in_force.version,
        against_rules=data_of(now_in_force.rules),
        playbooks=of,
        since=since,
        most=most,
        cursor=None,
        total=total if most is None else min(total, most),
        done=0,
        flipped=0,
        unjudged=0,
        counts={},
        work_seconds=0.0,
        error=None,
        asked_by=by,
        created_at=now,
        due_at=now,
        done_at=None,
    )
    queries.add_replay(conn, {name: getattr(row, name) for name in row.__dataclass_fields__})
    emit(conn, BEGUN, row.id, now, {"rule_set": rule_set, "by": by})
    return row


def stop(conn: Connection, replay_id: str, now: datetime) -> None:
    """End it where it is; it can go on from there.

    Raises:
        IllegalMove: it does not run.
    """
    _move(conn, replay_id, ReplayEvent.STOP, now)


def go_on(conn: Connection, replay_id: str, now: datetime) -> ReplayRow:
    """Go on from the call it had come to.

    Raises:
        IllegalMove: it runs, or is done.
    """
    _move(conn, replay_id, ReplayEvent.GO_ON, now, due_at=now, error=None)
    found = queries.replay(conn, replay_id)
    assert found is not None
    return found


def _move(conn: Connection, replay_id: str, event: ReplayEvent, now: datetime, **values: object) -> None:
    one = queries.replay(conn, replay_id)
    if one is None:
        raise NoRules(f"there is no replay {replay_id}")
    move = REPLAY.advance(one.state, event, now)
    apply(conn, rule_replays, replay_id, move, values=values, data={"rule_set": one.rule_set})


@dataclass(frozen=True, slots=True)
class _Sent:
    """A batch that is being judged: how many calls were asked for, the last of them, what comes of it."""

    calls: Sequence[str]
    result: asyncio.Future[Batch]


class Replayer:
    """Carries replays out, over all workers of a place; `told` hears how far one is after each batch.

    `company` is what the site calls itself.
    """

    def __init__(
        self,
        db: Database,
        settings: ChangingSettings,
        clock: Clock,
        make_place: Callable[[], Place],
        told: Callable[[ReplayRow], None] = lambda _row: None,
        batch: int = _BATCH,
        company: str = "",
    ) -> None:
        self._db = db
        self._lease = timedelta(seconds=settings.lease_seconds)
        self._clock = clock
        self._make_place = make_place
        self._told = told
        self._batch = batch
        self._company = company

    async def step(self) -> int:
        """Carry out the replay that waits the longest; give how many there were."""
        now = self._clock()
        one = await self._db.read(partial(queries.due_replay, now=now))
        if one is None:
            return 0
        await self.carry_out(one)
        return 1

    async def carry_out(self, one: ReplayRow) -> None:
        """From where it is to its end, or until a person stops it. Nothing where another process has it."""
        until = self._clock() + self._lease
        if not await self._db.write(partial(queries.lease, one=one, until=until)):
            return
        place = self._make_place()
        try:
            await self._judge_all(replace(one, due_at=until), place)
        except _NoLonger:
            log.info("A replay of rules was stopped.", action="replay", replay=one.id)
        except (BrokenExecutor, ClusterUnreachable) as error:
            await self._fail(
                one.id, str(error) or "a worker process ended: look at the memory of the machine"
            )
        finally:
            await asyncio.to_thread(place.close)

    async def _judge_all(self, one: ReplayRow, place: Place) -> None:
        executor = await asyncio.to_thread(place.executor, place.at_once)
        sent: deque[_Sent] = deque()
        asked, last = one.done, one
        try:
            while True:
                while len(sent) < place.at_once * _AHEAD:
                    calls = await self._next(last, asked)
                    if not calls:
                        break
                    asked += len(calls)
                    last = replace(last, cursor=calls[-1])
                    sent.append(await self._send(executor, one, calls))
                if not sent:
                    break
                began = monotonic()
                first = sent.popleft()
                batch = await first.result
                one = await self._keep(one, first.calls, batch, monotonic() - began)
                self._told(one)
            await self._db.write(partial(_finish, replay_id=one.id, now=self._clock()))
        except BaseException:
            for left in sent:
                left.result.cancel()
            raise
        finally:
            place.release(executor)

    async def _next(self, one: ReplayRow, asked: int) -> list[str]:
        limit = self._batch if one.most is None else min(self._batch, one.most - asked)
        if limit <= 0:
            return []
        return await self._db.read(partial(queries.calls_to_replay, one=one, limit=limit))

    async def _send(self, executor: Executor, one: ReplayRow, calls: Sequence[str]) -> _Sent:
        material: tuple[Material, ...] = await self._db.read(
            partial(gather, attempt_ids=calls, company=self._company)
        )
        before, after = as_text(dict(one.against_rules)), as_text(dict(one.rules))
        result = asyncio.wrap_future(executor.submit(judge, material, before, after))
        return _Sent(calls, result)

    async def _keep(self, one: ReplayRow, calls: Sequence[str], batch: Batch, waited: float) -> ReplayRow:
        now = self._clock()
        compared = [(each.attempt_id, each.compared) for each in batch.judged if each.compared is not None]
        errors = [each.error for each in batch.judged if each.error]
        values = {
            "cursor": calls[-1],
            "done": one.done + len(calls),
            "flipped": one.flipped + sum(bool(each.flips) for _, each in compared),
            "unjudged": one.unjudged + len(calls) - len(compared),
            "counts": add_up(one.counts, (each.changes for _, each in compared)),
            "work_seconds": round(one.work_seconds + waited, 3),
            "due_at": now + self._lease,
            "error": errors[0] if errors else one.error,
        }
        flips = [(attempt_id, flip) for attempt_id, each in compared for flip in each.flips]

        def work(conn: Connection) -> None:
            if not queries.advance(conn, one.id, one.done, values):
                raise _NoLonger
            queries.add_flips(conn, one.id, one.counts, flips)
            emit(conn, PROGRESS, one.id, now, {"done": values["done"], "total": one.total})

        await self._db.write(work)
        return replace(one, **values)  # type: ignore[arg-type]  # the columns of the row

    async def _fail(self, replay_id: str, reason: str) -> None:
        log.error("A replay of rules failed.", action="replay", replay=replay_id, error=reason)
        fail = partial(_move, replay_id=replay_id, event=ReplayEvent.FAIL, error=reason)
        await self._db.write(lambda conn: fail(conn, now=self._clock()))


def _finish(conn: Connection, replay_id: str, now: datetime) -> None:
    _move(conn, replay_id, ReplayEvent.FINISH, now, done_at=now)

"""How many stored transcripts are judged again in a second, on all cores: the replay itself, at scale.

The calls lie in a database of their own in a folder that stays until they are all judged: a run that was
killed goes on where it stopped.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select

from dialer.agents.service import add_agent
from dialer.agents.tables import agents
from dialer.calling.tables import attempts
from dialer.clock import system_clock
from dialer.customers.tables import customers, occasions, phones
from dialer.followups.service import plan
from dialer.followups.tables import follow_ups
from dialer.playbooks.library import shipped_library
from dialer.storage.database import Database
from dialer.storage.dialects import sqlite_url
from dialer.storage.migrating import migrate
from qa.changing import queries, replaying, service
from qa.changing.library import current, rule_library
from qa.changing.queries import ReplayRow
from qa.changing.replaying import Replayer
from qa.changing.settings import ChangingSettings
from qa.scoring.labelled import LabelledCall, heard, load_labelled
from qa.speech.executors import Processes
from qa.speech.port import Transcript
from qa.transcripts.tables import segments, transcripts
from recordings.tables import recordings

RULE_SET = "after-sales-satisfaction"
COUNT = 10_000
_BATCH = 200
_NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rescored:
    """What was measured; `seconds` of judging each transcript by two rule sets, over all runs."""

    transcripts: int
    words_each: float
    minutes_each: float
    seconds: float
    unjudged: int
    workers: int

    @property
    def a_second(self) -> float:
        """Transcripts judged by both in a second."""
        return self.transcripts / self.seconds if self.seconds else 0.0


Told = Callable[[str, int, int], None]


async def measure(folder: Path, told: Told, count: int = COUNT, workers: int = 0) -> Rescored:
    """Fill the folder as far as it is not, judge what is not judged yet, and take the folder away."""
    url = sqlite_url(folder / "rescoring.db")
    await migrate(url)
    database = Database(url)
    await database.start()
    place = partial(Processes, workers, 0)
    try:
        await _fill(database, count, partial(told, "Filling"))
        one = await database.write(_begin)
        replayer = Replayer(
            database,
            ChangingSettings(lease_seconds=1.0),  # whoever was killed is out of the way at once
            system_clock,
            place,
            lambda row: told("Judging", row.done, row.total),
        )
        while one.state == "running":
            await replayer.carry_out(one)
            one = await database.read(partial(_row, replay_id=one.id))
        words, seconds = await database.read(_size)
    finally:
        await database.stop()
    shutil.rmtree(folder)
    return Rescored(one.done, words, seconds / 60, one.work_seconds, one.unjudged, place().at_once)


def _begin(conn: Connection) -> ReplayRow:
    library, now = rule_library(), system_clock()
    service.keep_shipped(conn, library, now)
    text = current(conn, library, RULE_SET, now)
    assert text is not None  # it is shipped
    # The same rules on both sides: the work is that of any change, and nothing may flip.
    return replaying.begin(conn, library, shipped_library(), RULE_SET, text.yaml, by="bench", now=now)


def _row(conn: Connection, replay_id: str) -> ReplayRow:
    found = queries.replay(conn, replay_id)
    assert found is not None
    return found


def _size(conn: Connection) -> tuple[float, float]:
    rows = conn.execute(select(segments.c.words).limit(2000)).scalars().all()
    per_segment = sum(len(words) for words in rows) / max(1, len(rows))
    of_segments = conn.execute(select(func.count()).select_from(segments)).scalar_one()
    calls = conn.execute(select(func.count()).select_from(transcripts)).scalar_one()
    seconds = conn.execute(select(func.avg(transcripts.c.seconds))).scalar_one()
    return per_segment * of_segments / calls, float(seconds)


async def _fill(database: Database, count: int, told: Callable[[int, int], None]) -> None:
    known = await database.read(
        lambda c: c.execute(select(func.count()).select_from(transcripts)).scalar_one()
    )
    if not known:
        await database.write(_people)
    models = [heard(one) for one in _labelled()]
    for first in range(known, count, _BATCH):
        after = min(count, first + _BATCH)
        await database.write(partial(_calls, models=models, first=first, after=after))
        told(after, count)


def _labelled() -> list[LabelledCall]:
    calls = load_labelled(Path(__file__).parent / "calls" / "calls.yaml")
    return [one for one in calls if one.playbook == RULE_SET]


def _people(conn: Connection) -> None:
    add_agent(conn, code="8001", name="王", extension="1001", branch="宏达汽车服务站")
    person = {
        "id": "C",
        "name": "陈建国",
        "salutation": "先生",
        "branch": "宏达汽车服务站",
        "created_at": _NOW,
    }
    conn.execute(insert(customers).values(**person))
    conn.execute(insert(phones).values(customer_id="C", number="13800001234", position=0))
    occasion = {"id": "O", "kind": "settlement-order", "source": "bench", "external_id": "1"}
    conn.execute(
        insert(occasions).values(
            **occasion, happened_at=_NOW, branch="宏达汽车服务站", customer_id="C", items=[], staff={}
        )
    )
    plan(
        conn,
        shipped_library().get(RULE_SET),
        occasion_id="O",
        customer_id="C",
        branch="宏达汽车服务站",
        plate=None,
        number="13800001234",
        happened_at=_NOW,
        zone=ZoneInfo("Asia/Shanghai"),
        now=_NOW,
    )


def _calls(conn: Connection, models: list[Transcript], first: int, after: int) -> None:
    follow_up = conn.execute(select(follow_ups.c.id)).scalar_one()
    agent = conn.execute(select(agents.c.id)).scalar_one()
    numbers = range(first, after)
    conn.execute(insert(attempts), [_attempt(n, follow_up, agent) for n in numbers])
    conn.execute(insert(recordings), [_recording(n, follow_up, models[n % len(models)]) for n in numbers])
    conn.execute(insert(transcripts), [_transcript(n, models[n % len(models)]) for n in numbers])
    conn.execute(insert(segments), [row for n in numbers for row in _said(n, models[n % len(models)])])


def _key(number: int) -> str:
    return f"A{number:010}"


def _attempt(number: int, follow_up: str, agent: str) -> dict[str, Any]:
    at = _NOW + timedelta(seconds=number)
    ended = {"state": "ended", "outcome": "answered", "ended_at": at + timedelta(minutes=5)}
    who = {"follow_up_id": follow_up, "agent_id": agent, "number": "13800001234", "run_id": "R"}
    return {"id": _key(number), **who, **ended, "placed_at": at, "answered_at": at, "playbook_version": 1}


def _recording(number: int, follow_up: str, said: Transcript) -> dict[str, Any]:
    whose = {"follow_up_id": follow_up, "customer_id": "C", "branch": "宏达汽车服务站"}
    known = {"state": "archived", "call_seconds": said.seconds, "seconds": said.seconds, "problems": []}
    return {"id": _key(number), "attempt_id": _key(number), **whose, **known, "created_at": _NOW}


def _transcript(number: int, said: Transcript) -> dict[str, Any]:
    made = {"state": "done", "engine": "labelled", "model": "labelled", "language": "zh", "done_at": _NOW}
    sound = {"seconds": said.seconds, "work_seconds": 1.0, "agent_level": -20.0, "customer_level": -20.0}
    return {"attempt_id": _key(number), "due_at": _NOW, "created_at": _NOW, **made, **sound}


def _said(number: int, said: Transcript) -> Iterator[dict[str, Any]]:
    for position, part in enumerate(said.segments()):
        yield {
            "attempt_id": _key(number),
            "position": position,
            "channel": part.channel.value,
            "start": part.start,
            "end": part.end,
            "text": part.text,
            "confidence": part.confidence,
            "words": [[word.text, word.start, word.end, word.confidence] for word in part.words],
        }

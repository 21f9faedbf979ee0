"""The queue of transcription: what goes first, in which hours, what is kept, what a person decides (Q1)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select

from dialer.alarms.service import raise_alarm
from dialer.calling.tables import attempts
from dialer.cases.tables import cases
from dialer.followups.tables import follow_ups
from dialer.ids import new_id
from dialer.storage.feed import emit
from dialer.telephony.outcomes import Leg
from qa.conduct.rules import Measure, Place
from qa.speech.executors import ClusterUnreachable
from qa.speech.port import AudioUnreadable, LegTranscript, MadeWith, Mark, Transcript
from qa.speech.workers import WorkerCrashed
from qa.transcripts import queries, service
from qa.transcripts.rules import Load
from qa.transcripts.settings import TranscriptionSettings
from qa.transcripts.worker import TranscriptionWorker
from tests.unit.qa_store.world import GOOD_CALL, Says, Turn, World, heard

# The site's evening begins eleven hours after the world's START, which is 9:30 there.
NIGHT = "20:30-07:30"


def at_night(world: World) -> TranscriptionSettings:
    settings = world.settings()
    return settings.model_copy(update={"speech": settings.speech.model_copy(update={"backlog_hours": NIGHT})})


def worker(world: World, engine: Says, *, all_hours: bool = False) -> TranscriptionWorker:
    return TranscriptionWorker(world.db, engine, at_night(world), world.clock, all_hours=all_hours)


def jobs(engine: Says) -> list[str]:
    return [job.path.stem for job in engine.jobs]


async def complain(world: World, attempt_id: str) -> None:
    """A case is opened in the call."""

    def work(conn: Connection) -> None:
        of = select(attempts.c.follow_up_id, follow_ups.c.customer_id).join(
            follow_ups, follow_ups.c.id == attempts.c.follow_up_id
        )
        row = conn.execute(of.where(attempts.c.id == attempt_id)).one()
        made = new_id()
        conn.execute(
            insert(cases).values(
                id=made,
                customer_id=row.customer_id,
                follow_up_id=row.follow_up_id,
                attempt_id=attempt_id,
                branch="x",
                source="call",
                title="投诉",
                level="ordinary",
                state="new",
                said=[],
                opened_at=world.now,
                opened_by="x",
            )
        )
        emit(conn, "case.new", made, world.now, {"attempt": attempt_id})

    await world.db.write(work)


async def test_q1_what_is_urgent_goes_first_and_the_rest_waits_for_the_night(world: World) -> None:
    """A complaint, an alarm and a wish are no backlog, whether they come before or after the archive."""
    backlog = await world.archived()
    before = await world.archived()
    await complain(world, before)
    engine = Says(heard(GOOD_CALL))
    works = worker(world, engine)
    await works.step()
    await works.step()
    assert jobs(engine) == [before], "in the middle of the day"

    alarmed, asked = await world.archived(), await world.archived()
    await works.step()
    await world.db.write(lambda conn: raise_alarm(conn, "answer_alarm", alarmed, world.now))
    await world.db.write(lambda conn: service.first(conn, asked, world.now, "wang"))
    for _ in range(4):
        await works.step()
    assert jobs(engine) == [before, asked, alarmed]
    assert (await world.row(asked)).asked_by == "wang"

    world.later(11 * 3600)
    await works.step()
    assert jobs(engine)[-1] == backlog


async def test_q1_a_short_talk_is_urgent(world: World) -> None:
    """D3: its words may say that a machine answered, and the next try hangs on that."""
    short = await world.archived(gap_seconds=50)
    engine = Says(heard(GOOD_CALL))
    await worker(world, engine).step()
    assert jobs(engine) == [short]


async def test_q1_the_command_works_off_the_backlog_by_day(world: World) -> None:
    backlog = await world.archived()
    engine = Says(heard(GOOD_CALL))
    await worker(world, engine, all_hours=True).step()
    assert jobs(engine) == [backlog]


async def test_q1_the_load_and_the_speed_are_measured(world: World) -> None:
    first = await world.archived()
    await world.transcription(Says(heard(GOOD_CALL))).step()
    for _ in range(2):
        await world.archived()
    urgent = await world.archived(gap_seconds=50)
    await world.db.write(lambda conn: service.take_in_news(conn, world.settings(), world.now))
    assert await world.db.read(queries.load) == Load(130.0, 10.0)
    assert await world.db.read(queries.measured_factor) == pytest.approx(1.5 / 60)
    assert {(await world.row(one)).state for one in (first, urgent)} == {"done", "waiting"}


MADE = MadeWith("faster-whisper 1.2.1", "d" * 64, {"beam_size": 5, "compute_type": "int8"})


def odd(turns: tuple[Turn, ...] = GOOD_CALL, **more: object) -> Transcript:
    plain = heard(turns)
    legs = {
        leg: LegTranscript(leg, said.seconds, said.speech_level, said.segments, 2.5)
        for leg, said in plain.legs.items()
    }
    measured = {"overlap_longest": Measure(1.5, (Place(Leg.AGENT, 1.0, 2.5),))}
    marks = frozenset({Mark.CROSS_TALK})
    return Transcript("vosk", "m", "zh", 60.0, 1.5, legs, marks, MADE, measured)


async def test_q1_what_made_a_transcript_is_kept_with_it(world: World) -> None:
    """Engine, version, model with its checksum, settings; lost speech, marks and measures come back too."""
    attempt = await world.archived()
    await world.transcription(Says(odd())).step()
    assert await world.db.read(lambda conn: queries.spoken(conn, attempt)) == odd()
    heading = await world.db.read(lambda conn: queries.heading_of(conn, attempt))
    assert heading is not None
    assert heading.made_with == MADE
    assert all(said.segments == () for said in heading.legs.values())


async def test_q1_earlier_words_stay_until_new_ones_are_there(world: World) -> None:
    attempt = await world.archived()
    works = world.transcription(Says(heard(GOOD_CALL), AudioUnreadable("cut off"), heard(GOOD_CALL[:2])))
    await works.step()
    await world.db.write(lambda conn: service.again(conn, attempt, world.now, "wang"))
    await works.step()
    assert (await world.row(attempt)).state == "waiting"
    assert await world.db.read(lambda conn: queries.spoken(conn, attempt)) == heard(GOOD_CALL)
    world.later(30)
    await works.step()
    assert await world.db.read(lambda conn: queries.spoken(conn, attempt)) == heard(GOOD_CALL[:2])


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AudioUnreadable("no audio"), "unreadable"),
        (WorkerCrashed("died"), "crashed"),
        (RuntimeError("x"), "other"),
    ],
)
async def test_q1_poison_is_set_aside_with_its_kind_and_reason(
    world: World, error: Exception, kind: str
) -> None:
    attempt, other = await world.archived(), await world.archived()
    works = world.transcription(Says(error))
    for _ in range(8):
        await works.step()
        world.later(1000)
    row = await world.row(attempt)
    assert (row.state, row.failure, row.error, row.started_at) == ("failed", kind, str(error), None)
    assert (await world.row(other)).state == "failed", "one after the other, and the queue goes on"
    assert await world.db.write(lambda conn: service.again_all_failed(conn, world.now, "wang")) == 2
    row = await world.row(attempt)
    assert (row.state, row.failure, row.tries, row.urgency) == ("waiting", None, 0, "asked")


async def test_q1_without_its_cluster_calls_wait_and_an_alarm_says_so(world: World) -> None:
    attempt = await world.archived()
    works = world.transcription(Says(ClusterUnreachable("The cluster does not answer."), heard(GOOD_CALL)))
    await works.step()
    alarm = (await world.alarms())["speech_cluster_unreachable"]
    assert alarm.data["message"] == "The cluster does not answer."
    assert ((await world.row(attempt)).tries, works.is_resting) == (0, True)
    world.later(11)
    await works.step()
    assert (await world.row(attempt)).state == "done"
    assert await world.alarms() == {}


def exchanged() -> tuple[Turn, ...]:
    other = {Leg.AGENT: Leg.CUSTOMER, Leg.CUSTOMER: Leg.AGENT}
    return tuple((other[leg], start, text) for leg, start, text in GOOD_CALL)


async def test_q4_suspected_channels_wait_for_a_person_who_exchanges_them(world: World) -> None:
    attempt = await world.archived()
    await world.transcription(Says(heard(exchanged(), levels=(-30, -20)))).step()
    row = await world.row(attempt)
    assert row.marks == ["swapped"]
    await world.db.write(lambda conn: service.settle_swap(conn, attempt, True, world.now, "wang"))
    right = replace(heard(GOOD_CALL, levels=(-20, -30)), marks=frozenset({Mark.EXCHANGED}))
    assert await world.db.read(lambda conn: queries.spoken(conn, attempt)) == right
    done = await world.events("transcript.done")
    assert [row.data.get("exchanged") for row in done] == [None, True], "the check follows"
    with pytest.raises(service.NoTranscript, match="decided already"):
        await world.db.write(lambda conn: service.settle_swap(conn, attempt, True, world.now, "wang"))


async def test_q4_a_person_may_say_that_the_channels_are_right(world: World) -> None:
    attempt = await world.archived()
    await world.transcription(Says(heard(exchanged()))).step()
    await world.db.write(lambda conn: service.settle_swap(conn, attempt, False, world.now, "wang"))
    assert await world.db.read(lambda conn: queries.spoken(conn, attempt)) == heard(exchanged())


async def test_q1_an_engine_at_work_is_told_from_a_wait(world: World) -> None:
    """`started_at` is there while a process has it, and `first` does not take it away from that process."""
    attempt = await world.archived()
    await world.db.write(lambda conn: service.take_in_news(conn, world.settings(), world.now))
    until = world.now + timedelta(seconds=30)
    await world.db.write(lambda conn: queries.claim(conn, world.now, until, 1) and None)
    await world.db.write(lambda conn: service.first(conn, attempt, world.now))
    row = await world.row(attempt)
    assert (row.started_at, row.due_at, row.priority) == (world.now, until, 2)
    await world.db.write(lambda conn: queries.give_back(conn, [attempt], world.now))
    row = await world.row(attempt)
    assert (row.started_at, row.due_at) == (None, world.now)

"""What CEL proves of a call, and reading it as it grows (D7)."""

import asyncio
import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asterisk.cel import CelFile, CelLog, Trails
from dialer.telephony.port import CallTrail, TrailUnreadable

ATTEMPT = "01JD9Z2V7Q3M8R5T6W1X4Y0ZAB"
LATER = "01JD9Z2V7Q3M8R5T6W1X4Y0ZAC"
NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)


def row(
    event: str, second: int, unique_id: str = ATTEMPT, linked_id: str = ATTEMPT, cause: int | None = None
) -> str:
    extra = "" if cause is None else f'{{""hangupcause"":{cause},""hangupsource"":"""",""dialstatus"":""""}}'
    columns = [event, f"{1700000000 + second}.5", unique_id, linked_id, "PJSIP/x-1", "Dial", ATTEMPT, extra]
    return ",".join(f'"{column}"' for column in columns) + "\n"


def at(second: int) -> datetime:
    return datetime.fromtimestamp(1700000000.5 + second, UTC)


AGENT = [row("CHAN_START", 0), row("ANSWER", 1)]
CUSTOMER = [row("CHAN_START", 2, "huifang-17.1"), row("ANSWER", 3, "huifang-17.1"), row("BRIDGE_ENTER", 3)]
END = [
    row("HANGUP", 9, "huifang-17.1", cause=16),
    row("CHAN_END", 9, "huifang-17.1"),
    row("HANGUP", 10, cause=16),
    row("CHAN_END", 10),
    row("LINKEDID_END", 10),
]
WHOLE = CallTrail(
    attempt_id=ATTEMPT,
    agent_answered_at=at(1),
    customer_started_at=at(2),
    customer_answered_at=at(3),
    customer_ended_at=at(9),
    customer_cause=16,
    agent_ended_at=at(10),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cel.csv"


@pytest.fixture
async def log(path: Path) -> CelLog:
    return CelLog(CelFile(path))


def append(path: Path, *lines: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(lines)


def put(path: Path, *lines: str) -> None:
    path.write_text("".join(lines), encoding="utf-8")


def rotate(path: Path) -> None:
    path.rename(path.with_name("cel.csv.1"))


async def test_a_whole_call(path: Path, log: CelLog) -> None:
    append(path, *AGENT, *CUSTOMER, *END)
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()


async def test_the_log_is_read_further_as_it_grows(path: Path, log: CelLog) -> None:
    """After a kill the rest of the rows is simply not there: what is there is proof."""
    append(path, *AGENT)
    first = await log.trail(ATTEMPT)
    assert (first.agent_answered_at, first.customer_started_at) == (at(1), None)
    append(path, *CUSTOMER)
    second = await log.trail(ATTEMPT)
    assert (second.customer_answered_at, second.customer_ended_at) == (at(3), None)
    append(path, *END)
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()


async def test_a_half_written_line_waits_for_its_end(path: Path, log: CelLog) -> None:
    line = CUSTOMER[0]
    for cut in range(1, len(line)):
        put(path, *AGENT, line[:cut])
        fresh = CelLog(CelFile(path))
        assert (await fresh.trail(ATTEMPT)).customer_started_at is None
        append(path, line[cut:])
        assert (await fresh.trail(ATTEMPT)).customer_started_at == at(2)
        await fresh.close()


async def test_a_log_that_is_not_there_proves_nothing(log: CelLog) -> None:
    """D7: unreadable is not the same as empty."""
    with pytest.raises(TrailUnreadable, match="cel_file"):
        await log.trail(ATTEMPT)


async def test_a_log_of_another_form_proves_nothing(path: Path, log: CelLog) -> None:
    append(path, '"ANSWER","1700000000","x"\n')
    with pytest.raises(TrailUnreadable, match="cel_custom"):
        await log.trail(ATTEMPT)
    await log.close()


async def test_one_bad_line_spoils_nothing(path: Path, log: CelLog) -> None:
    append(path, *AGENT, 'ANSWER,"never,x\n', '"ANSWER","soon","a","b","c","d","e","f"\n', *CUSTOMER, *END)
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()


async def test_rows_are_kept_apart_and_strangers_ignored(path: Path, log: CelLog) -> None:
    append(path, *AGENT, row("CHAN_START", 4, LATER, LATER), row("ANSWER", 4, "17.5", "17.5"))
    assert (await log.trail(LATER)).agent_answered_at is None
    assert (await log.trail(ATTEMPT)).agent_answered_at == at(1)
    await log.close()


async def test_a_third_party_is_not_taken_for_the_customer(path: Path, log: CelLog) -> None:
    third = [row("CHAN_START", 4, "17.9"), row("ANSWER", 5, "17.9"), row("HANGUP", 6, "17.9", cause=21)]
    append(path, *AGENT, *CUSTOMER, *third, *END)
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()


async def test_rotation_loses_nothing(path: Path, log: CelLog) -> None:
    append(path, *AGENT)
    await log.trail(ATTEMPT)
    append(path, *CUSTOMER)  # written after the last look, before the file got its new name
    rotate(path)
    append(path, *END)
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()


async def test_a_fresh_service_reads_the_rotated_file_too(path: Path, log: CelLog) -> None:
    append(path, *AGENT, *CUSTOMER)
    rotate(path)
    append(path, *END)
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()
    assert await log.trail(ATTEMPT) == WHOLE  # and may be asked again after it was closed
    await log.close()


DATED = ("cel.csv-20261128.gz", "cel.csv-20261129", "cel.csv")
NUMBERED = ("cel.csv.2.gz", "cel.csv.1", "cel.csv")


@pytest.mark.parametrize("names", [NUMBERED, DATED])
async def test_a_fresh_service_reads_all_that_was_renamed_within_a_week(
    path: Path, names: tuple[str, ...]
) -> None:
    """D7: renamed twice while the service was away, with a number or the date, compressed or not."""
    parts = zip(names, (AGENT, CUSTOMER, END), strict=True)
    for hours, (name, lines) in zip((-20, -10, 0), parts, strict=True):
        file, text = path.with_name(name), "".join(lines)
        file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        when = NOW.timestamp() + hours * 3600
        os.utime(file, (when, when))
    older = path.with_name("cel.csv.3.gz")
    older.write_bytes(b"of no use")  # and would be refused: nobody needs it
    when = (NOW - timedelta(days=8)).timestamp()
    os.utime(older, (when, when))
    path.with_name("cel.csv.swp").write_text("none of it")
    log = CelLog(CelFile(path))
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()


async def test_renamed_twice_between_two_looks_loses_nothing(path: Path, log: CelLog) -> None:
    append(path, *AGENT[:1])
    await log.trail(ATTEMPT)
    append(path, *AGENT[1:])
    rotate(path)
    append(path, *CUSTOMER)
    path.with_name("cel.csv.1").rename(path.with_name("cel.csv.2"))
    rotate(path)
    assert (await log.trail(ATTEMPT)).customer_answered_at == at(3), "also before the next line"
    append(path, *END)
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()


async def test_a_compressed_file_is_not_read_beside_its_twin(path: Path, log: CelLog) -> None:
    """While it is compressed both are there, and the one that grows is not whole."""
    append(path, *AGENT, *CUSTOMER, *END)
    rotate(path)
    append(path, row("CHAN_START", 20, LATER, LATER))
    path.with_name("cel.csv.1.gz").write_bytes(gzip.compress(b"torn")[:-9])
    assert await log.trail(ATTEMPT) == WHOLE
    await log.close()
    path.with_name("cel.csv.1").unlink()
    with pytest.raises(TrailUnreadable, match="cannot be read"):
        await log.trail(ATTEMPT)
    await log.close()


def test_d7_after_a_gap_an_unfinished_call_is_not_called_undialled() -> None:
    """The lines that are missing may be those of the customer."""
    trails = Trails()
    trails.add(
        [*AGENT, *CUSTOMER, *END, row("CHAN_START", 11, LATER, LATER), row("ANSWER", 12, LATER, LATER)]
    )
    trails.gap()
    assert trails.of(ATTEMPT) == WHOLE
    assert trails.of(LATER) == CallTrail(attempt_id=LATER)
    trails.add([row("CHAN_END", 60, LATER, LATER)])
    assert trails.of(LATER) == CallTrail(attempt_id=LATER, agent_ended_at=at(60)), "and not its answer"


async def test_a_file_cut_short_is_read_from_its_start(path: Path, log: CelLog) -> None:
    append(path, *AGENT, *CUSTOMER)
    await log.trail(ATTEMPT)
    os.truncate(path, 0)
    append(path, *AGENT[:1])
    await log.trail(ATTEMPT)
    append(path, row("ANSWER", 5, LATER, LATER))
    assert (await log.trail(LATER)).agent_answered_at == at(5)
    await log.close()


def test_what_was_forgotten_is_not_called_undialled() -> None:
    """D7: only the newest attempts are remembered; of an older one nothing may be concluded."""
    trails = Trails(remembered=1)
    trails.add([row("CHAN_START", 0), row("CHAN_START", 1, LATER, LATER)])
    assert trails.of(LATER) == CallTrail(attempt_id=LATER)
    with pytest.raises(TrailUnreadable, match="older"):
        trails.of(ATTEMPT)


async def test_d7_who_asks_for_a_trail_is_told_of_the_whole_log_though_it_is_closed(
    path: Path, log: CelLog
) -> None:
    """At leisure it is left half read where the service stops: half a log proves nothing by what it lacks."""
    put(path, *[row("CHAN_START", 0, LATER, LATER)] * 4000, *AGENT, *CUSTOMER, *END)
    at_leisure = asyncio.create_task(log.let_go(NOW))
    await asyncio.sleep(0.05)
    asked = asyncio.create_task(log.trail(ATTEMPT))
    await asyncio.sleep(0)
    await log.close()
    assert await asked == WHOLE
    assert await at_leisure == ()

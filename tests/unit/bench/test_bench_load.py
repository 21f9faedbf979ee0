"""`dialer bench load`: its sums, its scenarios, what it prints, and a small run with everything real."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from bench.load.run import LoadPlan, NothingHeld, measure, table, told_of, verdicts
from bench.load.sipp import party, read_figures, register
from bench.load.sums import (
    LoadBench,
    Recorded,
    Short,
    Spread,
    Step,
    Usage,
    Whole,
    agents_for,
    calls_in,
    judge,
    ladder,
    recorded,
    spread,
)
from bench.load.watching import CallTimes
from dialer.app.cli.main import app
from dialer.app.load_site import make_load_site

CALL = "01M88DGVQ3W28Z6BZEM0FH2E97"
SOUND = Recorded(200, 200, Spread(200, 0.1, 0.3, 0.4))
SHORT = Short(CALL, 70.0, 6.0, ("gap",))
STEP = Step(100, 99, 120, replace(SOUND, answered=120, recordings=120), Usage(80, 120))
WHOLE = Whole(
    calls=100,
    up=99,
    most_up=104,
    seconds=600,
    placed=200,
    failed=0,
    recorded=SOUND,
    service=Usage(12, 300),
    asterisk=Usage(80, 120),
    page_lag=Spread(9000, 20, 90, 140),
    last_lag=Spread(500, 40, 190, 240),
    events=9500,
    hung_up=98,
    unlinked=0,
    lost=0,
    settled_seconds=9,
)


async def test_a_small_load_is_measured_with_everything_real(tmp_path: Path) -> None:
    """Asterisk alone and the whole service, four calls each: nothing is lost (D1, A1, X1)."""
    bench, said = LoadBench(), list[str]()
    plan = LoadPlan(4, 4, 4, 6, 6, 14, tmp_path, None)

    await measure(plan, make_load_site, bench, lambda text, _done: said.append(text))

    alone, whole = bench.steps[-1], bench.whole
    assert alone.held and alone.placed == alone.recorded.answered >= 4
    assert alone.asterisk.cpu > 0
    assert whole is not None
    assert whole.placed == whole.recorded.answered == whole.recorded.recordings >= 4
    assert (whole.failed, whole.lost, whole.unlinked) == (0, 0, 0)
    assert whole.service.cpu > 0 and whole.service.megabytes > 50
    assert 0 < whole.page_lag.p50 <= whole.page_lag.p99
    assert whole.events > 4 * whole.placed
    assert table(bench).row_count == 15 and verdicts(bench).row_count == 5
    assert "Asterisk alone, 4 calls" in said
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("found", "limit"),
    [
        (replace(WHOLE, service=Usage(15.1, 300)), "service's CPU"),
        (replace(WHOLE, up=90), "calls at once"),
        (replace(WHOLE, failed=1), "calls at once"),
        (replace(WHOLE, recorded=replace(SOUND, recordings=199)), "recordings"),
        (replace(WHOLE, recorded=replace(SOUND, shorts=(SHORT,))), "recordings"),
        (replace(WHOLE, page_lag=Spread(9000, 20, 301, 400)), "page lag"),
        (replace(WHOLE, page_lag=spread([])), "page lag"),
        (replace(WHOLE, lost=1), "nothing lost"),
        (replace(WHOLE, unlinked=2), "nothing lost"),
    ],
)
def test_each_limit_that_is_not_kept_is_told_by_its_name(found: Whole, limit: str) -> None:
    assert LoadBench([STEP], WHOLE).good

    bench = LoadBench([STEP], found)

    assert [one.what for one in judge(bench) if not one.good] == [limit]
    assert not bench.good


def test_asterisk_alone_holds_what_its_best_step_held() -> None:
    failed = replace(STEP, calls=125, placed=121)
    short = replace(STEP, calls=150, recorded=replace(SOUND, missing=Spread(200, 0.3, 0.6, 0.9)))
    assert (failed.failed, failed.held, short.held) == (1, False, False)
    assert LoadBench([STEP, failed, short]).held == 100
    assert LoadBench([failed]).held == 0
    assert not LoadBench([STEP]).good


def test_what_a_recording_misses_is_counted_from_the_answer_to_the_end() -> None:
    answered = {"whole": 10.0, "long": 10.0, "short": 10.0, "none": 10.0, "on": 10.0}
    ended = {"whole": 20.0, "long": 20.0, "short": 20.0, "none": 20.0}
    seconds = {"whole": 9.8, "long": 10.4, "short": 9.0, "on": 3.0, "other": 1.0}

    found = recorded(answered, ended, seconds, {"short": ["gap"], "whole": ["silent"]})

    assert found == Recorded(5, 4, Spread(3, 0.2, 1.0, 1.0), (Short("short", 10.0, 9.0, ("gap",)),))
    assert (found.short, found.named) == (1, 1)


def test_each_recording_that_is_too_short_is_told_with_what_its_row_says() -> None:
    (line,) = told_of(LoadBench([STEP], replace(WHOLE, recorded=replace(SOUND, shorts=(SHORT,)))))

    assert line == f"{CALL}: a call of 70.0 s has 6.0 s in its shorter side; its row says: gap"


def test_sums_are_made_as_they_are_named() -> None:
    assert spread([3, 1, 2]) == Spread(3, 2, 3, 3)
    assert math.isnan(spread([]).p99)
    assert ladder(150, 25) == [25, 50, 75, 100, 125, 150]
    assert ladder(60, 25) == [25, 50, 60]
    assert ladder(10, 25) == [10]
    assert agents_for(60, 60) == 65
    assert calls_in(100, 60, 0) == 200
    assert calls_in(100, 60, 650) == 200 + 1300


def test_call_times_follow_only_the_customers_leg() -> None:
    times = CallTimes()
    for message in (
        f"Event: Newchannel\r\nUniqueid: {CALL}",
        "Event: Newchannel\r\nUniqueid: 1795578.12",
        f"Event: UserEvent\r\nUserEvent: HFAnswered\r\nAttempt: {CALL}",
    ):
        times.take(message.encode())
    assert (times.placed, times.up, times.most_up) == ({CALL}, 1, 1)
    for side, up in (("agent", 1), ("customer", 0)):
        event = f"Event: UserEvent\r\nUserEvent: HFLegEnd\r\nAttempt: {CALL}\r\nSide: {side}"
        times.take(event.encode())
        assert times.up == up
    times.take(b"Response: Success\r\nMessage: Event: UserEvent")


def test_figures_of_sipp_are_read_from_the_newest_whole_line() -> None:
    heading = "TotalCallCreated;CurrentCall;SuccessfulCall(P);SuccessfulCall(C);FailedCall(P);FailedCall(C);"
    heading += (
        "FailedUnexpectedMessage(P);FailedUnexpectedMessage(C);FailedTimeoutOnRecv(C);Retransmissions(C);"
    )
    lines = ["1;1;0;0;0;0;0;0;0;0;", "9;2;1;6;1;1;1;1;0;3;", "12;1;"]

    figures = read_figures("\n".join((heading, *lines)))

    assert (figures.calls, figures.now, figures.well, figures.failed, figures.resent) == (9, 2, 6, 1, 3)
    assert figures.failures == {"UnexpectedMessage": 1}
    with pytest.raises(ValueError, match="no figures yet"):
        read_figures(heading)


def test_customers_hang_up_by_themselves_and_agents_never() -> None:
    customer = party(Path("/x/speech.al"), ring=(0.5, 2), talk=(30, 90), end=1_800_000_000.5)
    agent = party(Path("/x/speech.al"), ring=(0.1, 0.1))
    for text in (customer, agent, register()):
        ElementTree.fromstring(text)
    assert 'min="30000" max="90000"' in customer and 'value="1800000000500"' in customer
    assert "BYE [$theirs]" in customer and '<recv request="BYE"/>' not in customer
    assert "BYE [$theirs]" not in agent and '<recv request="BYE"/>' in agent
    assert '<pause distribution="uniform" min="100" max="101"/>' in agent
    assert "/x/speech.al,-1,8" in customer


Answer = Callable[[LoadBench], None]


def run_with(monkeypatch: pytest.MonkeyPatch, answer: Answer, *options: str) -> tuple[int, str, str]:
    async def measured(_plan: LoadPlan, _make: object, bench: LoadBench, _told: object) -> None:
        answer(bench)

    monkeypatch.setattr("bench.load.run.measure", measured)
    monkeypatch.setattr("dialer.app.cli.bench.set_up_logs", lambda **_: None)
    result = CliRunner().invoke(app, ["bench", "load", *options])
    return result.exit_code, result.stdout, result.stderr.replace("\n", " ")


def test_the_command_prints_figures_and_verdicts_for_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(bench: LoadBench) -> None:
        bench.steps.append(STEP)
        bench.whole = WHOLE

    code, out, _ = run_with(monkeypatch, answer, "--json")

    told = json.loads(out)
    assert code == 0 and told["held"] == 100
    assert told["whole"] == json.loads(json.dumps(asdict(WHOLE)))
    assert [one["good"] for one in told["verdicts"]] == [True] * 5


def test_a_limit_that_is_not_kept_fails_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(bench: LoadBench) -> None:
        bench.steps.append(STEP)
        bench.whole = replace(WHOLE, service=Usage(22.5, 300))

    code, _, errors = run_with(monkeypatch, answer)

    assert code == 1 and "service's CPU: 22.5 %, wanted ≤ 15 % of a core" in errors


@pytest.mark.parametrize(
    ("stop", "said"),
    [(KeyboardInterrupt(), "measured so far"), (NothingHeld("Asterisk alone does not"), "alone does not")],
)
def test_who_stops_it_has_what_was_measured_so_far(
    monkeypatch: pytest.MonkeyPatch, stop: BaseException, said: str
) -> None:
    def answer(bench: LoadBench) -> None:
        bench.steps.append(STEP)
        raise stop

    code, out, errors = run_with(monkeypatch, answer, "--json")

    assert code == 1 and said in errors
    assert json.loads(out)["steps"] == [json.loads(json.dumps(asdict(STEP)))]


def test_its_speech_is_there() -> None:
    assert files("bench").joinpath("calls", "dealer-00.flac").is_file()

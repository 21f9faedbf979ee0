"""The measurement of `dialer bench load`: Asterisk alone up its ladder, then the whole service beside it."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from bench.load.floor import measure_step
from bench.load.site import MakeSite
from bench.load.stage import Stage
from bench.load.sums import LoadBench, Recorded, Step, Whole, agents_for, judge, ladder
from bench.load.whole import measure_whole

_ROWS = (
    "calls wanted at once",
    "up on average",
    "placed",
    "answered",
    "service, % of a core",
    "Asterisk, % of a core",
    "service, MB",
    "Asterisk, MB",
    "recordings",
    "missing s: p50 / p99 / most",
    "too short / named as a gap",
    "page lag ms: p50 / p99 / most",
    "the same when all hang up",
    "lost / unlinked",
    "in the archive after, s",
)


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What to measure. Without `calls` the ladder goes up to `most`, `step` by `step`."""

    calls: int | None
    most: int
    step: int
    step_seconds: float
    seconds: float
    talk_seconds: float
    folder: Path | None
    profile: Path | None


class NothingHeld(Exception):
    """Asterisk alone carries not even the first step. The message says what was missing."""


async def measure(
    plan: LoadPlan, make_site: MakeSite, bench: LoadBench, told: Callable[[str, float], None]
) -> None:
    """Measure into `bench`, which is of use also when this is cancelled; `told` is what is being done.

    Raises:
        InstallError, ServerError, SippError, LoginRefused: there is nothing to measure with.
        PanelError: the service fails.
        NothingHeld: the floor is below the first step.
    """
    steps = [plan.calls] if plan.calls else ladder(plan.most, plan.step)
    phones = agents_for(steps[-1], plan.talk_seconds)
    with _ended_in_order():
        async with Stage(phones, plan.folder, lambda text: told(text, 0.0)) as stage:
            trunk = stage.trunk()
            for number, calls in enumerate(steps):
                # What falls short is done once more: a disturbance must not pass for the limit.
                for _ in range(2):
                    told(f"Asterisk alone, {calls} calls", number / len(steps))
                    step = await measure_step(stage, trunk, calls, plan.step_seconds, plan.talk_seconds)
                    bench.steps.append(step)
                    if step.held:
                        break
                if not step.held:
                    break
            if not bench.held:
                raise NothingHeld(
                    f"Asterisk alone does not carry {step.calls} calls on this machine: {step.failed} "
                    f"failed, {step.recorded.missing.p99:.2f} s are missing at p99. Is it busy with other "
                    "work? Try a smaller --calls."
                )
            bench.whole = await measure_whole(
                stage,
                make_site,
                bench.held,
                plan.seconds,
                plan.talk_seconds,
                lambda text, done: told(f"The service: {text}", done),
                plan.profile,
            )


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """A plain kill, too, takes Asterisk and the phones down: they are processes of their own."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def table(bench: LoadBench) -> Table:
    """Asterisk alone and the service side by side, for a person."""
    columns = [_alone(step) for step in bench.steps]
    if bench.whole is not None:
        columns.append(_service(bench.whole))
    shown = Table("", *(heading for heading, *_ in columns))
    for name, *values in zip(_ROWS, *(values for _, *values in columns), strict=True):
        shown.add_row(name, *values)
    return shown


def verdicts(bench: LoadBench) -> Table:
    """A line for each limit."""
    shown = Table("limit", "wanted", "found", "")
    for one in judge(bench):
        shown.add_row(one.what, one.wanted, one.found, "good" if one.good else "NOT KEPT")
    return shown


def told_of(bench: LoadBench) -> list[str]:
    """A line for each recording of the service that lacks more than it may."""
    shorts = bench.whole.recorded.shorts if bench.whole is not None else ()
    return [
        f"{one.call}: a call of {one.lasted} s has {one.recorded} s in its shorter side; "
        f"its row says: {', '.join(one.problems) or 'nothing'}"
        for one in shorts
    ]


def _alone(step: Step) -> tuple[str, ...]:
    return (
        f"alone{'' if step.held else ', falls short'}",
        *(str(step.calls), str(step.up), str(step.placed), str(step.recorded.answered)),
        *("", f"{step.asterisk.cpu:.0f}", "", f"{step.asterisk.megabytes:.0f}"),
        *_recorded(step.recorded),
        *("", "", "", ""),
    )


def _service(whole: Whole) -> tuple[str, ...]:
    return (
        f"service, {whole.seconds:.0f} s",
        *(str(whole.calls), f"{whole.up:.0f}", str(whole.placed), str(whole.recorded.answered)),
        *(f"{whole.service.cpu:.1f}", f"{whole.asterisk.cpu:.0f}"),
        *(f"{whole.service.megabytes:.0f}", f"{whole.asterisk.megabytes:.0f}"),
        *_recorded(whole.recorded),
        *(f"{lag.p50:.0f} / {lag.p99:.0f} / {lag.most:.0f}" for lag in (whole.page_lag, whole.last_lag)),
        f"{whole.lost} / {whole.unlinked}",
        f"{whole.settled_seconds:.1f}",
    )


def _recorded(recorded: Recorded) -> tuple[str, ...]:
    missing = recorded.missing
    return (
        str(recorded.recordings),
        f"{missing.p50:.2f} / {missing.p99:.2f} / {missing.most:.2f}",
        f"{recorded.short} / {recorded.named}",
    )

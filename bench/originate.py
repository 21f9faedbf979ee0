"""How fast the engine originates calls, as a ratio to a client that does nothing else (D1, D7)."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from asterisk.install import find_or_install
from asterisk.server import AsteriskServer
from asterisk.settings import PrivateAsteriskSettings
from bench.engine_placing import EnginePlacer
from bench.pinning import apart
from bench.placing import FloorPlacer, Offer, Placer, prepare
from bench.raw_ami import Address, Watcher
from dialer.pace import keep_pace
from dialer.storage.dialects import sqlite_url

LEAST_RATIO = 0.95
MOST_ADDED_P99_MS = 10.0
# Past these the machine is full before the engine comes: nothing is learned about the engine.
LEAST_FLOOR = 0.95
MOST_FLOOR_P99_MS = 25.0

_ROUNDS = 2
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds."""

    p50: float
    p99: float
    most: float


@dataclass(frozen=True, slots=True)
class Phase:
    """One client at work. CPU is per cent of one core.

    `rate` is calls placed in a second, counted to the moment Asterisk told of the last one. `latency` is
    from the tick at which a call was due until Asterisk told of its first channel, as a process of its own
    read it: for the engine it holds the commit that makes the agent ready, the pairing, the commit of the
    attempt, and the Originate. `from_decision` begins when the engine took up the pair, before its commit.
    """

    client: str
    offered: int
    placed: int
    rate: float
    latency: Latency
    from_decision: Latency | None
    cpu: float
    asterisk_cpu: float


@dataclass(frozen=True, slots=True)
class OriginateBench:
    """The measurement. The two clients took turns on one Asterisk; each sum is over all its turns."""

    offered_rate: float
    seconds: float
    phases: tuple[Phase, ...]
    raw: Phase
    engine: Phase
    ratio: float
    added_p50_ms: float
    added_p99_ms: float

    @property
    def floor_holds(self) -> bool:
        """Whether this machine carries the offered rate at all, with nothing but the floor on it."""
        return self.raw.rate >= LEAST_FLOOR * self.offered_rate and self.raw.latency.p99 <= MOST_FLOOR_P99_MS

    @property
    def good(self) -> bool:
        """Whether the engine keeps up with the floor."""
        return self.ratio >= LEAST_RATIO and self.added_p99_ms <= MOST_ADDED_P99_MS


@dataclass(frozen=True, slots=True)
class _Turn:
    client: str
    offers: Sequence[Offer]
    seen: Mapping[str, float]
    elapsed: float
    cpu: float
    asterisk_cpu: float


async def measure(
    rate: float = 100,
    seconds: float = 15,
    folder: Path | None = None,
    done: Callable[[Phase], None] = lambda _: None,
) -> OriginateBench:
    """Let the floor and the engine take turns on a private Asterisk; `done` is told of each turn.

    Where there are two cores, the client has one and Asterisk the other.

    `folder` is where the database and Asterisk work: its disk bears the commits. Default: the system's
    temporary folder.

    Raises:
        InstallError, ServerError, CannotPlace: there is no Asterisk to measure with.
    """
    binary = await asyncio.to_thread(find_or_install)
    work = Path(tempfile.mkdtemp(prefix="hf-", dir=folder))
    server = AsteriskServer(binary, work / "a", PrivateAsteriskSettings(rtp_ports=4000))
    try:
        await server.start()
        await prepare(server)
        calls = round(rate * seconds)
        engine = EnginePlacer(
            server.connection(), sqlite_url(work / "bench.db"), rate=rate, calls=calls * _ROUNDS
        )
        assert server.pid is not None
        async with engine:
            keep_pace()
            turns: list[_Turn] = []
            placers: dict[str, Placer] = {"raw": FloorPlacer(server.connection()), "engine": engine}
            with apart(server.pid):
                for _ in range(_ROUNDS):
                    for client, placer in placers.items():
                        turns.append(await _take_turn(server, client, placer, rate, seconds))
                        done(_phase(client, turns[-1:], rate))
    finally:
        await server.stop()
        shutil.rmtree(work)
    return _compare(turns, rate, seconds)


async def _take_turn(
    server: AsteriskServer, client: str, placer: Placer, rate: float, seconds: float
) -> _Turn:
    assert server.pid is not None
    async with Watcher(Address.of(server.connection())) as watcher:
        began, own, theirs = time.monotonic(), time.process_time(), _cpu_seconds(server.pid)
        offers = await placer.place(rate, seconds)
        elapsed = time.monotonic() - began
        own, theirs = time.process_time() - own, _cpu_seconds(server.pid) - theirs
        return _Turn(client, offers, await watcher.seen(), elapsed, own, theirs)


def _cpu_seconds(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / _TICKS_A_SECOND


def _compare(turns: Sequence[_Turn], rate: float, seconds: float) -> OriginateBench:
    raw = _phase("raw", [turn for turn in turns if turn.client == "raw"], rate)
    engine = _phase("engine", [turn for turn in turns if turn.client == "engine"], rate)
    return OriginateBench(
        offered_rate=rate,
        seconds=seconds,
        phases=tuple(_phase(turn.client, [turn], rate) for turn in turns),
        raw=raw,
        engine=engine,
        ratio=round(engine.rate / raw.rate, 4) if raw.rate else 0.0,
        added_p50_ms=round(engine.latency.p50 - raw.latency.p50, 2),
        added_p99_ms=round(engine.latency.p99 - raw.latency.p99, 2),
    )


def _phase(client: str, turns: Sequence[_Turn], rate: float) -> Phase:
    waits: list[float] = []
    decided: list[float] = []
    span = 0.0
    for turn in turns:
        placed = [
            (offer, turn.seen[offer.call]) for offer in turn.offers if offer.call and offer.call in turn.seen
        ]
        waits += [at - offer.tick for offer, at in placed]
        decided += [at - offer.decided for offer, at in placed if offer.decided is not None]
        if placed:
            span += max(at for _, at in placed) - turn.offers[0].tick + 1 / rate
    elapsed = sum(turn.elapsed for turn in turns)
    return Phase(
        client=client,
        offered=sum(len(turn.offers) for turn in turns),
        placed=len(waits),
        rate=round(len(waits) / span, 2) if waits else 0.0,
        latency=_latency(waits),
        from_decision=_latency(decided) if decided else None,
        cpu=round(100 * sum(turn.cpu for turn in turns) / elapsed, 1),
        asterisk_cpu=round(100 * sum(turn.asterisk_cpu for turn in turns) / elapsed, 1),
    )


def _latency(waits: Sequence[float]) -> Latency:
    """The nearest rank; nothing placed is no latency at all."""
    if not waits:
        return Latency(float("nan"), float("nan"), float("nan"))
    ordered = sorted(waits)
    p50, p99 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99))
    return Latency(*(round(1000 * wait, 2) for wait in (p50, p99, ordered[-1])))


def table(bench: OriginateBench) -> Table:
    """Every turn and the sums, for a person."""
    shown = Table(
        "client", "placed", "a second", "p50 ms", "p99 ms", "most ms", "from decision", "CPU %", "Asterisk %"
    )
    for phase in (*bench.phases, bench.raw, bench.engine):
        decided = phase.from_decision
        total = "" if phase in bench.phases else "all "
        shown.add_row(
            f"{total}{phase.client}",
            f"{phase.placed}/{phase.offered}",
            f"{phase.rate:.1f}",
            f"{phase.latency.p50:.1f}",
            f"{phase.latency.p99:.1f}",
            f"{phase.latency.most:.1f}",
            f"p50 {decided.p50:.1f} p99 {decided.p99:.1f}" if decided else "",
            f"{phase.cpu:.0f}",
            f"{phase.asterisk_cpu:.0f}",
        )
    return shown

"""`dialer bench originate`: what it reports, on a real Asterisk at a walking pace (D1, D7)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.originate import LEAST_RATIO, MOST_ADDED_P99_MS, Latency, OriginateBench, Phase, measure, table


async def test_every_call_is_placed_by_both_clients_and_its_whole_life_is_measured(tmp_path: Path) -> None:
    turns: list[Phase] = []

    bench = await measure(rate=5, seconds=1, folder=tmp_path, done=turns.append)

    assert [turn.client for turn in turns] == ["raw", "engine", "raw", "engine"]
    assert tuple(turns) == bench.phases
    assert all(turn.placed == turn.offered == 5 for turn in turns)
    assert bench.raw.placed == bench.engine.placed == 10
    assert bench.raw.from_decision is None
    assert bench.engine.from_decision is not None
    # The decision comes after the tick that made the agent ready, and before the channel.
    assert 0 < bench.engine.from_decision.p50 < bench.engine.latency.p50
    assert bench.ratio == round(bench.engine.rate / bench.raw.rate, 4)
    assert bench.added_p99_ms == round(bench.engine.latency.p99 - bench.raw.latency.p99, 2)
    assert bench.engine.cpu > 0
    assert bench.raw.asterisk_cpu > 0
    assert table(bench).row_count == 6
    assert json.loads(json.dumps(asdict(bench)))["engine"]["placed"] == 10
    assert not any(tmp_path.iterdir())


def test_the_engine_is_good_only_with_both_the_rate_and_the_latency() -> None:
    verdicts = [
        _bench(LEAST_RATIO, MOST_ADDED_P99_MS).good,
        _bench(LEAST_RATIO - 0.01, 0).good,
        _bench(1, MOST_ADDED_P99_MS + 0.1).good,
    ]

    assert verdicts == [True, False, False]


def _bench(ratio: float, added: float, phases: Sequence[Phase] = ()) -> OriginateBench:
    none = Latency(0, 0, 0)
    phase = Phase("raw", 1, 1, 1, none, None, 0, 0)
    return OriginateBench(100, 1, tuple(phases), phase, phase, ratio, 0, added)

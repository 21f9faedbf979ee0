"""`dialer drill chaos`: faults of every kind under calls; the phones, the event log and our rows agree."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from asterisk.install import AsteriskBinary

_FAULTS, _CALLS = 10, 20


async def chaos(
    folder: Path, seed: int, faults: int, calls: int, *, stop_after: str = ""
) -> dict[str, object]:
    """What a run found; with `stop_after` it is stopped as by Ctrl-C once it has said that."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer.app.cli", "drill", "chaos", "--seed", str(seed)),
        *("--faults", str(faults), "--calls", str(calls), "--data", str(folder)),
        *("--report", str(folder.with_suffix(".json"))),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        while stop_after and (line := await process.stdout.readline()):
            if stop_after in line.decode():
                process.send_signal(signal.SIGINT)
                break
        told, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.communicate()
    assert process.returncode == 0, told.decode() + errors.decode()
    found: dict[str, object] = json.loads(folder.with_suffix(".json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("seed", [20261125])
async def test_nothing_is_lost_and_nobody_is_rung_twice(
    asterisk_binary: AsteriskBinary, short_tmp: Path, seed: int
) -> None:
    """D7, A1: killed, cut, torn, locked, full and stepped at the worst moments."""
    report = await chaos(short_tmp / f"chaos-{seed}", seed, _FAULTS, _CALLS)
    found = report["found"]
    assert isinstance(found, dict)
    assert set(found["faults"].values()) == {0}, found["details"]
    assert report["faults"] == _FAULTS
    assert found["attempts"] >= _CALLS
    assert min(found["rings"], found["answered"], found["archived"], found["repairs"]) > 0
    assert found["archived"] + found["named_gaps"] == found["answered"]


async def test_a_run_that_is_stopped_tells_what_it_found_by_then(
    asterisk_binary: AsteriskBinary, short_tmp: Path
) -> None:
    report = await chaos(short_tmp / "chaos-stopped", 3, 50, 1000, stop_after="fault 1 of 50")
    assert report["stopped"] is True
    assert report["faults"] in (1, 2)
    found = report["found"]
    assert isinstance(found, dict)
    assert set(found["faults"].values()) == {0}, found["details"]

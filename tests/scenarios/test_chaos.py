"""`dialer drill chaos`: faults of every kind under calls; the phones, the event log and our rows agree."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from asterisk.install import AsteriskBinary
from tests.support.stores import empty_url, make_url, store_url

__all__ = ["empty_url", "make_url", "store_url"]

_FAULTS, _CALLS = 10, 20


async def chaos(
    folder: Path, seed: int, faults: int, calls: int, *, database: str = "", stop_after: str = ""
) -> dict[str, object]:
    """What a run found; with `stop_after` it is stopped as by Ctrl-C once it has said that."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer.app.cli", "drill", "chaos", "--seed", str(seed)),
        *("--faults", str(faults), "--calls", str(calls), "--data", str(folder)),
        *("--report", str(folder.with_suffix(".json")), "--database", database),
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


@pytest.mark.parametrize("seed", [20261204])
async def test_nothing_is_lost_and_nobody_is_rung_twice(
    asterisk_binary: AsteriskBinary, short_tmp: Path, seed: int
) -> None:
    """D7, A1: killed, cut, torn, locked, full and stepped at the worst moments, in every way of calling."""
    report = await chaos(short_tmp / f"chaos-{seed}", seed, _FAULTS, _CALLS)
    found, longest = report["found"], report["longest"]
    assert isinstance(found, dict)
    assert isinstance(longest, dict)
    assert set(found["faults"].values()) == {0}, found["details"]
    assert report["faults"] == _FAULTS
    assert found["attempts"] >= _CALLS
    assert min(found["rings"], found["answered"], found["archived"], found["repairs"]) > 0
    assert found["archived"] + found["named_gaps"] == found["answered"]
    # Each way of calling came up, customers rang us, and something was done in calls.
    assert set(found["modes"]) == {"progressive", "customer_first", "preview", "inbound"}
    # Who rang is put through once more where the first agent does not answer.
    assert min(found["rang_in"], found["modes"]["inbound"]) > 0
    assert report["steps"]
    assert set(longest) == {"preview", "reserved", "ringing", "talking", "wrap_up"}


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_on_postgresql_and_stopped_it_tells_what_it_found_by_then(
    asterisk_binary: AsteriskBinary, short_tmp: Path, empty_url: str
) -> None:
    """D7, D8: the same on the other database; Ctrl-C ends it early, and what was done is checked."""
    report = await chaos(
        short_tmp / "chaos-stopped", 3, 50, 1000, database=empty_url, stop_after="fault 2 of 50"
    )
    assert report["stopped"] is True
    assert report["faults"] in (2, 3)
    found = report["found"]
    assert isinstance(found, dict)
    assert set(found["faults"].values()) == {0}, found["details"]
    assert found["attempts"] > 0


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_a_database_that_holds_something_is_left_alone(
    asterisk_binary: AsteriskBinary, short_tmp: Path, store_url: str
) -> None:
    with pytest.raises(AssertionError, match="name a new one with --database"):
        await chaos(short_tmp / "chaos-full", 3, 1, 1, database=store_url)

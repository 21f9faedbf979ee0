"""`dialer drill kills`: the service dies at its worst moments, and the phones tell what came of it."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from asterisk.install import AsteriskBinary
from dialer.app.drill.subject import ServiceDied, ServiceProcess
from dialer.calling.engine import Step

_KILLS = 5
_MUST_BE_ZERO = (
    "rung_twice",
    "rung_without_attempt",
    "rung_without_go",
    "rung_and_written_off",
    "answered_and_not_known",
    "stuck",
    "answered_without_recording",
    "unlinked_recordings",
)


@pytest.mark.parametrize("options", [(), ("--customer-first",)], ids=["agent-first", "customer-first"])
async def test_nobody_is_rung_twice_and_no_call_is_lost(
    asterisk_binary: AsteriskBinary, short_tmp: Path, options: tuple[str, ...]
) -> None:
    """Killed at random and between each two effects; what is left settles at the next start (D7, A1)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dialer.app.cli", "drill", "kills", "--json", "--seed", "20261122"),
        *("--kills", str(_KILLS), "--data", str(short_tmp / f"drill{len(options)}")),
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        told, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await process.wait()
    assert process.returncode == 0, errors.decode()
    report = json.loads(told)
    verdict = report["verdict"]
    assert report["kills"] == _KILLS
    assert report["moments"].keys() >= {step.value for step in Step}, "each of the worst moments came"
    left = {name: verdict[name] for name in _MUST_BE_ZERO if verdict[name] != 0}
    assert left == {}, verdict["details"]
    assert verdict["rings"] > 0
    assert verdict["repairs"] > 0
    assert verdict["outcomes"].get("answered", 0) > 0


async def test_a_service_that_ends_by_itself_was_not_killed(tmp_path: Path) -> None:
    """A drill of a service that cannot work proves nothing, and says so."""
    (tmp_path / "dialer.toml").write_text("calling = [", encoding="utf-8")
    service = ServiceProcess(tmp_path)
    try:
        await service.start()
        service.must_be_killed()
        async with asyncio.timeout(60):
            await service.wait()
        with pytest.raises(ServiceDied, match=r"exit code \d+: see the end of .*service\.log"):
            service.must_be_killed()
        await service.start()
        await service.kill()
        service.must_be_killed()
    finally:
        await service.close()

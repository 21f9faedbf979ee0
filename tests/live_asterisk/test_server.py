"""A private Asterisk as a process: it starts, says how it is, ends, and survives who started it (D7)."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from asterisk.install import AsteriskBinary
from asterisk.ports import PortBusy
from asterisk.process import LastingProcess
from asterisk.server import AsteriskServer, ServerError
from tests.fixtures_asterisk import trial_settings
from tests.live_asterisk.raw_ami import RawAmi


def in_process_table(pid: int | None) -> bool:
    """Alive, or a zombie nobody reaped."""
    return Path(f"/proc/{pid}").exists()


async def test_start_health_stop_and_start_again(asterisk_binary: AsteriskBinary, short_tmp: Path) -> None:
    """A used run folder serves again, on the same ports, so that phones find their registrar."""
    server = AsteriskServer(asterisk_binary, short_tmp / "again", trial_settings())
    assert not (await server.health()).ok
    await server.start()
    pid, ports = server.pid, server.ports
    try:
        health = await server.health()
        assert health.ok and str(asterisk_binary.version) in health.sentence
        with pytest.raises(ServerError, match=f"process {pid}"):
            await AsteriskServer(asterisk_binary, short_tmp / "again", trial_settings()).start()
        await server.stop()
        assert not server.running and server.pid is None
        health = await server.health()
        assert not health.ok and "start it" in health.sentence
        assert not in_process_table(pid), "a zombie is left"
        await server.start()
        # Where calls of others use the range of its own, audio goes through another one.
        assert (server.ports.ami, server.ports.sip) == (ports.ami, ports.sip) and server.pid != pid
        await (await RawAmi().connect(server.connection())).close()
    finally:
        await server.kill()


async def test_found_again_after_the_starter_was_killed(
    asterisk_binary: AsteriskBinary, short_tmp: Path
) -> None:
    """D7: Asterisk goes on when the service dies by kill -9; the next one attaches to it."""
    run = short_tmp / "orphan"
    assert AsteriskServer.attach(run) is None
    script = f"""
import asyncio, os, pathlib, signal
from asterisk.install import AsteriskBinary
from asterisk.server import AsteriskServer
from asterisk.version import Version
from tests.fixtures_asterisk import trial_settings
binary = AsteriskBinary(
    pathlib.Path({str(asterisk_binary.program)!r}), Version(*{tuple(asterisk_binary.version)!r}),
    pathlib.Path({str(asterisk_binary.modules)!r}), pathlib.Path({str(asterisk_binary.data)!r}),
)
asyncio.run(AsteriskServer(binary, pathlib.Path({str(run)!r}), trial_settings()).start())
os.kill(os.getpid(), signal.SIGKILL)
"""
    starter = subprocess.run(  # noqa: ASYNC221 - nothing else runs in this loop
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, check=False
    )
    assert starter.returncode == -signal.SIGKILL, starter.stderr.decode()
    server = AsteriskServer.attach(run)
    assert server is not None
    try:
        assert (await server.health()).ok
        await (await RawAmi().connect(server.connection())).close()
        pid = server.pid
        assert pid is not None and os.getsid(pid) == pid, "it must not share the service's session"
    finally:
        await server.stop()
    assert not server.running
    assert AsteriskServer.attach(run) is None


async def test_killed_server_is_noticed(asterisk_binary: AsteriskBinary, short_tmp: Path) -> None:
    server = AsteriskServer(asterisk_binary, short_tmp / "killed", trial_settings())
    await server.start()
    pid = server.pid
    await server.kill()
    assert not server.running and not in_process_table(pid)
    assert AsteriskServer.attach(short_tmp / "killed") is None
    await server.stop()


@pytest.mark.parametrize(
    ("setting", "kind"), [("ami_port", socket.SOCK_STREAM), ("sip_port", socket.SOCK_DGRAM)]
)
async def test_busy_port_is_named(
    asterisk_binary: AsteriskBinary, short_tmp: Path, setting: str, kind: socket.SocketKind
) -> None:
    """The sentence says which port, whose setting, and what to do."""
    with closing(socket.socket(socket.AF_INET, kind)) as other:
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        server = AsteriskServer(asterisk_binary, short_tmp / "busy", trial_settings(**{setting: port}))
        with pytest.raises(PortBusy, match=rf"{port} .* in use .*{setting} to 0"):
            await server.start()
    assert not server.running


async def test_too_long_a_path_is_refused(asterisk_binary: AsteriskBinary, short_tmp: Path) -> None:
    server = AsteriskServer(asterisk_binary, short_tmp / ("x" * 100), trial_settings())
    with pytest.raises(ServerError, match="too long a path"):
        await server.start()


async def test_asterisk_that_dies_at_once_is_told(asterisk_binary: AsteriskBinary, short_tmp: Path) -> None:
    """What it said before it died is in the message."""
    program = short_tmp / "broken"
    program.write_text("#!/bin/sh\necho the disk is on fire >&2\nexit 1\n")
    program.chmod(0o755)
    broken = AsteriskBinary(program, asterisk_binary.version, asterisk_binary.modules, asterisk_binary.data)
    server = AsteriskServer(broken, short_tmp / "dies", trial_settings())
    with pytest.raises(ServerError, match="the disk is on fire"):
        await server.start()


def test_reused_process_id_is_another_process() -> None:
    """A stale note may name an id that now belongs to somebody else: that is not our server."""
    assert not LastingProcess(os.getpid(), 1).alive()


async def test_secrets_are_readable_by_the_owner_only(asterisk_server: AsteriskServer) -> None:
    """X2."""
    for path in (asterisk_server.layout.etc / "manager.conf", asterisk_server.layout.run / "server.json"):
        assert path.stat().st_mode & 0o077 == 0

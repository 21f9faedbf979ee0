"""What both halves of a load run stand on: one Asterisk, sipp as all phones, something to say."""

import asyncio
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import Self

from asterisk.install import find_or_install, find_or_install_sipp
from asterisk.phones.audio import load_speech
from asterisk.ports import free_port
from asterisk.server import AsteriskServer
from asterisk.settings import PhoneAccount, PrivateAsteriskSettings
from bench.load.sipp import HOST, Sipp, SippError, party
from bench.placing import extension

AGENT_RING = (0.1, 0.4)
CUSTOMER_RING = (0.5, 2.0)
PASSWORD = "load-trial"

# Many more than are in use: phones sound on for a moment after their call, and Asterisk takes whom it hears
# first at a port for who speaks there. A call that gets such a port anew would be recorded without its own.
_RTP_PORTS = 12_000
_REACHABLE_SECONDS = 40.0
_SPEECH = "dealer-00.flac"


class Stage:
    """Enter to have it; everything is below one temporary folder, gone at the end."""

    server: AsteriskServer
    speech: Path

    def __init__(self, phones: int, folder: Path | None, say: Callable[[str], None]) -> None:
        self.extensions = tuple(extension(number) for number in range(phones))
        self.work = Path(tempfile.mkdtemp(prefix="hf-", dir=folder))
        self._say = say
        self._agents: Sipp | None = None
        self._sipp = Path()
        self._trunk_port = 0

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    @property
    def recordings(self) -> Path:
        """Where Asterisk records."""
        return self.server.layout.recordings

    def clear_recordings(self) -> None:
        """Drop what lies there."""
        for file in self.recordings.iterdir():
            file.unlink()

    def trunk(self) -> Sipp:
        """The trunk's sipp, not started."""
        return Sipp(self._sipp, self.work, "customers", port=self._trunk_port, media_port=_media_port())

    async def _open(self) -> None:
        binary = await asyncio.to_thread(find_or_install, progress=lambda text, _done: self._say(text))
        self._sipp = await asyncio.to_thread(
            find_or_install_sipp, progress=lambda text, _done: self._say(text)
        )
        self.speech = self.work / "speech.al"
        with as_file(files("bench") / "calls" / _SPEECH) as sound:
            self.speech.write_bytes(await asyncio.to_thread(load_speech, sound))
        self._trunk_port = free_port(HOST, udp=True)
        private = PrivateAsteriskSettings(
            phones=tuple(PhoneAccount(extension=one, password=PASSWORD) for one in self.extensions),
            trunk_port=self._trunk_port,
            rtp_ports=_RTP_PORTS,
        )
        self.server = AsteriskServer(binary, self.work / "a", private)
        await self.server.start()
        self._say(f"Registering {len(self.extensions)} phones.")
        self._agents = Sipp(
            self._sipp, self.work, "agents", port=free_port(HOST, udp=True), media_port=_media_port()
        )
        registrar = (HOST, self.server.ports.sip)
        await self._agents.register(dict.fromkeys(self.extensions, PASSWORD), registrar)
        await self._agents.start(party(self.speech, ring=AGENT_RING))
        await self._reachable()

    async def _reachable(self) -> None:
        deadline = time.monotonic() + _REACHABLE_SECONDS
        while (await self.server.cli("pjsip show contacts")).count("Avail") < len(self.extensions):
            if time.monotonic() > deadline:
                raise SippError(
                    f"Not all of {len(self.extensions)} phones answer Asterisk: is the machine busy?"
                )
            await asyncio.sleep(0.5)

    async def _close(self) -> None:
        if self._agents is not None:
            await self._agents.stop()
        if hasattr(self, "server"):
            await self.server.stop()
        shutil.rmtree(self.work, ignore_errors=True)


def _media_port() -> int:
    """A port for sipp's audio: it takes this one and the next but one."""
    while True:
        port = free_port(HOST, udp=True) // 2 * 2
        with suppress(OSError), closing(socket.socket(type=socket.SOCK_DGRAM)) as first:
            first.bind((HOST, port))
            with closing(socket.socket(type=socket.SOCK_DGRAM)) as second:
                second.bind((HOST, port + 2))
                return port


def talk_span(mean_seconds: float) -> tuple[float, float]:
    """Least and most seconds that a customer talks."""
    return 0.5 * mean_seconds, 1.5 * mean_seconds

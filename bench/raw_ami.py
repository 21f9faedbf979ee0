"""A manager client as small as can be: the floor the engine is measured against, and an unmoved watcher.

Run as a program it is the watcher: a process of its own that notes when Asterisk tells of each call, so that
the loop it times cannot slow the clock that times it.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from asterisk.settings import AsteriskSettings
from bench.pinning import anywhere

READY = "ready"
_END = b"\r\n\r\n"
_ID_LENGTH = 26


class LoginRefused(Exception):
    """Asterisk did not let the client in."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to log in, and as whom."""

    host: str
    port: int
    username: str
    secret: str

    @classmethod
    def of(cls, settings: AsteriskSettings) -> "Address":
        return cls(settings.host, settings.port, settings.username, settings.secret)


class RawAmi(asyncio.Protocol):
    """One connection. `take` is given each message as it came, without its ending."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self.take = take
        self._rest = b""
        self._transport: asyncio.WriteTransport | None = None

    @classmethod
    async def connect(cls, address: Address, take: Callable[[bytes], None]) -> "RawAmi":
        """Log in and wait until Asterisk is fully booted; only then is `take` told anything.

        Raises:
            LoginRefused: wrong user or secret. OSError, TimeoutError: nobody answers.
        """
        loop = asyncio.get_running_loop()
        booted: asyncio.Future[None] = loop.create_future()

        def first(message: bytes) -> None:
            if booted.done():
                return
            if message.startswith(b"Response: Error"):
                booted.set_exception(LoginRefused(f"Asterisk refused the AMI user {address.username!r}."))
            elif message.startswith(b"Event: FullyBooted"):
                booted.set_result(None)

        _, client = await loop.create_connection(lambda: cls(first), address.host, address.port)
        client.send(
            Action="Login", Username=address.username, Secret=address.secret, Events="call,user,system"
        )
        async with asyncio.timeout(10):
            await booted
        client.take = take
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *messages, self._rest = (self._rest + data).split(_END)
        for message in messages:
            self.take(message)

    def send(self, *more: tuple[str, str], **headers: str) -> None:
        """Send an action; nobody waits for its answer."""
        assert self._transport is not None
        lines = [f"{key}: {value}\r\n" for key, value in (*headers.items(), *more)]
        self._transport.write("".join(lines).encode() + b"\r\n")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def header(message: bytes, name: bytes) -> str:
    """The value of a header, empty where there is none."""
    _, found, rest = message.partition(b"\r\n" + name + b": ")
    return rest.partition(b"\r\n")[0].decode() if found else ""


def is_call(unique_id: str) -> bool:
    """Whether this is the first leg of one of our calls: other channels have other forms of id."""
    return len(unique_id) == _ID_LENGTH and unique_id.isalnum()


class Watcher:
    """The watcher's process. Enter to start it, `seen` to end it and have what it saw."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "Watcher":
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.raw_ami", stdin=pipe, stdout=pipe
        )
        try:
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(json.dumps(asdict(self._address)).encode() + b"\n")
            async with asyncio.timeout(20):
                if (await self._process.stdout.readline()).decode().strip() != READY:
                    raise LoginRefused("The watcher of the measurement could not log in to Asterisk.")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def seen(self) -> dict[str, float]:
        """When the first channel of each call was told of, by call id; seconds of the monotonic clock."""
        assert self._process is not None
        output, _ = await self._process.communicate(b"")
        return {str(key): float(at) for key, at in json.loads(output).items()}

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


async def _watch() -> None:
    anywhere()
    loop = asyncio.get_running_loop()
    address = Address(**json.loads(await loop.run_in_executor(None, sys.stdin.readline)))
    seen: dict[str, float] = {}

    def take(message: bytes) -> None:
        if message.startswith(b"Event: Newchannel"):
            unique_id = header(message, b"Uniqueid")
            if is_call(unique_id):
                seen.setdefault(unique_id, time.monotonic())

    client = await RawAmi.connect(address, take)
    print(READY, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    client.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(_watch())

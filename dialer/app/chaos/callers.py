"""Customers who ring us, in the midst of everything (D9)."""

import asyncio
import contextlib
import random
from collections.abc import Sequence

from sqlalchemy import Connection

from asterisk.ami.wire import END, encode_action
from asterisk.server import AsteriskServer
from asterisk.settings import AsteriskSettings
from dialer.storage.feed import after

CALLED = "4008"

_BETWEEN_SECONDS = (1.0, 6.0)
_ANSWER_SECONDS = 3.0
_CALLING_BACK = ("follow_up.call_back", "attempt.placing_agent")


class Callers:
    """Lets one after the other of `numbers` ring, for as long as it works."""

    def __init__(self, server: AsteriskServer, numbers: Sequence[str], seed: int) -> None:
        self._server = server
        self._dice = random.Random(f"{seed}/callers")
        self._waiting = self._dice.sample(numbers, len(numbers))
        self.rang: set[str] = set()

    async def work(self) -> None:
        """Work until cancelled, or until everybody has rung."""
        while self._waiting:
            await asyncio.sleep(self._dice.uniform(*_BETWEEN_SECONDS))
            if self._server.running:
                # Where there is no Asterisk he hears nothing, and tries no more.
                number = self._waiting.pop()
                with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                    await asyncio.wait_for(rings_us(self._server.connection(), number), _ANSWER_SECONDS)
                self.rang.add(number)


async def rings_us(settings: AsteriskSettings, number: str) -> None:
    """This customer rings: his phone is there first, and comes in by the trunk's own context.

    By a line of its own, past the one that is broken.
    """
    reader, writer = await asyncio.open_connection(settings.host, settings.port)
    try:
        login = {"Action": "Login", "Username": settings.username, "Secret": settings.secret, "Events": "off"}
        ring = {
            "Action": "Originate",
            "Channel": f"PJSIP/{number}@trunk",
            "Context": "huifang-from-trunk",
            "Exten": CALLED,
            "Priority": "1",
            "CallerID": f"<{number}>",
            "Async": "true",
        }
        for action in (login, ring):
            writer.write(encode_action(action.items()))
            while b"Response: " not in await reader.readuntil(END):
                pass
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def call_backs(conn: Connection) -> set[str]:
    """The attempts by which a customer is called back who rang and was not put through."""
    found, owed, last = set[str](), set[str](), 0
    while rows := after(conn, last, kinds=_CALLING_BACK):
        last = rows[-1].id
        for row in rows:
            if row.kind == "follow_up.call_back":
                owed.add(row.subject)
            elif row.data.get("follow_up") in owed:
                owed.discard(str(row.data["follow_up"]))
                found.add(row.subject)
    return found

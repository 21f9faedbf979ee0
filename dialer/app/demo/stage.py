"""The phones of the demo: agents' softphones and one trunk that plays every customer."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path

import structlog

from asterisk.phones import (
    Announce,
    Answer,
    Behaviour,
    CustomerTrunk,
    Ignore,
    PhoneCall,
    Refuse,
    RingForever,
    Softphone,
    load_speech,
)
from dialer.app.demo.cast import Fate, Role
from dialer.app.demo.talks import Legs

log = structlog.get_logger(__name__)

_BREATH = 0.6
# An agent who is rung after his customer answers within so long; looked for so often.
_COMES, _LOOK = 10.0, 0.1


class Stage:
    """Plays every party of the demo's calls.

    `extension_of` tells which agent an attempt was placed for: both legs of a talk begin when
    the customer answers. `legs_of` gives what the two say.
    """

    def __init__(
        self,
        cast: tuple[Role, ...],
        extension_of: Callable[[str], Awaitable[str | None]],
        legs_of: Callable[[Role], Legs],
    ) -> None:
        self._legs_of = legs_of
        self._roles = {role.number: role for role in cast}
        self._extension_of = extension_of
        self._agents: dict[str, Softphone] = {}
        self._talks: set[asyncio.Task[None]] = set()
        sounds = Path(str(files("bench"))) / "announcements"
        self._empty_number = load_speech(sounds / "empty-1.wav")
        self._switched_off = load_speech(sounds / "off-1.wav")
        self.trunk = CustomerTrunk(self._customer, keep_heard=False)

    async def open_trunk(self) -> int:
        """Begin to take customers' calls; returns the UDP port."""
        await self.trunk.open()
        return self.trunk.address[1]

    async def register_agents(self, registrar: tuple[str, int], phones: dict[str, str]) -> None:
        """Register an agent's softphone for each extension and password of `phones`."""
        for extension, password in phones.items():
            phone = Softphone(extension, password, registrar, _agent, keep_heard=False)
            await phone.register()
            self._agents[extension] = phone

    async def close(self) -> None:
        """Hang up everything."""
        for task in self._talks:
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await asyncio.gather(*(phone.close() for phone in self._agents.values()))
        await self.trunk.close()

    def double_dials(self) -> int:
        """How often a customer's phone was rung more than once for one attempt."""
        rings: dict[str, int] = {}
        for call in self.trunk.calls:
            rings[call.attempt] = rings.get(call.attempt, 0) + 1
        return sum(count - 1 for count in rings.values())

    def _customer(self, call: PhoneCall) -> Behaviour:
        role = self._roles.get(call.number)
        fate = role.fate if role is not None else Fate.EMPTY_NUMBER
        match fate:
            case Fate.ANSWERS:
                assert role is not None
                task = asyncio.get_running_loop().create_task(self._talk(call, role))
                self._talks.add(task)
                task.add_done_callback(self._talks.discard)
                return Answer(ring_seconds=1.5, wait_for_start=True)
            case Fate.BUSY:
                return Refuse(code=486)
            case Fate.REJECTS:
                return Refuse(code=603, ring_seconds=2)
            case Fate.NO_ANSWER:
                return RingForever()
            case Fate.EMPTY_NUMBER:
                return Announce(speech=self._empty_number, then=Refuse(code=404))
            case Fate.SWITCHED_OFF:
                return Announce(speech=self._switched_off, then=Refuse(code=480))
            case Fate.TRUNK_FULL:
                return Refuse(code=503)
            case Fate.DEAD:
                return Ignore()

    async def _talk(self, call: PhoneCall, role: Role) -> None:
        legs = await asyncio.to_thread(self._legs_of, role)
        await call.answered.wait()
        extension = await self._extension_of(call.attempt)
        agent_call = await self._call_of(self._agents[extension]) if extension in self._agents else None
        await asyncio.sleep(_BREATH)
        if call.ended.is_set() or agent_call is None or agent_call.ended.is_set():
            return
        call.start_speech(legs.customer)
        agent_call.start_speech(legs.agent)
        await asyncio.sleep(legs.seconds + _BREATH)
        await call.hang_up()

    async def _call_of(self, agent: Softphone) -> PhoneCall | None:
        """The call that goes on at this phone, once it was answered: it may come after the customer's."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_COMES):
                while True:
                    for call in agent.calls:
                        if not call.ended.is_set():
                            await call.answered.wait()
                            return call
                    await asyncio.sleep(_LOOK)
        return None


def _agent(_call: PhoneCall) -> Behaviour:
    return Answer(ring_seconds=0.8, wait_for_start=True)

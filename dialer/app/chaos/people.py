"""Agents' and customers' phones of every behaviour, drawn from a seed, and what they saw."""

import asyncio
import contextlib
import random

from asterisk.phones import (
    Announce,
    Answer,
    Behaviour,
    CustomerTrunk,
    Ignore,
    PhoneCall,
    Refuse,
    RegistrationError,
    RingForever,
    Softphone,
)

_RATE = 8000
_KEPT = 100_000

# Of those who ring us: longer than anybody is left to wait.
_PATIENT = 0.15
LONGEST_TALK = 13.0
"""Nobody waits or talks longer than so many seconds."""


def tone(seconds: float) -> bytes:
    """A-law of a tone: enough to be no silence."""
    return bytes(0x35 if (n // 10) % 2 else 0xB5 for n in range(int(seconds * _RATE)))


_SPEECH = tone(8)
_NOTICE = tone(0.5)


def customer_does(dice: random.Random) -> Behaviour:
    """What the next customer's phone, or the network, does."""
    kind = dice.random()
    ring = dice.uniform(0.1, 1.0)
    for chance, behaviour in (
        (0.52, Answer(ring_seconds=ring, speech=_SPEECH, hang_up_after=dice.uniform(0.6, 3.5))),
        (0.06, Answer(ring_seconds=ring, hang_up_after=0.02)),
        # This one waits for the agent to hang up.
        (0.06, Answer(ring_seconds=0, speech=_SPEECH, hang_up_after=6.0)),
        (0.09, Refuse(code=486, ring_seconds=ring)),
        (0.07, Refuse(code=603, ring_seconds=ring)),
        (0.06, RingForever()),
        (0.05, Announce(speech=_NOTICE, then=Refuse(code=404))),
        (0.04, Announce(speech=_NOTICE, then=Refuse(code=480))),
        (0.02, Refuse(code=503)),
        (0.02, Ignore()),
    ):
        kind -= chance
        if kind < 0:
            return behaviour
    return Announce(speech=_NOTICE, then=Answer(ring_seconds=ring, speech=_SPEECH, hang_up_after=2.0))


def caller_does(dice: random.Random) -> Behaviour:
    """What a customer's phone does who rings us: how long he waits and talks, as it comes."""
    patient = dice.random() < _PATIENT
    seconds = LONGEST_TALK if patient else dice.uniform(1.0, 6.0)
    return Answer(ring_seconds=0, speech=_SPEECH, hang_up_after=seconds)


def agent_does(dice: random.Random) -> Behaviour:
    """What an agent does with the next call."""
    kind = dice.random()
    ring = dice.uniform(0.05, 0.6)
    for chance, behaviour in (
        (0.08, Answer(ring_seconds=ring, speech=_SPEECH, hang_up_after=dice.uniform(0.5, 4.0))),
        (0.03, Answer(ring_seconds=ring, hang_up_after=0.02)),
        (0.04, Refuse(code=486)),
        (0.02, Refuse(code=603, ring_seconds=ring)),
        (0.02, Refuse(code=480)),
        (0.02, RingForever()),
    ):
        kind -= chance
        if kind < 0:
            return behaviour
    return Answer(ring_seconds=ring, speech=_SPEECH)


class People:
    """Every phone: the customers' behind one trunk, and the agents'."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.trunk = CustomerTrunk(self._customer, keep_calls=_KEPT, keep_heard=False)
        self.agents: dict[str, Softphone] = {}

    async def register(self, registrar: tuple[str, int], phones: dict[str, str]) -> None:
        """Register an agent's softphone for each extension and password of `phones`."""
        for extension, password in phones.items():
            phone = Softphone(extension, password, registrar, self._agent(extension), keep_heard=False)
            await phone.register()
            self.agents[extension] = phone

    async def register_again(self, extensions: list[str] | None = None) -> None:
        """These (all, where None) come back; one that is refused tries again by itself, as phones do."""
        phones = self.agents.values() if extensions is None else [self.agents[one] for one in extensions]
        with contextlib.suppress(RegistrationError):
            await asyncio.gather(*(phone.register() for phone in phones))

    async def unregister(self, extensions: list[str]) -> None:
        """These phones go away; what is up stays up."""
        with contextlib.suppress(RegistrationError):
            await asyncio.gather(*(self.agents[one].unregister() for one in extensions))

    async def notice_dead_line(self) -> None:
        """Every call that is up is hung up: its telephone system is gone."""
        calls = [call for phone in (self.trunk, *self.agents.values()) for call in phone.calls]
        await asyncio.gather(*(call.hang_up() for call in calls if not call.ended.is_set()))

    async def close(self) -> None:
        """Hang up everything."""
        await asyncio.gather(*(phone.close() for phone in self.agents.values()))
        await self.trunk.close()

    def _customer(self, call: PhoneCall) -> Behaviour:
        # By the number and how often it was rung, so that the order of calls does not matter.
        times = sum(one.number == call.number for one in self.trunk.calls)
        dice = random.Random(f"{self._seed}/{call.number}/{times}")
        return customer_does(dice) if call.attempt else caller_does(dice)

    def _agent(self, extension: str) -> "_Agent":
        return _Agent(f"{self._seed}/{extension}")


class _Agent:
    """What one agent does, call after call."""

    def __init__(self, seed: str) -> None:
        self._dice = random.Random(seed)

    def __call__(self, _call: PhoneCall) -> Behaviour:
        return agent_does(self._dice)

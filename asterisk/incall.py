"""What calls in progress can do, on a real Asterisk: parties, hold, mute, tones (D6, V2).

Only actions of the class `call` and `originate` are sent: muting is a channel variable here, since the action
MuteAudio wants the class `system`, with which a user could start programs.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Final

import structlog

from asterisk import orders
from asterisk.ami import AmiManager, AmiTimes, Fields
from asterisk.callbook import ATTENDANT, MUSIC, PARTY, Call, CallBook
from asterisk.orders import Action
from asterisk.partybook import PARTY_ORIGINATE, Party, PartyBook
from asterisk.settings import AsteriskSettings
from dialer.telephony.events import (
    Entered,
    InCallEvent,
    Left,
    PartyEnded,
    PartyUp,
    PhoneHeld,
    PhoneResumed,
)
from dialer.telephony.incall import TONES, LiveParty, PartyMode, PartyOrder
from dialer.telephony.port import RequestRefused, RequestUncertain, TelephonyError

log = structlog.get_logger(__name__)

PARTY_CONTEXT: Final = "huifang-party"
ATTENDANT_CONTEXT: Final = "huifang-attendant"
ASIDE_CONTEXT: Final = "huifang-aside"
_TALK: Final = "talk"
_QUIET: Final = "quiet"
_MUSIC: Final = "music"
_PARTY_ID = re.compile(r"[0-9A-Z]{26}")
_TONE_SECONDS = 0.25
_BRIDGED = 1.0
# Whoever talked in private is back with the customer in a small part of this.
_BACK = 3.0
_GONE = ("no such channel", "channel not found", "does not exist")


class InCallActions:
    """The in-call part of the telephony port; what it stands on is the subclass's."""

    _settings: AsteriskSettings
    _times: AmiTimes
    _book: CallBook
    _parties: PartyBook
    _manager: AmiManager

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self._followed: set[asyncio.Task[None]] = set()
        # Of each call the channel that is aside, and the party it talks with.
        self._aside: dict[str, tuple[str, str]] = {}

    def _need_link(self) -> None:
        raise NotImplementedError

    async def _status(self) -> list[Fields]:
        raise NotImplementedError

    async def add_party(self, order: PartyOrder) -> None:
        """See the port."""
        call = await self._talk(order.attempt_id)
        if order.party_id in self._parties.parties:
            raise RequestRefused(f"Party {order.party_id} is alive: it cannot be rung again.")
        if order.mode is PartyMode.CONSULT and len(self._speakers(order.attempt_id)) > 1:
            raise RequestRefused("Several of ours talk with the customer: leave him to one of them first.")
        action = _ring(order, self._channel(order), call, self._beside(call))
        if order.mode in (PartyMode.JOIN, PartyMode.CONSULT):
            await self._attend(call)
        self._parties.parties[order.party_id] = Party(order.party_id, order.attempt_id)
        try:
            await self._manager.request(action)
        except RequestRefused:
            del self._parties.parties[order.party_id]
            raise

    async def move_party(self, party_id: str, mode: PartyMode) -> None:
        """See the port."""
        self._need_link()
        party = self._parties.parties.get(party_id)
        if party is None or party.name is None or party.mode is None:
            raise RequestRefused(f"Party {party_id} is not up: change it once its phone was answered.")
        if party.mode is mode:
            return
        call = await self._talk(party.attempt_id, aside=party.mode is PartyMode.CONSULT)
        if party.mode is PartyMode.CONSULT:
            # Taken away while it is being let in, it would leave the other alone there for ever.
            await self._until(partial(self._parties.is_aside, party), _BRIDGED)
        if mode is PartyMode.JOIN:
            await self._attend(call)
        elif mode is PartyMode.WHISPER:
            await self._set(party.name, "HF_BESIDE", self._beside(call))
        await self._redirect(party.name, PARTY_CONTEXT, mode)

    async def drop_party(self, party_id: str) -> None:
        """See the port."""
        self._need_link()
        party = self._parties.parties.get(party_id)
        if party is not None and party.name is not None:
            await self._hang_up_channel(party.name)

    async def release_agent(self, attempt_id: str) -> None:
        """See the port."""
        call = await self._talk(attempt_id)
        if call.agent_name is None:
            return
        others = [one for one in self._parties.talking(attempt_id) if one != call.agent_id]
        name = self._parties.name_of(others[0]) if others else None
        if name is None:
            raise RequestRefused(
                "Nobody else of ours talks with the customer: the agent cannot leave without ending the call."
            )
        await self._stand_beside(attempt_id, name)
        call.released = True
        await self._hang_up_channel(call.agent_name)

    async def hold(self, attempt_id: str) -> None:
        """See the port."""
        call = await self._talk(attempt_id)
        await self._attend(call, _MUSIC)
        call.held = True
        for name in self._speakers(attempt_id):
            await self._set(name, "MUTEAUDIO(all)", "on")

    async def resume(self, attempt_id: str) -> None:
        """See the port."""
        call = await self._talk(attempt_id)
        if not call.held:
            return
        await self._attend(call, _QUIET)
        call.held = False
        for name in self._speakers(attempt_id):
            await self._set(name, "MUTEAUDIO(all)", "off")
        if call.muted and call.agent_name is not None:
            await self._set(call.agent_name, "MUTEAUDIO(in)", "on")

    async def mute(self, attempt_id: str, muted: bool, party_id: str | None = None) -> None:
        """See the port."""
        call = await self._talk(attempt_id)
        name = call.agent_name if party_id is None else self._parties.name_of(PARTY + party_id)
        if name is None:
            raise RequestRefused("This phone is no longer in the call: it cannot be muted.")
        if party_id is None:
            call.muted = muted
            await self._set(name, "HF_MUTED", "1" if muted else "")
        if not call.held:  # on hold nobody hears it anyway; the resume puts it right
            await self._set(name, "MUTEAUDIO(in)", "on" if muted else "off")

    async def send_digits(self, attempt_id: str, digits: str) -> None:
        """See the port."""
        call = await self._talk(attempt_id)
        if not digits or not set(digits) <= TONES:
            raise RequestRefused(f"{digits!r} cannot be sent: only 0-9, * and # are tones.")
        for place, digit in enumerate(digits):
            if place:
                await asyncio.sleep(_TONE_SECONDS)
            await self._manager.request(
                {"Action": "PlayDTMF", "Channel": call.customer_name or "", "Digit": digit, "Duration": "120"}
            )

    async def live_parties(self) -> tuple[LiveParty, ...]:
        """See the port. Asks Asterisk, never the memory."""
        self._need_link()
        rows = await self._status()
        calls = CallBook()
        calls.restore(rows)
        book = PartyBook(calls)
        book.restore(rows)
        return book.live()

    # What belongs to it.

    def _follow(self, events: tuple[InCallEvent, ...]) -> None:
        """Do what events ask for at once, and wake who waits for one."""
        self._news.set()
        for event in events:
            call = self._book.calls.get(event.attempt_id)
            if call is None:
                self._aside.pop(event.attempt_id, None)
                continue
            if isinstance(event, PartyUp) and event.mode is PartyMode.CONSULT:
                self._in_background(self._step_aside(call, event.party_id))
            elif isinstance(event, PartyEnded) and event.attempt_id in self._aside:
                self._in_background(self._bring_back(call, event.party_id))
            elif isinstance(event, Entered) and event.attempt_id in self._parties.attendants:
                # Who comes back from a private talk is mute until here.
                self._in_background(self._be_heard(call, event.party_id))
            if isinstance(event, PhoneHeld):
                # Asterisk plays its music only while two are in the bridge: ours comes from the attendant.
                self._in_background(self.hold(event.attempt_id))
            elif isinstance(event, PhoneResumed):
                self._in_background(self.resume(event.attempt_id))
            elif isinstance(event, Left) and event.attempt_id in self._parties.attendants:
                remaining = self._parties.talking(event.attempt_id)
                name = self._parties.name_of(remaining[0]) if remaining else None
                if name is not None:
                    self._in_background(self._stand_beside(event.attempt_id, name))

    async def _step_aside(self, call: Call, party_id: str) -> None:
        """The one who is with the customer leaves him to the music and talks with this party in private.

        What comes after that talk is the dialplan's: he is back with the customer, and mute.
        """
        name = self._beside(await self._talk(call.attempt_id))
        await self.hold(call.attempt_id)
        with_whom = self._parties.name_of(PARTY + party_id)
        if with_whom is None:  # hung up meanwhile
            await self.resume(call.attempt_id)
            return
        await self._set(name, "HF_ASIDE", with_whom)
        await self._set(name, "HF_WITH", call.customer_name or "")
        self._aside[call.attempt_id] = name, party_id
        await self._redirect(name, ASIDE_CONTEXT, _TALK)

    async def _bring_back(self, call: Call, party_id: str) -> None:
        """The dialplan leads him back; but who hung up while Asterisk let both into their bridge leaves the
        other alone in it for ever. Sent aside once more, he finds nobody to talk with, and goes on."""
        name, with_whom = self._aside[call.attempt_id]
        if with_whom != party_id:
            return
        del self._aside[call.attempt_id]
        back = await self._until(
            lambda: call.customer_name is None or bool(self._speakers(call.attempt_id)), _BACK
        )
        if not back:
            log.warning("Who talked in private is brought back.", action="in_call", attempt=call.attempt_id)
            await self._redirect(name, ASIDE_CONTEXT, _TALK)

    async def _be_heard(self, call: Call, party_id: str | None) -> None:
        name = call.agent_name if party_id is None else self._parties.name_of(PARTY + party_id)
        if name is None:
            return
        await self._set(name, "MUTEAUDIO(all)", "on" if call.held else "off")
        if party_id is None and call.muted and not call.held:
            await self._set(name, "MUTEAUDIO(in)", "on")

    async def _attend(self, call: Call, what: str | None = None) -> None:
        """See that the attendant is in the customer's bridge, `what` it does; None: it may go on as it is."""
        attempt_id = call.attempt_id
        attendant = self._parties.attendants.get(attempt_id)
        if attendant is None:
            await self._manager.request(_attendant(call, self._beside(call), what or _QUIET))
        if not await self._until(lambda: self._is_attended(call), self._times.action):
            raise RequestUncertain(
                "Asterisk did not let the attendant into the call. Check that the dialplan context "
                "huifang-attendant is loaded (`dialplan reload`) and that app_bridgeaddchan is."
            )
        if attendant is not None and what is not None:
            await self._redirect(attendant.music_name or "", ATTENDANT_CONTEXT, what)

    def _is_attended(self, call: Call) -> bool:
        attendant = self._parties.attendants.get(call.attempt_id)
        bridges = self._parties.bridges
        if call.customer_name is None:
            raise RequestRefused("The customer has left.")
        known = attendant is not None and attendant.name is not None and attendant.music_name is not None
        return known and bridges.get(ATTENDANT + call.attempt_id) is not None

    async def _stand_beside(self, attempt_id: str, name: str) -> None:
        """Tell the attendant whose phone stands for our side now."""
        attendant = self._parties.attendants.get(attempt_id)
        if attendant is not None and attendant.music_name is not None:
            await self._set(attendant.music_name, "HF_BESIDE", name)

    def _channel(self, order: PartyOrder) -> str:
        """What rings a party: a phone of ours, or one outside through its trunk."""
        if not order.number:
            return orders.phone(self._settings.agent_channel, order.extension)
        dial = self._settings.trunk_dials.get(order.trunk, self._settings.customer_dial)
        return orders.outside(dial, order.number)

    async def _talk(self, attempt_id: str, *, aside: bool = False) -> Call:
        """The call, with its customer and one of ours; `aside`: who is not with him for a private talk."""
        self._need_link()
        call = self._book.calls.get(attempt_id)
        if call is None or call.customer_name is None or not call.customer_up:
            raise RequestRefused("The customer is not in the call: it can be done only while you talk.")
        if aside:
            return call
        # The answer is told a moment before both are in one bridge.
        await self._until(lambda: bool(self._speakers(attempt_id)) or call.customer_name is None, _BRIDGED)
        if not self._speakers(attempt_id):
            raise RequestRefused("Nobody of ours talks with the customer now.")
        return call

    async def _until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait until events have made it true; False: they did not in time."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _beside(self, call: Call) -> str:
        """The channel of ours that talks with the customer, the agent's where he is there."""
        return self._speakers(call.attempt_id)[0]

    def _speakers(self, attempt_id: str) -> list[str]:
        names = (self._parties.name_of(one) for one in self._parties.talking(attempt_id))
        return [name for name in names if name is not None]

    async def _set(self, channel: str, variable: str, value: str) -> None:
        await self._manager.request(
            {"Action": "Setvar", "Channel": channel, "Variable": variable, "Value": value}
        )

    async def _redirect(self, channel: str, context: str, exten: str) -> None:
        await self._manager.request(orders.redirect(channel, context, exten))

    async def _hang_up_channel(self, name: str) -> None:
        try:
            await self._manager.request({"Action": "Hangup", "Channel": name, "Cause": "16"})
        except RequestRefused as error:
            if not any(word in str(error).lower() for word in _GONE):
                raise

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._followed.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._followed.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), TelephonyError):
            log.warning("A call in progress could not be attended to.", action="in_call", error=str(error))


def _ring(order: PartyOrder, channel: str, call: Call, beside: str) -> Action:
    if not _PARTY_ID.fullmatch(order.party_id):
        raise RequestRefused(f"Party id {order.party_id!r} is refused: it must be a ULID.")
    caller = {"CallerID": f"<{orders.plain('caller id', order.caller_id)}>"} if order.caller_id else {}
    return {
        "Action": "Originate",
        "ActionID": f"{PARTY_ORIGINATE}/{order.attempt_id}/{order.party_id}/{secrets.token_hex(4)}",
        "Channel": channel,
        "ChannelId": PARTY + order.party_id,
        "Context": PARTY_CONTEXT,
        "Exten": order.mode,
        "Priority": "1",
        "Timeout": str(order.ring_seconds * 1000),
        "Async": "true",
        "Variable": [
            f"HF_PARTY={order.party_id}",
            f"HF_CALL={order.attempt_id}",
            f"HF_WITH={call.customer_name}",
            f"HF_BESIDE={beside}",
        ],
        **caller,
    }


def _attendant(call: Call, beside: str, what: str) -> Action:
    return {
        "Action": "Originate",
        "ActionID": f"HF-attendant/{call.attempt_id}/{secrets.token_hex(4)}",
        "Channel": f"Local/{what}@{ATTENDANT_CONTEXT}/n",
        "ChannelId": ATTENDANT + call.attempt_id,
        "OtherChannelId": MUSIC + call.attempt_id,
        "Context": ATTENDANT_CONTEXT,
        "Exten": "join",
        "Priority": "1",
        "Timeout": "5000",
        "Async": "true",
        "Variable": [f"__HF_WITH={call.customer_name}", f"__HF_BESIDE={beside}"],
    }

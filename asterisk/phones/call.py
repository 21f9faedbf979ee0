"""One call that a softphone got: what it does with it, and the record of what happened."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum

from asterisk.phones.behaviours import Announce, Answer, Behaviour, Ignore, Refuse, RingForever
from asterisk.phones.dialog import Dialog
from asterisk.phones.rtp import AudioStream, Metronome
from asterisk.phones.sdp import AudioTarget, NoAudio, build_answer, parse_offer
from asterisk.phones.sip import Request, header_uri, uri_user

Behave = Callable[["PhoneCall"], Behaviour]
_MIN_REFRESH_MARGIN = 32


class Ending(StrEnum):
    """How a call ended, as the phone saw it."""

    REFUSED = "refused"
    CANCELLED = "cancelled"
    IGNORED = "ignored"
    HUNG_UP = "hung_up"
    REMOTE_HUNG_UP = "remote_hung_up"
    SESSION_EXPIRED = "session_expired"
    CLOSED = "closed"


class PhoneCall:
    """A call and its record. Times are UTC by this machine's clock.

    number: who was called (the user part of the request's address).
    caller: who called, as shown to the phone.
    attempt: header X-HF-Attempt, "" when the caller sent none.
    code: the final SIP code we sent, None while there is none.
    """

    def __init__(self, dialog: Dialog, host: str, metronome: Metronome, *, keep_heard: bool) -> None:
        invite = dialog.invite
        self.number = uri_user(invite.uri)
        self.caller = uri_user(header_uri(invite.get("From")))
        self.attempt = invite.get("X-HF-Attempt")
        self.invited_at = datetime.now(UTC)
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.ending: Ending | None = None
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self._dialog = dialog
        self._host = host
        self._metronome = metronome
        self._keep_heard = keep_heard
        self._audio: AudioStream | None = None
        self._offers = 0
        self._task: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._hanging_up: asyncio.Task[None] | None = None

    @property
    def code(self) -> int | None:
        """The final SIP code we sent."""
        return self._dialog.final_code

    @property
    def heard(self) -> bytes:
        """What was heard so far, A-law, from the first packet on; gaps are silence."""
        return bytes(self._audio.heard.audio) if self._audio is not None else b""

    @property
    def heard_from(self) -> datetime | None:
        """When the first of what was heard came."""
        return self._audio.heard.began_at if self._audio is not None else None

    @property
    def packets_heard(self) -> int:
        """How many audio packets arrived."""
        return self._audio.heard.packets if self._audio is not None else 0

    def start_speech(self, alaw: bytes) -> None:
        """Begin to say `alaw` now, instead of what is being said.

        Raises:
            RuntimeError: the call has no audio (not answered, or over).
        """
        if self._audio is None or self.ended.is_set():
            raise RuntimeError("This call has no audio now: wait for `answered` first.")
        self._audio.say(alaw)

    async def hang_up(self) -> None:
        """End the call from this side; one that rings is declined. One that is over stays as it is."""
        if self.ended.is_set():
            return
        if self.answered.is_set():
            self._end(Ending.HUNG_UP)
            await self._dialog.bye()
        else:
            self._refuse(603)

    async def hold(self, held: bool = True) -> None:
        """Put the other side on hold as the key of a phone does, or take it back.

        Raises:
            RuntimeError: the call has no audio.
            NoAnswer: the other side does not answer.
        """
        if self._audio is None or self.ended.is_set():
            raise RuntimeError("This call has no audio now: wait for `answered` first.")
        self._offers += 1
        direction = "sendonly" if held else "sendrecv"
        await self._dialog.offer(build_answer(self._host, self._audio.port, 1 + self._offers, direction))

    def begin(self, behave: Behave) -> None:
        """Ask `behave` what to do and do it. Called once, by the phone."""
        behaviour = behave(self)
        if isinstance(behaviour, Ignore):
            self._end(Ending.IGNORED)
            return
        self._dialog.respond(100)
        self._task = asyncio.get_running_loop().create_task(self._act(behaviour))

    def receive(self, request: Request) -> None:
        """A request of this call. Called by the phone."""
        match request.method:
            case "INVITE":
                if self.ending is not Ending.IGNORED and not self._dialog.repeat(request):
                    self._refresh(request)
            case "ACK":
                self._dialog.acknowledged()
            case "CANCEL":
                self._dialog.respond(200, request=request)
                if self._dialog.final_code is None and not self.ended.is_set():
                    self._dialog.respond(487)
                    self._end(Ending.CANCELLED)
            case "BYE":
                self._dialog.respond(200, request=request)
                self._end(Ending.REMOTE_HUNG_UP)
            case "UPDATE":
                self._refresh(request)
            case _:
                self._dialog.respond(200, request=request)

    async def close(self) -> None:
        """End it because the phone goes away, leaving the other side informed."""
        if not self.ended.is_set():
            if self.answered.is_set():
                self._end(Ending.CLOSED)
                await self._dialog.bye()
            else:
                self._dialog.respond(480)
                self._end(Ending.CLOSED)
        for task in (self._task, self._hanging_up):
            if task is not None and task is not asyncio.current_task():
                await asyncio.wait([task])
        self._dialog.close()

    async def _act(self, behaviour: Behaviour) -> None:
        match behaviour:
            case Answer():
                await self._ring(behaviour.ring_seconds)
                await self._answer(behaviour)
            case Refuse():
                await self._ring(behaviour.ring_seconds)
                self._refuse(behaviour.code)
            case Announce():
                audio = await self._open_audio()
                if audio is None:
                    return
                self._dialog.respond(183, build_answer(self._host, audio.port))
                audio.say(behaviour.speech)
                await audio.said()
                await self._act(behaviour.then)
            case RingForever():
                self._dialog.respond(180)
            case Ignore():
                return

    async def _ring(self, seconds: float) -> None:
        if seconds > 0:
            self._dialog.respond(180)
            await asyncio.sleep(seconds)

    async def _answer(self, how: Answer) -> None:
        audio = await self._open_audio()
        if audio is None:
            return
        self._dialog.respond(200, build_answer(self._host, audio.port))
        self.answered_at = datetime.now(UTC)
        self.answered.set()
        self._arm_expiry()
        if not how.wait_for_start:
            audio.say(how.speech)
        if how.hang_up_after is not None:
            await asyncio.sleep(how.hang_up_after)
            await self.hang_up()

    async def _open_audio(self) -> AudioStream | None:
        if self._audio is None:
            try:
                target: AudioTarget = parse_offer(self._dialog.invite.body)
            except NoAudio:
                self._refuse(488)
                return None
            self._audio = await AudioStream.open(self._host, self._metronome, target, keep=self._keep_heard)
        return self._audio

    def _refuse(self, code: int) -> None:
        self._dialog.respond(code)
        self._end(Ending.REFUSED)

    def _refresh(self, request: Request) -> None:
        # A session refresh, or a change of where the audio goes.
        if self._audio is None or self.ended.is_set():
            self._dialog.respond(481, request=request)
            return
        body = b""
        if request.body:
            try:
                self._audio.target = parse_offer(request.body)
            except NoAudio:
                self._dialog.respond(488, request=request)
                return
        if request.body or request.method == "INVITE":
            body = build_answer(self._host, self._audio.port)
        self._dialog.respond(200, body, request=request)
        self._arm_expiry()

    def _arm_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        if seconds := self._dialog.session_seconds:
            # RFC 4028: a little before the end, so that both sides agree.
            patience = seconds - min(_MIN_REFRESH_MARGIN, seconds / 3)
            self._expiry = asyncio.get_running_loop().call_later(patience, self._expire)

    def _expire(self) -> None:
        if not self.ended.is_set():
            self._end(Ending.SESSION_EXPIRED)
            self._hanging_up = asyncio.get_running_loop().create_task(self._dialog.bye())

    def _end(self, how: Ending) -> None:
        if self.ended.is_set():
            return
        self.ending = how
        self.ended_at = datetime.now(UTC)
        self.ended.set()
        if self._expiry is not None:
            self._expiry.cancel()
        if self._audio is not None:
            self._audio.close()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

"""panoramisk's manager made safe: it keeps one working link up for ever, and says when it has none.

Use it as panoramisk's (`connect`, `send_action`, `register_event`, `close`), but: events are plain dicts
handed to synchronous callbacks in order; an action has a deadline and is never sent twice; `connect`
returns the task that keeps the link up.
"""

import asyncio
import inspect
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ssl import SSLContext
from typing import cast

import structlog
from panoramisk import Manager

from asterisk.ami import faults
from asterisk.ami.actions import HeaderValue, PendingAction
from asterisk.ami.faults import LinkFault
from asterisk.ami.protocol import AmiProtocol, Handler
from asterisk.ami.wire import Fields
from dialer.figures import LinkFigures
from dialer.telephony.port import LinkUnavailable, RequestRefused, TelephonyError

log = structlog.get_logger(__name__)

# What the session is sent at all: dialplan, RTCP and CEL chatter stays in Asterisk.
EVENT_CLASSES = "system,call,user"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiTimes:
    """Deadlines and pauses of the link, in seconds."""

    connect: float = 10.0
    action: float = 5.0
    boot: float = 30.0
    ping_every: float = 5.0
    ping_answer: float = 5.0
    retry_first: float = 0.5
    retry_most: float = 15.0
    retry_refused: float = 15.0

    def pause(self, failures: int, fault: LinkFault, dice: float) -> float:
        """The pause before the next try.

        Doubled by each failure, capped, and jittered by `dice` in [0, 1).
        """
        longest = min(self.retry_most, self.retry_first * 2.0 ** min(failures, 16))
        return max(longest, self.retry_refused if fault.slow else 0.0) * (0.5 + dice / 2)


class AmiManager(Manager):  # type: ignore[misc]  # panoramisk has no types
    """The link to one Asterisk.

    `on_ready` is awaited once Asterisk is logged in to and fully booted, and before the link counts as up;
    it may send actions. `on_down` is told each new reason for not having a link. `hold` is awaited before
    each try.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str,
        secret: str,
        ssl: SSLContext | None = None,
        times: AmiTimes | None = None,
        on_ready: Callable[[], Awaitable[None]] | None = None,
        on_down: Callable[[LinkFault], None] | None = None,
        hold: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(
            host=host, port=port, username=username, secret=secret, ssl=ssl or False, events=EVENT_CLASSES
        )
        self._times = times or AmiTimes()
        self._on_ready, self._on_down, self._hold = on_ready, on_down, hold
        self._keeper: asyncio.Task[None] | None = None
        self._booted: asyncio.Future[None] | None = None
        self._lost: asyncio.Future[LinkFault] | None = None
        self._up = False
        self._told: LinkFault | None = None
        self.figures = LinkFigures()
        self.register_event("Shutdown", lambda *_: self.reset(faults.shutting_down()))

    def connect(
        self, run_forever: bool = False, on_startup: object = None, on_shutdown: object = None
    ) -> "asyncio.Task[None]":
        """Begin to keep the link up; returns the task that does. Calling it again changes nothing."""
        if self._keeper is None:
            self.loop = asyncio.get_running_loop()
            self._keeper = self.loop.create_task(self._keep_up())
        return self._keeper

    def close(self) -> None:
        """End the link for good: no retry, no timer and no waiting action is left."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self.protocol is not None:
            self.protocol.close()
        self.authenticated = False

    async def aclose(self) -> None:
        """`close`, and wait until all is gone."""
        self.close()
        if self._keeper is not None:
            await asyncio.wait([self._keeper])

    def reset(self, fault: LinkFault) -> None:
        """Drop the connection for this reason; a new one is made by itself."""
        if self.protocol is not None:
            self.protocol.fail(fault)

    def send_action(
        self, action: Mapping[str, HeaderValue], as_list: bool | None = False, **headers: HeaderValue
    ) -> "asyncio.Future[list[Fields]]":
        """Send an action at once or not at all; the future gets its answers within the deadline.

        Raises:
            LinkUnavailable: there is no link; nothing was sent and nothing is queued.
            HeaderRefused: a header holds a line break; nothing was sent.
        The future fails with RequestUncertain at the deadline or when the link is lost.
        """
        if self.protocol is None or self.protocol.closed:
            raise LinkUnavailable(
                "There is no link to Asterisk: nothing was sent. Try again when the link is up."
            )
        pending = PendingAction({**action, **headers}, as_list=bool(as_list), seconds=self._times.action)
        try:
            future: asyncio.Future[list[Fields]] = self.protocol.send(pending)
        except Exception:
            pending.future.cancel()
            raise
        return future

    async def request(self, action: Mapping[str, HeaderValue], *, as_list: bool = False) -> list[Fields]:
        """Send an action and return its answers: the Response, then the events of a list.

        Raises:
            LinkUnavailable, RequestRefused, RequestUncertain: see there.
        """
        try:
            answers = await self.send_action(action, as_list=as_list)
        except ValueError as error:
            raise RequestRefused(str(error)) from error
        if answers[0].get("Response") not in ("Success", "Follows", "Goodbye"):
            raise RequestRefused(
                _refusal(str(action["Action"]), answers[0].get("Message", ""), self.config["username"])
            )
        return answers

    def register_event(self, pattern: str, callback: Callable[..., object] | None = None) -> object:
        """As panoramisk's. The callback is `callback(manager, fields)` and must be a plain function.

        Raises:
            TypeError: it is a coroutine function, whose runs would overtake each other.
        """
        if callback is not None and inspect.iscoroutinefunction(callback):
            raise TypeError(
                "An AMI event callback must be a plain function: coroutines would lose the order."
            )
        if getattr(self, "protocol", None) is not None:
            self.protocol.forget_routes()
        return super().register_event(pattern, callback)

    def send_awaiting_actions(self, *_: object) -> None:
        """Nothing ever waits to be sent on the next connection; here for panoramisk's registration."""
        if self._booted is not None and not self._booted.done():
            self._booted.set_result(None)

    def handler_of(self, name: bytes) -> Handler | None:
        """All callbacks for an event of this name as one function; None when nobody wants it."""
        text = name.decode("utf-8", "replace")
        callbacks = [
            call
            for pattern, regexp in self.patterns
            if regexp.match(text)
            for call in self.callbacks[pattern]
        ]
        if not callbacks:
            return None
        if len(callbacks) == 1:
            only = callbacks[0]
            return lambda fields: only(self, fields)
        return lambda fields: self._run(callbacks, fields)

    def _run(self, callbacks: list[Callable[..., object]], fields: Fields) -> None:
        for callback in callbacks:
            try:
                callback(self, fields)
            except Exception:
                log.exception(
                    "A handler of AMI events failed; the others still run.",
                    action="ami_event",
                    event_name=fields.get("Event"),
                )

    def protocol_lost(self, protocol: AmiProtocol, fault: LinkFault) -> None:
        """Told by the protocol: its connection is over."""
        if protocol is self.protocol and self._lost is not None and not self._lost.done():
            self._lost.set_result(fault)
        self.authenticated = False

    async def _keep_up(self) -> None:
        failures = 0
        while True:
            if self._hold is not None:
                await self._hold()
            fault = await self._one_link()
            failures = 0 if self._up else failures + 1
            pause = self._times.pause(failures, fault, random.random())
            # Each new reason is told once, not once for each try.
            if fault != self._told:
                self._told = fault
                log.warning(
                    "The link to Asterisk is down.",
                    action="ami_down",
                    reason=fault.reason,
                    advice=fault.advice,
                    retry_seconds=round(pause, 1),
                )
                if self._on_down is not None:
                    self._on_down(fault)
            await asyncio.sleep(pause)

    async def _one_link(self) -> LinkFault:
        """One connection from its making to its end, and why it ended."""
        loop = asyncio.get_running_loop()
        self._up, self._booted, self._lost = False, loop.create_future(), loop.create_future()
        try:
            await self._log_in()
            await self._prepare(self._booted, self._lost)
            self._up, self._told = True, None
            self.figures.up = True
            self.figures.links += 1
            return await self._ping_until_lost(self._lost)
        except LinkFault as fault:
            return fault
        except Exception as error:
            # Whatever it is, the keeper goes on: nobody else would bring the link back.
            if self._lost.done():
                return self._lost.result()
            if not isinstance(error, TelephonyError):
                log.exception("The link to Asterisk could not be prepared.", action="ami_prepare")
            return LinkFault(
                f"Asterisk does not answer what is asked at login ({error}).",
                "Look at the AMI user's rights in manager.conf and at Asterisk's own log.",
                slow=True,
            )
        finally:
            self.figures.up = False
            if self.protocol is not None:
                self.protocol.close()

    async def _ping_until_lost(self, lost: "asyncio.Future[LinkFault]") -> LinkFault:
        while True:
            await asyncio.wait([lost], timeout=self._times.ping_every)
            try:
                # Not `wait_for`: on Python 3.11 it can swallow the cancellation that ends this loop.
                asked = time.perf_counter()
                async with asyncio.timeout(self._times.ping_answer):
                    await self.request({"Action": "Ping"})
                self.figures.ping.add(time.perf_counter() - asked)
            except RequestRefused:
                pass  # refused is answered, e.g. while Asterisk waits for calls to end before it stops
            except (TelephonyError, TimeoutError):
                return lost.result() if lost.done() else faults.silent(self._times.ping_answer)

    async def _log_in(self) -> None:
        host, port, username = self.config["host"], self.config["port"], self.config["username"]
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._times.connect):
                _, protocol = await loop.create_connection(
                    lambda: AmiProtocol(self), host, port, ssl=self.config["ssl"] or None
                )
                self.protocol = protocol
                version = await protocol.greeted
        except (OSError, TimeoutError) as error:
            raise faults.cannot_connect(host, port, error) from error
        if not version:
            raise faults.not_ami(host, port)
        answer, *_ = await self.send_action(
            {
                "Action": "Login",
                "Username": username,
                "Secret": self.config["secret"],
                "Events": self.config["events"],
            }
        )
        if answer.get("Response") != "Success":
            raise faults.login_refused(username, answer.get("Message", ""))
        self.authenticated = True

    async def _prepare(self, booted: "asyncio.Future[None]", lost: "asyncio.Future[LinkFault]") -> None:
        both: list[asyncio.Future[object]] = [cast("asyncio.Future[object]", f) for f in (booted, lost)]
        await asyncio.wait(both, timeout=self._times.boot, return_when=asyncio.FIRST_COMPLETED)
        if lost.done():
            raise lost.result()
        if not booted.done():
            raise faults.not_booted(self.config["username"], self._times.boot)
        if self._on_ready is not None:
            await self._on_ready()


def _refusal(action: str, message: str, username: str) -> str:
    if "permission" in message.lower():
        return (
            f"Asterisk does not allow {action} ({message}): give user [{username}] in manager.conf "
            "write = call,originate,reporting."
        )
    return f"Asterisk refused {action}: {message or 'no reason given'}."

"""panoramisk's protocol made safe: framing on bytes, decode only what is wanted, answers with deadlines."""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import structlog
from panoramisk.ami_protocol import AMIProtocol

from asterisk.ami import faults, wire
from asterisk.ami.actions import PendingAction
from asterisk.ami.wire import Fields
from dialer.telephony.port import LinkUnavailable, RequestUncertain

log = structlog.get_logger(__name__)

MESSAGE_LIMIT = 1 << 20
"""A message without an end is no AMI: give up beyond this many bytes."""

Handler = Callable[[Fields], None]


class Owner(Protocol):
    """What the protocol needs of the manager that made it."""

    def handler_of(self, name: bytes) -> Handler | None:
        """Who takes events of this name, None if nobody does."""

    def protocol_lost(self, protocol: "AmiProtocol", fault: faults.LinkFault) -> None:
        """The connection is over."""


class AmiProtocol(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """One connection. Nothing of it outlives it: no action is queued for, or sent again on, the next one."""

    def __init__(self, owner: Owner) -> None:
        self.factory = owner
        self.responses: dict[str, PendingAction] = {}
        self.version: str | None = None
        self.greeted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.closed = False
        self._rest = b""
        self._routes: dict[bytes, Handler | None] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def forget_routes(self) -> None:
        """Ask the owner anew who takes which event."""
        self._routes.clear()

    def send(self, data: PendingAction, as_list: bool = False) -> "asyncio.Future[list[Fields]]":
        """Send an action; its future gets the answers, or fails at its deadline or with the link.

        Raises:
            LinkUnavailable: the connection is closed; nothing was sent.
            HeaderRefused: a header holds a line break; nothing was sent.
        """
        if self.closed or self.transport.is_closing():
            raise LinkUnavailable(
                "There is no link to Asterisk: nothing was sent. Try again when the link is up."
            )
        payload = wire.encode_action(data.headers())
        self.responses[data.id] = data
        data.future.add_done_callback(lambda _: self.responses.pop(data.id, None))
        self.transport.write(payload)
        return data.future

    def data_received(self, data: bytes) -> None:
        buffer = self._rest + data if self._rest else data
        if self.version is None:
            buffer = self._read_banner(buffer)
        *messages, self._rest = buffer.split(wire.END)
        for raw in messages:
            if self.closed:  # a handler asked for the end: what follows is settled on the next link
                return
            self._take(raw)
        if len(self._rest) > MESSAGE_LIMIT:
            self.fail(faults.garbled(MESSAGE_LIMIT))

    def _read_banner(self, buffer: bytes) -> bytes:
        line, end, rest = buffer.partition(wire.EOL)
        if not end and wire.BANNER.startswith(line[: len(wire.BANNER)]):
            return buffer
        if not line.startswith(wire.BANNER):
            if not self.greeted.done():
                self.greeted.set_result("")
            return b""
        self.version = line[len(wire.BANNER) :].decode("ascii", "replace").strip()
        if not self.greeted.done():
            self.greeted.set_result(self.version)
        return rest

    def _take(self, raw: bytes) -> None:
        if raw.startswith(wire.EVENT):
            name = wire.event_name(raw)
            try:
                handler = self._routes[name]
            except KeyError:
                handler = self._routes[name] = self.factory.handler_of(name)
            # Answers to list actions are events that carry the action's id.
            listed = self.responses and b"\r\nActionID: " in raw
            if handler is None and not listed:
                return
            fields = wire.parse(raw)
            if listed and self._answer(fields):
                return
            if handler is not None:
                self._guard(handler, fields)
            return
        # A stray empty line before a message does no harm.
        fields = wire.parse(raw.lstrip(b"\r\n"))
        if "Response" in fields:
            self._answer(fields)
        elif "Event" in fields and (late := self.factory.handler_of(fields["Event"].encode())) is not None:
            self._guard(late, fields)

    def _answer(self, fields: Fields) -> bool:
        action = self.responses.get(fields.get("ActionID", ""))
        return action is not None and bool(action.add_message(fields))

    def _guard(self, handler: Handler, fields: Fields) -> None:
        try:
            handler(fields)
        except Exception:
            log.exception(
                "A handler of AMI events failed; the link goes on.",
                action="ami_event",
                event_name=fields.get("Event"),
            )

    def fail(self, fault: faults.LinkFault) -> None:
        """End the connection for this reason. Every waiting action fails at once."""
        if self.closed:
            return
        self.closed = True
        self.transport.abort()
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionResetError(fault.reason))
        for action in list(self.responses.values()):
            action.fail(
                RequestUncertain(
                    f"Asterisk's answer to {action['Action']} never came: {fault.reason} "
                    "Whether it had an effect is found out when the link is back."
                )
            )
        self.responses.clear()
        self.factory.protocol_lost(self, fault)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.fail(faults.lost(exc))

    def close(self) -> None:
        """End the connection on our own wish."""
        self.fail(faults.LinkFault("The link was closed.", "Start the service to have it again."))

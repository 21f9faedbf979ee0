"""A UDP socket that speaks SIP: requests in, responses out, and our own requests with their answers."""

import asyncio
import secrets
from collections.abc import Callable
from typing import cast

import structlog

from asterisk.phones.sip import Headers, Request, Response, SipSyntaxError, header_parameter, parse

log = structlog.get_logger(__name__)

Address = tuple[str, int]

# RFC 3261: first retransmission, longest pause between two, and when to give up.
T1, T2, GIVE_UP = 0.5, 4.0, 32.0


class NoAnswer(Exception):
    """The other side did not answer a request."""


class Endpoint(asyncio.DatagramProtocol):
    """One SIP socket. `on_request` is called for each request, with the address it came from."""

    def __init__(self, on_request: Callable[[Request, Address], None]) -> None:
        self._on_request = on_request
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[str, asyncio.Future[Response]] = {}

    @classmethod
    async def open(cls, host: str, port: int, on_request: Callable[[Request, Address], None]) -> "Endpoint":
        """Bind `host`:`port`; port 0 chooses a free one.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        _, endpoint = await loop.create_datagram_endpoint(lambda: cls(on_request), local_addr=(host, port))
        return endpoint

    @property
    def address(self) -> Address:
        """Where we are bound."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def send(self, message: Request | Response, to: Address) -> None:
        """Send once. Nothing happens after `close`."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(message.to_bytes(), to)

    async def ask(
        self, method: str, uri: str, headers: Headers, to: Address, timeout: float, body: bytes = b""
    ) -> Response:
        """Send a request, again while no answer comes, and wait for the final one.

        Raises:
            NoAnswer: none within `timeout` seconds.
        """
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        host, port = self.address
        via = ("Via", f"SIP/2.0/UDP {host}:{port};branch={branch};rport")
        request = Request([via, ("Max-Forwards", "70"), *headers], body, method, uri)
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[branch] = answer
        try:
            async with asyncio.timeout(timeout):
                pause = T1
                while True:
                    self.send(request, to)
                    done, _ = await asyncio.wait([answer], timeout=pause)
                    if done:
                        return answer.result()
                    pause = min(pause * 2, T2)
        except TimeoutError as error:
            raise NoAnswer(f"{to[0]} port {to[1]} did not answer {method}.") from error
        finally:
            del self._waiting[branch]

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Address) -> None:
        if len(data) < 16:
            return  # a keep-alive
        try:
            message = parse(data)
        except SipSyntaxError as error:
            log.warning("A datagram was no SIP message.", action="read_sip", error=str(error))
            return
        if isinstance(message, Request):
            self._on_request(message, address)
            return
        waiting = self._waiting.get(header_parameter(message.get("Via"), "branch"))
        if waiting is not None and not waiting.done() and message.code >= 200:
            waiting.set_result(message)

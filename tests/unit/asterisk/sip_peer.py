"""A caller made by hand: sends exactly what a test says and keeps what comes back."""

import asyncio
from typing import cast

from asterisk.phones.sdp import build_answer
from asterisk.phones.sip import Request, Response, parse


class Peer(asyncio.DatagramProtocol):
    def __init__(self, phone: tuple[str, int]) -> None:
        self.phone = phone
        self.messages: list[Request | Response] = []
        self.answers_requests = True
        self._arrival = asyncio.Event()
        self._read = 0

    @classmethod
    async def open(cls, phone: tuple[str, int]) -> "Peer":
        loop = asyncio.get_running_loop()
        _, peer = await loop.create_datagram_endpoint(lambda: cls(phone), local_addr=("127.0.0.1", 0))
        return peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.port = int(transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        message = parse(data)
        self.messages.append(message)
        if isinstance(message, Request) and self.answers_requests:
            self.transport.sendto(message.response(200).to_bytes(), address)
        self._arrival.set()

    def request(self, method: str, cseq: str, *more: tuple[str, str], offer: bool = False) -> None:
        headers = [
            ("Via", f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK-{cseq.replace(' ', '-')}"),
            ("From", "<sip:4000@127.0.0.1>;tag=caller"),
            ("To", "<sip:139@127.0.0.1>"),
            ("Call-ID", "call-1"),
            ("CSeq", cseq),
            ("Contact", f"<sip:asterisk@127.0.0.1:{self.port}>"),
            *more,
        ]
        body = build_answer("127.0.0.1", 40000) if offer else b""
        self.transport.sendto(Request(headers, body, method, "sip:139@127.0.0.1").to_bytes(), self.phone)

    def invite(self, *more: tuple[str, str], cseq: str = "1 INVITE") -> None:
        self.request("INVITE", cseq, *more, offer=True)

    async def next(self) -> Request | Response:
        """The next message that was not looked at yet."""
        async with asyncio.timeout(5):
            while self._read >= len(self.messages):
                self._arrival.clear()
                await self._arrival.wait()
        self._read += 1
        return self.messages[self._read - 1]

    async def response(self, code: int) -> Response:
        """The next response with that code; others are passed over."""
        while True:
            message = await self.next()
            if isinstance(message, Response) and message.code == code:
                return message

    async def incoming(self, method: str) -> Request:
        """The next request of that method."""
        while True:
            message = await self.next()
            if isinstance(message, Request) and message.method == method:
                return message

    def close(self) -> None:
        self.transport.close()

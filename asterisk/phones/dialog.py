"""The signalling of one incoming call: its responses, sent again until they are acknowledged."""

import asyncio
import secrets

from asterisk.phones.endpoint import GIVE_UP, T1, T2, Address, Endpoint, NoAnswer
from asterisk.phones.sip import Headers, Request, Response, header_parameter, header_uri

ALLOW = ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO")
_BYE_SECONDS = 1.5
_OFFER_SECONDS = 5.0


class Dialog:
    """Begins with an INVITE; ours are the answers, and perhaps a hold and the BYE."""

    def __init__(self, endpoint: Endpoint, invite: Request, peer: Address, contact: str) -> None:
        self.invite = invite
        self.peer = peer
        self.final_code: int | None = None
        self._endpoint = endpoint
        self._contact = ("Contact", contact)
        self._tag = secrets.token_hex(6)
        self._last: Response | None = None
        self._again: asyncio.TimerHandle | None = None
        self._refresh_seconds = 0
        self._cseq = 0

    @property
    def session_seconds(self) -> int:
        """How long the session lasts without a refresh; 0 for ever (RFC 4028)."""
        return self._refresh_seconds

    def respond(self, code: int, body: bytes = b"", *, request: Request | None = None) -> None:
        """Answer the INVITE, or a later `request` of the same call."""
        request = request or self.invite
        headers: Headers = [] if code == 100 else [self._contact, ALLOW]
        if code == 200:
            headers += self._session_headers(request)
        if body:
            headers.append(("Content-Type", "application/sdp"))
        tag = "" if code == 100 else self._tag
        response = request.response(code, tag=tag, extra=headers, body=body)
        self._endpoint.send(response, self.peer)
        if request.method != "INVITE":
            return
        self._last = response
        if code >= 200:
            if request is self.invite:
                self.final_code = code
            self._repeat_later(T1, GIVE_UP)

    def repeat(self, request: Request) -> bool:
        """Answer a retransmitted INVITE as before; False when `request` is a new one."""
        if self._last is not None and self._last.cseq == request.cseq:
            self._endpoint.send(self._last, self.peer)
            return True
        return request.cseq == self.invite.cseq

    def acknowledged(self) -> None:
        """The final response arrived: no need to send it again."""
        if self._again is not None:
            self._again.cancel()
            self._again = None

    async def bye(self) -> None:
        """End an answered call. An other side that is gone is no error."""
        self._cseq += 1
        try:
            await self._endpoint.ask("BYE", self._target(), self._ours("BYE"), self.peer, _BYE_SECONDS)
        except NoAnswer:
            return

    async def offer(self, body: bytes) -> Response:
        """Offer another session description within the call, as for hold.

        Raises:
            NoAnswer: the other side does not answer.
        """
        self._cseq += 1
        extra: Headers = [self._contact, ALLOW, ("Content-Type", "application/sdp")]
        target, headers = self._target(), self._ours("INVITE")
        answer = await self._endpoint.ask(
            "INVITE", target, [*headers, *extra], self.peer, _OFFER_SECONDS, body
        )
        host, port = self._endpoint.address
        via = ("Via", f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(8)};rport")
        confirmed: Headers = [via, ("Max-Forwards", "70"), *self._ours("ACK")]
        self._endpoint.send(Request(confirmed, b"", "ACK", target), self.peer)
        return answer

    def _target(self) -> str:
        return header_uri(self.invite.get("Contact")) or self.invite.uri

    def _ours(self, method: str) -> Headers:
        invite = self.invite
        ours = invite.get("To")
        return [
            ("From", ours if header_parameter(ours, "tag") else f"{ours};tag={self._tag}"),
            ("To", invite.get("From")),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{self._cseq} {method}"),
            *(("Route", route) for route in invite.all("Record-Route")),
        ]

    def close(self) -> None:
        """Send nothing more by itself."""
        self.acknowledged()

    def _repeat_later(self, pause: float, left: float) -> None:
        self.acknowledged()
        self._again = asyncio.get_running_loop().call_later(pause, self._repeat_now, pause, left)

    def _repeat_now(self, pause: float, left: float) -> None:
        self._again = None
        if self._last is None or left <= 0:
            return
        self._endpoint.send(self._last, self.peer)
        self._repeat_later(min(pause * 2, T2), left - pause)

    def _session_headers(self, request: Request) -> Headers:
        seconds = request.get("Session-Expires").partition(";")[0].strip()
        if not seconds.isdigit():
            return []
        self._refresh_seconds = int(seconds)
        return [
            ("Supported", "timer"),
            ("Require", "timer"),
            ("Session-Expires", f"{seconds};refresher=uac"),
        ]

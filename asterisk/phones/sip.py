"""SIP messages: parsed from and built to bytes (RFC 3261). Pure."""

import re
from dataclasses import dataclass, field

Headers = list[tuple[str, str]]

_COMPACT = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "x": "session-expires",
    "k": "supported",
}
REASONS = {
    100: "Trying",
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    404: "Not Found",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    501: "Not Implemented",
    503: "Service Unavailable",
    603: "Decline",
}


class SipSyntaxError(ValueError):
    """Not a SIP message."""


@dataclass(frozen=True, slots=True)
class Message:
    """What requests and responses share."""

    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def get(self, name: str) -> str:
        """The first header of that name, "" when there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Every header of that name, in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    @property
    def call_id(self) -> str:
        """The dialog's id."""
        return self.get("Call-ID")

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method of CSeq."""
        number, _, method = self.get("CSeq").partition(" ")
        return (int(number) if number.isdigit() else 0), method.strip()

    def _bytes(self, first: str) -> bytes:
        lines = [first, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True)
class Request(Message):
    """INVITE, BYE, REGISTER …"""

    method: str = ""
    uri: str = ""

    def to_bytes(self) -> bytes:
        """As sent."""
        return self._bytes(f"{self.method} {self.uri} SIP/2.0")

    def response(
        self,
        code: int,
        *,
        tag: str = "",
        extra: Headers | None = None,
        body: bytes = b"",
    ) -> "Response":
        """A response to this request; `tag` is ours, added to To where it has none."""
        to = self.get("To")
        if tag and not header_parameter(to, "tag"):
            to = f"{to};tag={tag}"
        headers = [("Via", value) for value in self.all("Via")]
        headers += [("Record-Route", value) for value in self.all("Record-Route")]
        headers += [
            ("From", self.get("From")),
            ("To", to),
            ("Call-ID", self.call_id),
            ("CSeq", self.get("CSeq")),
        ]
        return Response(headers + (extra or []), body, code, REASONS.get(code, "Unknown"))


@dataclass(frozen=True, slots=True)
class Response(Message):
    """The answer to a request."""

    code: int = 0
    reason: str = ""

    def to_bytes(self) -> bytes:
        """As sent."""
        return self._bytes(f"SIP/2.0 {self.code} {self.reason}")


def parse(datagram: bytes) -> Request | Response:
    """Read one datagram.

    Raises:
        SipSyntaxError: it is no SIP message.
    """
    head, _, body = datagram.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    headers: Headers = []
    for line in lines:
        if line[:1] in (" ", "\t") and headers:  # a folded header goes on
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise SipSyntaxError(f"Header without a colon: {line[:80]!r}")
        name = name.strip()
        headers.append((_COMPACT.get(name.lower(), name), value.strip()))
    if response := re.fullmatch(r"SIP/2\.0 (\d{3}) ?(.*)", first):
        return Response(headers, body, int(response[1]), response[2])
    if request := re.fullmatch(r"([A-Z]+) (\S+) SIP/2\.0", first):
        return Request(headers, body, request[1], request[2])
    raise SipSyntaxError(f"Neither a request nor a response: {first[:80]!r}")


def header_parameter(header: str, name: str) -> str:
    """The value of `;name=value` behind the address of a header; "" when there is none."""
    found = re.search(rf";\s*{re.escape(name)}=([^;,\s>]+)", header.rpartition(">")[2] or header)
    return found[1] if found else ""


def header_uri(header: str) -> str:
    """The address in a From, To or Contact header, without its brackets."""
    found = re.search(r"<([^>]+)>", header)
    return found[1] if found else header.partition(";")[0].strip()


def uri_user(uri: str) -> str:
    """The user part of sip:user@host, the whole user@-less host being ""."""
    found = re.match(r"sips?:([^@;]+)@", uri)
    return found[1] if found else ""

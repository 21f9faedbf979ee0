"""Softphones: one that registers an agent's extension, and one that plays every customer behind a trunk."""

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable

import structlog

from asterisk.phones.call import Behave, PhoneCall
from asterisk.phones.dialog import ALLOW, Dialog
from asterisk.phones.digest import authorization
from asterisk.phones.endpoint import GIVE_UP, Address, Endpoint, NoAnswer
from asterisk.phones.rtp import Metronome
from asterisk.phones.sip import Headers, Request, Response

log = structlog.get_logger(__name__)

_UNREGISTER_SECONDS = 1.0


class RegistrationError(Exception):
    """The phone could not register. The message says why and what to do."""


class _Phone:
    """What both kinds share: a SIP socket, the calls on it, and their records.

    Keeps the records of the last `keep_calls` calls in `calls`, oldest first, and what they heard
    unless `keep_heard` is False.
    """

    def __init__(self, behave: Behave, host: str, port: int, *, keep_calls: int, keep_heard: bool) -> None:
        self.behave = behave
        self.calls: deque[PhoneCall] = deque(maxlen=keep_calls)
        self.calls_seen = 0
        self._host = host
        self._port = port
        self._keep_heard = keep_heard
        self._metronome = Metronome()
        self._endpoint: Endpoint | None = None
        self._by_id: dict[str, PhoneCall] = {}
        self._forgetting: set[asyncio.Task[None]] = set()
        self._arrival = asyncio.Event()

    @property
    def address(self) -> Address:
        """Host and UDP port it is bound to.

        Raises:
            RuntimeError: it was not opened.
        """
        return self._socket.address

    async def wait_for_calls(self, count: int, timeout: float = 10) -> PhoneCall:
        """The latest call, as soon as there have been `count` of them.

        Raises:
            TimeoutError: fewer came within `timeout` seconds.
        """
        return await self._arrived(lambda: self.calls[-1] if self.calls_seen >= count else None, timeout)

    async def call_of(self, attempt: str, timeout: float = 10) -> PhoneCall:
        """The call of this attempt, as soon as it comes. Others may come late: Asterisk goes on asking a
        silent phone for half a minute.

        Raises:
            TimeoutError: it did not come within `timeout` seconds.
        """
        return await self._arrived(
            lambda: next((one for one in self.calls if one.attempt == attempt), None), timeout
        )

    async def _arrived(self, look: Callable[[], PhoneCall | None], timeout: float) -> PhoneCall:
        async with asyncio.timeout(timeout):
            while (found := look()) is None:
                self._arrival.clear()
                await self._arrival.wait()
        return found

    async def _open(self) -> None:
        self._endpoint = await Endpoint.open(self._host, self._port, self._received)

    async def _close(self) -> None:
        await asyncio.gather(*(call.close() for call in tuple(self._by_id.values())))
        for task in tuple(self._forgetting):
            task.cancel()
        if self._forgetting:
            await asyncio.wait(self._forgetting)
        self._socket.close()

    @property
    def _socket(self) -> Endpoint:
        if self._endpoint is None:
            raise RuntimeError("The phone is not open: call register() or open() first.")
        return self._endpoint

    def _contact_user(self) -> str:
        return "phone"

    def _received(self, request: Request, peer: Address) -> None:
        call = self._by_id.get(request.call_id)
        if call is not None:
            call.receive(request)
        elif request.method == "INVITE":
            self._invited(request, peer)
        elif request.method == "OPTIONS":
            self._socket.send(request.response(200, tag=secrets.token_hex(6), extra=[ALLOW]), peer)
        elif request.method == "NOTIFY":
            self._socket.send(request.response(200, tag=secrets.token_hex(6)), peer)
        elif request.method != "ACK":
            self._socket.send(request.response(481, tag=secrets.token_hex(6)), peer)

    def _invited(self, request: Request, peer: Address) -> None:
        host, port = self._socket.address
        dialog = Dialog(self._socket, request, peer, f"<sip:{self._contact_user()}@{host}:{port}>")
        call = PhoneCall(dialog, host, self._metronome, keep_heard=self._keep_heard)
        self._by_id[request.call_id] = call
        self.calls.append(call)
        self.calls_seen += 1
        self._arrival.set()
        task = asyncio.get_running_loop().create_task(self._forget(request.call_id, call))
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)
        call.begin(self.behave)

    async def _forget(self, call_id: str, call: PhoneCall) -> None:
        # Retransmissions of an ended call are still answered for a while.
        await call.ended.wait()
        await asyncio.sleep(GIVE_UP)
        await call.close()
        del self._by_id[call_id]


class CustomerTrunk(_Phone):
    """The far end of a SIP trunk: plays any number of customers, told apart by `PhoneCall.number`."""

    def __init__(
        self,
        behave: Behave,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keep_calls: int = 1000,
        keep_heard: bool = True,
    ) -> None:
        super().__init__(behave, host, port, keep_calls=keep_calls, keep_heard=keep_heard)

    async def open(self) -> None:
        """Begin to take calls.

        Raises:
            OSError: the port is taken.
        """
        await self._open()

    async def close(self) -> None:
        """Hang up what is up and close the socket."""
        await self._close()

    async def __aenter__(self) -> "CustomerTrunk":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class Softphone(_Phone):
    """An agent's phone: registers `username` at `registrar` (host, UDP port) and takes its calls.

    The registration lasts `expires` seconds and is renewed at half of them; a registrar that does not
    answer is given up after `register_seconds`.
    """

    def __init__(
        self,
        username: str,
        password: str,
        registrar: Address,
        behave: Behave,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        expires: int = 300,
        register_seconds: float = 5.0,
        keep_calls: int = 1000,
        keep_heard: bool = True,
    ) -> None:
        super().__init__(behave, host, port, keep_calls=keep_calls, keep_heard=keep_heard)
        self.username = username
        self._password = password
        self._registrar = registrar
        self._expires = expires
        self._register_seconds = register_seconds
        self._call_id = secrets.token_hex(8)
        self._tag = secrets.token_hex(6)
        self._cseq = 0
        self._refreshing: asyncio.Task[None] | None = None

    async def register(self) -> None:
        """Register, and stay registered until `close`.

        Raises:
            RegistrationError: refused, or nobody answers.
        """
        if self._endpoint is None:
            await self._open()
        await self._register(self._expires, self._register_seconds)
        if self._refreshing is None:
            self._refreshing = asyncio.get_running_loop().create_task(self._keep_registered())

    async def unregister(self) -> None:
        """Become unreachable; calls that are up stay up."""
        await self._stop_refreshing()
        await self._register(0, _UNREGISTER_SECONDS)

    async def lose_power(self) -> None:
        """Vanish without a word, between calls, as when the plug is pulled; `register` brings it back."""
        await self._stop_refreshing()
        self._socket.close()
        self._endpoint = None

    async def close(self) -> None:
        """Hang up what is up, unregister and close the socket. A registrar that is gone is no error."""
        if self._endpoint is None:
            return
        await asyncio.gather(*(call.close() for call in tuple(self._by_id.values())))
        with contextlib.suppress(RegistrationError):
            await self.unregister()
        await self._close()

    async def __aenter__(self) -> "Softphone":
        try:
            await self.register()
        except RegistrationError:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _contact_user(self) -> str:
        return self.username

    async def _stop_refreshing(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.wait([self._refreshing])
            self._refreshing = None

    async def _keep_registered(self) -> None:
        pause = self._expires / 2
        while True:
            await asyncio.sleep(pause)
            try:
                await self._register(self._expires, self._register_seconds)
                pause = self._expires / 2
            except RegistrationError as error:
                log.warning("A softphone lost its registration.", action="register", error=str(error))
                pause = 2.0

    async def _register(self, expires: int, timeout: float) -> None:
        try:
            response = await self._send_register(expires, timeout, None)
            if response.code == 401:
                challenge = response.get("WWW-Authenticate")
                response = await self._send_register(expires, timeout, challenge)
        except (NoAnswer, ValueError) as error:
            raise RegistrationError(f"Phone {self.username} cannot register: {error}") from error
        if response.code != 200:
            raise RegistrationError(
                f"Phone {self.username} was refused with {response.code} {response.reason}: "
                "are its extension and password those in pjsip.conf?"
            )

    async def _send_register(self, expires: int, timeout: float, challenge: str | None) -> Response:
        self._cseq += 1
        server = f"{self._registrar[0]}:{self._registrar[1]}"
        uri = f"sip:{server}"
        identity = f"<sip:{self.username}@{server}>"
        host, port = self._socket.address
        headers: Headers = [
            ("From", f"{identity};tag={self._tag}"),
            ("To", identity),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", f"<sip:{self.username}@{host}:{port}>"),
            ("Expires", str(expires)),
        ]
        if challenge is not None:
            answer = authorization(
                challenge,
                username=self.username,
                password=self._password,
                method="REGISTER",
                uri=uri,
                cnonce=secrets.token_hex(8),
            )
            headers.append(("Authorization", answer))
        return await self._socket.ask("REGISTER", uri, headers, self._registrar, timeout)

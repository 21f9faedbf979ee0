"""The node agent over HTTP: recordings with size and SHA-256, from any byte on; the log from any byte on; and
deletion of what was verified (A6)."""

import asyncio
import hashlib
import hmac
import re
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from aiohttp import web

from recordings.node.digests import Digests
from recordings.node.logtail import LogLost, read_log
from recordings.node.settings import NodeAgentSettings
from recordings.source import LocalSource, Part, SourceUnreachable

log = structlog.get_logger(__name__)

API = 1
_ATTEMPT = re.compile(r"^[0-9A-HJKMNP-TV-Z]{26}$")
_WRONG_TOKEN_SECONDS = 0.5

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NodeAgent:
    """Serves the recordings in `recordings_dir` and the channel event log `cel_file`.

    Raises:
        ValueError: the settings have no token.
    """

    def __init__(self, settings: NodeAgentSettings, *, recordings_dir: Path, cel_file: Path) -> None:
        if not settings.token:
            raise ValueError("node_agent.token is empty: set 16 characters or more, the same in the service")
        self._settings = settings
        self._source = LocalSource(recordings_dir)
        self._cel_file = cel_file
        self._digests = Digests()
        self._runner: web.AppRunner | None = None
        self.port = 0

    def app(self) -> web.Application:
        """The application."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/v1/health", self._health),
                web.get("/v1/recordings", self._attempts),
                web.get("/v1/recordings/{attempt}", self._look),
                web.delete("/v1/recordings/{attempt}", self._remove),
                web.get("/v1/recordings/{attempt}/{part}", self._fetch),
                web.get("/v1/cel", self._cel),
            ]
        )
        return app

    async def start(self) -> None:
        """Begin to serve; `port` is then the one in use.

        Raises:
            OSError: the port is taken, or the certificate cannot be read.
        """
        wanted = self._settings
        context = None
        if wanted.certificate is not None and wanted.key is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(wanted.certificate, wanted.key)
        self._runner = web.AppRunner(self.app(), access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, wanted.host, wanted.port, ssl_context=context).start()
        self.port = next(int(address[1]) for address in self._runner.addresses)
        log.info("The node agent is ready.", action="listen", host=wanted.host, port=self.port)

    async def stop(self) -> None:
        """End."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(shown.encode(), self._settings.token.encode()):
            await asyncio.sleep(_WRONG_TOKEN_SECONDS)
            return _refuse(401, "The token is wrong: set the same in the service and in node_agent.token.")
        try:
            return await handler(request)
        except (SourceUnreachable, OSError) as error:
            log.error(str(error), action="serve", path=request.path)
            return _refuse(503, str(error))

    async def _health(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"api": API})

    async def _attempts(self, request: web.Request) -> web.StreamResponse:
        """Which attempts have files, with what there is of each where `details` is asked for."""
        attempts = await asyncio.to_thread(self._source.attempts)
        if "details" not in request.query:
            return web.json_response({"attempts": attempts})
        details = {one: await asyncio.to_thread(self._of, one) for one in attempts}
        return web.json_response({"attempts": details})

    async def _look(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(await asyncio.to_thread(self._of, _attempt(request)))

    def _of(self, attempt_id: str) -> dict[str, object]:
        left = self._source.look(attempt_id)
        parts: dict[str, dict[str, object]] = {}
        for part, size in left.sizes.items():
            parts[part.value] = {"size": size}
            if left.closed:
                whole, digest = self._digests.of(self._file(attempt_id, part))
                parts[part.value] = {"size": whole, "sha256": digest}
        return {"closed": left.closed, "parts": parts}

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        attempt_id, part = _attempt(request), _part(request.match_info["part"])
        file = self._file(attempt_id, part)
        try:
            size, digest = await asyncio.to_thread(self._digests.of, file)
        except FileNotFoundError:
            return _refuse(404, f"There is no file {file.name}.")
        headers = {"X-Size": str(size), "X-Sha256": digest, "Content-Type": "audio/wav"}
        if request.headers.get("Range") == f"bytes={size}-":
            return web.Response(headers=headers)  # nothing is missing
        return web.FileResponse(file, headers=headers)

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        attempt_id = _attempt(request)
        parts = tuple(_part(name) for name in request.query.getall("part", []))
        await asyncio.to_thread(self._source.remove, attempt_id, parts)
        log.info("Files were taken away.", action="remove", attempt=attempt_id, parts=[*map(str, parts)])
        return web.json_response({"removed": [part.value for part in parts]})

    async def _cel(self, request: web.Request) -> web.StreamResponse:
        file_id, offset = request.query.get("file", ""), request.query.get("offset", "0")
        if not (offset.isascii() and offset.isdigit()):
            return _refuse(400, f"offset is {offset!r}: it must be a number of bytes.")
        try:
            piece = await asyncio.to_thread(read_log, self._cel_file, file_id, int(offset))
        except LogLost as error:
            return _refuse(410, str(error))
        headers = {
            "X-File": piece.file_id,
            "X-Start": str(piece.start),
            "X-Sha256": hashlib.sha256(piece.body).hexdigest(),
        }
        return web.Response(body=piece.body, headers=headers, content_type="application/octet-stream")

    def _file(self, attempt_id: str, part: Part) -> Path:
        return self._source.folder / f"{attempt_id}.{part}.wav"


def _refuse(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)


def _attempt(request: web.Request) -> str:
    attempt_id = request.match_info["attempt"]
    if not _ATTEMPT.match(attempt_id):
        raise web.HTTPBadRequest(text=f"{attempt_id!r} is no attempt: 26 letters and digits are needed.")
    return attempt_id


def _part(name: str) -> Part:
    try:
        return Part(name)
    except ValueError:
        raise web.HTTPBadRequest(text=f"{name!r} is no part: agent, customer or early.") from None

"""The recordings of a telephone system on another machine, through its node agent (A6)."""

import hashlib
import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from recordings.source import Left, Part, SourceUnreachable

_BLOCK = 1 << 16
# A file that arrived damaged is fetched anew so often at once; then it is an alarm, and tried again later.
_TRIES = 2
_LONGEST_JSON = 64 << 20


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """Asks the agent at `url`. A picklable value; each request has a connection of its own."""

    url: str
    token: str
    ca: Path | None = None
    timeout: float = 15.0

    def look(self, attempt_id: str) -> Left:
        """See RecordingSource."""
        found = self._json("GET", f"/v1/recordings/{attempt_id}")
        return Left({Part(name): int(of["size"]) for name, of in found["parts"].items()}, found["closed"])

    def fetch(self, attempt_id: str, part: Part, to: Path) -> str:
        """See RecordingSource. What lies at `to` is gone on with, and trusted only if the whole is sound."""
        for _ in range(_TRIES):
            whole = self._fetch_rest(f"/v1/recordings/{attempt_id}/{part}", to)
            if whole is not None and (to.stat().st_size, _sha256(to)) == whole:
                return whole[1]
            to.unlink()
        raise SourceUnreachable(
            f"The {part} file of {attempt_id} arrived damaged {_TRIES} times from {self.url}. It is tried "
            "again. If it lasts, check the disk and the network card of that machine."
        )

    def remove(self, attempt_id: str, parts: tuple[Part, ...]) -> None:
        """See RecordingSource."""
        query = "&".join(f"part={part}" for part in parts)
        self._json("DELETE", f"/v1/recordings/{attempt_id}?{query}")

    def attempts(self) -> list[str]:
        """See RecordingSource."""
        return [str(one) for one in self._json("GET", "/v1/recordings")["attempts"]]

    def _fetch_rest(self, path: str, to: Path) -> tuple[int, str] | None:
        """Append what is missing; bytes and SHA-256 of the whole as the agent tells them.

        None: more lies here than there, so that it is of another file.
        """
        have = to.stat().st_size if to.exists() else 0
        with self._request("GET", path, {"Range": f"bytes={have}-"} if have else {}) as answer:
            if answer.status == 416:
                return None
            self._demand(answer, (200, 206))
            size, expected = int(answer.headers["X-Size"]), answer.headers["X-Sha256"]
            if have == size:
                return size, expected
            goes_on = answer.status == 206
            left = size - have if goes_on else size
            with to.open("ab" if goes_on else "wb") as file:
                while left and (block := self._read(answer, min(_BLOCK, left))):
                    file.write(block)
                    left -= len(block)
        if left:
            raise self._unreachable(f"it broke off {left} bytes before the end of a file")
        return size, expected

    def _json(self, method: str, path: str) -> dict[str, Any]:
        with self._request(method, path, {}) as answer:
            self._demand(answer, (200,))
            try:
                found: dict[str, Any] = json.loads(self._read(answer, _LONGEST_JSON))
            except ValueError as error:
                raise self._unreachable(f"its answer cannot be read: {error}") from error
            return found

    def _demand(self, answer: http.client.HTTPResponse, good: tuple[int, ...]) -> None:
        if answer.status in good:
            return
        said = self._read(answer, 2000).decode("utf-8", "replace")
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(said)["error"]
        raise SourceUnreachable(f"The node agent at {self.url} refuses ({answer.status}): {said}")

    def _read(self, answer: http.client.HTTPResponse, most: int) -> bytes:
        try:
            return answer.read(most)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(f"{type(error).__name__}: {error}") from error

    @contextmanager
    def _request(self, method: str, path: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
        connection = self._connection()
        try:
            try:
                connection.request(method, path, headers={"Authorization": f"Bearer {self.token}", **headers})
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise self._unreachable(f"{type(error).__name__}: {error}") from error
            yield answer
        finally:
            connection.close()

    def _unreachable(self, why: str) -> SourceUnreachable:
        return SourceUnreachable(
            f"The node agent at {self.url} does not answer as it should ({why}). Check that "
            "`dialer node serve` runs there and that its port can be reached. It is tried again by itself."
        )

    def _connection(self) -> http.client.HTTPConnection:
        where = urlsplit(self.url)
        host, port = where.hostname or "", where.port
        if where.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca)
            return http.client.HTTPSConnection(host, port, timeout=self.timeout, context=context)
        return http.client.HTTPConnection(host, port, timeout=self.timeout)


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while block := source.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()

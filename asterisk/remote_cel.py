"""The channel event log of an Asterisk on another machine, through its node agent (A6, D8)."""

import hashlib
import http.client
import json
import ssl
from pathlib import Path
from urllib.parse import quote, urlsplit

from asterisk.cel import LogGap

_LONGEST = 8 << 20


class RemoteCel:
    """`asterisk.cel.CelSource` over HTTP: goes on where it stopped, through cuts and the log's renaming."""

    def __init__(self, url: str, token: str, *, ca: Path | None = None, timeout: float = 15.0) -> None:
        self._where = urlsplit(url)
        self._url, self._token, self._timeout = url, token, timeout
        self._ca = ca
        self._file, self._offset = "", 0

    def read(self) -> bytes:
        """See `CelSource`. What arrives cut or damaged is not taken: the same bytes are asked for again."""
        connection = self._connection()
        try:
            path = f"/v1/cel?file={quote(self._file)}&offset={self._offset}"
            connection.request("GET", path, headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            body = answer.read(_LONGEST)
        except http.client.HTTPException as error:
            raise OSError(f"the node agent at {self._url} broke off: {type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status == 410:
            # What lay between is gone: begin with the oldest there is, as after a start.
            self.close()
            raise LogGap(
                f"a part of the log at {self._url} is gone: its file was taken away before it was read"
            )
        if answer.status != 200:
            raise OSError(f"the node agent at {self._url} refuses ({answer.status}): {_said(body)}")
        if hashlib.sha256(body).hexdigest() != answer.headers.get("X-Sha256"):
            raise OSError(f"a piece of the log at {self._url} arrived damaged")
        self._file = answer.headers["X-File"]
        self._offset = int(answer.headers["X-Start"]) + len(body)
        return body

    def close(self) -> None:
        """See `CelSource`."""
        self._file, self._offset = "", 0

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._where.hostname or "", self._where.port
        if self._where.scheme == "https":
            context = ssl.create_default_context(cafile=self._ca)
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(host, port, timeout=self._timeout)


def _said(body: bytes) -> str:
    """The agent's own sentence, or what came instead of it."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body[:2000].decode("utf-8", "replace")

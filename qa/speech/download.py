"""One file over HTTP: resumed where it stopped, checked, renamed only when whole."""

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Protocol

from qa.speech.port import SpeechError

_CHUNK = 1 << 18
# Also the wait for a connection: an unreachable address must soon give way to the next source.
_TIMEOUT_SECONDS = 8.0
_TRIES = 5


class FetchFailed(SpeechError):
    """This source did not give the file; what came so far is kept for the next try, unless it was wrong."""


class ChecksumWrong(FetchFailed):
    """The file came whole but is not the pinned one. It is thrown away."""


class Progress(Protocol):
    """Told how far a fetch is, in bytes; `total` is None while nobody knows."""

    def __call__(self, what: str, done: int, total: int | None) -> None: ...


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check(path: Path, size: int | None, sha256: str | None) -> None:
    """Raises ChecksumWrong unless the file is the pinned one (None = not pinned)."""
    got = path.stat().st_size
    if size is not None and got != size:
        raise ChecksumWrong(f"{path.name} has {got} bytes instead of {size}")
    if sha256 is not None and (digest := sha256_of(path)) != sha256:
        raise ChecksumWrong(f"{path.name} has the checksum {digest} instead of {sha256}")


def download(url: str, target: Path, size: int | None, sha256: str | None, progress: Progress) -> None:
    """Bring `url` to `target`; a `.part` file beside it carries an interrupted download on.

    Raises FetchFailed, and ChecksumWrong after throwing the wrong file away.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    _bring(url, part, size, progress)
    try:
        check(part, size, sha256)
    except ChecksumWrong:
        part.unlink()
        raise
    part.replace(target)


def _bring(url: str, part: Path, size: int | None, progress: Progress) -> None:
    problem = "the connection closed again and again"
    for _ in range(_TRIES):
        have = part.stat().st_size if part.exists() else 0
        if size is not None and have >= size:
            return
        try:
            if _continue(url, part, have, progress):
                return
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise FetchFailed(f"{url} answered {error.code} {error.reason}") from error
            part.unlink()
        except urllib.error.URLError as error:
            raise FetchFailed(f"{url} cannot be reached ({error.reason})") from error
        except (OSError, http.client.HTTPException) as error:
            problem = str(error) or type(error).__name__
    raise FetchFailed(f"{url} broke off: {problem}. What came is kept; run the command again to go on")


def _continue(url: str, part: Path, have: int, progress: Progress) -> bool:
    """One request from byte `have` on; True when the file is whole."""
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
        resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
        done = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length is not None else None
        with part.open("ab" if resumed else "wb") as file:
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                progress(part.stem, done, total)
            file.flush()
            os.fsync(file.fileno())
    return total is None or done >= total

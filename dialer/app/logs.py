"""Log lines: a sentence, an action, and ids."""

import contextlib
import logging
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TextIO, cast

import structlog
from pydantic import BaseModel, ConfigDict, Field
from structlog.typing import EventDict

from dialer.storage.away import DatabaseAway


class LogFormat(StrEnum):
    """For whom lines are written: a person at a terminal, or a machine, one JSON object a line."""

    TEXT = "text"
    JSON = "json"


class LogSettings(BaseModel):
    """Where the service writes its log, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: LogFormat = Field(
        default=LogFormat.TEXT, description="text for people, json for machines; a file is always json."
    )
    file: Path | None = Field(
        default=None,
        description="File to write to instead of the terminal or journal; logrotate may move it away.",
    )
    verbose: bool = Field(default=False, description="Say more than is needed in service.")


def set_up_logs(
    *,
    file: Path | None = None,
    verbose: bool = False,
    format: LogFormat = LogFormat.TEXT,
    quiet: bool = False,
) -> None:
    """Write log lines to the terminal, or to `file` where the terminal shows something else.

    `quiet` leaves only errors: for a command whose own words say the rest.

    Raises:
        OSError: the file cannot be opened.
    """
    opened: TextIO = sys.stderr
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened = cast(TextIO, Followed(file))
    stream = cast(TextIO, Unfailing(opened))
    level = logging.ERROR if quiet else logging.DEBUG if verbose else logging.INFO
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _briefly,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0, sort_keys=False)
            if file is None and format is LogFormat.TEXT
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through logging: only what a person should read.
    logging.basicConfig(level=logging.WARNING, stream=stream, force=True)


def _briefly(_logger: object, _method: str, event: EventDict) -> EventDict:
    """The loss of the database is told once, with what to do; whoever meets it meanwhile says one line."""
    told = event.get("exc_info")
    error = sys.exc_info()[1] if told is True else told
    if isinstance(error, DatabaseAway):
        del event["exc_info"]
        event.setdefault("error", str(error))
    return event


class Followed:
    """A log file by its name: once it was moved away (logrotate), what follows goes into a new one.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def __del__(self) -> None:
        # The log of a process is open as long as somebody can write to it.
        with contextlib.suppress(OSError, AttributeError):
            self._file.close()

    def write(self, text: str) -> int:
        """Write to the file that has the name now."""
        if not self._is_mine():
            self._file.close()
            self._file = self._path.open("a", encoding="utf-8", buffering=1)
        return self._file.write(text)

    def flush(self) -> None:
        """Nothing waits: lines are written as they come."""
        self._file.flush()

    def isatty(self) -> bool:
        """No person looks at it."""
        return self._file.isatty()

    def _is_mine(self) -> bool:
        try:
            named = self._path.stat()
        except OSError:
            return False
        mine = os.fstat(self._file.fileno())
        return (named.st_dev, named.st_ino) == (mine.st_dev, mine.st_ino)


class Unfailing:
    """A stream of log lines to which writing never fails.

    On a full disk, or with nobody at the other end, a line is lost; an exception would end whatever wanted
    to say something, which says most when something is wrong already (D7).
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or lose it."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, as far as that goes."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        return self._stream.isatty()

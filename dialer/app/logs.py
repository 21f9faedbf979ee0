"""Log lines: a sentence, an action, and ids."""

import logging
import sys
from pathlib import Path
from typing import TextIO

import structlog


def set_up_logs(*, file: Path | None = None, verbose: bool = False) -> None:
    """Write log lines to the terminal, or to `file` where the terminal shows something else."""
    stream: TextIO = sys.stderr
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = file.open("a", encoding="utf-8", buffering=1)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0, sort_keys=False)
            if file is None
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    # Libraries speak through logging: only what a person should read.
    logging.basicConfig(level=logging.WARNING, stream=stream, force=True)

"""Log lines never end what wants to say something."""

import json
import logging
from pathlib import Path

import pytest
import structlog
from structlog.contextvars import bound_contextvars

from dialer.app.logs import LogFormat, set_up_logs
from dialer.storage.away import DatabaseAway


def test_a_line_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """D7: on a full disk the log was the first to fail, and took the engine with it."""
    set_up_logs(file=Path("/dev/full"))
    structlog.get_logger("test").error("The disk is full.", action="test")
    logging.getLogger("test").warning("a library says so, too")


def test_a_line_that_can_be_written_is_written(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "service.log"
    set_up_logs(file=file)
    structlog.get_logger("test").error("The disk has room.", action="test")
    assert '"event": "The disk has room."' in file.read_text(encoding="utf-8")


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    """O1: logrotate needs no signal and no copying."""
    file = tmp_path / "service.log"
    set_up_logs(file=file)
    log = structlog.get_logger("test")
    log.info("Before.", action="test")
    file.rename(tmp_path / "service.log.1")
    log.info("After.", action="test")
    assert "Before." in (tmp_path / "service.log.1").read_text(encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8"))["event"] == "After."


def test_lines_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    """O1: one JSON object a line, with the attempt that was bound around the work."""
    set_up_logs(format=LogFormat.JSON)
    with bound_contextvars(attempt="01ABC"):
        structlog.get_logger("test").warning("坐席未接听。", action="test")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["attempt"], told["level"]) == ("坐席未接听。", "01ABC", "warning")
    assert "坐席" in line


def test_a_database_that_is_away_is_one_line_for_whoever_meets_it(tmp_path: Path) -> None:
    """D7: a hundred tracebacks would hide the one line that says what to do."""
    set_up_logs(file=tmp_path / "log")
    log = structlog.get_logger()
    for trouble in (DatabaseAway("The database does not answer: refused"), ValueError("another")):
        try:
            raise trouble
        except Exception:
            log.exception("A sweep could not be finished.")
    away, other = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert "exception" not in away
    assert away["error"] == "The database does not answer: refused"
    assert "Traceback" in other["exception"]

"""Where Asterisk leaves recordings and its event log, and whether this service finds them there."""

import asyncio
import csv
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from asterisk.asking import TrialCall
from asterisk.cel import CelSource, parse_row
from asterisk.cel_lines import lines_with
from recordings.source import RecordingSource, SourceUnreachable
from web.finding import Finding, Level, said
from web.i18n import N_

T = TypeVar("T")

MARK = "huifang-doctor.check"

_RECORDINGS, _CEL = N_("Folder of recordings"), N_("Event log of calls (CEL)")
_TAIL_BYTES = 64 * 1024
_PATIENCE_SECONDS = 3.0
_CEL_ADVICE = N_(
    "Put the cel.conf and cel_custom.conf of `dialer asterisk config` beside extensions.conf, load "
    "cel_custom.so, and set asterisk.cel_file. After a crash nothing else proves what became of a call."
)


@dataclass(frozen=True, slots=True)
class FolderLook:
    """A folder as it was found. `mark` is what Asterisk left in it during the trial call."""

    there: bool
    readable: bool
    writable: bool
    mark: str = ""


@dataclass(frozen=True, slots=True)
class LogLook:
    """A log file as it was found: what is wrong with it, whether it is there, whether its lines are ours, and
    whether one of them tells of the trial call."""

    problem: str = ""
    there: bool = True
    readable_lines: bool = True
    has_trial: bool = False


async def look_at_folder(folder: Path, trial: TrialCall | None) -> FolderLook:
    """Look, for a moment longer where a call was just made."""
    if trial is None or trial.answer is None:
        return await asyncio.to_thread(_folder, folder, "")
    return await _patiently(lambda: _folder(folder, trial.check), lambda look: look.mark == trial.check)


async def look_at_log(path: Path, trial: TrialCall | None) -> LogLook:
    """Look, for a moment longer where a call was just made."""
    wanted = trial.channel_id if trial is not None and not trial.refused else ""
    if not wanted:
        return await asyncio.to_thread(_log, path, "")
    return await _patiently(lambda: _log(path, wanted), lambda look: look.has_trial)


def check_recordings(look: FolderLook, folder: Path, trial: TrialCall | None) -> Finding:
    """Readable, writable, and the one that MixMonitor writes into. Pure."""
    told = (trial.answer or {}).get("Recordings", "") if trial is not None else ""
    if told and told != str(folder) and (trial is None or look.mark != trial.check):
        seen = said(
            N_("Asterisk records into {there}, this service looks in {here}."), there=told, here=folder
        )
        do = said(
            N_(
                "Set asterisk.recordings_dir to where that folder is on this machine, or render the "
                "dialplan anew."
            )
        )
        return Finding("recordings-folder", _RECORDINGS, Level.FAIL, seen, do)
    if not (look.there and look.readable and look.writable):
        text = (
            N_("The folder {folder} is not there.")
            if not look.there
            else N_("This user may not read and write in {folder}.")
        )
        do = said(N_("Make it, owned by the group that Asterisk and this service share, with mode 2770."))
        return Finding("recordings-folder", _RECORDINGS, Level.FAIL, said(text, folder=folder), do)
    if trial is None or trial.answer is None:
        seen = said(
            N_("{folder} can be read and written; whether Asterisk uses it was not tried."), folder=folder
        )
        return Finding("recordings-folder", _RECORDINGS, Level.UNKNOWN, seen)
    if look.mark != trial.check:
        seen = said(
            N_("Asterisk could not write into {folder}, or it is another folder there."), folder=folder
        )
        do = said(
            N_("Give Asterisk's user the right to write there; on another machine, share or ship the folder.")
        )
        return Finding("recordings-folder", _RECORDINGS, Level.FAIL, seen, do)
    seen = said(N_("Asterisk writes into {folder}, and this service reads there."), folder=folder)
    return Finding("recordings-folder", _RECORDINGS, Level.OK, seen)


def check_log(look: LogLook, path: Path | str, trial: TrialCall | None) -> Finding:
    """Configured, readable, with our columns, and fresh. Pure."""
    untried = trial is None or trial.refused
    if not look.there and untried:
        text = N_("{file} is not there: Asterisk makes it with its first call, and none was tried.")
        return Finding("cel", _CEL, Level.UNKNOWN, said(text, file=path))
    if look.problem:
        seen = said(N_("{file} cannot be read: {error}"), file=path, error=look.problem)
        return Finding("cel", _CEL, Level.FAIL, seen, said(_CEL_ADVICE))
    if not look.readable_lines:
        seen = said(N_("{file} has other columns than ours."), file=path)
        return Finding("cel", _CEL, Level.FAIL, seen, said(_CEL_ADVICE))
    if look.has_trial:
        return Finding("cel", _CEL, Level.OK, said(N_("{file} tells of the call made just now."), file=path))
    if untried:
        seen = said(N_("{file} can be read; whether Asterisk writes it was not tried."), file=path)
        return Finding("cel", _CEL, Level.UNKNOWN, seen)
    seen = said(N_("{file} does not tell of the call made just now."), file=path)
    return Finding("cel", _CEL, Level.FAIL, seen, said(_CEL_ADVICE))


async def look_at_source(source: RecordingSource) -> str:
    """Why the recordings at another machine cannot be had; empty: they can."""
    try:
        await asyncio.to_thread(source.attempts)
    except SourceUnreachable as error:
        return str(error)
    return ""


async def look_at_source_log(log: CelSource, trial: TrialCall | None) -> LogLook:
    """Look at the event log of another machine, for a moment longer where a call was just made."""
    wanted = trial.channel_id if trial is not None and not trial.refused else ""

    def look() -> LogLook:
        # Goes on where it stopped: the whole of it is read once.
        try:
            return LogLook(has_trial=any(line.unique_id == wanted for line in lines_with(log, "doctor-")))
        except OSError as error:
            return LogLook(problem=str(error))

    try:
        return await _patiently(look, lambda seen: bool(seen.problem) or seen.has_trial or not wanted)
    finally:
        await asyncio.to_thread(log.close)


def check_source(problem: str, url: str) -> Finding:
    """The agent on the telephone system's machine hands out its recordings. Pure."""
    if problem:
        do = said(N_("Start `dialer node serve` there; check files.url, files.token and the firewall."))
        return Finding("recordings-folder", _RECORDINGS, Level.FAIL, said("{error}", error=problem), do)
    seen = said(N_("The agent at {url} hands out recordings."), url=url)
    return Finding("recordings-folder", _RECORDINGS, Level.OK, seen)


async def _patiently(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """The first good look, or the last one."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while True:
        found = await asyncio.to_thread(look)
        if good(found) or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(0.1)


def _folder(folder: Path, check: str) -> FolderLook:
    if not folder.is_dir():
        return FolderLook(False, False, False)
    readable, writable = os.access(folder, os.R_OK | os.X_OK), os.access(folder, os.W_OK | os.X_OK)
    mark = ""
    try:
        mark = (folder / MARK).read_text(encoding="utf-8").strip()
        if mark == check:
            (folder / MARK).unlink()
    except OSError:
        pass  # not there, or not ours to read or remove: the looks above say so
    return FolderLook(True, readable, writable, mark)


def _log(path: Path, wanted: str) -> LogLook:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError as error:
        return LogLook(problem=error.strerror or str(error), there=not isinstance(error, FileNotFoundError))
    ours = [row for line in lines[1:] or lines if (row := parse_row(next(csv.reader([line]), [])))]
    return LogLook(
        readable_lines=bool(ours) or not lines,
        has_trial=bool(wanted) and any(row.unique_id == wanted for row in ours),
    )

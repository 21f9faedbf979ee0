"""Files that were sent to the panel: where they lie, and what is being done with them."""

import asyncio
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from aiohttp import BodyPartReader, web

from dialer.ids import new_id
from dialer.importing.options import ImportReport

ID = re.compile(r"[0-9A-Z]{26}")
SUFFIXES = (".csv", ".tsv", ".txt", ".xls", ".xlsx", ".htm", ".html", ".xml")
ERRORS = ".errors.csv"
_CHUNK = 1 << 16
_KEPT_DAYS = 30
_UNSAFE = re.compile(r"[^\w.()（）\-]+")


class NotTaken(Exception):
    """What was sent is no file for an import. The message says why."""


@dataclass
class Job:
    """A file that is being taken in, or was."""

    rows: int = 0
    of: int = 0
    report: ImportReport | None = None
    problem: str = ""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.report is None and not self.problem


JOBS = web.AppKey("import_jobs", dict[str, Job])
TASKS = web.AppKey("import_tasks", set[asyncio.Task[None]])


async def keep(part: BodyPartReader, root: Path, largest: int) -> str:
    """Write a part of a form to a folder of its own; its id.

    Raises:
        NotTaken: it has another kind of name, or is larger than `largest` bytes.
    """
    name = _UNSAFE.sub("_", Path((part.filename or "").replace("\\", "/")).name)[-120:].lstrip(".")
    if not name.lower().endswith(SUFFIXES):
        raise NotTaken(f"{name or 'this'} is no table: send one of {', '.join(SUFFIXES)}")
    upload_id = new_id()
    folder = root / upload_id
    await asyncio.to_thread(folder.mkdir, parents=True)
    size = 0
    file = await asyncio.to_thread((folder / name).open, "wb")
    try:
        while chunk := await part.read_chunk(_CHUNK):
            size += len(chunk)
            if size > largest:
                break
            await asyncio.to_thread(file.write, chunk)
    finally:
        await asyncio.to_thread(file.close)
    if size > largest or size == 0:
        await asyncio.to_thread(shutil.rmtree, folder)
        raise NotTaken(
            f"{name} is empty"
            if size == 0
            else f"{name} is larger than {largest // 2**20} MB: send it in parts"
        )
    await asyncio.to_thread(tidy, root, time.time())
    return upload_id


def tidy(root: Path, now: float) -> None:
    """Throw away what was sent more than 30 days ago: it holds phone numbers."""
    for folder in root.iterdir():
        if ID.fullmatch(folder.name) and now - folder.stat().st_mtime > _KEPT_DAYS * 86_400:
            shutil.rmtree(folder, ignore_errors=True)


def find(root: Path, upload_id: str) -> Path | None:
    """The file of this id, None where there is none (any more)."""
    if not ID.fullmatch(upload_id):
        return None
    folder = root / upload_id
    # Its error file lies beside it, with a longer name.
    files = list(folder.iterdir()) if folder.is_dir() else []
    return min(files, key=lambda path: len(path.name), default=None)

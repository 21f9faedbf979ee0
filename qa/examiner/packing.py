"""Writes a package: one ZIP with a page to read, the data, the sound, and a list of checksums (Q7).

Works for as long as its recordings are long: call it in a worker thread. What is not finished lies beside
its place under another name, and is taken away when it is stopped or fails.
"""

import errno
import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from qa.examiner.service import Contents
from recordings.audio import Unreadable, cut

Say = Callable[[str, str], str]
_BLOCK = 1 << 20
_AROUND = 0.5


class PackageError(Exception):
    """The package could not be written; the message says why and what to do."""


class Stopped(Exception):
    """Somebody stopped it; nothing is left behind."""


def pack(
    contents: Contents,
    root: Path,
    to: Path,
    say: Say,
    zone: ZoneInfo,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    stopped: Callable[[], bool] = lambda: False,
) -> str:
    """Write the package and give its SHA-256. `say(kind, word)` is the Chinese for a state or a reason.

    Raises:
        PackageError: the disk is full, or the place cannot be written.
        Stopped: `stopped` said so.
    """
    part = unfinished(to)
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as file:
            _Packer(file, contents, root, say, zone).write(progress, stopped)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        digest = _sha256(part)
        part.replace(to)
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise PackageError(f"{to} cannot be written: {why}. Make room or name another place.") from error
    finally:
        part.unlink(missing_ok=True)
    return digest


def unfinished(to: Path) -> Path:
    """Where a package lies until it is whole."""
    return to.with_name(f".{to.name}.part")


class _Packer:
    def __init__(
        self, file: zipfile.ZipFile, contents: Contents, root: Path, say: Say, zone: ZoneInfo
    ) -> None:
        self._file, self._contents, self._root = file, contents, root
        self._say, self._zone = say, zone
        self._digests: dict[str, str] = {}

    def write(self, progress: Callable[[int, int], None], stopped: Callable[[], bool]) -> None:
        calls = [
            call
            for occasion in self._contents.issued
            for owed in occasion["follow_ups"]
            for call in owed["attempts"]
        ]
        for number, call in enumerate(calls):
            if stopped():
                raise Stopped
            self._sound(call)
            progress(number + 1, len(calls))
        for name, text in sorted(self._contents.texts.items()):
            self._add(name, text.encode())
        self._add("index.html", self._page().encode())
        data = {**asdict(self._contents), "adds_up": self._contents.sums.adds_up}
        del data["texts"]  # files of their own
        self._add("data.json", json.dumps(data, ensure_ascii=False, indent=1, default=str).encode())
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._digests.items()))
        self._file.writestr("manifest.sha256", lines)

    def _sound(self, call: dict[str, Any]) -> None:
        """The original, checked against its hash once more, its chain, and the words that prove."""
        folder = f"audio/{call['id']}"
        files: dict[str, Any] = {"intact": None, "original": None, "sidecar": None, "early": None}
        call["files"] = files
        for finding in call["findings"]:
            finding["evidence"] = [{**proof, "clip": None} for proof in finding["evidence"]]
        early = call["early"]
        if early is not None and (self._root / early["path"]).is_file():
            files["early"] = self._copy(f"{folder}/early.wav", self._root / early["path"])
        recording = call["recording"]
        if recording is None or recording["path"] is None:
            return
        wav = self._root / recording["path"]
        if not wav.is_file():
            files["intact"] = False
            return
        name = files["original"] = self._copy(f"{folder}/original.wav", wav)
        files["intact"] = self._digests[name] == recording["sha256"]
        sidecar = wav.with_suffix(".json")
        if sidecar.is_file():
            files["sidecar"] = self._copy(f"{folder}/original.json", sidecar)
        for finding in call["findings"]:
            for number, proof in enumerate(finding["evidence"]):
                proof["clip"] = self._clip(wav, proof, f"{folder}/{finding['rule_id']}-{number + 1}.wav")

    def _clip(self, wav: Path, proof: dict[str, Any], name: str) -> str | None:
        if not proof["words"]:
            return None
        try:
            sound = cut(wav, max(0.0, proof["start"] - _AROUND), proof["end"] + _AROUND)
        except (ValueError, Unreadable):
            return None  # the original is there, and says at which second
        self._add(name, sound)
        return name

    def _copy(self, name: str, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb") as source, self._file.open(name, "w", force_zip64=True) as target:
            while block := source.read(_BLOCK):
                digest.update(block)
                target.write(block)
        self._digests[name] = digest.hexdigest()
        return name

    def _add(self, name: str, data: bytes) -> None:
        self._file.writestr(name, data, zipfile.ZIP_DEFLATED)
        self._digests[name] = hashlib.sha256(data).hexdigest()

    def _page(self) -> str:
        pages = Environment(
            loader=FileSystemLoader(Path(__file__).parent),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        pages.filters["local"] = lambda at: (
            "—" if at is None else f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"
        )
        return pages.get_template("index.html").render(package=self._contents, say=self._say)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()

"""Takes one recording over: fetch, join, check, verify, then into its place in one move.

Runs in a worker thread or process: everything in an order and in its result is a picklable
value. Every step may be killed and done again: what is not finished lies in `<root>/.work`, and
names are made from the attempt alone.
"""

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from recordings.audio import Joined, NoAudio, Unreadable, join, small_copy, waveform
from recordings.source import Part, RecordingSource
from recordings.wav import HEADER_BYTES, repair_header

# Beside the branches; no branch's folder can begin with a dot (rules.safe_name).
WORK = ".work"
LISTEN = ".listen"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Order:
    """What to take over. `channels` from left to right; of these only `present` has a file.

    `name` is the path below `root` without suffix, `facts` go into the sidecar. With `copies`
    a waveform is made for the page, and a small copy has its place: see `listen_copy`.
    """

    attempt_id: str
    source: RecordingSource
    channels: tuple[Part, ...]
    present: tuple[Part, ...]
    root: Path
    name: str
    facts: Mapping[str, object]
    copies: bool
    silence_dbfs: float
    keep_free_bytes: int


@dataclass(frozen=True, slots=True)
class Archived:
    """What now lies in the archive. Paths are relative to its root; seconds and shares go by channel."""

    path: str
    listen_path: str | None
    peaks_path: str | None
    sha256: str
    bytes: int
    seconds: float
    side_seconds: tuple[float | None, ...]
    speech_shares: tuple[float, ...]


def archive(order: Order) -> Archived:
    """Bring the recording of `order` into the archive; the source keeps its files until `is_intact`.

    Raises:
        SourceUnreachable: the files cannot be fetched now.
        Unreadable, NoAudio: they hold no recording.
        OSError: the archive cannot be written, for example because its disk is full.
    """
    demand_room(order.root, order.keep_free_bytes)
    work = order.root / WORK / f"{order.attempt_id}.{order.channels[0]}"
    was_stopped = work.exists()
    work.mkdir(parents=True, exist_ok=True)
    with _cleared_on_trouble(work):
        digests, sides = _fetch(order, work)
        wav = work / "joined.wav"
        joined = join([sides.get(part) for part in order.channels], wav)
        if joined.blank and not order.copies:
            # Before the answer the telephone system fills a silent line with zeros.
            raise NoAudio(f"{order.attempt_id}: nothing was heard before the answer.")
        result = _describe(order, joined, wav)
        outputs = {result.path: wav}
        if result.peaks_path:
            outputs[result.peaks_path] = _write(work / "peaks", waveform(joined))
        sidecar = json.dumps(_sidecar(order, result, joined, digests), ensure_ascii=False, indent=1)
        outputs[f"{order.name}.json"] = _write(work / "sidecar", sidecar.encode())
        for file in outputs.values():
            _sync(file)
        # The recording itself comes last: when it is in its place, everything is.
        places = sorted(outputs, key=lambda name: name == result.path)
        _place({order.root / name: outputs[name] for name in places}, order.root, every=was_stopped)
    shutil.rmtree(work, ignore_errors=True)
    return result


def listen_copy(wav: Path, to: Path) -> Path:
    """The small copy of an archived recording for the page (A2), made when it is first asked for.

    Most calls are never listened to, and encoding costs as much as all the rest of archiving. It works for a
    tenth of a second for each minute of the call: call it in a worker thread. Two at once do no harm.

    Raises:
        OSError: the archive cannot be written.
    """
    if not to.is_file():
        to.parent.mkdir(parents=True, exist_ok=True)
        made = to.with_name(f".{secrets.token_hex(8)}")
        try:
            made.write_bytes(small_copy(wav))
            made.replace(to)
        finally:
            made.unlink(missing_ok=True)
    return to


def demand_room(root: Path, keep_free_bytes: int) -> None:
    """Raise the OSError of a full disk where less than `keep_free_bytes` are left for `root`."""
    root.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(root).free < keep_free_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root))


def is_intact(root: Path, path: str, sha256: str) -> bool:
    """Whether the archived file is there and is, byte for byte, the one with this SHA-256."""
    try:
        return _sha256(root / path) == sha256
    except FileNotFoundError:
        return False


@contextmanager
def _cleared_on_trouble(work: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, Unreadable, NoAudio):
        # Give the room back. A source out of reach keeps its half-fetched file, to be resumed.
        shutil.rmtree(work, ignore_errors=True)
        raise


def _fetch(order: Order, work: Path) -> tuple[dict[Part, str], dict[Part, Path]]:
    digests, sides = {}, {}
    for part in order.present:
        sides[part] = work / f"{part}.wav"
        digests[part] = order.source.fetch(order.attempt_id, part, sides[part])
        repair_header(sides[part])
        if sides[part].stat().st_size <= HEADER_BYTES:
            del sides[part]  # its writer came to nothing; the other side may be whole
    return digests, sides


def _describe(order: Order, joined: Joined, wav: Path) -> Archived:
    return Archived(
        path=f"{order.name}.wav",
        listen_path=f"{LISTEN}/{order.name}.ogg" if order.copies else None,
        peaks_path=f"{LISTEN}/{order.name}.peaks.json" if order.copies else None,
        sha256=joined.sha256,
        bytes=wav.stat().st_size,
        seconds=round(joined.seconds, 3),
        side_seconds=joined.lengths,
        speech_shares=tuple(round(meter.speech_share(order.silence_dbfs), 4) for meter in joined.meters),
    )


def _sidecar(
    order: Order, result: Archived, joined: Joined, digests: Mapping[Part, str]
) -> Mapping[str, object]:
    channels = [
        {
            "channel": index,
            "party": part,
            "seconds": result.side_seconds[index],
            "speech_share": result.speech_shares[index],
            "samples_sha256": joined.digests[index],
            "source_file_sha256": digests.get(part),
        }
        for index, part in enumerate(order.channels)
    ]
    return {
        "version": 1,
        "file": PurePosixPath(result.path).name,
        "sha256": result.sha256,
        "bytes": result.bytes,
        "seconds": result.seconds,
        "sample_rate": joined.rate,
        **order.facts,
        "channels": channels,
    }


def _write(file: Path, data: bytes) -> Path:
    file.write_bytes(data)
    return file


def _sync(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _place(files: Mapping[Path, Path], root: Path, *, every: bool) -> None:
    """Move files to their places, in turn; the new names survive a loss of power, up to the branch's folder.

    Folders that were there are known to; with `every` they may be of a run that was stopped before that.
    """
    folders = {place.parent for place in files}
    above = {folder for one in folders for folder in (one, *one.parents) if folder.is_relative_to(root)}
    new = {folder for folder in above if every or not folder.exists()}
    for place, file in files.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
    for folder in folders | {folder.parent for folder in new}:
        _sync(folder)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()

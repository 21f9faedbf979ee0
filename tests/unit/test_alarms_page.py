"""Each kind of alarm that the code can raise is in the administrators' tables, and has its words (V1)."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.transcripts.service import CLUSTER_UNREACHABLE, ENGINE_MISSING, MODEL_MISSING
from recordings.service import Trouble
from tests.unit.test_layout import PACKAGES, ROOT
from web.supervisor.alarms import WORDING

ENGLISH = ROOT / "docs" / "operations" / "alarms.md"
CHINESE = ROOT / "docs" / "operations" / "alarms.zh-CN.md"
_ROW = re.compile(r"^\| `([a-z_]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def _calls() -> Iterator[tuple[Path, str, ast.expr]]:
    """Every call of raise_alarm: where, in which module, and its kind as written."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "raise_alarm(" not in text:
                continue
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "raise_alarm":
                    yield path, module, node.args[1]


# Where the kind is a parameter: what it can be.
PARAMETERS = {
    ("recordings.service", "trouble"): {kind.value for kind in Trouble},
    ("qa.transcripts.service", "kind"): {MODEL_MISSING, ENGINE_MISSING, CLUSTER_UNREACHABLE},
}


def kinds() -> set[str]:
    """Every kind that the code can raise."""
    found: set[str] = set()
    for path, module, kind in _calls():
        if isinstance(kind, ast.Constant):
            found.add(str(kind.value))
        else:
            assert isinstance(kind, ast.Name), f"{path}: the kind of an alarm is a name or a text"
            value = getattr(importlib.import_module(module), kind.id, None)
            found |= PARAMETERS[module, kind.id] if value is None else {str(value)}
    return found


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_v1_every_alarm_is_in_the_table(page: Path) -> None:
    """V1: an administrator finds each alarm, what it means and what to do; and none that is never raised."""
    rows = {row[0]: row[1:] for row in _ROW.findall(page.read_text(encoding="utf-8"))}
    assert set(rows) == kinds()
    assert all(len(text) > 5 for row in rows.values() for text in row)


def test_v1_every_alarm_has_words_on_the_page() -> None:
    """V1: a kind without words would be shown by its key."""
    assert kinds() - set(WORDING) == set()


def test_kinds_are_found() -> None:
    """The search itself."""
    assert {"link_down", "calls_refused", "recordings_disk_full", "model_missing"} <= kinds()

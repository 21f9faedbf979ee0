"""Where a table's headings are, and what its columns mean. Pure (C3)."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from dialer.importing.columns.cells import Cell, text_of
from dialer.importing.columns.fields import BY_NAME, FIELDS, Field, Form
from dialer.importing.columns.kinds import KINDS

# Title lines, dates of printing and empty lines above the headings are never more.
LOOKED_AT = 30
# What our own error file adds; ignored when it is imported again.
LINE_HEADING = "行号 line"
REASON_HEADING = "原因 reason"
_OURS = frozenset({"行号line", "原因reason"})
_IN_BRACKETS = re.compile(r"[(\[【{].*?[)\]】}]")
_BETWEEN = re.compile(r"[\s*:：\"'`_\-]+")
_DATA = re.compile(r"[\d.,:/\-年月日时分秒\s]*\d[\d.,:/\-年月日时分秒\s]*")
FACT_PREFIX = "fact:"


def plain_heading(cell: Cell) -> str:
    """A heading as it is compared: without blanks, marks and what stands in brackets, in lower case."""
    text = unicodedata.normalize("NFKC", text_of(cell))
    bare = _BETWEEN.sub("", _IN_BRACKETS.sub("", text)).lower()
    return bare or _BETWEEN.sub("", text).lower()


KNOWN: Mapping[str, str] = {plain_heading(name): field.name for field in FIELDS for name in field.headings}
_RANK: Mapping[str, int] = {
    plain_heading(name): rank for field in FIELDS for rank, name in enumerate(field.headings)
}
_TELLS: Mapping[str, frozenset[str]] = {
    kind.id: frozenset(map(plain_heading, kind.betrayed_by)) for kind in KINDS.values()
}


@dataclass(frozen=True, slots=True)
class Headings:
    """The headings of a table, one for each column, and the index of the first row of data."""

    names: tuple[str, ...]
    # For each column the forms in which it may be known, the most telling first.
    forms: tuple[tuple[str, ...], ...]
    first_row: int
    data_from: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file and what it is read as: a field's name, `fact:name`, or "" for nothing."""

    heading: str
    field: str


def find_headings(rows: Sequence[Sequence[Cell]], mapped: Mapping[str, str]) -> Headings | None:
    """The headings among the first rows: the row, or the two rows, that know the most columns.

    `mapped` are headings somebody gave a meaning. None where no row knows a column.
    """
    best: Headings | None = None
    most = (0, False)
    for index, row in enumerate(rows[:LOOKED_AT]):
        candidates = [_headings(index, (row,))]
        if index + 1 < len(rows) and _may_be_headings(rows[index + 1], mapped):
            candidates.append(_headings(index, (row, rows[index + 1])))
        for candidate in candidates:
            known = _count(candidate, mapped)
            # One row rather than two that say no more: the upper one is a title.
            worth = (known, candidate.data_from - candidate.first_row == 1)
            if known and worth > most:
                best, most = candidate, worth
    return best


def _headings(index: int, rows: Sequence[Sequence[Cell]]) -> Headings:
    width = max(map(len, rows))
    upper = [text_of(rows[0][n]) if n < len(rows[0]) else "" for n in range(width)]
    if len(rows) == 1:
        forms = tuple((plain_heading(name),) if name else () for name in upper)
        return Headings(tuple(upper), forms, index, index + 1)
    lower = [text_of(rows[1][n]) if n < len(rows[1]) else "" for n in range(width)]
    names: list[str] = []
    all_forms: list[tuple[str, ...]] = []
    group = ""
    for above, below in zip(upper, lower, strict=True):
        # A merged cell stands over its first column only.
        group = above or (group if below else "")
        whole = below if group == below or not group else (f"{group}{below}" if below else group)
        names.append(whole)
        all_forms.append(tuple(dict.fromkeys(plain_heading(one) for one in (whole, below, group) if one)))
    return Headings(tuple(names), tuple(all_forms), index, index + 2)


def _may_be_headings(row: Sequence[Cell], mapped: Mapping[str, str]) -> bool:
    """Whether a row can be the lower of two: words only, one of them known."""
    known = False
    for cell in row:
        if isinstance(cell, int | float | date | time) and not isinstance(cell, bool):
            return False
        text = text_of(cell)
        if text and _DATA.fullmatch(text):
            return False
        known = known or plain_heading(text) in KNOWN or text in mapped
    return known


def _count(found: Headings, mapped: Mapping[str, str]) -> int:
    fields = {_field_of(name, forms, mapped) for name, forms in zip(found.names, found.forms, strict=True)}
    return len(fields - {""})


def _field_of(name: str, forms: Sequence[str], mapped: Mapping[str, str]) -> str:
    if name.strip() in mapped:
        return mapped[name.strip()]
    return next((KNOWN[form] for form in forms if form in KNOWN), "")


def read_columns(found: Headings, mapped: Mapping[str, str]) -> tuple[Column, ...]:
    """What each column is read as. `mapped` goes before what we know; a field's usual heading before others.

    Several columns of numbers are all read; of any other field one column is.
    """
    wanted: dict[str, tuple[int, int]] = {}
    fields = []
    for index, (name, forms) in enumerate(zip(found.names, found.forms, strict=True)):
        field = "" if "".join(forms) in _OURS else _field_of(name, forms, mapped)
        fields.append(field)
        rank = -1 if name.strip() in mapped else min((_RANK.get(form, 999) for form in forms), default=999)
        if field and (field not in wanted or (rank, index) < wanted[field]):
            wanted[field] = (rank, index)
    return tuple(
        Column(name, field if field and (_is_numbers(field) or wanted[field][1] == index) else "")
        for index, (name, field) in enumerate(zip(found.names, fields, strict=True))
    )


def _is_numbers(field: str) -> bool:
    known = BY_NAME.get(field)
    return known is not None and known.form is Form.NUMBERS


def is_ours(heading: str) -> bool:
    """Whether the column is one that our error file adds."""
    return plain_heading(heading) in _OURS


def guess_kind(found: Headings) -> str:
    """The kind that these headings betray most of; "" where they betray none or two alike."""
    present = {form for forms in found.forms for form in forms}
    scores = {kind: len(tells & present) for kind, tells in _TELLS.items()}
    most = max(scores.values())
    best = [kind for kind, score in scores.items() if score == most]
    return best[0] if most and len(best) == 1 else ""


def field_named(name: str) -> Field | None:
    """The field of this name; `fact:anything` is a fact that we do not know by itself."""
    if name.startswith(FACT_PREFIX) and len(name) > len(FACT_PREFIX):
        return Field(name.removeprefix(FACT_PREFIX), ())
    return BY_NAME.get(name)

"""One row of a file becomes an occasion, or a sentence that says why not. Pure (C3, C4)."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from dialer.customers.rules import (
    BadValue,
    extension_in,
    normalise_plate,
    split_numbers,
    split_salutation,
)
from dialer.customers.values import NOTHING_TOLD, CustomerFields, Occasion
from dialer.importing.columns import cells as read
from dialer.importing.columns.cells import Cell, plain, says_nothing, text_of
from dialer.importing.columns.fields import CUSTOMER_KINDS, Field, Form, Goes
from dialer.importing.columns.headings import Column, field_named
from dialer.importing.columns.kinds import KINDS

# Columns without which no row can be taken in; a kind may say what stands in for the time.
REQUIRED = ("name", "number")
_NO_PLATE = frozenset({"无牌", "未上牌", "新车", "临时", "临牌", "临时牌", "临时牌照", "待上牌", "暂无牌照"})
_DAMAGED = "\ufffd"
_WHAT = {
    "external_id": "the order number",
    "name": "the customer's name",
    "branch": "the branch",
    "unit": "the unit",
}
DERIVED_PREFIX = "auto-"


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken in: its line in the file, what is wrong, and its cells as shown."""

    line: int
    why: str
    cells: tuple[str, ...]


class RowReader:
    """Reads the rows of one file."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        kind: str,
        source: str,
        zone: ZoneInfo,
        default_branch: str,
        today: date,
    ) -> None:
        self.kind = KINDS[kind]
        self.notes: Counter[str] = Counter()
        self._source = source
        self._zone = zone
        self._branch = default_branch
        self.today = datetime.combine(today, time(0), zone)
        self._width = len(columns)
        known = [(index, field_named(column.field)) for index, column in enumerate(columns)]
        fields = [(index, found) for index, found in known if found is not None]
        self._numbers = [index for index, found in fields if found.form is Form.NUMBERS]
        places = {found.name: index for index, found in fields if found.goes is Goes.OCCASION}
        self._place = places
        self._staff = [(found, index) for index, found in fields if found.goes is Goes.STAFF]
        self._facts = [(found, index) for index, found in fields if found.goes is Goes.FACT]
        self._customer = [(found, index) for index, found in fields if found.goes is Goes.CUSTOMER]
        self._readers: Mapping[Form, Callable[[Cell], Any]] = {
            Form.TEXT: plain,
            Form.MOMENT: lambda cell: read.moment(cell, zone),
            Form.DAY: lambda cell: read.day(cell, zone).isoformat(),
            Form.BIRTHDAY: lambda cell: read.birthday(cell, zone),
            Form.MONEY: read.fen,
            Form.WHOLE: read.whole,
            Form.YES_NO: read.yes_or_no,
            Form.ITEMS: read.items,
            Form.TAIL: read.tail,
        }

    def read(self, line: int, cells: Sequence[Cell], problem: str = "") -> Occasion | BadRow:
        """The occasion of a row, or what is wrong with the row."""
        try:
            if problem:
                raise BadValue(problem)
            return self._occasion(cells)
        except BadValue as error:
            shown = [text_of(cell) for cell in cells]
            return BadRow(line, str(error), tuple(shown + [""] * (self._width - len(shown))))

    def _occasion(self, cells: Sequence[Cell]) -> Occasion:
        for cell in cells:
            if isinstance(cell, str) and _DAMAGED in cell:
                raise BadValue(f"{cell!r} holds a character that is damaged in the file")
        facts = self._read_facts(cells)
        external_id = self._text(cells, "external_id", 80) or str(facts.get(self.kind.id_from) or "")
        name, salutation = split_salutation(self._text(cells, "name", 100))
        if not name:
            raise BadValue("the customer's name is empty")
        numbers = self._read_numbers(cells, facts)
        plate = self._read_plate(cells)
        happened_at, dated = self._happened_at(cells, facts)
        occasion = Occasion(
            kind=self.kind.id,
            source=self._source,
            external_id=external_id[:80],
            happened_at=happened_at,
            branch=self._text(cells, "branch", 60) or self._branch,
            name=name,
            salutation=salutation,
            numbers=numbers,
            plate=plate,
            items=self._list(cells, "items"),
            staff=self._read_staff(cells),
            amount_fen=self._amount(cells),
            unit=self._text(cells, "unit", 60),
            products=self._list(cells, "products"),
            facts=facts,
            customer=self._read_customer(cells),
        )
        if not external_id:
            self.notes["derived_id"] += 1
            occasion = replace(occasion, external_id=derived_id(occasion, dated=dated))
        return occasion

    def _cell(self, cells: Sequence[Cell], name: str) -> Cell:
        index = self._place.get(name)
        return cells[index] if index is not None and index < len(cells) else None

    def _text(self, cells: Sequence[Cell], name: str, longest: int) -> str:
        cell = self._cell(cells, name)
        text = plain(cell)
        if len(text) > longest:
            raise BadValue(f"{_WHAT[name]} is longer than {longest} characters")
        return "" if text and says_nothing(cell) else text

    def _list(self, cells: Sequence[Cell], name: str) -> list[str]:
        cell = self._cell(cells, name)
        return [] if cell is None or says_nothing(cell) else read.items(cell)

    def _amount(self, cells: Sequence[Cell]) -> int | None:
        cell = self._cell(cells, "amount")
        return None if cell is None or says_nothing(cell) else read.fen(cell)

    def _happened_at(self, cells: Sequence[Cell], facts: Mapping[str, object]) -> tuple[datetime, bool]:
        """When it happened, and whether the file says so (a list may not)."""
        cell = self._cell(cells, "happened_at")
        stands_in = facts.get(self.kind.time_from)
        if cell is None or (says_nothing(cell) and (stands_in or self.kind.undated)):
            if isinstance(stands_in, str) and stands_in:
                return read.moment(stands_in, self._zone), True
            if self.kind.undated:
                return self.today, False
        return read.moment(cell, self._zone), True

    def _read_numbers(self, cells: Sequence[Cell], facts: dict[str, str | int | bool]) -> tuple[str, ...]:
        written = [cells[index] for index in self._numbers if index < len(cells)]
        told = [text_of(cell) for cell in written if not says_nothing(cell)]
        if not told:
            raise BadValue("the phone number is empty")
        numbers: dict[str, None] = {}
        trouble: BadValue | None = None
        for text in told:
            try:
                found, others = split_numbers(text)
            except BadValue as error:
                trouble = trouble or error
                self.notes["number_left_out"] += 1
                continue
            numbers.update(dict.fromkeys(found))
            self.notes["number_left_out"] += len(others)
            if extension := extension_in(text):
                facts.setdefault("extension", extension)
        if not numbers and trouble is not None:
            self.notes["number_left_out"] -= len(told)
            raise trouble
        return tuple(numbers)

    def _read_plate(self, cells: Sequence[Cell]) -> str | None:
        cell = self._cell(cells, "plate")
        if cell is None or says_nothing(cell) or plain(cell) in _NO_PLATE:
            return None
        return normalise_plate(text_of(cell))

    def _read_staff(self, cells: Sequence[Cell]) -> dict[str, str]:
        staff = {}
        for known, index in self._staff:
            cell = cells[index] if index < len(cells) else None
            if not says_nothing(cell):
                staff[known.name] = plain(cell)[: known.longest]
        return staff

    def _read_facts(self, cells: Sequence[Cell]) -> dict[str, str | int | bool]:
        facts: dict[str, str | int | bool] = {}
        for known, index in self._facts:
            cell = cells[index] if index < len(cells) else None
            if not says_nothing(cell):
                facts[known.name] = _short(self._value(known, cell), known)
        return facts

    def _read_customer(self, cells: Sequence[Cell]) -> CustomerFields:
        told: dict[str, Any] = {}
        for known, index in self._customer:
            cell = cells[index] if index < len(cells) else None
            if says_nothing(cell):
                continue
            match known.name:
                case "slot":
                    told["slot_from"], told["slot_to"] = read.slot(cell)
                case "customer_kind":
                    told["kind"] = CUSTOMER_KINDS.get(plain(cell).removesuffix("用户").removesuffix("客户"))
                case name:
                    told[name] = _short(self._value(known, cell), known)
        return CustomerFields(**told) if told else NOTHING_TOLD

    def _value(self, known: Field, cell: Cell) -> Any:
        return self._readers[known.form](cell)


def _short(value: Any, known: Field) -> Any:
    return value[: known.longest] if known.form is Form.TEXT and isinstance(value, str) else value


def derived_id(occasion: Occasion, *, dated: bool) -> str:
    """The id of an occasion whose source gives none: the same row has the same one again.

    Of its kind, source, time, plate or number, and name; not of the rest, which may be corrected.
    """
    when = occasion.happened_at.isoformat() if dated else ""
    whose = occasion.plate or "/".join(sorted(occasion.numbers))
    told = "\n".join((occasion.kind, occasion.source, when, whose, occasion.name))
    return DERIVED_PREFIX + hashlib.sha256(told.encode()).hexdigest()[:32]


def missing_columns(kind: str, fields: frozenset[str]) -> list[str]:
    """The fields that a file of this kind needs and that no column gives."""
    known = KINDS[kind]
    missing = [name for name in REQUIRED if name not in fields]
    if "happened_at" not in fields and not known.undated and known.time_from not in fields:
        missing.insert(0, "happened_at")
    return missing

"""A CSV file of settlement orders becomes occasions. Pure but for reading the file."""

import contextlib
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from charset_normalizer import from_bytes

from dialer.customers.rules import BadValue, normalise_number, normalise_plate, split_salutation
from dialer.customers.service import Occasion

SETTLEMENT_ORDER = "settlement-order"

# The names that dealer systems give each field.
HEADINGS = {
    "external_id": ("结算单号", "工单号", "order_no"),
    "happened_at": ("结算时间", "出厂时间", "settled_at"),
    "plate": ("车牌号", "车牌号码", "车牌", "plate"),
    "name": ("客户姓名", "送修人", "车主", "name"),
    "number": ("手机", "联系方式", "手机号", "phone"),
    "adviser": ("服务顾问", "adviser"),
    "technician": ("维修技师", "technician"),
    "items": ("维修项目", "items"),
    "amount": ("金额", "amount"),
    "branch": ("门店", "branch"),
}
REQUIRED = ("external_id", "happened_at", "name", "number")
_TIME_FORMS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d",
)
# Systems write "no date" as year 1 or 9999.
_YEARS = range(2000, 2100)
# As long as the database keeps them, and the greatest amount it keeps.
_LONGEST = (
    ("external_id", "the order number", 80),
    ("name", "the customer's name", 100),
    ("branch", "the branch", 60),
)
_MAX_FEN = 2**31 - 1


class UnreadableFile(Exception):
    """The file as a whole cannot be read. The message says why and what to do."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be taken in: its line in the file, what is wrong, and the row itself."""

    line: int
    why: str
    row: dict[str, str]


@dataclass(frozen=True, slots=True)
class OrderFile:
    """A file that can be read: its encoding, and its rows, good and bad, in their order."""

    encoding: str
    rows: list[Occasion | BadRow]


def read_orders(path: Path, *, zone: ZoneInfo, default_branch: str) -> OrderFile:
    """Read a CSV of settlement orders in GBK, GB18030 or UTF-8.

    Raises:
        UnreadableFile: it cannot be opened or decoded, or a required column is missing.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror}") from error
    text, encoding = _decode(raw, path)
    reader = csv.DictReader(io.StringIO(text, newline=None))
    try:
        columns = _columns(reader.fieldnames or (), path)
        rows = [_row(line, row, columns, zone, default_branch) for line, row in _numbered(reader)]
    except csv.Error as error:
        raise UnreadableFile(f"{path}: after line {reader.line_num} it is not CSV: {error}") from error
    return OrderFile(encoding, rows)


def _numbered(reader: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str]]]:
    for row in reader:
        values = {name: (value or "") for name, value in row.items() if isinstance(name, str)}
        if any(value.strip() for value in values.values()):
            yield reader.line_num, values


def _decode(raw: bytes, path: Path) -> tuple[str, str]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    guess = from_bytes(raw).best()
    if guess is None:
        raise UnreadableFile(f"{path} is not text: export it as CSV in GBK or UTF-8")
    return str(guess), guess.encoding


def _columns(headings: Sequence[str], path: Path) -> dict[str, str]:
    plain = {heading.strip(): heading for heading in headings if heading}
    columns = {name: plain[known] for name, names in HEADINGS.items() for known in names if known in plain}
    missing = [HEADINGS[name][0] for name in REQUIRED if name not in columns]
    if missing:
        raise UnreadableFile(
            f"{path}: no column {', '.join(missing)}; the first line has: {', '.join(plain) or 'nothing'}"
        )
    return columns


def _row(
    line: int, row: dict[str, str], columns: dict[str, str], zone: ZoneInfo, default_branch: str
) -> Occasion | BadRow:
    cells = {name: row.get(heading, "").strip() for name, heading in columns.items()}
    try:
        return _occasion(cells, zone, default_branch)
    except BadValue as error:
        return BadRow(line, str(error), row)


def _occasion(cells: dict[str, str], zone: ZoneInfo, default_branch: str) -> Occasion:
    if not cells["external_id"]:
        raise BadValue("the order number is empty")
    name, salutation = split_salutation(cells["name"])
    if not name:
        raise BadValue("the customer's name is empty")
    for cell, what, longest in _LONGEST:
        if len(cells.get(cell, "")) > longest:
            raise BadValue(f"{what} is longer than {longest} characters")
    plate = cells.get("plate", "")
    return Occasion(
        kind=SETTLEMENT_ORDER,
        source="csv",
        external_id=cells["external_id"],
        happened_at=_time(cells["happened_at"], zone),
        branch=cells.get("branch") or default_branch,
        name=name,
        salutation=salutation,
        numbers=(normalise_number(cells["number"]),),
        plate=normalise_plate(plate) if plate else None,
        items=[item.strip() for item in cells.get("items", "").split("、") if item.strip()],
        staff={role: cells[role] for role in ("adviser", "technician") if cells.get(role)},
        amount_fen=_fen(cells.get("amount", "")),
    )


def _time(text: str, zone: ZoneInfo) -> datetime:
    for form in _TIME_FORMS:
        try:
            time = datetime.strptime(text, form)
        except ValueError:
            continue
        if time.year in _YEARS:
            return time.replace(tzinfo=zone)
    raise BadValue(f"{text!r} is not a date and time such as 2026-11-21 16:30")


def _fen(text: str) -> int | None:
    if not text:
        return None
    with contextlib.suppress(InvalidOperation):
        fen = Decimal(text.replace(",", "")) * 100
        if fen.is_finite() and abs(fen) <= _MAX_FEN:
            return int(fen.to_integral_value())
    raise BadValue(f"{text!r} is not an amount of money")

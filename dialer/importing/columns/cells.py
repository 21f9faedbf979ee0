"""What stands in a cell, as people and spreadsheets write it, becomes a value. Pure (C3)."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from dialer.customers.rules import BadValue

Cell = str | int | float | bool | datetime | date | time | None

# Systems write "no date" as year 1, 1900 or 9999.
_YEARS = range(2000, 2100)
_BIRTH_YEARS = range(1900, 2100)
# Day 0 of a spreadsheet's serials; it counts a 29 February 1900 that there was not.
_DAY_0 = datetime(1899, 12, 30)
_SERIALS = range(1, 73_051)
_MAX_FEN = 2**31 - 1
_MAX_COUNT = 2**31 - 1

_CLOCK = (
    r"(?:\s*[T\s,]?\s*(?P<half>上午|下午|晚上|中午|早上|凌晨)?\s*(?P<hour>\d{1,2})\s*[:时点]\s*(?P<minute>\d{1,2})?"
    r"\s*[:分]?\s*(?:(?P<second>\d{1,2})(?:\.\d+)?\s*秒?)?\s*(?P<ampm>[AaPp][Mm])?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_WRITTEN = re.compile(
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?"
    rf"(?:\s*\(?(?:星期|周)[一二三四五六日天]\)?)?{_CLOCK}"
)
_DIGITS = re.compile(
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:[T\s]?(?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2}))?)?(?:\.0)?"
)
_MONTH_NAMED = re.compile(
    r"(?P<day>\d{1,2})[-\s](?P<name>[A-Za-z]{3})[A-Za-z]*[-\s,]+(?P<year>\d{4})" + _CLOCK
)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: 1 + n for n, name in enumerate(_MONTH_NAMES)}
_YEAR_LAST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})(?!\d)")
_SERIAL = re.compile(r"\d{4,5}(\.\d+)?")
_MONEY = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_CLOCK_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-~至到—–]+\s*(\d{1,2}):(\d{2})")
_ITEMS = re.compile(r"[、；;|\n]+")
_YES = frozenset({"是", "有", "y", "yes", "true", "1", "1.0", "√", "同意", "已", "对"})
_NO = frozenset({"否", "无", "n", "no", "false", "0", "0.0", "×", "x", "不同意", "未", "没有"})
# What people write into a cell that has nothing to say.
_NOTHING = frozenset({"", "-", "--", "/", "无", "null", "none", "n/a", "#n/a", "nan", "暂无", "空"})


def text_of(cell: Cell) -> str:
    """What a person sees in the cell: whole numbers without `.0`, times as 2026-11-21 16:30:00."""
    if isinstance(cell, str):
        return cell.strip()
    match cell:
        case None:
            return ""
        case bool():
            return "TRUE" if cell else "FALSE"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime():
            return cell.replace(microsecond=0).isoformat(" ")
    return str(cell)


def plain(cell: Cell) -> str:
    """The text in one form: full-width characters made narrow, blanks around it away."""
    text = text_of(cell)
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def says_nothing(cell: Cell) -> bool:
    """Whether the cell is empty, or says that there is nothing to say."""
    return plain(cell).lower() in _NOTHING


def moment(cell: Cell, zone: ZoneInfo) -> datetime:
    """A date and time of the site; a date alone is its beginning.

    Raises:
        BadValue: it is none, or the day and the month could be exchanged.
    """
    found = _naive(cell, zone)
    if found.year not in _YEARS:
        raise _no_date(cell)
    return found.replace(tzinfo=zone, microsecond=0)


def day(cell: Cell, zone: ZoneInfo, years: range = _YEARS) -> date:
    """A day.

    Raises:
        BadValue: as `moment`.
    """
    found = _naive(cell, zone).date()
    if found.year not in years:
        raise _no_date(cell)
    return found


def birthday(cell: Cell, zone: ZoneInfo) -> date:
    """A day of birth.

    Raises:
        BadValue: as `moment`.
    """
    return day(cell, zone, _BIRTH_YEARS)


def _naive(cell: Cell, zone: ZoneInfo) -> datetime:
    match cell:
        case datetime():
            return cell if cell.tzinfo is None else cell.astimezone(zone).replace(tzinfo=None)
        case date():
            return datetime.combine(cell, time(0))
        case bool():
            raise _no_date(cell)
    text = plain(cell)
    for pattern in (_WRITTEN, _DIGITS, _MONTH_NAMED):
        if match_ := pattern.fullmatch(text):
            return _from_parts(match_.groupdict(), cell, zone)
    if _SERIAL.fullmatch(text) and int(float(text)) in _SERIALS:
        return _DAY_0 + timedelta(seconds=round(float(text) * 86_400))
    if len(text) == 13 and text.isdigit():
        since_1970 = datetime.fromtimestamp(int(text) / 1000, UTC)
        return since_1970.astimezone(zone).replace(tzinfo=None)
    if _YEAR_LAST.match(text):
        raise BadValue(f"{text_of(cell)!r} can be read in two ways: write the year first, as 2026-11-21")
    raise _no_date(cell)


def _from_parts(parts: dict[str, str | None], cell: Cell, zone: ZoneInfo) -> datetime:
    hour = int(parts.get("hour") or 0)
    later = parts.get("half") in ("下午", "晚上", "中午") or (parts.get("ampm") or "").lower() == "pm"
    if later and 0 < hour < 12 and not (parts.get("half") == "中午" and hour > 10):
        hour += 12
    if hour == 12 and (parts.get("half") in ("凌晨", "上午") or (parts.get("ampm") or "").lower() == "am"):
        hour = 0
    name = (parts.get("name") or "").lower()
    try:
        found = datetime(
            int(parts["year"] or 0),
            _MONTHS[name] if name else int(parts["month"] or 0),
            int(parts["day"] or 0),
            hour,
            int(parts.get("minute") or 0),
            int(parts.get("second") or 0),
        )
        if written := parts.get("zone"):
            offset = "+0000" if written == "Z" else written.replace(":", "")
            aware = datetime.strptime(f"{found:%Y-%m-%d %H:%M:%S} {offset}", "%Y-%m-%d %H:%M:%S %z")
            return aware.astimezone(zone).replace(tzinfo=None)
    except (ValueError, KeyError, OverflowError):
        raise _no_date(cell) from None
    return found


def _no_date(cell: Cell) -> BadValue:
    return BadValue(f"{text_of(cell)!r} is not a date and time such as 2026-11-21 16:30")


def fen(cell: Cell) -> int:
    """Money in fen; `¥1,280.50`, `1280.5元` and `1.2万` are understood.

    Raises:
        BadValue: it is no amount, or greater than the database keeps.
    """
    text = re.sub(r"^(RMB|CNY)|[¥¥$元整\s]", "", plain(cell), flags=re.IGNORECASE)
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1]}"
    found = _number(text, cell)
    if found is not None and abs(found * 100) <= _MAX_FEN:
        return int((found * 100).to_integral_value())
    raise BadValue(f"{text_of(cell)!r} is not an amount of money")


def whole(cell: Cell) -> int:
    """A whole number, as kilometres; `35,200公里` and `3.5万` are understood.

    Raises:
        BadValue: it is none.
    """
    text = re.sub(r"(公里|千米|km|次|个|台|岁|天|分|\s)+$", "", plain(cell), flags=re.IGNORECASE)
    found = _number(text, cell)
    if found is not None and abs(found) <= _MAX_COUNT:
        return int(found.to_integral_value())
    raise BadValue(f"{text_of(cell)!r} is not a number")


def _number(text: str, cell: Cell) -> Decimal | None:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        text = str(cell)
        pattern_holds = True
    else:
        times = 10_000 if text.endswith("万") else 1
        text = text.removesuffix("万")
        pattern_holds = _MONEY.fullmatch(text) is not None
        if pattern_holds and times > 1:
            return Decimal(text.replace(",", "")) * times
    try:
        found = Decimal(text.replace(",", "")) if pattern_holds else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def yes_or_no(cell: Cell) -> bool:
    """是 or 否 and their like.

    Raises:
        BadValue: it is neither.
    """
    text = plain(cell).lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise BadValue(f"{text_of(cell)!r} is neither yes nor no: write 是 or 否")


def items(cell: Cell) -> list[str]:
    """What is listed in the cell, parted by 、 ； or lines."""
    return [item.strip() for item in _ITEMS.split(text_of(cell)) if item.strip()]


def tail(cell: Cell) -> str:
    """The last four characters of a document's number: more of it is not kept (X1)."""
    return re.sub(r"\s", "", plain(cell)).upper()[-4:]


def slot(cell: Cell) -> tuple[str, str]:
    """("18:00", "20:00") from `18:00-20:00`.

    Raises:
        BadValue: it is no span of hours.
    """
    found = _CLOCK_SPAN.fullmatch(plain(cell))
    if found is not None:
        start, end = time_text(found[1], found[2]), time_text(found[3], found[4])
        if start and end and start < end:
            return start, end
    raise BadValue(f"{text_of(cell)!r} is not a span of hours such as 18:00-20:00")


def time_text(hour: str, minute: str) -> str:
    """`09:05`; empty where it is no time of day."""
    return f"{int(hour):02}:{int(minute):02}" if int(hour) < 24 and int(minute) < 60 else ""

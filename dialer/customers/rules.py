"""How a number, a plate and a name become values that can be compared (C3). Pure."""

import re
import unicodedata
from collections.abc import Iterator

_PLATE = re.compile(r"^[\u4e00-\u9fff][A-Z][A-Z0-9]{4,6}[\u4e00-\u9fff]?$")
_NEVER_IN_PLATES = str.maketrans("IO", "10")
_BETWEEN_PLATE = re.compile(r"[\s·.・•\-]")
_BETWEEN_DIGITS = re.compile(r"[\s\-()·.]")
_COUNTRY = re.compile(r"^(\+|00)86")
_MOBILE_DIGITS = 11
_MOBILES = re.compile(r"(1[3-9]\d{9}){2,}")
_NUMBERS_APART = re.compile(r"[/,、;|\n\\]+|或|和")
_REMARK = re.compile(r"\([^()\d]*\)")
_LABEL = re.compile(r"^[^\d+(]+|[^\d)]+$")
_EXTENSION = re.compile(r"\s*(?:转|分机|ext\.?|#|x)\s*:?\s*(\d{1,6})\s*$", re.IGNORECASE)
_DASH_EXTENSION = re.compile(r"((?:0\d{2,3}[-\s]?)?[2-9]\d{6,7})-(\d{1,5})")
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[Ee]\+?(\d{1,2})")
_POINT_ZERO = re.compile(r"\d{7,12}\.0")
_SALUTATIONS = ("先生", "女士", "小姐", "太太", "老师")


class BadValue(ValueError):
    """A cell cannot be understood. The message says what is wrong with it."""


def normalise_number(text: str) -> str:
    """The digits to dial: full-width digits, blanks, dashes and the country code taken away.

    Raises:
        BadValue: nothing of 7 to 12 digits is left, or a spreadsheet has rounded the last ones away.
    """
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    plain = _whole(plain.strip(), text)
    digits = _COUNTRY.sub("", _BETWEEN_DIGITS.sub("", plain))
    if not digits:
        raise BadValue("the phone number is empty")
    if not (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 12):
        raise BadValue(f"{text!r} is not a phone number: 7 to 12 digits are needed")
    return digits


def split_numbers(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The numbers in a cell, each once and in their order, and what of the cell is no number.

    They may be parted by / , 、 ; and the like, lines or blanks; extensions are not dialled: see
    `extension_in`. Words without digits are remarks and left out.

    Raises:
        BadValue: there is no number in it.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.isascii() and plain.isdigit() and len(plain) == _MOBILE_DIGITS:
        return (plain,), ()
    numbers: dict[str, None] = {}
    others: list[str] = []
    for part in _parts_of_cell(plain):
        try:
            numbers[normalise_number(part)] = None
        except BadValue:
            others.append(part)
    if not numbers:
        normalise_number(text)
        raise BadValue(f"{text!r} is not a phone number: 7 to 12 digits are needed")
    return tuple(numbers), tuple(others)


def extension_in(text: str) -> str:
    """The extension that is written behind the first number, as 801 of 0371-65654321转801; or ""."""
    for part in _NUMBERS_APART.split(unicodedata.normalize("NFKC", text)):
        if found := _DASH_EXTENSION.fullmatch(part.strip()):
            return found[2]
        if found := _EXTENSION.search(part):
            return found[1]
    return ""


def _parts_of_cell(text: str) -> Iterator[str]:
    for part in _NUMBERS_APART.split(_REMARK.sub(" ", text)):
        bare = _LABEL.sub("", _EXTENSION.sub("", part.strip())).strip()
        if found := _DASH_EXTENSION.fullmatch(bare):
            bare = found[1]
        if not any(character.isdigit() for character in bare):
            continue
        digits = _BETWEEN_DIGITS.sub("", bare)
        if len(digits) > _MOBILE_DIGITS and _MOBILES.fullmatch(digits):
            yield from re.findall(r"1\d{10}", digits)
        elif len(_COUNTRY.sub("", digits)) > 12 and "." not in bare:
            yield from bare.split()
        else:
            yield bare


def _whole(text: str, shown: str) -> str:
    """The digits of a number that a spreadsheet wrote as 13800000001.0 or 1.3800000001E+10."""
    found = _SCIENTIFIC.fullmatch(text)
    if found is not None:
        if len(found[2] or "") < int(found[3]):
            raise BadValue(
                f"{shown!r} has lost its last digits in a spreadsheet: make the column text and "
                "export it again"
            )
        return f"{found[1]}{found[2] or ''}"[: int(found[3]) + 1]
    return text.removesuffix(".0") if _POINT_ZERO.fullmatch(text) else text


def normalise_plate(text: str) -> str:
    """A number plate in capitals without dots and blanks.

    The letters I and O are not used after the second place: there they are 1 and 0.

    Raises:
        BadValue: it is not a Chinese plate: a province's character, a letter, five or six more.
    """
    plate = text if text.isalnum() else _BETWEEN_PLATE.sub("", unicodedata.normalize("NFKC", text))
    plate = unicodedata.normalize("NFKC", plate).upper()
    plate = plate[:2] + plate[2:].translate(_NEVER_IN_PLATES)
    if not _PLATE.match(plate):
        raise BadValue(f"{text!r} is not a number plate such as 豫A12345 or 豫AD12345")
    return plate


def split_salutation(name: str) -> tuple[str, str]:
    """("李", "女士") from "李女士"; the salutation is empty where the name carries none."""
    name = re.sub(r"\s", "", unicodedata.normalize("NFKC", name))
    for salutation in _SALUTATIONS:
        if name.endswith(salutation) and len(name) > len(salutation):
            return name.removesuffix(salutation), salutation
    return name, ""


def is_missing(value: object) -> bool:
    """Whether nothing is known: no and nought are answers, too."""
    return value is None or value in ("", [], ())

"""How a number, a plate and a name as people type them become values that can be compared (C3)."""

import re
import unicodedata

_PLATE = re.compile(r"^[\u4e00-\u9fff][A-Z][A-Z0-9]{4,6}[\u4e00-\u9fff]?$")
_SALUTATIONS = ("先生", "女士", "小姐", "太太", "老师")


class BadValue(ValueError):
    """A cell cannot be understood. The message says what is wrong with it."""


def normalise_number(text: str) -> str:
    """The digits to dial: full-width digits, blanks, dashes and the country code taken away.

    Raises:
        BadValue: nothing of 7 to 12 digits is left.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    digits = re.sub(r"[\s\-()·.]", "", plain)
    digits = re.sub(r"^(\+|00)86", "", digits)
    if not digits:
        raise BadValue("the phone number is empty")
    if not (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 12):
        raise BadValue(f"{text!r} is not a phone number: 7 to 12 digits are needed")
    return digits


def normalise_plate(text: str) -> str:
    """A number plate in capitals without dots and blanks.

    Raises:
        BadValue: it is not a Chinese plate: a province's character, a letter, five or six more.
    """
    plate = re.sub(r"[\s·.・•\-]", "", unicodedata.normalize("NFKC", text)).upper()
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

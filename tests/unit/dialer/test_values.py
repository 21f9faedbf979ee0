"""Numbers, plates and names as people type them (C3)."""

import pytest

from dialer.customers.rules import (
    BadValue,
    extension_in,
    normalise_number,
    normalise_plate,
    split_numbers,
    split_salutation,
)


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("13800001234", "13800001234"),
        (" 138 0000 1234 ", "13800001234"),
        ("138-0000-1234", "13800001234"),
        ("+86 138 0000 1234", "13800001234"),
        ("008613800001234", "13800001234"),
        ("１３８００００１２３４", "13800001234"),
        ("(0371)6565-4321", "037165654321"),
        ("（0371）65654321", "037165654321"),
        ("6565432", "6565432"),
        ("13800001234\t", "13800001234"),
        ("13800001234.0", "13800001234"),
        ("1.3800001234E+10", "13800001234"),
    ],
)
def test_a_number_becomes_the_digits_to_dial(typed: str, digits: str) -> None:
    assert normalise_number(typed) == digits
    assert normalise_number(digits) == digits


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("--", "is empty"),
        ("12345", "not a phone number: 7 to 12 digits"),
        ("1380000123456", "not a phone number"),
        ("13800001234/13900001234", "not a phone number"),
        ("1.38E+10", "has lost its last digits in a spreadsheet"),
        ("无", "not a phone number"),
        ("13800001234\r\nAction: Hangup", "not a phone number"),
        ("১২৩৪৫৬৭", "not a phone number"),
        ("12345²7", None),
    ],
)
def test_what_cannot_be_dialled_is_refused(typed: str, words: str | None) -> None:
    """X2: nothing but ASCII digits ever goes to the telephone system."""
    if words is None:  # compatibility forms become plain digits
        assert normalise_number(typed) == "1234527"
        return
    with pytest.raises(BadValue, match=words):
        normalise_number(typed)


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("豫A12345", "豫A12345"),
        ("豫a·12345", "豫A12345"),
        ("豫A・1234 5", "豫A12345"),
        ("豫Ａ１２３４５", "豫A12345"),
        ("豫AD12345", "豫AD12345"),
        ("豫A1234学", "豫A1234学"),
        ("京-A.12345", "京A12345"),
        ("京AO123I", "京A01231"),
        ("粤b·df0123", "粤BDF0123"),
    ],
)
def test_a_plate_is_written_in_one_way(typed: str, plate: str) -> None:
    assert normalise_plate(typed) == plate


@pytest.mark.parametrize(
    "typed", ["", "A12345", "豫12345", "豫A123", "豫A1234567", "临时", "../../etc", "豫A12/45"]
)
def test_what_is_no_plate_is_refused(typed: str) -> None:
    """A2: a plate names a folder."""
    with pytest.raises(BadValue, match="is not a number plate such as"):
        normalise_plate(typed)


@pytest.mark.parametrize(
    ("typed", "name", "salutation"),
    [
        ("李女士", "李", "女士"),
        ("李 先生", "李", "先生"),
        ("欧阳老师", "欧阳", "老师"),
        ("李娜", "李娜", ""),
        ("女士", "女士", ""),
        ("", "", ""),
    ],
)
def test_a_salutation_is_told_from_the_name(typed: str, name: str, salutation: str) -> None:
    assert split_salutation(typed) == (name, salutation)


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("13800000001/13900000002", ("13800000001", "13900000002")),
        ("13800000001、13900000002", ("13800000001", "13900000002")),
        ("13800000001；13800000001", ("13800000001",)),
        ("13800000001\n13900000002", ("13800000001", "13900000002")),
        ("13800000001 13900000002", ("13800000001", "13900000002")),
        ("138 0000 0001 139 0000 0002", ("13800000001", "13900000002")),
        ("0371 6565 4321", ("037165654321",)),
        ("13800000001，0371-65654321转801", ("13800000001", "037165654321")),
        ("65654321-801", ("65654321",)),
        ("张三13800000001(微信同号)", ("13800000001",)),
        ("手机：１３８００００００01", ("13800000001",)),
        ("13800000001/无", ("13800000001",)),
    ],
)
def test_c3_several_numbers_in_one_cell(typed: str, numbers: tuple[str, ...]) -> None:
    """C3: each once, in their order; remarks and extensions are not dialled."""
    assert split_numbers(typed) == (numbers, ())


def test_c3_what_is_no_number_beside_one_is_told() -> None:
    assert split_numbers("13800000001/1390") == (("13800000001",), ("1390",))


@pytest.mark.parametrize("typed", ["", "无", "12/34", "1.38E+10"])
def test_c3_a_cell_without_a_number_is_refused(typed: str) -> None:
    with pytest.raises(BadValue):
        split_numbers(typed)


@pytest.mark.parametrize(
    ("typed", "extension"),
    [("0371-65654321转801", "801"), ("65654321-801", "801"), ("65654321 ext. 12", "12"), ("13800000001", "")],
)
def test_c3_the_extension_is_kept_apart(typed: str, extension: str) -> None:
    assert extension_in(typed) == extension

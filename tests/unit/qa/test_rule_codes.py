"""Plates as they are spelled out and misheard (Q3: off by one recognised digit is for a person)."""

import pytest

from qa.matching.syllables import hear
from qa.rules.codes import CodeHeard, find_code
from qa.speech.port import Word

NEAR = ("车牌号是", "车牌")


@pytest.mark.parametrize(
    ("plate", "said", "heard"),
    [
        ("京A12345", "您的车牌号是京A12345对吗", CodeHeard.WHOLE),
        ("京A12345", "您的车牌号是京A幺两三四五对吗", CodeHeard.WHOLE),
        ("豫N86K20", "您的车牌号是豫N八六K二洞对吗", CodeHeard.WHOLE),
        ("京A12345", "您的车牌号是经1235对吗", CodeHeard.PARTLY),
        ("豫N86K20", "您的车牌号是预8620对吗", CodeHeard.PARTLY),
        ("京A12345", "您的车牌号是京A12346对吗", CodeHeard.OFF_BY_ONE),
        ("豫N86K20", "您的车牌号是京A12345对吗", CodeHeard.OTHER),
    ],
)
def test_what_was_heard_of_a_plate(plate: str, said: str, heard: CodeHeard) -> None:
    hit = find_code(plate, NEAR, hear([Word(said, 0, 5, 0.9)]))
    assert hit is not None
    assert hit.heard is heard


@pytest.mark.parametrize("said", ["您好我的工号是四九九零", "您的车牌号我这里没有", ""])
def test_digits_that_nothing_announces_are_no_plate(said: str) -> None:
    assert find_code("京A12345", NEAR, hear([Word(said, 0, 5, 0.9)])) is None


def test_the_agreeing_place_wins_over_another() -> None:
    said = "车牌号是京B99999不好意思车牌号是京A12345对吗"
    hit = find_code("京A12345", NEAR, hear([Word(said, 0, 5, 0.9)]))
    assert hit is not None
    assert hit.heard is CodeHeard.WHOLE

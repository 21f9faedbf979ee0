"""Words as strings of sounds: what a telephone mixes up is equal, what it does not is not (Q2)."""

import pytest

from qa.values.sounds import sounds_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("知道", "直到"),
        ("清楚", "青楚"),
        ("抄的", "超的"),
        ("收到", "手到"),
        ("三期", "山期"),
        ("方便", "航便"),
        ("满意", "满亿"),
        ("你好", "里好"),
        ("明光", "敏光"),
        ("退保", "退宝"),
    ],
)
def test_what_sounds_alike_is_equal(one: str, other: str) -> None:
    assert sounds_of(one) == sounds_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("知道", "不知道"),
        ("收到", "看到"),
        ("确定", "不确定"),
        ("满意", "愿意"),
        ("清楚", "糊涂"),
        ("一二", "一儿三"),
        ("京A", "京B"),
        ("三月", "五月"),
        ("合同", "条款"),
        ("二十", "三十"),
    ],
)
def test_what_sounds_otherwise_is_not(one: str, other: str) -> None:
    assert sounds_of(one) != sounds_of(other)


def test_one_sign_a_character() -> None:
    assert len(sounds_of("京A一二三，幺洞")) == 7

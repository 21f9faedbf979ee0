"""How numbers are dialled through a trunk, and which number the customer sees (D4)."""

import pytest
from pydantic import ValidationError

from dialer.calling.settings import CallingSettings
from dialer.trunks.choosing import supervision
from dialer.trunks.numbers import as_dialled, caller_id_of
from dialer.trunks.settings import NumberFormat, Supervision, TrunkSettings

ZHENGZHOU_MOBILE, BEIJING_MOBILE, UNKNOWN_MOBILE = "13803710001", "13800138000", "19900371234"
ZHENGZHOU_LINE, BEIJING_LINE = "037166668888", "01066668888"


def trunk(**values: object) -> TrunkSettings:
    return TrunkSettings.model_validate({"name": "t", **values})


@pytest.mark.parametrize(
    ("form", "number", "dialled"),
    [
        ("as_is", BEIJING_MOBILE, BEIJING_MOBILE),
        ("national", BEIJING_MOBILE, BEIJING_MOBILE),
        ("national", "+86 138 0013 8000", BEIJING_MOBILE),
        ("national", ZHENGZHOU_LINE, ZHENGZHOU_LINE),
        ("e164", BEIJING_MOBILE, "+8613800138000"),
        ("e164", ZHENGZHOU_LINE, "+8637166668888"),
        ("digits", ZHENGZHOU_LINE, "8637166668888"),
        ("international", BEIJING_MOBILE, "008613800138000"),
        ("national", "+4915112345678", "004915112345678"),
        ("e164", "+4915112345678", "+4915112345678"),
        # Mobiles of other cities want a 0, and so do those whose city is not known.
        ("local", ZHENGZHOU_MOBILE, ZHENGZHOU_MOBILE),
        ("local", BEIJING_MOBILE, "013800138000"),
        ("local", UNKNOWN_MOBILE, "019900371234"),
        # The city's own lines want no code.
        ("local", ZHENGZHOU_LINE, "66668888"),
        ("local", BEIJING_LINE, BEIJING_LINE),
        # What is no subscriber's number is nobody's to rewrite.
        ("e164", "10086", "10086"),
        ("local", "95588", "95588"),
        ("e164", "12345678", "12345678"),
        ("national", "letters", "letters"),
    ],
)
def test_a_number_is_dialled_as_the_trunk_wants_it(form: str, number: str, dialled: str) -> None:
    """D4: national, E.164, with 0 for other cities' mobiles."""
    wanted = {"format": form, "city": "郑州"}
    assert as_dialled(number, trunk(**wanted)) == dialled
    assert as_dialled(number, trunk(**wanted, prefix="9")) == f"9{dialled}"


def test_the_branch_decides_which_number_the_customer_sees() -> None:
    """D4: caller id per branch; then the trunk's own, then the one of all."""
    one = trunk(caller_id="037160000000", caller_ids={"东店": "037161111111"})
    assert caller_id_of(one, "东店", "0000") == "037161111111"
    assert caller_id_of(one, "西店", "0000") == "037160000000"
    assert caller_id_of(trunk(), "西店", "0000") == "0000"


def test_what_tells_an_answer_is_a_trunks_own() -> None:
    """D3: an FXO gateway "answers" at once."""
    trunks = (trunk(name="fxo", answer_supervision="none"), trunk(name="ims"))
    assert supervision(trunks, "fxo") is Supervision.NONE
    assert supervision(trunks, "ims") is supervision(trunks, None) is Supervision.SIP


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"format": "local"}, "needs `city`"),
        ({"dial": "PJSIP/trunk"}, "must hold {number} once"),
        ({"prefix": "9,"}, "prefix"),
        ({"caller_id": "a b"}, "caller_id"),
        ({"channels": 0}, "channels"),
        ({"speed": 3}, "speed"),
    ],
)
def test_a_trunk_that_cannot_work_is_refused_with_the_reason(values: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        trunk(**values)


def test_two_trunks_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="need a name each"):
        CallingSettings(trunks=(trunk(), trunk(prefix="9")))


def test_every_format_is_dialled() -> None:
    for form in NumberFormat:
        assert as_dialled(ZHENGZHOU_LINE, trunk(format=form, city="郑州")).isascii()

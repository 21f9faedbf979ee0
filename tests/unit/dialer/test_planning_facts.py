"""What scripts and conditions know of an occasion (T1, T2)."""

import pytest

from dialer.planning.rules.facts import facts_of


@pytest.mark.parametrize(
    ("told", "fees"),
    [
        ({"fees": "初始费用5%"}, "初始费用5%"),
        ({"fee_initial": "0.05", "fee_policy": "每月10元"}, "初始费用5%；保单管理费每月10元"),
        ({"fees": "初始费用5%", "fee_surrender": "首年3%"}, "初始费用5%；退保费用首年3%"),
        ({"fee_initial": 0.05, "fee_account": 0}, "初始费用5%"),
        ({"fee_initial": "0%"}, None),
        ({}, None),
    ],
)
def test_t1_the_agent_is_told_all_fees_whichever_columns_they_came_in(
    told: dict[str, object], fees: str | None
) -> None:
    """A script that says {fees} would else have a gap where the source has a column for each."""
    assert facts_of({"kind": "policy", "facts": told}, {}).get("fees") == fees

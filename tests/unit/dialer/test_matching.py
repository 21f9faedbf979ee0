"""Which ready agent takes which follow-up: caller rules, assignments, appointments (L6, L7, D2)."""

from datetime import timedelta

import pytest

from dialer.agents.queries import Agent
from dialer.calling.matching import may_take, pairs, shut_to
from dialer.followups.queries import FollowUp
from dialer.followups.states import FollowUpState
from tests.support.core import NOW

ANNA = Agent("anna", "801", "安", "8001", "b", active=True)
BO = Agent("bo", "802", "博", "8002", "b", active=True, skills=("insurance",))


def owed(key: str = "f1", **more: object) -> FollowUp:
    values: dict[str, object] = {
        "id": key,
        "playbook": "p",
        "playbook_version": 1,
        "customer_id": f"customer-{key}",
        "occasion_id": f"occasion-{key}",
        "branch": "b",
        "plate": None,
        "number": f"number-{key}",
        "state": FollowUpState.WAITING,
        "due_at": NOW,
        "target_at": NOW,
        "limit_at": NOW,
        "tries": {},
        "reason": "new",
        "created_at": NOW,
    }
    return FollowUp(**(values | more))  # type: ignore[arg-type]


def taken(due: list[FollowUp], on_duty: tuple[str, ...] = ("anna", "bo")) -> list[tuple[str, str]]:
    return [(agent.id, one.id) for agent, one in pairs([ANNA, BO], due, on_duty, NOW)]


def test_the_longest_waiting_agent_takes_the_most_urgent_one() -> None:
    assert taken([owed("f1"), owed("f2"), owed("f3")]) == [("anna", "f1"), ("bo", "f2")]


def test_what_is_assigned_goes_to_its_owner() -> None:
    """L6: also where another has waited longer."""
    assert taken([owed("f1", owner_id="bo"), owed("f2")]) == [("bo", "f1"), ("anna", "f2")]


def test_one_that_waits_for_its_owner_holds_up_nobody() -> None:
    due = [owed("f1", owner_id="carl"), owed("f2")]
    assert taken(due, ("anna", "bo", "carl")) == [("anna", "f2")]


def test_an_owner_who_is_not_on_duty_is_stood_in_for() -> None:
    """L6, R9: nothing rots in an absent agent's list."""
    assert taken([owed("f1", owner_id="carl")]) == [("anna", "f1")]


def test_a_required_caller_is_never_stood_in_for() -> None:
    """P21: the one who sold calls."""
    assert taken([owed("f1", owner_id="carl", bound=True)]) == []


def test_who_served_the_customer_never_calls_him() -> None:
    """The caller rule not_serving_staff."""
    assert taken([owed("f1", barred=["anna"])]) == [("bo", "f1")]


def test_a_skill_is_needed_where_the_playbook_names_one() -> None:
    assert taken([owed("f1", skill="insurance"), owed("f2", skill="gas")]) == [("bo", "f1")]


@pytest.mark.parametrize(("minutes", "allowed"), [(0, False), (4, False), (5, True)])
def test_an_appointment_waits_five_minutes_for_the_agent_who_made_it(minutes: int, allowed: bool) -> None:
    """L7."""
    promised = owed("f1", owner_id="bo", appointment_at=NOW - timedelta(minutes=minutes))
    assert may_take(BO, promised, ("anna", "bo"), NOW)
    assert may_take(ANNA, promised, ("anna", "bo"), NOW) is allowed


@pytest.mark.parametrize("shared", ["customer_id", "number"])
def test_a_customer_and_a_telephone_have_one_call_at_a_time(shared: str) -> None:
    """D7: two customers may have one number."""
    due = [owed("f1", **{shared: "x"}), owed("f2", **{shared: "x"}), owed("f3")]
    assert taken(due) == [("anna", "f1"), ("bo", "f3")]


def test_r12_only_named_callers_are_given_a_playbooks_calls() -> None:
    """R12: also not to the owner who is not named, nor to who would stand in for one."""
    named = {"p": ("802",)}
    pair = pairs([ANNA, BO], [owed("f1"), owed("f2", playbook="q")], ("anna", "bo"), NOW, named)
    assert [(agent.id, one.id) for agent, one in pair] == [("bo", "f1"), ("anna", "f2")]
    assert not may_take(ANNA, owed(owner_id="anna"), ("anna", "bo"), NOW, named)
    assert not may_take(ANNA, owed(owner_id="carl"), ("anna", "bo"), NOW, named)
    assert (shut_to([ANNA], named), shut_to([ANNA, BO], named)) == (("p",), ())

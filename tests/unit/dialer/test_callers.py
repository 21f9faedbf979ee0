"""To whom a customer who rings is put through, and when he is called back (D9)."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from dialer.agents.queries import Agent
from dialer.calling.inbound.choosing import call_back, choose
from dialer.calling.modes.looking import unwanted_by_all
from dialer.calling.modes.manual import plain_number
from dialer.followups.queries import FollowUp
from dialer.followups.states import FollowUpState
from dialer.playbooks.form.timing import Window

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOURS = (Window(start=time(9), end=time(12)), Window(start=time(14), end=time(18)))


def agent(name: str, *skills: str) -> Agent:
    return Agent(name, name.upper(), name, "8001", "东店", True, skills=skills)


_OWED = FollowUp(
    id="f",
    playbook="book",
    playbook_version=1,
    customer_id="c",
    occasion_id="o",
    branch="东店",
    plate=None,
    number="1",
    state=FollowUpState.WAITING,
    due_at=NOW,
    target_at=NOW,
    limit_at=NOW,
    tries={},
    reason="new",
    created_at=NOW,
)


def owed(
    *, barred: tuple[str, ...] = (), owner_id: str | None = None, bound: bool = False, skill: str = ""
) -> FollowUp:
    return replace(_OWED, barred=barred, owner_id=owner_id, bound=bound, skill=skill)


@pytest.mark.parametrize(
    ("free", "wanted", "about", "named", "expected"),
    [
        ([], "ann", owed(), {}, None),
        (["ann", "bo"], None, None, {}, ("ann", False)),
        (["ann", "bo"], "bo", None, {}, ("bo", False)),
        (["ann", "bo"], "bo", owed(), {}, ("bo", True)),
        (["ann", "bo"], None, owed(barred=("ann",)), {}, ("bo", True)),
        (["ann"], None, owed(barred=("ann",)), {}, ("ann", False)),
        (["ann", "bo"], None, owed(owner_id="bo", bound=True), {}, ("bo", True)),
        (["ann"], None, owed(owner_id="bo", bound=True), {}, ("ann", False)),
        (["ann"], None, owed(owner_id="bo"), {}, ("ann", True)),
        (["ann", "bo"], None, owed(), {"book": ("BO",)}, ("bo", True)),
        (["ann"], None, owed(skill="life"), {}, ("ann", False)),
    ],
)
def test_who_talks_to_a_customer_who_rings(
    free: list[str],
    wanted: str | None,
    about: FollowUp | None,
    named: dict[str, tuple[str, ...]],
    expected: tuple[str, bool] | None,
) -> None:
    """D9: who called him, else who may talk about what is owed, else anybody; L6 holds for the follow-up."""
    found = choose([agent(one) for one in free], wanted, about, named)
    assert (None if found is None else (found[0].id, found[1])) == expected


@pytest.mark.parametrize(
    ("hour", "begins"),
    [("10:00", "10:00"), ("12:30", "14:00"), ("20:00", "09:00"), ("03:00", "09:00"), ("11:55", "11:55")],
)
def test_a_call_back_is_owed_within_fifteen_working_minutes(hour: str, begins: str) -> None:
    """D9."""
    rang = datetime.combine(NOW.date(), time.fromisoformat(hour), SHANGHAI)
    since, until = call_back(rang, HOURS, SHANGHAI)
    assert f"{since.astimezone(SHANGHAI):%H:%M}" == begins
    assert since >= rang
    assert until - since == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13800000001", "13800000001"),
        (" 138-0000 0001 ", "13800000001"),
        ("+86 138 0000 0001", "13800000001"),
        ("(0371) 6666 8888", "037166668888"),
        ("+49 30 1234", "+49301234"),
        ("12345", "12345"),
        ("", ""),
        ("call me", ""),
        ("1", ""),
        ("138;drop", ""),
        ("١٢٣٤٥", ""),
        ("1" * 30, ""),
    ],
)
def test_a_number_as_people_type_it(typed: str, number: str) -> None:
    """D2."""
    assert plain_number(typed) == number


def test_only_what_every_one_of_them_skipped_is_kept_from_them() -> None:
    """D2."""
    ann, bo = agent("ann"), agent("bo")
    skipped = {("ann", "f1"), ("bo", "f1"), ("ann", "f2")}
    assert unwanted_by_all(skipped, [ann, bo]) == ("f1",)
    assert unwanted_by_all(skipped, [ann]) == ("f1", "f2")

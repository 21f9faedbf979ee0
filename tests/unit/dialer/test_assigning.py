"""Who calls whom (L6, R12), for whatever people and work there are."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dialer.assigning.rules import (
    SPREAD,
    Leave,
    Owed,
    Person,
    Proposal,
    Unplaced,
    Why,
    assign,
    spread,
    stand_in,
)

LIMIT = datetime(2026, 11, 25, tzinfo=UTC)
FIXED = (Why.LEAVE, Why.BY_HAND)


def after(owed: list[Owed], proposal: Proposal) -> list[Owed]:
    """The same work once the moves are made, as the next run finds it."""
    moves = {move.follow_up_id: move for move in proposal.moves}
    return [
        replace(one, owner_id=moves[one.id].after_id, fixed=one.fixed or moves[one.id].why in FIXED)
        if one.id in moves
        else one
        for one in owed
    ]


def owner_of(owed: list[Owed], proposal: Proposal) -> dict[str, str | None]:
    return {one.id: one.owner_id for one in after(owed, proposal)}


IDS = ["a1", "a2", "a3", "a4", "a5"]
SKILLS = ["", "loans", "claims"]
people_strategy = st.lists(
    st.builds(
        Person,
        id=st.sampled_from(IDS),
        skills=st.frozensets(st.sampled_from(SKILLS[1:])),
        head=st.booleans(),
        share=st.sampled_from([0.5, 1.0]),
    ),
    max_size=5,
    unique_by=lambda person: person.id,
)
owed_strategy = st.lists(
    st.builds(
        Owed,
        id=st.integers(0, 10_000).map(lambda n: f"f{n:05}"),
        seconds=st.integers(30, 1200),
        limit_at=st.just(LIMIT),
        skill=st.sampled_from(SKILLS),
        owner_id=st.sampled_from([None, *IDS]),
        bound=st.booleans(),
        fixed=st.booleans(),
        barred=st.frozensets(st.sampled_from(IDS), max_size=2),
        to_head=st.booleans(),
        keepers=st.lists(st.sampled_from(IDS), max_size=2, unique=True).map(tuple),
        last_agent=st.sampled_from([None, *IDS]),
    ),
    max_size=60,
    unique_by=lambda one: one.id,
)


@given(people_strategy, owed_strategy)
def test_l6_a_second_run_moves_nothing(people: list[Person], owed: list[Owed]) -> None:
    stand_ins: dict[str, str | None] = {"a5": "a1"}
    first = assign(people, owed, stand_ins)
    assert assign(people, after(owed, first), stand_ins).moves == ()


@given(people_strategy, owed_strategy)
def test_l6_barred_and_unskilled_people_get_nothing_new(people: list[Person], owed: list[Owed]) -> None:
    by_id = {one.id: one for one in owed}
    known = {person.id: person for person in people}
    for move in assign(people, owed).moves:
        one = by_id[move.follow_up_id]
        if move.after_id is None:
            continue
        assert move.after_id in known
        if move.why in (Why.BALANCE, Why.LAST_AGENT, Why.OWNER):
            assert move.after_id not in one.barred
            assert known[move.after_id].can(one.skill)


@given(people_strategy, owed_strategy)
def test_l6_everything_is_placed_or_said_why_not(people: list[Person], owed: list[Owed]) -> None:
    """L9: nothing falls between."""
    proposal = assign(people, owed)
    owners = owner_of(owed, proposal)
    for one in owed:
        if one.id in proposal.unplaced:
            kept = one.owner_id if one.bound else None
            assert owners[one.id] in (None, kept)
        else:
            assert owners[one.id] in proposal.load
    placed = [one for one in owed if one.id not in proposal.unplaced]
    assert sum(proposal.load.values()) == sum(one.seconds for one in placed)
    assert sum(proposal.count.values()) == len(placed)


@given(
    st.integers(1, 6),
    st.lists(st.integers(30, 1200), min_size=1, max_size=120),
    st.lists(st.integers(0, 5), min_size=120, max_size=120),
)
def test_l6_load_is_even_where_it_can_be(agents: int, seconds: list[int], last: list[int]) -> None:
    """Spread <= 10 % of the mean, or no single follow-up is short enough to make it better."""
    people = [Person(f"a{n}") for n in range(agents)]
    owed = [
        Owed(f"f{n:03}", each, LIMIT, last_agent=f"a{last[n]}", owner_id="a0" if n % 3 == 0 else None)
        for n, each in enumerate(seconds)
    ]
    proposal = assign(people, owed)
    owners = owner_of(owed, proposal)
    high, low = max(proposal.load.values()), min(proposal.load.values())
    gap, mean = high - low, sum(seconds) / agents
    if gap > SPREAD * mean:
        highest = [who for who, load in proposal.load.items() if load == high]
        assert all(one.seconds >= gap for one in owed if owners[one.id] in highest)


def test_l6_four_agents_with_mixed_work_are_within_ten_percent() -> None:
    people = [Person(f"a{n}", frozenset({"x"} if n < 2 else {"y"})) for n in range(4)]
    owed = [Owed(f"f{n:03}", 120 + n % 7 * 40, LIMIT, skill="xy"[n % 2]) for n in range(160)]
    proposal = assign(people, owed)
    assert spread(proposal.load, people, "x") <= SPREAD
    assert spread(proposal.load, people, "y") <= SPREAD


def test_l6_half_a_shift_gets_half_the_work() -> None:
    people = [Person("a1"), Person("a2", share=0.5)]
    proposal = assign(people, [Owed(f"f{n:03}", 60, LIMIT) for n in range(90)])
    assert proposal.load["a2"] * 2 == proposal.load["a1"]


def test_l6_the_order_is_required_caller_owner_last_agent_load() -> None:
    people = [Person("a1"), Person("a2"), Person("a3"), Person("h", head=True)]
    owed = [
        Owed("required", 100, LIMIT, owner_id="a2", bound=True, keepers=("a1",), last_agent="a3"),
        Owed("major", 100, LIMIT, to_head=True, keepers=("a1",)),
        Owed("owned", 100, LIMIT, keepers=("a1",), last_agent="a3"),
        Owed("known", 100, LIMIT, last_agent="a3"),
        Owed("barred", 100, LIMIT, barred=frozenset({"a1", "a3"}), last_agent="a1"),
    ]
    owners = owner_of(owed, assign(people, owed))
    assert owners == {"required": "a2", "major": "h", "owned": "a1", "known": "a3", "barred": "a2"}


def test_l6_what_nobody_can_call_says_why() -> None:
    alone = [Person("a1")]
    owed = [
        Owed("skill", 60, LIMIT, skill="loans"),
        Owed("barred", 60, LIMIT, barred=frozenset({"a1"})),
        Owed("away", 60, LIMIT, owner_id="a9", bound=True),
        Owed("major", 60, LIMIT, to_head=True),
    ]
    assert assign(alone, owed).unplaced == {
        "skill": Unplaced.NO_SKILL,
        "barred": Unplaced.ALL_BARRED,
        "away": Unplaced.CALLER_AWAY,
        "major": Unplaced.HEAD_AWAY,
    }
    assert assign([], [Owed("f", 60, LIMIT)]).unplaced == {"f": Unplaced.NOBODY_HERE}


def test_r12_the_deputy_stands_in_for_an_owner_who_is_away() -> None:
    owed = [Owed("f", 60, LIMIT, keepers=("a9", "a2"))]
    assert owner_of(owed, assign([Person("a1"), Person("a2")], owed)) == {"f": "a2"}


def test_r9_a_stand_in_takes_the_whole_list_over() -> None:
    people = [Person("a1"), Person("a2")]
    owed = [Owed(f"f{n}", 60, LIMIT, owner_id="a9") for n in range(10)]
    proposal = assign(people, owed, {"a9": "a2"})
    assert set(owner_of(owed, proposal).values()) == {"a2"}
    assert {move.why for move in proposal.moves} == {Why.LEAVE}


def test_r9_a_stand_in_who_is_away_has_one_too() -> None:
    day = date(2026, 11, 24)
    week = timedelta(days=7)
    leaves = [Leave("a1", day, day, "a2"), Leave("a2", day - week, day + week, "a3")]
    assert stand_in("a1", day, leaves) == "a3"
    assert stand_in("a1", day + week, leaves) is None
    assert stand_in("a1", day, [*leaves, Leave("a3", day, day, "a1")]) is None


def test_r12_a_playbook_that_names_its_callers_is_assigned_to_them_only() -> None:
    """R12: neither the last agent, the customer's owner, a stand-in nor a wish goes before that."""
    people = [Person("a1"), Person("a2"), Person("h", head=True)]
    two = frozenset({"a2"})
    owed = [
        Owed("free", 60, LIMIT, named=two, last_agent="a1", keepers=("a1",)),
        Owed("wished", 60, LIMIT, named=two, owner_id="a1", fixed=True),
        Owed("covered", 60, LIMIT, named=frozenset({"a9"}), owner_id="a9"),
        Owed("head", 60, LIMIT, named=frozenset({"h"})),
        Owed("major", 60, LIMIT, named=two, to_head=True),
        Owed("required", 60, LIMIT, named=two, owner_id="a1", bound=True),
    ]
    proposal = assign(people, owed, {"a9": "a1"})
    assert {one: proposal.unplaced[one] for one in sorted(proposal.unplaced)} == {
        "covered": Unplaced.NOT_NAMED,
        "major": Unplaced.HEAD_AWAY,
        "required": Unplaced.CALLER_AWAY,
    }
    moved = {move.follow_up_id: move.after_id for move in proposal.moves}
    assert moved == {"free": "a2", "wished": "a2", "covered": None, "head": "h"}


def test_r12_balance_stays_within_the_named() -> None:
    named = frozenset({"a1", "a2"})
    owed = [Owed(f"f{n:02}", 60, LIMIT, named=named) for n in range(20)]
    proposal = assign([Person("a1"), Person("a2"), Person("a3")], owed)
    assert proposal.count == {"a1": 10, "a2": 10, "a3": 0}

"""No plan breaks a cap or a do-not-call; each due occasion has one fate, whatever came first (L4, L5, L9)."""

from collections import Counter
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.planning.rules.fates import Fate, Item, decide
from dialer.planning.rules.gates import Contact
from dialer.planning.rules.limits import contact_keys, keys_of
from dialer.planning.rules.owed import Key, Owed, Person, Site, owed_on_arrival
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.library import Library
from tests.support.planned import NOW, SHANGHAI, library, playbook

LONG = [{"earliest": "1d", "target": "10d", "limit": "60d"}]
BOOKS = library(
    playbook("a", steps=LONG, merge={"accept": ["b"], "max_minutes": 8}),
    playbook("b", steps=LONG, occasions={"kinds": ["settlement-order", "delivery-order"]}),
    playbook("c", caps={"min_gap_days": 7}, merge={"accept": ["a", "b"], "max_minutes": 12}),
    playbook("special", caps={"exempt": True}, occasions={"kinds": ["delivery-order"]}),
)

Who = tuple[int, str | None, bool, int]
Row = tuple[int, str | None, str, int]
Made = tuple[int, str | None, int, bool]

PEOPLE = st.builds(
    lambda number, household, blocked, phones: (number, household, blocked, phones),
    st.integers(0, 4),
    st.sampled_from([None, "h1", "h2"]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([1, 1, 1, 0]),
)
OCCASIONS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from([None, "豫A1", "豫A2"]),
        st.sampled_from(["settlement-order", "delivery-order"]),
        st.integers(0, 40),
    ),
    max_size=14,
)
CONTACTS = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([None, "豫A1"]), st.integers(0, 120), st.booleans()),
    max_size=6,
)


def site(books: Library = BOOKS, **how: Any) -> Site:
    return Site.of(books, PlanningSettings.model_validate({"catch_up_days": 365} | how), SHANGHAI)


def world(people: list[Who]) -> dict[int, Person]:
    known = {number: Person({"id": f"C{number}"}, ["13800000001"]) for number in range(5)}
    for number, household, blocked, phones in people:
        record = {"id": f"C{number}", "household": household, "do_not_call": blocked}
        known[number] = Person(record, ["13800000001"] * phones)
    return known


def due(where: Site, people: dict[int, Person], rows: list[Row]) -> list[Owed]:
    found: list[Owed] = []
    for place, (number, plate, kind, ago) in enumerate(rows):
        occasion = {
            "id": f"O{place}",
            "kind": kind,
            "source": "s",
            "external_id": f"{place}",
            "branch": "东",
            "plate": plate,
            "customer_id": f"C{number}",
            "happened_at": NOW - timedelta(days=ago),
        }
        found += owed_on_arrival(where, occasion, people[number], {}, NOW)
    return found


def ledger(made: list[Made], people: dict[int, Person]) -> list[tuple[tuple[str, ...], Contact]]:
    return [
        (
            contact_keys(f"C{number}", plate, people[number].record.get("household")),
            Contact(NOW - timedelta(days=ago), "a", exempt),
        )
        for number, plate, ago, exempt in made
    ]


def told(fates: list[Fate]) -> dict[tuple[str, ...], tuple[object, ...]]:
    return {
        fate.item.owed.key: (fate.due_at, fate.refused, fate.lead and fate.lead.owed.key) for fate in fates
    }


def quarter(day: date) -> tuple[int, int]:
    return day.year, (day.month - 1) // 3


def day_of(moment: datetime) -> date:
    return moment.astimezone(SHANGHAI).date()


@given(st.lists(PEOPLE, max_size=5), OCCASIONS, CONTACTS, st.integers(1, 3), st.integers(0, 9))
@settings(max_examples=150)
def test_l4_no_plan_breaks_a_cap_a_gap_or_a_do_not_call(
    people: list[Who], rows: list[Row], made: list[Made], limit: int, gap: int
) -> None:
    where, known = site(quarter_limit=limit, min_gap_days=gap), world(people)
    contacts = ledger(made, known)
    fates = decide([Item(one) for one in due(where, known, rows)], contacts, where, NOW)
    days: dict[str, list[date]] = {}
    for keys, contact in contacts:
        for key in keys if not contact.exempt else ():
            days.setdefault(key, []).append(day_of(contact.at))
    before = {key: Counter(map(quarter, mine)) for key, mine in days.items()}
    for fate in fates:
        owed = fate.item.owed
        if fate.refused is not None:
            continue
        assert not known[int(owed.customer_id[1:])].record.get("do_not_call")
        assert owed.number
        if fate.due_at is None or owed.playbook.caps.exempt:
            continue
        assert owed.dates.earliest <= fate.due_at <= max(owed.dates.limit, NOW)
        for key in {key for one in (owed, *fate.also) for key in keys_of(one)}:
            day = day_of(max(fate.due_at, NOW))
            assert all(abs((day - other).days) >= gap for other in days.get(key, ()))
            days.setdefault(key, []).append(day)
    for key, mine in days.items():
        for which, count in Counter(map(quarter, mine)).items():
            assert count <= max(limit, before.get(key, Counter())[which])


@given(st.lists(PEOPLE, max_size=5), OCCASIONS, CONTACTS, st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_l9_each_due_occasion_has_one_fate_whatever_came_first(
    people: list[Who], rows: list[Row], made: list[Made], random: Random
) -> None:
    where, known = site(), world(people)
    contacts = ledger(made, known)
    owed = due(where, known, rows)
    fates = decide([Item(one) for one in owed], contacts, where, NOW)
    assert sorted(fate.item.owed.key for fate in fates) == sorted(one.key for one in owed)
    for fate in fates:
        assert (fate.due_at is not None) + (fate.lead is not None) + (fate.refused is not None) == 1
    mixed = list(owed)
    random.shuffle(mixed)
    assert told(decide([Item(one) for one in mixed], contacts, where, NOW)) == told(fates)


@given(st.lists(PEOPLE, max_size=5), OCCASIONS)
def test_l5_shared_calls_keep_to_length_dates_and_lists(people: list[Who], rows: list[Row]) -> None:
    where, known = site(quarter_limit=9), world(people)
    fates = decide([Item(one) for one in due(where, known, rows)], (), where, NOW)
    leads = {fate.item.owed.key: fate for fate in fates if fate.due_at is not None}
    minutes: Counter[Key] = Counter()
    for fate in fates:
        if fate.lead is None:
            continue
        lead, owed = leads[fate.lead.owed.key], fate.item.owed
        assert lead.item.owed.customer_id == owed.customer_id
        assert owed.playbook.id in lead.item.owed.playbook.merge.accept
        assert lead.due_at is not None
        assert owed.dates.earliest <= max(lead.due_at, NOW)
        minutes[lead.item.owed.key] += int(owed.playbook.expected_minutes)
    for key, extra in minutes.items():
        lead_owed = leads[key].item.owed
        assert extra + lead_owed.playbook.expected_minutes <= lead_owed.playbook.merge.max_minutes

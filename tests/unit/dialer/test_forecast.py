"""The morning's forecast: what will be late, and what would save it (promise 4, L10)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dialer.assigning.forecast import Hours, Reach, Work, Worker, forecast
from dialer.assigning.roster import roster

ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=ZONE)
NIGHT = datetime(2026, 11, 25, 0, 0, tzinfo=ZONE)
SURE = Reach(assumed=1.0)


def hour(of_day: float) -> datetime:
    return datetime(2026, 11, 24, tzinfo=ZONE) + timedelta(hours=of_day)


DAY = ((hour(9), hour(12)), (hour(14), hour(20)))
OPEN = Hours({"care": DAY, "sale": DAY})


def work(count: int, limit: datetime = NIGHT, playbook: str = "care", **more: object) -> list[Work]:
    values: dict[str, object] = {"seconds": 600, **more}
    return [
        Work(f"{playbook}{limit:%H}{n:03}", playbook, hour(0), limit, **values)  # type: ignore[arg-type]
        for n in range(count)
    ]


def people(count: int, *spans: tuple[datetime, datetime]) -> list[Worker]:
    return [Worker(f"a{n}", spans or ((hour(9), hour(18)),)) for n in range(count)]


def test_promise_4_enough_people_make_nothing_late() -> None:
    # 2 people, 7 hours in the windows, 10 minutes each: 84 calls.
    seen = forecast(work(84), people(2), OPEN, SURE, MORNING, NIGHT)
    assert (seen.called, seen.late, seen.rescues) == (84, (), ())
    assert seen.ends_at == hour(18)


def test_promise_4_too_few_people_make_some_late_and_it_says_how_many() -> None:
    seen = forecast(work(94), people(2), OPEN, SURE, MORNING, NIGHT)
    assert (seen.called, len(seen.late)) == (84, 10)
    saving = {rescue.kind: rescue for rescue in seen.rescues}
    assert (saving["people"].amount, saving["people"].late_then) == (1, 0)
    assert (saving["hours"].amount, saving["hours"].late_then) == (1, 0)


def test_promise_4_the_nearest_limit_is_called_first() -> None:
    owed = [*work(30, NIGHT), *work(18, hour(12))]
    seen = forecast(owed, people(1), OPEN, SURE, MORNING, NIGHT)
    assert all(late.startswith("care00") for late in seen.late)
    assert len(seen.late) == 48 - 42


def test_promise_4_what_is_not_reached_costs_more_than_it_looks() -> None:
    owed = work(84)
    bare = forecast(owed, people(2), OPEN, SURE, MORNING, NIGHT)
    half = forecast(owed, people(2), OPEN, Reach(assumed=0.25), MORNING, NIGHT)
    assert half.minutes_wanted == bare.minutes_wanted + 84 * 3 * 45 / 60
    assert len(half.late) > 0


def test_promise_4_a_playbook_whose_hours_are_over_is_late_whoever_comes() -> None:
    owed = work(3, hour(20), "sale")
    shut = Hours({"sale": ((hour(9), hour(10)),)})
    seen = forecast(owed, people(5), shut, SURE, hour(11), NIGHT)
    assert len(seen.late) == 3
    assert [rescue.kind for rescue in seen.rescues] == ["hours"]


def test_promise_4_which_playbook_first() -> None:
    # The short ones are more, and due a little later: first they save more.
    owed = [*work(10, hour(11), "sale", seconds=1800), *work(40, hour(12), "care", seconds=300)]
    seen = forecast(owed, people(1), OPEN, SURE, MORNING, NIGHT)
    first = next(rescue for rescue in seen.rescues if rescue.kind == "first")
    assert first.playbook == "care"
    assert first.late_then < len(seen.late)


def test_promise_4_what_only_one_may_call_waits_for_that_one() -> None:
    mine = work(10, owner_id="a0", bound=True)
    alone = [Worker("a0", ((hour(9), hour(10)),)), *people(3)[1:]]
    seen = forecast(mine, alone, OPEN, SURE, MORNING, NIGHT)
    assert seen.called == 6


def test_promise_4_what_is_late_already_is_told_apart() -> None:
    seen = forecast(work(2, hour(8)), people(1), OPEN, SURE, MORNING, NIGHT)
    assert (seen.late_already, seen.called, seen.late) == (2, 2, ())


def test_promise_4_without_people_all_is_late_and_people_save_it() -> None:
    seen = forecast(work(12), [], OPEN, SURE, MORNING, NIGHT)
    assert len(seen.late) == 12
    assert {rescue.kind for rescue in seen.rescues} == {"people"}


def test_promise_4_the_same_values_give_the_same_forecast() -> None:
    owed = [*work(50, hour(11)), *work(70, hour(16), "sale")]
    again = [forecast(list(reversed(owed)), people(3), OPEN, Reach(), MORNING, NIGHT) for _ in range(2)]
    assert again[0] == again[1] == forecast(owed, people(3), OPEN, Reach(), MORNING, NIGHT)


def test_l10_the_work_wanted_is_known_by_hour() -> None:
    seen = forecast(work(30), people(3), OPEN, SURE, MORNING, NIGHT)
    assert seen.wanted_by_hour == {9: 180, 10: 120}


def test_l10_the_roster_has_the_fewest_people_who_keep_every_limit() -> None:
    # 200 calls of 10 minutes, 9 hours in the windows: 54 a person.
    seen = roster(work(200), OPEN, SURE, MORNING, NIGHT)
    assert (seen.people, seen.late) == (4, 0)
    assert max(seen.needed_by_hour.values()) == 4


def test_l10_everyone_has_a_meal_and_two_breaks_and_not_all_at_once() -> None:
    seen = roster(work(200), OPEN, SURE, MORNING, NIGHT)
    for person in range(1, 5):
        kinds = [rest.kind for rest in seen.rests if rest.person == person]
        assert sorted(kinds) == ["break", "break", "meal"]
    breaks = [(rest.hour, rest.minute) for rest in seen.rests if rest.kind == "break"]
    assert len(set(breaks)) == len(breaks)


def test_l10_no_work_needs_nobody() -> None:
    assert roster([], OPEN, SURE, MORNING, NIGHT).people == 0

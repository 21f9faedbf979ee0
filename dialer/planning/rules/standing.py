"""Rows that planning made earlier, as what they were made from: so that they are decided on again. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from dialer.followups.dates import DueDates
from dialer.followups.states import FollowUpState
from dialer.planning.rules.facts import facts_of
from dialer.planning.rules.fates import Standing
from dialer.planning.rules.owed import Key, Owed, Row, Site, owed
from dialer.planning.rules.owed import Person as PlannedPerson
from dialer.planning.rules.reasons import PLANNERS

_BEGUN = (FollowUpState.CALLING, FollowUpState.WRAP_UP)


def key_of(row: Row) -> Key:
    """The unique key of a follow-up or an exclusion."""
    return row["playbook"], row["occasion_id"], row["step"], row["cycle"]


def standing_of(row: Row) -> Standing:
    """A follow-up's row as planning sees it."""
    state = FollowUpState(row["state"])
    cancelled_by_others = state is FollowUpState.CANCELLED and row["reason"] not in PLANNERS
    touched = (
        bool(row["tries"])
        or state in _BEGUN
        or row["appointment_at"] is not None
        or cancelled_by_others
        or state in (FollowUpState.DONE, FollowUpState.EXHAUSTED)
    )
    return Standing(
        row["id"], state, row["reason"], row["due_at"], row["merged_into"], row["number"], touched, row
    )


def standing_exclusion(row: Row) -> Standing:
    """An exclusion's row as planning sees it."""
    return Standing(row["id"], None, row["reason"], row=row)


def owed_again(
    site: Site,
    row: Row,
    occasion: Row,
    person: PlannedPerson,
    staff: Mapping[str, Collection[str]],
    dates: DueDates,
    now: datetime,
) -> Owed | None:
    """What a row was made from; None where its playbook or step is gone."""
    playbook = site.library.find(row["playbook"], row.get("playbook_version"))
    if playbook is None:
        return None
    variant = playbook.variant(row["segment"])
    step = next((step for step in variant.steps if step.id == row["step"]), None)
    if step is None:
        return None
    again = owed(
        site,
        variant,
        step,
        occasion,
        person,
        facts_of(occasion, person.record),
        staff,
        occasion["happened_at"],
        now,
        segment=row["segment"],
        cycle=row["cycle"],
        previous_id=row["previous_id"],
    )
    # Its dates may count from something else than the occasion; they stay as they are.
    return replace(
        again,
        dates=dates,
        origin=row["origin"],
        refused=again.refused if again.refused not in _BY_DATE else None,
        # What was drawn once is not drawn again here.
        stratum="",
    )


_BY_DATE = ("too_late", "no_date")


def dates_of(row: Row) -> DueDates:
    """The dates of a follow-up by its playbook."""
    return DueDates(row["earliest_at"] or row["due_at"], row["target_at"], row["limit_at"])


def kept(owed: Owed) -> dict[str, object]:
    """What an exclusion keeps of what was owed, so that it can still be called."""
    data: dict[str, object] = {
        "earliest": iso(owed.dates.earliest),
        "target": iso(owed.dates.target),
        "limit": iso(owed.dates.limit),
        "segment": owed.segment,
        "origin": owed.origin,
    }
    if owed.previous_id:
        data["previous"] = owed.previous_id
    if owed.stratum:
        data["stratum"], data["period"] = owed.stratum, owed.period
    if owed.once:
        data["once"] = owed.once
    return data


def row_of_exclusion(row: Row) -> tuple[Row, DueDates] | None:
    """An exclusion as the follow-up it would be; None where it does not keep enough."""
    data = row["data"]
    try:
        dates = DueDates(*(datetime.fromisoformat(data[name]) for name in ("earliest", "target", "limit")))
    except (KeyError, ValueError):
        return None
    return {
        **row,
        "segment": data.get("segment", ""),
        "origin": data.get("origin", "event"),
        "previous_id": data.get("previous"),
    }, dates


def iso(moment: datetime) -> str:
    """A moment as JSON keeps it."""
    return moment.astimezone(UTC).isoformat()

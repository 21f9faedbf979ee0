"""Carries out what was decided: one row a fate, its decision beside it, in few statements for all."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update

from dialer.followups.states import MACHINE, FollowUpEvent, FollowUpState
from dialer.followups.tables import OWN_HOURS, follow_ups
from dialer.ids import new_id
from dialer.planning.rules.fates import Fate, Item, Standing
from dialer.planning.rules.gates import Gate, compact
from dialer.planning.rules.owed import Owed, Site
from dialer.planning.rules.reasons import Reason
from dialer.planning.rules.standing import iso, kept
from dialer.planning.tables import decisions, exclusions
from dialer.storage.feed import emit

_MADE = insert(follow_ups)
_LEFT_OUT = insert(exclusions)
_DECIDED = insert(decisions)
_TAKEN_BACK = delete(exclusions).where(exclusions.c.id == bindparam("gone"))
_OTHER_REASON = (
    update(exclusions)
    .where(exclusions.c.id == bindparam("gone"))
    .values(reason=bindparam("why"), data=bindparam("kept"), at=bindparam("when"))
)
_MOVED = (
    update(follow_ups)
    .where(follow_ups.c.id == bindparam("moved"), follow_ups.c.state == bindparam("before"))
    .values(
        state=bindparam("after"),
        reason=bindparam("why"),
        due_at=bindparam("due"),
        earliest_at=bindparam("earliest"),
        target_at=bindparam("target"),
        limit_at=bindparam("limit"),
        number=bindparam("dial"),
        branch=bindparam("at_branch"),
        plate=bindparam("of_plate"),
        segment=bindparam("of_segment"),
        barred=bindparam("not_by"),
        expected_seconds=bindparam("seconds"),
        merged_into=bindparam("lead"),
        plan_day=bindparam("day"),
        released_at=bindparam("released"),
    )
)
_MOVED_TO_OWNER = _MOVED.values(owner_id=bindparam("owner"), bound=True)

_LENGTHENED = (
    update(follow_ups)
    .where(follow_ups.c.id == bindparam("moved"))
    .values(expected_seconds=bindparam("seconds"), barred=bindparam("not_by"))
)

# What makes a row another one, by its parameter above.
_COMPARED = (
    ("due", "due_at"),
    ("earliest", "earliest_at"),
    ("target", "target_at"),
    ("limit", "limit_at"),
    ("dial", "number"),
    ("at_branch", "branch"),
    ("of_plate", "plate"),
    ("of_segment", "segment"),
    ("not_by", "barred"),
    ("seconds", "expected_seconds"),
    ("lead", "merged_into"),
    ("why", "reason"),
)

TASK_DUE = "occasion.task_due"
# Too late for the call is too late for what should have been done before it.
_NOTHING_DUE = (Reason.TOO_LATE, Reason.NO_DATE)

S, E = FollowUpState, FollowUpEvent


class Writer:
    """Gathers the rows of a batch of fates, and writes them."""

    def __init__(self, site: Site, now: datetime) -> None:
        self._site = site
        self._now = now
        self._today = now.astimezone(site.zone).date()
        self._made: list[dict[str, Any]] = []
        self._left_out: list[dict[str, Any]] = []
        self._decided: list[dict[str, Any]] = []
        self._taken_back: list[dict[str, Any]] = []
        self._renamed: list[dict[str, Any]] = []
        self._moved: list[dict[str, Any]] = []
        self._owned: list[dict[str, Any]] = []
        self._lengthened: list[dict[str, Any]] = []
        self._told: list[tuple[str, str, dict[str, Any]]] = []
        self.counts: Counter[str] = Counter()

    def add(self, fates: Sequence[Fate]) -> None:
        """Take these fates in; those that lead a call come before those that share it."""
        ids: dict[tuple[str, ...], str] = {}
        for fate in fates:
            standing = fate.item.standing
            if standing is not None and standing.state is not None:
                ids[fate.item.owed.key] = standing.id
        for fate in fates:
            if fate.refused is not None:
                self._exclude(fate, fate.refused)
            elif fate.due_at is not None:
                ids[fate.item.owed.key] = self._call(fate, fate.due_at)
            elif fate.lead is None:
                self._lengthen(fate)
        for fate in fates:
            if fate.lead is not None:
                self._merge(fate, ids[fate.lead.owed.key])

    def _bring_about(self, owed: Owed, follow_up_id: str | None) -> None:
        """Say which tasks are due with it; whoever keeps tasks hears of them. Once: when it is first seen."""
        if owed.refused in _NOTHING_DUE:
            return
        for task in owed.tasks:
            data = {
                "task": task.key,
                "title": task.effect.title.zh,
                "department": task.department,
                "within": str(task.effect.within) if task.effect.within else "",
                "follow_up": follow_up_id,
                "owner": owed.owner_id,
                "cycle": owed.cycle,
            }
            self._told.append((TASK_DUE, owed.occasion_id, data))

    def _call(self, fate: Fate, due_at: datetime) -> str:
        standing = fate.item.standing
        owed = fate.item.owed
        state = S.PLANNED if self._site.settings.release == "manual" else S.WAITING
        self.counts["planned"] += 1
        if standing is None or standing.state is None:
            follow_up_id = self._make(fate.item, state, due_at, None, fate)
            self._decide(follow_up_id, owed, "planned", fate.gates)
            return follow_up_id
        if standing.state in (S.PLANNED, S.WAITING):
            due_at = self._kept_off(standing, owed, due_at)
            self._move(fate, standing, standing.state, due_at, None)
            return standing.id
        MACHINE.advance(standing.state, E.PART, self._now)
        self._move(fate, standing, state, due_at, None)
        return standing.id

    def _kept_off(self, standing: Standing, owed: Owed, due_at: datetime) -> datetime:
        """When a call is due: what was put off for a gate's sake stays put off.

        Planning itself puts calls off to the beginning of a day, the gates to an hour of it.
        """
        before = standing.due_at
        if before is None or standing.row["earliest_at"] != owed.dates.earliest:
            return due_at
        if before.astimezone(self._site.zone).time() == time(0):
            return due_at
        return max(due_at, before)

    def _merge(self, fate: Fate, lead_id: str) -> None:
        standing = fate.item.standing
        due_at = fate.item.owed.dates.earliest
        self.counts["merged"] += 1
        if standing is None or standing.state is None:
            follow_up_id = self._make(fate.item, S.MERGED, due_at, lead_id, fate)
            self._decide(follow_up_id, fate.item.owed, "merged", fate.gates)
            return
        if standing.state is not S.MERGED:
            MACHINE.advance(standing.state, E.MERGE, self._now)
        self._move(fate, standing, S.MERGED, due_at, lead_id)

    def _exclude(self, fate: Fate, reason: Reason) -> None:
        standing, owed = fate.item.standing, fate.item.owed
        self.counts[f"excluded:{reason}"] += 1
        if standing is None:
            row = {
                "id": new_id(),
                "occasion_id": owed.occasion_id,
                "customer_id": owed.customer_id,
                "playbook": owed.playbook.id,
                "step": owed.step.id,
                "cycle": owed.cycle,
                "reason": reason.value,
                "data": kept(owed),
                "day": max(self._today, owed.dates.earliest.astimezone(self._site.zone).date()),
                "at": self._now,
            }
            self._left_out.append(row)
            self._bring_about(owed, None)
            if reason is not Reason.TO_DRAW:
                self._decide(owed.occasion_id, owed, "excluded", fate.gates, reason)
            return
        if standing.state is None:
            # A draw has the last word on what it drew from.
            drawn = standing.reason == Reason.NOT_DRAWN and reason is Reason.TO_DRAW
            if standing.reason != reason and not drawn:
                data = {**standing.row["data"], **kept(owed)}
                self._renamed.append(
                    {"gone": standing.id, "why": reason.value, "kept": data, "when": self._now}
                )
                self._decide(owed.occasion_id, owed, "excluded", fate.gates, reason)
            return
        if standing.state is S.CANCELLED and standing.reason == reason:
            return
        after = S.CANCELLED
        if standing.state is not S.CANCELLED:
            MACHINE.advance(standing.state, E.CANCEL, self._now)
        self._move(fate, standing, after, standing.due_at or self._now, None, reason=reason.value)

    def _lengthen(self, fate: Fate) -> None:
        """A call that is being tried takes more topics in: nothing else of it changes."""
        standing = fate.item.standing
        if standing is None:
            return
        seconds, barred = _seconds(fate), _barred(fate)
        if standing.row["expected_seconds"] == seconds and list(standing.row["barred"]) == barred:
            return
        self._lengthened.append({"moved": standing.id, "seconds": seconds, "not_by": barred})

    def _make(
        self, item: Item, state: FollowUpState, due_at: datetime, lead_id: str | None, fate: Fate
    ) -> str:
        owed = item.owed
        self.counts["made"] += 1
        follow_up_id = new_id()
        self._made.append(
            {
                "id": follow_up_id,
                "playbook": owed.playbook.id,
                "playbook_version": owed.playbook.version,
                "customer_id": owed.customer_id,
                "occasion_id": owed.occasion_id,
                "branch": owed.branch,
                "plate": owed.plate,
                "number": owed.number,
                "state": state,
                "earliest_at": owed.dates.earliest,
                "due_at": due_at,
                "target_at": owed.dates.target,
                "limit_at": owed.dates.limit,
                "tries": {},
                "reason": "new",
                "created_at": self._now,
                "step": owed.step.id,
                "cycle": owed.cycle,
                "segment": owed.segment,
                "origin": owed.origin,
                "previous_id": owed.previous_id,
                "merged_into": lead_id,
                "plan_day": self._day(due_at),
                "released_at": None if state is S.PLANNED else self._now,
                "owner_id": owed.owner_id,
                "bound": owed.bound,
                "barred": _barred(fate),
                "skill": _skill(fate),
                "expected_seconds": _seconds(fate),
                "appointment_at": None,
                "hours": OWN_HOURS if owed.own_hours else owed.playbook.id,
            }
        )
        standing = item.standing
        if standing is not None:
            self._taken_back.append({"gone": standing.id})
        else:
            self._bring_about(owed, follow_up_id)
        kind = "follow_up.merged" if state is S.MERGED else "follow_up.planned"
        self._told.append((kind, follow_up_id, {"playbook": owed.playbook.id, "state": state.value}))
        return follow_up_id

    def _move(
        self,
        fate: Fate,
        standing: Standing,
        after: FollowUpState,
        due_at: datetime,
        lead_id: str | None,
        *,
        reason: str = "",
    ) -> None:
        owed = fate.item.owed
        assert standing.state is not None
        values = {
            "moved": standing.id,
            "before": standing.state,
            "after": after,
            "why": reason or ("new" if after is not standing.state else standing.reason),
            "due": due_at,
            "earliest": owed.dates.earliest,
            "target": owed.dates.target,
            "limit": owed.dates.limit,
            "dial": owed.number or standing.number,
            "at_branch": owed.branch,
            "of_plate": owed.plate,
            "of_segment": owed.segment,
            "not_by": _barred(fate),
            "seconds": _seconds(fate),
            "lead": lead_id,
            "day": self._day(due_at),
            "released": None if after is S.PLANNED else standing.row["released_at"] or self._now,
        }
        same_state = after is standing.state
        if same_state and all(standing.row[column] == values[name] for name, column in _COMPARED):
            return
        self.counts["changed"] += 1
        if owed.bound:
            self._owned.append({**values, "owner": owed.owner_id})
        else:
            self._moved.append(values)
        if same_state:
            self._told.append(("follow_up.corrected", standing.id, {"playbook": owed.playbook.id}))
            return
        self._told.append(
            (f"follow_up.{after}", standing.id, {"before": standing.state.value, "reason": values["why"]})
        )
        verdict = {S.CANCELLED: "excluded", S.MERGED: "merged"}.get(after, "planned")
        self._decide(standing.id, owed, verdict, fate.gates, Reason(reason) if reason else None)

    def _day(self, due_at: datetime) -> date:
        return max(self._today, due_at.astimezone(self._site.zone).date())

    def _decide(
        self, subject: str, owed: Owed, verdict: str, gates: Iterable[Gate], reason: Reason | None = None
    ) -> None:
        self._decided.append(
            {
                "id": new_id(),
                "at": self._now,
                "subject": subject,
                "attempt_id": None,
                "customer_id": owed.customer_id,
                "playbook": owed.playbook.id,
                "verdict": verdict,
                "gates": compact(_gates(owed, gates, reason, self._now)),
            }
        )

    def write(self, conn: Connection) -> Counter[str]:
        """Write all of it; give what was decided, by verdict."""
        for statement, rows in (
            (_TAKEN_BACK, self._taken_back),
            (_MADE, self._made),
            (_LEFT_OUT, self._left_out),
            (_OTHER_REASON, self._renamed),
            (_MOVED, self._moved),
            (_MOVED_TO_OWNER, self._owned),
            (_LENGTHENED, self._lengthened),
            (_DECIDED, self._decided),
        ):
            if rows:
                conn.execute(statement, rows)
        for kind, subject, data in self._told:
            emit(conn, kind, subject, self._now, data)
        return self.counts


def _seconds(fate: Fate) -> int:
    return fate.item.owed.seconds + sum(one.seconds for one in fate.also)


def _barred(fate: Fate) -> list[str]:
    agents = [*fate.item.owed.barred, *(agent for one in fate.also for agent in one.barred)]
    return list(dict.fromkeys(agents))


def _skill(fate: Fate) -> str:
    skills = [one.playbook.skill for one in (fate.item.owed, *fate.also) if one.playbook.skill]
    return skills[0] if skills else ""


def _gates(owed: Owed, gates: Iterable[Gate], reason: Reason | None, now: datetime) -> list[Gate]:
    """The gates that were looked at, the one that was shut among them."""
    known = [*gates]
    if reason is None:
        return [Gate("do_not_call", "no", "no", True), Gate("number", "yes", "yes", True), *known]
    if all(gate.passed for gate in known):
        known.append(_shut(owed, reason, now))
    return known


def _shut(owed: Owed, reason: Reason, now: datetime) -> Gate:
    match reason:
        case Reason.NO_NUMBER:
            return Gate("number", "none", "yes", False)
        case Reason.DO_NOT_CALL:
            return Gate("do_not_call", "yes", "no", False)
        case Reason.TOO_LATE:
            return Gate("limit", iso(now), iso(owed.dates.limit), False)
        case Reason.NOT_DRAWN:
            return Gate("sample", "no", "yes", False)
        case Reason.NO_DATE:
            return Gate("due", owed.playbook.trigger.fact, "known", False)
        case _:
            return Gate(reason.value, "yes", "no", False)

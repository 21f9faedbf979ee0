"""The gates of a follow-up or occasion besides those of the clock and the contacts. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dialer.followups.queries import FollowUp
from dialer.followups.states import FollowUpState
from dialer.halts.rules import Halts
from dialer.planning.rules.gates import Gate
from dialer.playbooks.expressions.conditions import Facts, Value
from dialer.playbooks.library import Library

OPEN = (FollowUpState.PLANNED, FollowUpState.WAITING, FollowUpState.MERGED)


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a follow-up: most dials, who is signed in, names, the list of trial mode, what is
    stopped.

    `named` are the ids of the only ones who may call, by playbook (R12).
    """

    max_tries: int
    on_duty: Collection[str]
    names: Mapping[str, str]
    trial_numbers: Collection[str] | None = None
    named: Mapping[str, Collection[str]] = field(default_factory=dict)
    halts: Halts = field(default_factory=Halts)


def own_gates(owed: FollowUp, around: Around, now: datetime) -> list[Gate]:
    """The follow-up's own: its state, release, merging, limit, tries, caller."""
    gates = [Gate("state", owed.state, FollowUpState.WAITING, owed.state is FollowUpState.WAITING)]
    if owed.state is FollowUpState.PLANNED:
        gates.append(Gate("released", "no", "yes", False))
    if owed.merged_into is not None and owed.state is FollowUpState.MERGED:
        gates.append(Gate("merged", owed.merged_into, "none", False))
    if not owed.number:
        gates.append(Gate("number", "none", "yes", False))
    if around.trial_numbers is not None:
        listed = owed.number in around.trial_numbers
        gates.append(Gate("trial", "yes" if listed else "no", "yes", listed))
    if halt := around.halts.of(owed.playbook):
        gates.append(Gate("halted", f"{halt.by}: {halt.why}", "no", False))
    gates.append(_tries(owed, around))
    gates.append(_agent(owed, around))
    gates.extend(_callers(owed, around))
    # It is called after its limit, too, and counts as late.
    gates.append(Gate("limit", _iso(now), _iso(owed.limit_at), now < owed.limit_at))
    return gates


def in_the_way(gates: Collection[Gate]) -> Gate | None:
    """The first gate that keeps a call from being made; being late does not."""
    return next((gate for gate in gates if not gate.passed and gate.name != "limit"), None)


def _tries(owed: FollowUp, around: Around) -> Gate:
    count = sum(owed.tries.values())
    return Gate("tries", str(count), str(around.max_tries), count < around.max_tries)


def _agent(owed: FollowUp, around: Around) -> Gate:
    if owed.owner_id is None:
        return Gate("agent", "nobody", "anybody", True)
    name = around.names.get(owed.owner_id, owed.owner_id)
    if not owed.bound:
        return Gate("agent", name, "anybody", True)
    # Nobody else may call: it waits until its caller is here.
    return Gate("agent", name, name, owed.owner_id in around.on_duty)


def _callers(owed: FollowUp, around: Around) -> Iterator[Gate]:
    named = around.named.get(owed.playbook)
    if named is not None:
        names = {one: around.names.get(one, one) for one in named}
        here = sorted(name for one, name in names.items() if one in around.on_duty)
        wanted = ", ".join(sorted(names.values()))
        yield Gate("callers", ", ".join(here) or "nobody", wanted or "none", bool(here))


def left_out_gates(
    reason: str, drawn: tuple[int, int, str] | None, then: tuple[Gate, ...]
) -> tuple[Gate, ...]:
    """Why an occasion was left out: its place in the draw, and what was looked at when it was decided."""
    sample: tuple[Gate, ...] = ()
    if reason == "not_drawn" and drawn is not None:
        place, size, _seed = drawn
        sample = (Gate("sample", str(place), f"1-{size}", False),)
    return (*sample, *then) or (Gate(reason, "yes", "no", False),)


def unwanted(kind: str, facts: Facts, library: Library) -> Iterator[tuple[str, Gate]]:
    """(playbook, gate) of each playbook that takes this kind of occasion, but not this one."""
    for playbook in library.for_occasion(kind):
        condition = playbook.occasions.when
        if condition is not None and not condition.holds(facts):
            told = ", ".join(f"{name}: {_shown(facts.get(name))}" for name in sorted(condition.names))
            yield playbook.id, Gate("condition", told or "none", condition.text, False)


def _shown(value: Value) -> str:
    return "–" if value is None else str(value)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="minutes")

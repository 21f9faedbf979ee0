"""Who calls whom: required caller, then owner, then who knows the customer, then load (L6, R12). Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

# Loads of people with the same skill may differ by this share of their mean (L6).
SPREAD = 0.10
# A walk over every skill moves work towards balance; more walks than this never help.
_WALKS = 50


class Why(StrEnum):
    """Why a follow-up came to somebody."""

    BALANCE = "balance"
    REQUIRED_CALLER = "required_caller"
    OWNER = "owner"
    HEAD = "head"
    LAST_AGENT = "last_agent"
    LEAVE = "leave"
    HAND_OVER = "hand_over"
    BY_HAND = "by_hand"
    UNDO = "undo"


class Unplaced(StrEnum):
    """Why a follow-up has nobody who can call it today."""

    NOBODY_HERE = "nobody_here"
    NO_SKILL = "no_skill"
    ALL_BARRED = "all_barred"
    CALLER_AWAY = "caller_away"
    HEAD_AWAY = "head_away"
    NOT_NAMED = "not_named"


@dataclass(frozen=True, slots=True)
class Person:
    """One who calls today. `share` is the length of the shift against the longest one, 1 at most."""

    id: str
    skills: frozenset[str] = frozenset()
    head: bool = False
    share: float = 1.0

    def can(self, skill: str) -> bool:
        """Whether this person may call what asks for `skill`; "" asks for none."""
        return not skill or skill in self.skills


@dataclass(frozen=True, slots=True)
class Owed:
    """A follow-up to be assigned. `seconds` is the expected talk and wrap-up.

    `owner_id` is whom it is assigned to now, `fixed` that a person decided so; `bound` that the caller
    rule names the owner; `keepers` are the customer's owner and deputy, `last_agent` who talked last;
    `named` the only ones who may call, None: all but those who are `barred`.
    """

    id: str
    seconds: int
    limit_at: datetime
    skill: str = ""
    owner_id: str | None = None
    bound: bool = False
    fixed: bool = False
    barred: frozenset[str] = frozenset()
    to_head: bool = False
    keepers: tuple[str, ...] = ()
    last_agent: str | None = None
    named: frozenset[str] | None = None

    def is_named(self, person_id: str) -> bool:
        """Whether the playbook lets this person call for it at all (R12)."""
        return self.named is None or person_id in self.named

    def lets(self, person_id: str) -> bool:
        """Whether its rules let this person call, whatever the skills."""
        return person_id not in self.barred and self.is_named(person_id)


@dataclass(frozen=True, slots=True)
class Move:
    """A follow-up goes from one to the other; None is nobody."""

    follow_up_id: str
    before_id: str | None
    after_id: str | None
    why: Why


@dataclass(frozen=True, slots=True)
class Proposal:
    """What assigning would change: moves, the load of each person in seconds, what nobody can call."""

    moves: tuple[Move, ...] = ()
    load: Mapping[str, int] = field(default_factory=dict)
    count: Mapping[str, int] = field(default_factory=dict)
    unplaced: Mapping[str, Unplaced] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leave:
    """Someone is away from `first_day` to `last_day`, both included."""

    agent_id: str
    first_day: date
    last_day: date
    stand_in_id: str | None = None


def stand_in(agent_id: str, day: date, leaves: Iterable[Leave]) -> str | None:
    """Who calls for someone who is away on `day`: the stand-in's own stand-in, if need be; None: nobody."""
    away = {one.agent_id: one.stand_in_id for one in leaves if one.first_day <= day <= one.last_day}
    seen = {agent_id}
    following = away.get(agent_id)
    while following is not None and following in away:
        if following in seen:
            return None
        seen.add(following)
        following = away[following]
    return following


def spread(load: Mapping[str, int], people: Sequence[Person], skill: str = "") -> float:
    """(most - least) / mean of the load of those who share `skill`, by the length of their shifts."""
    each = [load.get(person.id, 0) / person.share for person in _callers(people) if person.can(skill)]
    mean = sum(each) / len(each) if each else 0
    return (max(each) - min(each)) / mean if mean else 0.0


def assign(
    people: Sequence[Person], owed: Sequence[Owed], stand_ins: Mapping[str, str | None] | None = None
) -> Proposal:
    """Everyone's work, in the order of L6: required caller, head, owner, skill, last agent, load.

    `stand_ins` are those of people who are on leave. What is assigned stays, unless its caller may not or
    cannot call it, or the load within its skill is out of balance. So a second run moves nothing.
    """
    return _Desk(people, stand_ins or {}).work(owed)


class _Desk:
    """One run: who has what, and how much that is."""

    def __init__(self, people: Sequence[Person], stand_ins: Mapping[str, str | None]) -> None:
        self._people = {person.id: person for person in sorted(people, key=lambda person: person.id)}
        self._stand_ins = stand_ins
        self._callers = _callers(list(self._people.values()))
        self._load: dict[str, int] = dict.fromkeys(self._people, 0)
        self._has: dict[str, tuple[str, Why]] = {}
        self._free: dict[str, list[Owed]] = {}
        self._unplaced: dict[str, Unplaced] = {}

    def work(self, owed: Sequence[Owed]) -> Proposal:
        later = [one for one in sorted(owed, key=lambda one: one.id) if not self._settled(one)]
        eligible = {one.id: self._eligible(one) for one in later}
        # What few can call is placed first, then the longest.
        later.sort(key=lambda one: (len(eligible[one.id]), -one.seconds, one.limit_at, one.id))
        goal = self._goal(owed)
        for one in later:
            self._place(one, eligible[one.id], goal)
        self._even_out({one.skill for one in owed})
        return self._proposal(owed)

    def _settled(self, one: Owed) -> bool:
        """Whether something stronger than the balance says whose it is."""
        if one.bound and one.owner_id is not None:
            return self._give_required(one, one.owner_id)
        if one.to_head:
            heads = [person.id for person in self._people.values() if person.head and one.is_named(person.id)]
            if not heads:
                self._unplaced[one.id] = Unplaced.HEAD_AWAY
                return True
            here = one.owner_id if one.owner_id in heads else min(heads, key=self._after(0))
            return self._give(one, here, Why.HEAD)
        owner = one.owner_id
        if owner is not None and one.fixed and owner in self._people and one.lets(owner):
            return self._give(one, owner, Why.BY_HAND)
        for keeper in one.keepers:
            who = self._people.get(keeper)
            if who is not None and who.can(one.skill) and one.lets(keeper):
                return self._give(one, keeper, Why.OWNER)
        if owner is not None and owner not in self._people and (cover := self._stand_ins.get(owner)):
            covering = self._people.get(cover)
            if covering is not None and covering.can(one.skill) and one.lets(cover):
                return self._give(one, cover, Why.LEAVE)
        return False

    def _give_required(self, one: Owed, owner: str) -> bool:
        """A required caller who is away is covered by the stand-in, else waited for."""
        if owner in self._people and one.is_named(owner):
            return self._give(one, owner, Why.REQUIRED_CALLER)
        cover = self._stand_ins.get(owner)
        if cover in self._people and one.lets(str(cover)):
            return self._give(one, str(cover), Why.LEAVE)
        self._unplaced[one.id] = Unplaced.CALLER_AWAY
        return True

    def _give(self, one: Owed, person_id: str, why: Why) -> bool:
        self._load[person_id] += one.seconds
        self._has[one.id] = (person_id, why)
        return True

    def _eligible(self, one: Owed) -> list[str]:
        # A head who is named calls, too.
        people = self._callers if one.named is None else self._people.values()
        return [person.id for person in people if person.can(one.skill) and one.lets(person.id)]

    def _place(self, one: Owed, eligible: list[str], goal: Mapping[str, float]) -> None:
        if not eligible:
            self._unplaced[one.id] = self._why_nobody(one)
            return
        why, loaded = Why.BALANCE, self._after(one.seconds)
        if one.owner_id in eligible:
            chosen = str(one.owner_id)
        elif one.last_agent in eligible and loaded(str(one.last_agent)) <= goal[one.skill]:
            chosen, why = str(one.last_agent), Why.LAST_AGENT
        else:
            chosen = min(eligible, key=lambda person: (loaded(person), person))
        self._give(one, chosen, why)
        self._free.setdefault(chosen, []).append(one)

    def _why_nobody(self, one: Owed) -> Unplaced:
        if not self._people:
            return Unplaced.NOBODY_HERE
        if not any(one.is_named(person) for person in self._people):
            return Unplaced.NOT_NAMED
        skilled = any(person.can(one.skill) for person in self._callers)
        return Unplaced.ALL_BARRED if skilled else Unplaced.NO_SKILL

    def _goal(self, owed: Sequence[Owed]) -> dict[str, float]:
        """Up to which load work goes to who knows the customer, by skill."""
        goals = {}
        for skill in {one.skill for one in owed}:
            shares = sum(person.share for person in self._callers if person.can(skill))
            total = sum(one.seconds for one in owed if one.skill == skill)
            goals[skill] = (1 + SPREAD / 2) * total / shares if shares else 0.0
        return goals

    def _after(self, seconds: int) -> "_Loaded":
        return _Loaded(self._load, self._people, seconds)

    def _even_out(self, skills: Collection[str]) -> None:
        for _ in range(_WALKS):
            if not sum(self._even_out_skill(skill) for skill in sorted(skills)):
                return

    def _even_out_skill(self, skill: str) -> bool:
        group = [person.id for person in self._callers if person.can(skill)]
        moved = False
        now = self._after(0)
        for _ in group:
            mean = sum(now(person) for person in group) / len(group)
            for high in sorted(group, key=lambda person: (-now(person), person)):
                for low in sorted(group, key=lambda person: (now(person), person)):
                    if now(high) - now(low) <= SPREAD * mean:
                        break
                    moved = self._shift(high, low, skill, SPREAD * mean) or moved
        return moved

    def _shift(self, high: str, low: str, skill: str, enough: float) -> bool:
        """Give from one to the other while that makes the higher of the two loads lower."""
        now, gone = self._after(0), set()
        mine = self._free.get(high, [])
        # Who knows the customer gives the customer away last.
        for one in sorted(mine, key=lambda one: (one.last_agent == high, -one.seconds, one.id)):
            if now(high) - now(low) <= enough:
                break
            fits = one.skill == skill and one.lets(low)
            if fits and self._after(one.seconds)(low) < now(high):
                gone.add(one.id)
                self._free.setdefault(low, []).append(one)
                self._load[high] -= one.seconds
                self._give(one, low, Why.BALANCE)
        if gone:
            self._free[high] = [one for one in mine if one.id not in gone]
        return bool(gone)

    def _proposal(self, owed: Sequence[Owed]) -> Proposal:
        moves, count = [], dict.fromkeys(self._people, 0)
        for one in owed:
            after, why = self._has.get(one.id, (None, Why.BALANCE))
            if after is not None:
                count[after] += 1
            # A required caller who is away keeps it: nobody else may call.
            kept = after is None and one.bound
            if after != one.owner_id and not kept:
                moves.append(Move(one.id, one.owner_id, after, why))
        return Proposal(tuple(moves), dict(self._load), count, dict(self._unplaced))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The load of a person after some more seconds, by the length of the shift."""

    load: Mapping[str, int]
    people: Mapping[str, Person]
    seconds: int

    def __call__(self, person_id: str) -> float:
        return (self.load[person_id] + self.seconds) / self.people[person_id].share


def _callers(people: Sequence[Person]) -> list[Person]:
    """Who takes part in the balance: heads only where there is nobody else."""
    return [person for person in people if not person.head] or list(people)

"""The lists of cases, question items and tasks, from rows to what the page shows. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dialer.cases.checked import title_in
from dialer.cases.queries import Row
from dialer.cases.states import (
    CASE,
    QUESTION_ITEM,
    TASK,
    CaseEvent,
    CaseState,
    ItemEvent,
    ItemState,
    TaskEvent,
    TaskState,
)
from dialer.playbooks.form.questions import Effect
from dialer.playbooks.library import Library
from web.i18n import N_
from web.labels import CASE_STATE, ITEM_STATE, TASK_STATE


class Show(StrEnum):
    """Which list is shown."""

    CASES = "cases"
    ITEMS = "items"
    TASKS = "tasks"


NAME: Mapping[str, str] = {
    Show.CASES: N_("Complaints"),
    Show.ITEMS: N_("Question items"),
    Show.TASKS: N_("Tasks"),
}

# Each list's moves, in their order, with the states in which they are legal.
MOVES: Mapping[Show, Mapping[str, Collection[str]]] = {
    Show.CASES: {event: [*by_state] for event, by_state in CASE.moves.items()},
    Show.ITEMS: {event: [*by_state] for event, by_state in QUESTION_ITEM.moves.items()},
    Show.TASKS: {event: [*by_state] for event, by_state in TASK.moves.items()},
}
STATES: Mapping[Show, Mapping[str, str]] = {
    Show.CASES: CASE_STATE,
    Show.ITEMS: ITEM_STATE,
    Show.TASKS: TASK_STATE,
}
_LAST = {CaseState.CLOSED, ItemState.CLOSED, TaskState.DONE, TaskState.DROPPED}

MOVE: Mapping[str, str] = {
    CaseEvent.JUDGE: N_("Judged"),
    CaseEvent.INVESTIGATE: N_("Investigate"),
    CaseEvent.PROPOSE: N_("Propose measures"),
    CaseEvent.SEND_BACK: N_("Send back"),
    CaseEvent.APPROVE: N_("Approve"),
    CaseEvent.CARRY_OUT: N_("Carried out"),
    CaseEvent.ACCEPT: N_("Customer accepts"),
    CaseEvent.SUM_UP: N_("Sum up"),
    CaseEvent.CLOSE: N_("Close"),
    CaseEvent.REOPEN: N_("Open again"),
    ItemEvent.EXPLAIN: N_("Explained"),
    ItemEvent.CALL_AGAIN: N_("Called again"),
    TaskEvent.FINISH: N_("Done"),
    TaskEvent.DROP: N_("Drop"),
}

LEVEL: Mapping[str, str] = {"ordinary": N_("Ordinary"), "major": N_("Major"), "urgent": N_("Urgent")}


@dataclass(frozen=True, slots=True)
class Line:
    """A row with its title in the reader's language and the moves that are legal now."""

    row: Row
    title: str
    moves: tuple[str, ...]


def wanted_states(show: Show, state: str) -> list[str]:
    """The states a filter asks for: one, all, or those that are not over."""
    known = STATES[show]
    if state in known:
        return [state]
    return [one for one in known if state == "all" or one not in _LAST]


def line_of(show: Show, row: Row, library: Library, language: str) -> Line:
    """How the page shows a row."""
    moves = tuple(event for event, states in MOVES[show].items() if row.state in states)
    effect = _effect(row, library)
    return Line(row, effect.title.in_(language) if effect else title_in(row.title, language), moves)


def _effect(row: Row, library: Library) -> Effect | None:
    """The effect of the playbook that made it: its title is there in both languages."""
    playbook = library.find(row.playbook) if row.playbook else None
    question_id, slash, number = (row.effect or "").rpartition("/")
    if playbook is None or not slash or not number.isdigit():
        return None
    question = playbook.question(question_id)
    others = {"": playbook.effects, "at_once": playbook.at_once}
    effects = question.effects if question else others.get(question_id, ())
    at = int(number)
    # Another version may have another effect in this place.
    return effects[at] if at < len(effects) and effects[at].title.zh == row.title else None

"""Writes docs/states.md from the tables of the state machines themselves: `make docs`."""

from collections import defaultdict
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

from dialer.agents import states as agents
from dialer.calling import states as calling
from dialer.calling.inbound import states as tickets
from dialer.calling.incall import states as parties
from dialer.calling.modes import states as offers
from dialer.cases import states as cases
from dialer.followups import states as followups
from dialer.machine import E, Machine, S
from dialer.trunks import states as trunks
from qa.announcements import states as announcements
from qa.changing import states as changing
from qa.checks import states as checks
from qa.examiner import states as examiner
from qa.falsity import states as falsity
from qa.reviews import states as reviews
from qa.transcripts import states as transcripts
from recordings import states as recordings

PAGE = Path(__file__).parents[2] / "docs" / "states.md"

_INTRODUCTION = """# States

Written from the code by `make docs`: do not edit.

A move that is not drawn is refused. Each move is a compare-and-set of the row's state, in one transaction
with an event row `<machine>.<state after>`: feed, pages and history tell the same.
"""


def states_page() -> str:
    """The page as Markdown."""
    return "\n".join(
        [
            _INTRODUCTION,
            _section(followups.__doc__, followups.MACHINE, followups.FollowUpState.PLANNED),
            _section(calling.__doc__, calling.MACHINE, calling.AttemptState.PLACING_AGENT),
            _section(parties.__doc__, parties.MACHINE, parties.PartyState.RINGING),
            _section(None, parties.COMMAND, parties.CommandState.WAITING),
            _section(offers.__doc__, offers.MACHINE, offers.OfferState.OPEN),
            _section(tickets.__doc__, tickets.MACHINE, tickets.TicketState.RINGING),
            _section(None, cases.CASE, cases.CaseState.NEW),
            _section(None, cases.QUESTION_ITEM, cases.ItemState.OPEN),
            _section(None, cases.TASK, cases.TaskState.OPEN),
            _section(agents.__doc__, agents.MACHINE, agents.AgentState.OFFLINE),
            _section(trunks.__doc__, trunks.MACHINE, trunks.BreakerState.CLOSED),
            _section(recordings.__doc__, recordings.MACHINE, recordings.RecordingState.EXPECTED),
            _section(None, changing.DRAFT, changing.DraftState.OPEN),
            _section(None, changing.REPLAY, changing.ReplayState.RUNNING),
            _section(transcripts.__doc__, transcripts.MACHINE, transcripts.TranscriptState.WAITING),
            _section(announcements.__doc__, announcements.MACHINE, announcements.HearingState.WAITING),
            _section(checks.__doc__, checks.MACHINE, checks.CheckState.WAITING),
            _section(examiner.__doc__, examiner.MACHINE, examiner.PackageState.WAITING),
            _section(falsity.__doc__, falsity.MACHINE, falsity.DoubtState.NOTED),
            _section(reviews.__doc__, reviews.MACHINE, reviews.ReviewState.WAITING),
        ]
    )


def _section(about: str | None, machine: Machine[S, E], first: S) -> str:
    lines = [
        f"## `{machine.name}`",
        "",
        cleandoc(about or ""),
        "",
        cleandoc(type(first).__doc__ or ""),
        "",
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {first}",
        *_arrows(machine),
        "```",
        "",
    ]
    return "\n".join(lines)


def _arrows(machine: Machine[S, E]) -> Iterator[str]:
    """An arrow for each pair of states, with every event that makes the move; ends where nothing leads on."""
    events: dict[tuple[S, S], list[str]] = defaultdict(list)
    for event, moves in machine.moves.items():
        for before, after in moves.items():
            events[before, after].append(event.value)
    for (before, after), names in events.items():
        yield f"    {before} --> {after}: {', '.join(names)}"
    left = {before for before, _ in events}
    for last in dict.fromkeys(after for _, after in events if after not in left):
        yield f"    {last} --> [*]"


if __name__ == "__main__":
    PAGE.write_text(states_page(), encoding="utf-8")

"""docs/states.md says what the machines do."""

import re

from dialer.agents.states import MACHINE as AGENT_SESSION
from dialer.app.docs_states import PAGE, states_page
from dialer.calling.inbound.states import MACHINE as TICKET
from dialer.calling.incall.states import COMMAND as CALL_COMMAND
from dialer.calling.incall.states import MACHINE as CALL_PARTY
from dialer.calling.modes.states import MACHINE as OFFER
from dialer.calling.states import MACHINE as ATTEMPT
from dialer.cases.states import CASE, QUESTION_ITEM, TASK
from dialer.followups.states import MACHINE as FOLLOW_UP
from dialer.trunks.states import MACHINE as BREAKER
from qa.announcements.states import MACHINE as ANNOUNCEMENT
from qa.changing import states as changing
from qa.checks.states import MACHINE as CHECK
from qa.examiner.states import MACHINE as PACKAGE
from qa.falsity.states import MACHINE as DOUBT
from qa.reviews.states import MACHINE as REVIEW
from qa.transcripts.states import MACHINE as TRANSCRIPT
from recordings.states import MACHINE as RECORDING

MACHINES = (
    FOLLOW_UP,
    ATTEMPT,
    CASE,
    QUESTION_ITEM,
    TASK,
    AGENT_SESSION,
    RECORDING,
    TRANSCRIPT,
    ANNOUNCEMENT,
    CHECK,
    PACKAGE,
    DOUBT,
    REVIEW,
    BREAKER,
    OFFER,
    CALL_PARTY,
    CALL_COMMAND,
    TICKET,
    changing.DRAFT,
    changing.REPLAY,
)
SECTION = re.compile(r"^## `(\w+)`.*?^stateDiagram-v2\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == states_page(), "run `make docs`"


def test_every_move_of_every_machine_is_drawn() -> None:
    drawn = {name: set(arrows.split("\n")) for name, arrows in SECTION.findall(states_page())}
    assert set(drawn) == {machine.name for machine in MACHINES}
    for machine in MACHINES:
        arrows = {tuple(re.split(r" --> |: ", line.strip())) for line in drawn[machine.name]}
        found = {
            (before, event, after)
            for before, after, events in (arrow for arrow in arrows if len(arrow) == 3)
            for event in events.split(", ")
        }
        assert found == {
            (before.value, event.value, after.value)
            for event, moves in machine.moves.items()
            for before, after in moves.items()
        }

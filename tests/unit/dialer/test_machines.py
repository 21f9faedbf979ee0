"""Each machine of the core, move by move: what the table does not name is refused."""

from enum import StrEnum
from itertools import product

import pytest

from dialer.agents import states as agents
from dialer.agents.states import AgentEvent, AgentState
from dialer.calling import states as attempts
from dialer.calling.inbound import states as tickets
from dialer.calling.inbound.states import TicketEvent, TicketState
from dialer.calling.modes import states as offers
from dialer.calling.modes.states import OfferEvent, OfferState
from dialer.calling.states import AttemptEvent, AttemptState
from dialer.cases import states as cases
from dialer.cases.states import CaseEvent, CaseState, ItemEvent, ItemState, TaskEvent, TaskState
from dialer.followups import states as follow_ups
from dialer.followups.states import FollowUpEvent, FollowUpState
from dialer.machine import IllegalMove, Machine, Transition
from dialer.trunks import states as trunks
from dialer.trunks.states import BreakerEvent, BreakerState
from tests.support.core import NOW

# Written out by hand: before, event, after.
BREAKER = """
closed     trip  open
open       try   half_open
half_open  fail  open
half_open  mend  closed
"""

FOLLOW_UP = """
planned    release        waiting
planned    merge          merged
waiting    merge          merged
cancelled  merge          merged
exhausted  merge          merged
merged     part           planned
cancelled  part           planned
waiting    dial           calling
calling    give_back      waiting
calling    not_reached    waiting
waiting    heard          waiting
wrap_up    heard          waiting
exhausted  heard          waiting
calling    tries_used_up  exhausted
merged     tries_used_up  exhausted
waiting    tries_used_up  exhausted
wrap_up    tries_used_up  exhausted
calling    talked         wrap_up
wrap_up    complete       done
merged     complete       done
wrap_up    call_again     waiting
planned    cancel         cancelled
waiting    cancel         cancelled
wrap_up    cancel         cancelled
merged     cancel         cancelled
"""

ATTEMPT = """
placing_agent  go      customer_go
unknown        go      customer_go
customer_go    answer  talking
unknown        answer  talking
placing_agent  doubt   unknown
customer_go    doubt   unknown
talking        doubt   unknown
placing_agent  end     ended
customer_go    end     ended
talking        end     ended
unknown        end     ended
"""

AGENT_SESSION = """
offline   sign_in       paused
ready     sign_out      offline
paused    sign_out      offline
paused    ready         ready
ready     pause         paused
ready     reserve       reserved
paused    reserve       reserved
ready     offer         preview
paused    offer         preview
preview   reserve       reserved
preview   give_back     ready
preview   agent_failed  paused
reserved  ring          ringing
reserved  talk          talking
ringing   talk          talking
reserved  agent_failed  paused
ringing   agent_failed  paused
talking   agent_failed  paused
reserved  not_reached   ready
ringing   not_reached   ready
talking   not_reached   ready
reserved  call_ended    wrap_up
ringing   call_ended    wrap_up
talking   call_ended    wrap_up
wrap_up   wrapped_up    ready
reserved  released      ready
ringing   released      ready
talking   released      ready
wrap_up   released      ready
ready     take_back     talking
paused    take_back     talking
"""


CASE = """
new            judge        judged
judged         investigate  investigating
investigating  propose      proposed
proposed       send_back    investigating
proposed       approve      approved
approved       carry_out    carried_out
carried_out    accept       accepted
accepted       sum_up       summed_up
judged         close        closed
summed_up      close        closed
closed         reopen       investigating
"""

QUESTION_ITEM = """
open          explain     explained
explained     call_again  called_again
called_again  close       closed
called_again  reopen      open
"""

OFFER = """
open     press     pressed
pressed  call      called
open     skip      skipped
open     expire    expired
pressed  refuse    refused
open     withdraw  withdrawn
pressed  withdraw  withdrawn
"""

TICKET = """
ringing  talk  talking
talking  end   open
ringing  miss  missed
open     file  closed
missed   file  closed
"""

TASK = """
open  finish  done
open  drop    dropped
"""


def moves(table: str) -> dict[tuple[str, str], str]:
    return {(before, event): after for before, event, after in map(str.split, table.strip().splitlines())}


@pytest.mark.parametrize(
    ("machine", "states", "events", "table"),
    [
        pytest.param(follow_ups.MACHINE, FollowUpState, FollowUpEvent, FOLLOW_UP, id="follow_up"),
        pytest.param(attempts.MACHINE, AttemptState, AttemptEvent, ATTEMPT, id="attempt"),
        pytest.param(agents.MACHINE, AgentState, AgentEvent, AGENT_SESSION, id="agent_session"),
        pytest.param(offers.MACHINE, OfferState, OfferEvent, OFFER, id="offer"),
        pytest.param(trunks.MACHINE, BreakerState, BreakerEvent, BREAKER, id="breaker"),
        pytest.param(tickets.MACHINE, TicketState, TicketEvent, TICKET, id="ticket"),
        pytest.param(cases.CASE, CaseState, CaseEvent, CASE, id="case"),
        pytest.param(cases.QUESTION_ITEM, ItemState, ItemEvent, QUESTION_ITEM, id="question_item"),
        pytest.param(cases.TASK, TaskState, TaskEvent, TASK, id="task"),
    ],
)
def test_legal_moves_are_these_and_no_others(
    machine: Machine[StrEnum, StrEnum], states: type[StrEnum], events: type[StrEnum], table: str
) -> None:
    """D5, D7: every pair of state and event either moves as written or is refused."""
    legal = moves(table)
    for state, event in product(states, events):
        after = legal.get((state.value, event.value))
        assert machine.allows(state, event) is (after is not None)
        if after is None:
            with pytest.raises(IllegalMove, match=f"{event.value} is not legal in state {state.value}"):
                machine.advance(state, event, NOW)
        else:
            assert machine.advance(state, event, NOW) == Transition(state, states(after), event, NOW)


@pytest.mark.parametrize(
    ("machine", "first", "last"),
    [
        (follow_ups.MACHINE, FollowUpState.PLANNED, {"done"}),
        (attempts.MACHINE, AttemptState.PLACING_AGENT, {"ended"}),
        (agents.MACHINE, AgentState.OFFLINE, set()),
        (trunks.MACHINE, BreakerState.CLOSED, set()),
        (
            offers.MACHINE,
            OfferState.OPEN,
            {"called", "skipped", "expired", "refused", "withdrawn"},
        ),
        (tickets.MACHINE, TicketState.RINGING, {"closed"}),
        (cases.CASE, CaseState.NEW, set()),
        (cases.QUESTION_ITEM, ItemState.OPEN, {"closed"}),
        (cases.TASK, TaskState.OPEN, {"done", "dropped"}),
    ],
)
def test_every_state_is_reached_and_only_ends_are_left_by_nothing(
    machine: Machine[StrEnum, StrEnum], first: StrEnum, last: set[str]
) -> None:
    """No state is a dead end by mistake, none is out of reach."""
    steps = {(before, after) for by_state in machine.moves.values() for before, after in by_state.items()}
    reached = {first}
    while found := {after for before, after in steps if before in reached} - reached:
        reached |= found
    assert reached == set(type(first))
    assert {state.value for state in type(first)} - {before.value for before, _ in steps} == last


def test_an_attempt_in_doubt_never_goes_back_to_the_agent() -> None:
    """D7: from `unknown` only what was proven leads on; nothing leads back to before the call."""
    machine: Machine[AttemptState, AttemptEvent] = attempts.MACHINE
    after = {by_state.get(AttemptState.UNKNOWN) for by_state in machine.moves.values()}
    assert AttemptState.PLACING_AGENT not in after

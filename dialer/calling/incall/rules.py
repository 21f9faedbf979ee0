"""Who may do what in a call in progress, and when it has to be ended (D6, V2). Pure.

A refusal is a word of `Refusal`: the pages have a sentence for each that says what to do.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from dialer.agents.states import AgentState
from dialer.calling.incall.states import INVITING, SUPERVISING, Party, PartyState, Step
from dialer.telephony.incall import PartyMode


class Refusal(StrEnum):
    """Why a step is not taken."""

    NO_RIGHT = "no_right"
    NOT_YOURS = "not_yours"
    NO_TALK = "no_talk"
    ALONE = "alone"
    BUSY = "busy"
    OWN_PHONE = "own_phone"
    UNREACHABLE = "unreachable"
    ALREADY = "already"
    NOT_IN = "not_in"
    BAD_DIGITS = "bad_digits"
    # Several of ours are with the customer: he cannot be left to wait by one.
    SEVERAL = "several"
    # A private talk: the customer waits, and nothing is done with him until it is over.
    PRIVATE = "private"
    # A phone outside.
    NOT_OUTSIDE = "not_outside"
    BAD_NUMBER = "bad_number"
    OWN_NUMBER = "own_number"
    ENGAGED = "engaged"
    TRIAL = "trial"
    DO_NOT_CALL = "do_not_call"
    NO_LINE = "no_line"
    NO_LINK = "no_link"
    # The call's node is another service's, which does not answer; and which did not answer in time.
    ELSEWHERE = "elsewhere"
    UNSURE = "unsure"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: `name` is a login or, of an agent, the agent's id; `supervises`: has the right to."""

    name: str
    agent_id: str | None = None
    supervises: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A call in progress, as far as it bears on a step. `agent_here`: its own agent has not left it."""

    agent_id: str
    talking: bool
    agent_here: bool
    held: bool
    muted: bool
    parties: Collection[Party]

    @property
    def consulted(self) -> Party | None:
        """Whom one of ours talks with in private now, while the customer waits."""
        return next((party for party in self.parties if party.consulted), None)

    @property
    def talkers(self) -> int:
        """How many of ours are there for the customer."""
        return int(self.agent_here) + sum(party.talks for party in self.parties)

    def rings(self, step: Step, actor: Actor) -> bool:
        """Whether this step rings a phone."""
        if step in INVITING:
            return self.consulted is None
        return step in SUPERVISING and self.of(actor) is None

    def of(self, actor: Actor) -> Party | None:
        """The actor's own phone, where it came in as a party."""
        for party in self.parties:
            if party.asked_by == actor.name and party.purpose in SUPERVISING:
                return party
            if actor.agent_id is not None and party.agent_id == actor.agent_id:
                return party
        return None

    def leads(self, actor: Actor) -> bool:
        """Whether the call is the actor's own now: its agent's, or of somebody who talks in it."""
        mine = self.of(actor)
        if mine is not None and mine.talks:
            return True
        return actor.agent_id == self.agent_id and self.agent_here


def refusal(standing: Standing, step: Step, actor: Actor) -> Refusal | None:
    """Why this step is not the actor's to take now; None where it is."""
    mine = standing.of(actor)
    if step in SUPERVISING:
        if not actor.supervises:
            return Refusal.NO_RIGHT
    elif step is Step.HANG_UP:
        if not (actor.supervises or standing.leads(actor)):
            return Refusal.NOT_YOURS
    elif step is Step.LEAVE:
        if mine is None and not standing.leads(actor):
            return Refusal.NOT_YOURS
    elif not standing.leads(actor):
        return Refusal.NOT_YOURS
    if not standing.talking and step is not Step.HANG_UP:
        return Refusal.NO_TALK
    return _not_now(standing, step, actor, mine)


def _not_now(standing: Standing, step: Step, actor: Actor, mine: Party | None) -> Refusal | None:
    others = [party for party in standing.parties if party is not mine]
    match step:
        case _ if standing.consulted is not None and step in _NOT_IN_PRIVATE:
            return Refusal.PRIVATE
        case Step.LEAVE if mine is None or mine.talks:
            # The last of ours never leaves the customer alone with nobody.
            ours = standing.agent_here if mine is not None else False
            if not ours and not any(party.talks for party in others):
                return Refusal.ALONE
        case Step.LISTEN | Step.WHISPER | Step.JOIN | Step.TAKE_OVER if mine is not None:
            return _not_otherwise(standing, step, mine, others)
        case Step.TRANSFER | Step.THIRD | Step.CONSULT:
            if any(party.state is PartyState.RINGING and party.purpose in INVITING for party in others):
                return Refusal.ALREADY
            if step is Step.CONSULT and standing.talkers != 1:
                return Refusal.SEVERAL
        case Step.BACK if standing.consulted is None:
            return Refusal.NOT_IN
        case Step.CANCEL if not any(party.purpose in INVITING for party in others):
            return Refusal.NOT_IN
    return None


def _not_otherwise(standing: Standing, step: Step, mine: Party, others: Collection[Party]) -> Refusal | None:
    """Why the supervisor who is there does not take part in another way."""
    if mine.state is PartyState.RINGING:
        return Refusal.ALREADY
    takes_over = step is Step.TAKE_OVER
    if MODE[step] is mine.mode and not (takes_over and standing.agent_here):
        return Refusal.ALREADY
    alone = not standing.agent_here and not any(party.talks for party in others)
    if mine.talks and alone and MODE[step] is not PartyMode.JOIN:
        return Refusal.ALONE
    return None


_NOT_IN_PRIVATE = frozenset(
    {Step.HOLD, Step.RESUME, Step.MUTE, Step.UNMUTE, Step.DIGITS, Step.CONSULT, *SUPERVISING}
)

MODE = {
    Step.LISTEN: PartyMode.LISTEN,
    Step.WHISPER: PartyMode.WHISPER,
    Step.JOIN: PartyMode.JOIN,
    Step.TAKE_OVER: PartyMode.JOIN,
    Step.TRANSFER: PartyMode.JOIN,
    Step.THIRD: PartyMode.JOIN,
    Step.CONSULT: PartyMode.CONSULT,
}
"""How a party of each purpose takes part."""


def may_ring(state: AgentState | None, *, reachable: bool | None, own: bool) -> Refusal | None:
    """Why a phone is not rung: `state` is that of who sits there, None for nobody; `own` the actor's."""
    if reachable is False:
        return Refusal.UNREACHABLE
    if own:
        return Refusal.OWN_PHONE
    if state in (None, AgentState.OFFLINE, AgentState.READY, AgentState.PAUSED):
        return None
    return Refusal.BUSY


def must_end(*, customer_here: bool, agent_here: bool, talkers: int) -> bool:
    """Whether what is left of the call has to be hung up: without a customer, or without one of ours."""
    return not customer_here or (not agent_here and talkers == 0)

"""Who may do what in a call in progress, phones outside and private talks among it (D6, V2). Pure."""

from dataclasses import replace

import pytest

from dialer.calling.incall.rules import MODE, Actor, Refusal, Standing, refusal
from dialer.calling.incall.states import INVITING, SUPERVISING, Party, PartyState, Step
from dialer.telephony.incall import PartyMode
from tests.support.core import NOW

AGENT, COLLEAGUE, CHIEF = Actor("a1", "a1"), Actor("a2", "a2"), Actor("chief", supervises=True)
OTHER = Actor("a3", "a3")
ALONE = Standing(agent_id="a1", talking=True, agent_here=True, held=False, muted=False, parties=())


def party(step: Step, state: PartyState = PartyState.UP, **values: object) -> Party:
    known: dict[str, object] = {
        "id": "p",
        "attempt_id": "c",
        "extension": "8002",
        "agent_id": "a2",
        "purpose": step,
        "mode": MODE[step],
        "state": state,
        "asked_by": "a1",
        "asked_at": NOW,
        "up_at": None,
        "ended_at": None,
        "muted": False,
    }
    return Party(**known | values)  # type: ignore[arg-type]


def standing(*parties: Party, **values: object) -> Standing:
    return replace(ALONE, parties=parties, **values)  # type: ignore[arg-type]


PRIVATE = standing(party(Step.CONSULT), held=True)
RINGING = standing(party(Step.CONSULT, PartyState.RINGING))
THREE = standing(party(Step.THIRD, agent_id=None, number="037166668888", extension=""))


@pytest.mark.parametrize("step", list(Step))
def test_in_a_private_talk_only_what_ends_it(step: Step) -> None:
    """D6: back, three together, handing over, and the end of it all; nothing is done with who waits."""
    why = refusal(PRIVATE, step, CHIEF if step in SUPERVISING else AGENT)
    if step in (Step.BACK, Step.CANCEL, Step.THIRD, Step.TRANSFER, Step.HANG_UP):
        assert why is None
    else:
        assert why is (Refusal.ALONE if step is Step.LEAVE else Refusal.PRIVATE)


@pytest.mark.parametrize("step", sorted({*INVITING, Step.BACK, Step.HOLD, Step.HANG_UP}))
def test_who_is_consulted_leads_nothing(step: Step) -> None:
    """D6: he may leave; the call is the agent's."""
    assert refusal(PRIVATE, step, COLLEAGUE) is Refusal.NOT_YOURS
    assert refusal(PRIVATE, Step.LEAVE, COLLEAGUE) is None
    assert refusal(PRIVATE, Step.LEAVE, OTHER) is Refusal.NOT_YOURS


def test_while_a_phone_rings_the_agent_goes_on() -> None:
    """D6: he can hold, and take the asking back; no second phone is rung."""
    assert refusal(RINGING, Step.HOLD, AGENT) is None
    assert refusal(RINGING, Step.CANCEL, AGENT) is None
    assert refusal(RINGING, Step.BACK, AGENT) is Refusal.NOT_IN
    for step in INVITING:
        assert refusal(RINGING, step, AGENT) is Refusal.ALREADY


def test_a_private_talk_is_for_who_is_alone_with_the_customer() -> None:
    """D6: the others would sit with him and hear music."""
    assert refusal(ALONE, Step.CONSULT, AGENT) is None
    assert refusal(THREE, Step.CONSULT, AGENT) is Refusal.SEVERAL
    listener = party(Step.LISTEN, asked_by="chief", agent_id=None)
    assert refusal(standing(listener), Step.CONSULT, AGENT) is None
    left = standing(party(Step.TRANSFER), agent_here=False)
    assert refusal(left, Step.CONSULT, COLLEAGUE) is None


def test_what_rings_a_phone() -> None:
    """D6: in a private talk whom to bring in is there already."""
    for step in INVITING:
        assert ALONE.rings(step, AGENT) and not PRIVATE.rings(step, AGENT)
    assert PRIVATE.talkers == 1 and THREE.talkers == 2
    assert PRIVATE.consulted is not None and PRIVATE.consulted.mode is PartyMode.CONSULT
    assert ALONE.consulted is None and RINGING.consulted is None

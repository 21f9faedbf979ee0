"""The dialplan on a real Asterisk: the gate, and what each fate of a call looks like (D1, D3, D7)."""

import pytest

from asterisk.conf import DIALPLAN_VERSION
from asterisk.phones import (
    Answer,
    Behaviour,
    CustomerTrunk,
    Ending,
    Ignore,
    Refuse,
    RingForever,
    Softphone,
)
from asterisk.server import AsteriskServer
from tests.fixtures_asterisk import EXTENSIONS
from tests.live_asterisk.conftest import Party, Place, appears, go, name, over
from tests.live_asterisk.raw_ami import RawAmi


async def test_call_through_the_gate_names_number_and_attempt(
    ami: RawAmi, agent: Softphone, trunk: CustomerTrunk, party: Party, place: Place
) -> None:
    """D1: agent first; only then the customer, who can be told apart by number and attempt."""
    party.customer = Answer(hang_up_after=0.3)
    attempt = await place("GATE-open-1", number="13812345678")
    up = await ami.wait("HFAgentUp", Attempt=attempt)
    assert int(up["V"]) == DIALPLAN_VERSION
    assert not trunk.calls
    await go(ami, attempt)
    customer = await trunk.call_of(attempt)
    await over(ami, attempt, customer)
    assert (customer.number, customer.attempt) == ("13812345678", attempt)
    assert customer.ending is Ending.HUNG_UP
    ended = await ami.wait("HFDialEnd", Attempt=attempt)
    assert (ended["DialStatus"], ended["Cause"]) == ("ANSWER", "16")
    sides = {e["Side"] for e in ami.events if name(e) == "HFLegEnd" and e["Attempt"] == attempt}
    assert sides == {"agent", "customer"}


async def test_closed_gate_releases_the_agent_and_rings_nobody(
    ami: RawAmi, agent: Softphone, trunk: CustomerTrunk, place: Place, asterisk_server: AsteriskServer
) -> None:
    """D7: an agent who answers while the service is down is released; no customer is rung."""
    attempt = await place("GATE-shut-1")
    await ami.wait("HFNoGo", Attempt=attempt)
    ended = await ami.wait("Hangup", Uniqueid=attempt)
    assert ended["Cause"] == "31"
    call = agent.calls[-1]
    await call.ended.wait()
    assert call.ending is Ending.REMOTE_HUNG_UP
    assert call.answered_at is not None and call.ended_at is not None
    waited = (call.ended_at - call.answered_at).total_seconds()
    assert waited >= asterisk_server.settings.gate_seconds - 0.1
    assert not trunk.calls


async def test_second_redirect_never_dials_twice(
    ami: RawAmi, agent: Softphone, trunk: CustomerTrunk, party: Party, place: Place
) -> None:
    """D7: a repeated "go" for one attempt rings the customer once."""
    party.customer = RingForever()
    attempt = await place("GATE-twice-1")
    await go(ami, attempt)
    await trunk.call_of(attempt)
    await go(ami, attempt)
    await over(ami, attempt, trunk.calls[-1])
    assert [one.attempt for one in trunk.calls].count(attempt) == 1
    assert len([e for e in ami.events if name(e) == "HFGo" and e["Attempt"] == attempt]) == 1


FATES = [
    pytest.param(Refuse(code=486), "BUSY", "17", id="486-busy"),
    pytest.param(Refuse(code=503), "CONGESTION", "34", id="503-congestion"),
    pytest.param(Refuse(code=404), "CHANUNAVAIL", "1", id="404-no-such-number"),
    pytest.param(Refuse(code=603, ring_seconds=0.2), "CHANUNAVAIL", "21", id="603-rejected"),
    pytest.param(Refuse(code=480), "NOANSWER", "19", id="480-unavailable"),
    pytest.param(RingForever(), "NOANSWER", "0", id="ring-timeout"),
    pytest.param(Ignore(), "NOANSWER", "0", id="dead-peer"),
]


@pytest.mark.parametrize(("fate", "status", "cause"), FATES)
async def test_fate_of_the_customer_leg(
    ami: RawAmi,
    agent: Softphone,
    trunk: CustomerTrunk,
    party: Party,
    place: Place,
    request: pytest.FixtureRequest,
    fate: Behaviour,
    status: str,
    cause: str,
) -> None:
    """D3: the signalling cause of each way not to be answered."""
    party.customer = fate
    attempt = await place(f"FATE-{request.node.callspec.id}", ring=1)
    await go(ami, attempt)
    ended = await ami.wait("HFDialEnd", Attempt=attempt)
    assert (ended["DialStatus"], ended["Cause"]) == (status, cause)
    customer = await trunk.call_of(attempt)
    await over(ami, attempt, customer)
    rang = any(
        name(e) == "DialState" and e["DialStatus"] == "RINGING" and e["DestUniqueid"] != attempt
        for e in ami.events
        if e.get("DestLinkedid") == attempt
    )
    assert rang == (isinstance(fate, RingForever) or bool(getattr(fate, "ring_seconds", 0)))
    assert not customer.answered.is_set()


async def test_customer_hears_the_hangup_of_an_agent_who_gives_up_ringing(
    ami: RawAmi, agent: Softphone, trunk: CustomerTrunk, party: Party, place: Place
) -> None:
    """The agent hangs up while the customer's phone rings: it stops ringing."""
    party.customer = RingForever()
    attempt = await place("HANG-ringing-1")
    await go(ami, attempt)
    customer = await trunk.call_of(attempt)
    await ami.first(lambda e: name(e) == "DialState" and e["DestUniqueid"] != attempt)
    await agent.calls[-1].hang_up()
    await over(ami, attempt, customer)
    assert customer.ending is Ending.CANCELLED
    asked = await ami.first(lambda e: name(e) == "HangupRequest" and e["Linkedid"] == attempt)
    assert asked["Uniqueid"] == attempt


async def test_agent_hangs_up_talking(
    ami: RawAmi, agent: Softphone, trunk: CustomerTrunk, place: Place
) -> None:
    """The dialplan behind Dial does not run then: the hangup handlers tell the end of both legs."""
    attempt = await place("HANG-talking-1")
    await go(ami, attempt)
    customer = await trunk.call_of(attempt)
    await ami.wait("HFAnswered", Attempt=attempt)
    await agent.calls[-1].hang_up()
    await over(ami, attempt, customer)
    assert customer.ending is Ending.REMOTE_HUNG_UP
    await ami.wait("HFLegEnd", Attempt=attempt, Side="agent")
    await ami.wait("HFLegEnd", Attempt=attempt, Side="customer")


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        pytest.param(Refuse(code=486), "0", id="agent-busy"),
        pytest.param(Refuse(code=603), "0", id="agent-rejects"),
        pytest.param(RingForever(), "3", id="agent-rings-on"),
    ],
)
async def test_agent_who_does_not_answer(
    ami: RawAmi,
    agent: Softphone,
    trunk: CustomerTrunk,
    party: Party,
    place: Place,
    request: pytest.FixtureRequest,
    fate: Behaviour,
    reason: str,
) -> None:
    """The fate of the first leg is in OriginateResponse; no customer is rung."""
    party.agent = fate
    attempt = await place(f"AGENT-{request.node.callspec.id}", seconds=3)
    answer = await ami.wait("OriginateResponse", Uniqueid=attempt)
    assert (answer["Response"], answer["Reason"]) == ("Failure", reason)
    # What the test before left on the line may still ring here.
    assert attempt not in [call.attempt for call in trunk.calls]


async def test_unregistered_agent(ami: RawAmi, agent: Softphone, trunk: CustomerTrunk) -> None:
    """Nothing but a failed OriginateResponse tells of a phone that is not registered."""
    await ami.act(
        Action="Originate",
        Channel=f"PJSIP/{EXTENSIONS[-1]}",
        ChannelId="AGENT-gone-1",
        Context="huifang-agent",
        Exten="s",
        Priority="1",
        Async="true",
    )
    answer = await ami.wait("OriginateResponse")
    assert (answer["Response"], answer["Reason"]) == ("Failure", "0")
    assert not [e for e in ami.events if name(e) in {"Newchannel", "Hangup"}]


async def test_attempt_id_cannot_carry_a_command(
    ami: RawAmi,
    agent: Softphone,
    trunk: CustomerTrunk,
    party: Party,
    place: Place,
    asterisk_server: AsteriskServer,
) -> None:
    """X2: what reaches a shell and a file name is letters, digits and hyphens."""
    party.customer = Answer(hang_up_after=0.2)
    await ami.act(
        ("Variable", "__HF_ATTEMPT=../EVIL-$(touch x);`id`'"),
        ("Variable", "__HF_DIAL=PJSIP/139@trunk"),
        Action="Originate",
        Channel=f"PJSIP/{agent.username}",
        ChannelId="EVIL",
        Context="huifang-agent",
        Exten="s",
        Priority="1",
        Async="true",
    )
    up = await ami.wait("HFAgentUp")
    assert up["Attempt"] == "EVIL-touchxid"
    leg = await ami.wait("Newchannel", Uniqueid="EVIL")
    await ami.act(
        Action="Redirect", Channel=leg["Channel"], Context="huifang-agent", Exten="go", Priority="1"
    )
    await over(ami, "EVIL", await trunk.call_of("EVIL-touchxid"))
    await appears(asterisk_server.layout.recordings / "EVIL-touchxid.done")


async def test_calls_leave_no_warning_in_the_log(
    ami: RawAmi,
    agent: Softphone,
    trunk: CustomerTrunk,
    party: Party,
    place: Place,
    asterisk_server: AsteriskServer,
) -> None:
    """What the templates say is what Asterisk understands: no module or application is missing."""
    log = asterisk_server.layout.log / "messages"
    before = log.stat().st_size  # other tests use the same Asterisk
    party.customer = Answer(hang_up_after=0.2)
    attempt = await place("QUIET-1")
    await go(ami, attempt)
    await over(ami, attempt, await trunk.call_of(attempt))
    lines = log.read_bytes()[before:].decode().splitlines()
    assert not [line for line in lines if " ERROR[" in line or " WARNING[" in line]


async def test_the_service_user_can_start_no_program(ami: RawAmi) -> None:
    """X2: least rights. Commands, shell functions and configuration are refused; what we need is not."""
    refused = [
        await ami.act(Action="Command", Command="core show channels"),
        await ami.act(Action="GetConfig", Filename="manager.conf"),
        await ami.act(Action="Getvar", Variable="SHELL(id)"),
        await ami.act(
            Action="Originate", Channel="Local/600@huifang-phones", Application="System", Data="id"
        ),
    ]
    assert [answer["Response"] for answer in refused] == ["Error"] * 4
    for action in ("Ping", "CoreStatus", "DeviceStateList", "Status"):
        assert (await ami.act(Action=action))["Response"] == "Success"

"""What a healthy Asterisk 22.10 answered, recorded; a test spoils one thing of it."""

from dataclasses import replace
from typing import Any

from asterisk.asking import ACTIONS, MODULES, Answers, TrialCall

PHONE = {"allow_transfer": "false", "direct_media": "false", "allow": "(alaw)", "aors": "8001"}

TOLD = {
    "Event": "UserEvent",
    "UserEvent": "HFDoctor",
    "Channel": "Local/s@huifang-doctor-00000000;2",
    "Uniqueid": "doctor-207d8ce06822-2",
    "Check": "207d8ce06822",
    "V": "{version}",
    "Epoch": "1795576507",
    "Recordings": "/var/spool/asterisk/monitor",
}
HEARD = (
    "Newchannel",
    "Newchannel",
    "DialBegin",
    "UserEvent",
    "SoftHangupRequest",
    "HangupRequest",
    "Hangup",
    "OriginateResponse",
    "DialEnd",
    "Hangup",
)


def row(context: str, exten: str, application: str, data: str) -> dict[str, str]:
    """One line of ShowDialPlan."""
    return {
        "Event": "ListDialplan",
        "Context": context,
        "Extension": exten,
        "Application": application,
        "AppData": data,
    }


def trial(version: int, **more: Any) -> TrialCall:
    """The call that rings nobody, as it was heard."""
    whole = TrialCall("207d8ce06822", heard=HEARD, answer={**TOLD, "V": str(version)})
    return replace(whole, **more)


def healthy(version: int, **more: Any) -> Answers:
    """Every answer of a healthy Asterisk whose dialplan has this version."""
    whole = Answers(
        core={"AsteriskVersion": "22.10.1+dfsg+~cs6.17.60671434-1", "CoreMaxFilehandles": "65000"},
        actions=frozenset({*ACTIONS, "Logoff", "Atxfer"}),
        trial=trial(version),
        clock_ahead=0.00004,
        dialplan=(
            row("huifang-agent", "s", "UserEvent", f"HFAgentUp,Attempt: ${{HF_ATTEMPT}},V: {version}"),
            row("huifang-agent", "s", "Wait", "4"),
            row("huifang-doctor", "s", "Hangup", ""),
        ),
        devices={"PJSIP/8001": "NOT_INUSE", "PJSIP/8002": "UNAVAILABLE", "PJSIP/trunk": "NOT_INUSE"},
        modules=dict.fromkeys(MODULES, True),
        endpoints={"8001": PHONE, "8002": PHONE, "trunk": {**PHONE, "aors": "trunk"}},
        contacts={"trunk": "Reachable"},
    )
    return replace(whole, **more)

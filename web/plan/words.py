"""Reasons, gates and verdicts of the plan as message ids, and sentences made of them. Pure."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from dialer.assigning.forecast import Rescue
from dialer.assigning.rules import Unplaced, Why
from dialer.planning.rules.gates import Gate
from dialer.planning.rules.reasons import Reason
from web.i18n import N_, Translator
from web.labels import FOLLOW_UP_REASON, FOLLOW_UP_STATE, OCCASION

LEFT: Mapping[str, str] = {
    Reason.DO_NOT_CALL: N_("Asked not to be called"),
    Reason.NO_NUMBER: N_("No number to dial"),
    Reason.NO_CONSENT: N_("Did not consent to promotion"),
    Reason.OTHER_CHANNEL: N_("Reached by message, not by phone"),
    Reason.TOO_LATE: N_("Came in too long after its limit"),
    Reason.NO_DATE: N_("The record does not name the date"),
    Reason.TO_DRAW: N_("Waits for the draw of the sample"),
    Reason.NOT_DRAWN: N_("Not drawn in the sample"),
    Reason.CALLED_ONCE: N_("The same matter is called for another unit"),
    Reason.QUARTER_CAP: N_("Enough contacts this quarter"),
    Reason.MIN_GAP: N_("The last contact was too short ago"),
    Reason.NO_LONGER_DUE: N_("Not due any more"),
    Reason.VISITED: N_("Came back by themselves"),
}

REASON: Mapping[str, str] = {**FOLLOW_UP_REASON, **LEFT}

WHY: Mapping[str, str] = {
    Why.BALANCE: N_("by load"),
    Why.REQUIRED_CALLER: N_("must call: the playbook says so"),
    Why.OWNER: N_("the customer's owner"),
    Why.HEAD: N_("major check: the head's own"),
    Why.LAST_AGENT: N_("talked to the customer last"),
    Why.LEAVE: N_("stands in"),
    Why.HAND_OVER: N_("hand-over"),
    Why.BY_HAND: N_("by hand"),
    Why.UNDO: N_("undone"),
}

UNPLACED: Mapping[str, str] = {
    Unplaced.NOBODY_HERE: N_("Nobody is on shift"),
    Unplaced.NO_SKILL: N_("Nobody here has the skill"),
    Unplaced.ALL_BARRED: N_("Everyone here served the customer"),
    Unplaced.CALLER_AWAY: N_("Who must call is away and has no stand-in"),
    Unplaced.HEAD_AWAY: N_("No head is here"),
    Unplaced.NOT_NAMED: N_("None of the callers whom the playbook names is on shift"),
}

LIMIT: Mapping[str, str] = {
    "late": N_("Overdue"),
    "today": N_("Limit today"),
    "later": N_("Limit later"),
}

TARGET: Mapping[str, str] = {
    "calls": N_("Calls"),
    "talk_minutes": N_("Talk minutes"),
    "completed": N_("Completed"),
}

ITEM: Mapping[str, str] = {
    "follow_up": N_("Follow-up call"),
    "appointment": N_("Appointment"),
    "task": N_("Task"),
    "case": N_("Complaint"),
    "question_item": N_("Question item"),
}

RUN: Mapping[str, str] = {
    "morning": N_("in the morning"),
    "arrival": N_("on arrival"),
    "again": N_("planned again"),
}

REST: Mapping[str, str] = {"meal": N_("Meal"), "break": N_("Break")}

# What a person may do wrong on these pages, and what to do instead.
PROBLEMS = (
    N_("there is no such agent: choose another one"),
    N_("some of them are being called or are done: load the page again"),
    N_("this agent served the customer and must not call: choose another one"),
    N_("its playbook names who must call: enter a leave with a stand-in instead"),
    N_("this agent does not have the skill it needs: choose another one"),
    N_("a leave cannot end before it begins"),
    N_("an agent cannot stand in for himself: choose another one"),
    N_("a shift must end after it begins"),
    N_("a note needs two people: choose who takes over"),
    N_("there is no such note"),
    N_("who hands over signs first"),
    N_("only the two people of a note sign it"),
    N_("its playbook names who may call, and not this agent: choose another one"),
    N_("nothing is chosen: choose agents, or how many"),
    N_("a date or time is missing or is none: enter it as the field shows"),
)

GATE: Mapping[str, str] = {
    "state": N_("State"),
    "released": N_("Plan released"),
    "merged": N_("Part of another call"),
    "do_not_call": N_("Do not call"),
    "pause": N_("Pause"),
    "due": N_("Not before"),
    "window": N_("Calling hours"),
    "quarter_cap": N_("Contacts this quarter"),
    "quarter_cap_playbook": N_("Contacts of the playbook this quarter"),
    "quarter_cap_person": N_("Contacts of the person this quarter"),
    "quarter_cap_plate": N_("Contacts of the plate this quarter"),
    "quarter_cap_household": N_("Contacts of the household this quarter"),
    "min_gap": N_("Days since the last contact"),
    "min_gap_person": N_("Days since the last contact"),
    "min_gap_plate": N_("Days since the plate's last contact"),
    "min_gap_household": N_("Days since the household's last contact"),
    "carrier_day": N_("Dials to the number in 24 hours"),
    "carrier_burst": N_("Dials to the number in 5 minutes"),
    "being_called": N_("On the line with a colleague"),
    "in_doubt": N_("The last call's end is not known"),
    "limit": N_("Limit"),
    "tries": N_("Dials so far"),
    "number": N_("Number"),
    "trial": N_("Trial list"),
    "halted": N_("Stopped by a supervisor"),
    "sample": N_("Drawn in the sample"),
    "agent": N_("Agent"),
    "callers": N_("Agents who may call for the playbook"),
    "owner": N_("Agent"),
    "condition": N_("What the playbook is for"),
    "playbook": N_("Playbook"),
    "planned": N_("Planned"),
}

# A gate that is shut, as the reason of a sentence.
OBSTACLE: Mapping[str, str] = {
    "state": N_("it is not waiting for a call"),
    "released": N_("its plan is not released"),
    "merged": N_("the call of another follow-up also does this one"),
    "tries": N_("every dial is used up"),
    "number": N_("there is no number to dial"),
    "trial": N_("the number is not on the trial list"),
    "halted": N_("a supervisor has stopped calling"),
    "sample": N_("it was not drawn in the sample"),
    "agent": N_("only one agent may call, and is not here"),
    "callers": N_("only the agents whom the playbook names may call, and none of them is here"),
    "condition": N_("this is not what the playbook is for"),
    "playbook": N_("no playbook is for records of this kind"),
    "planned": N_("the planner has not looked at it yet"),
    "window": N_("these are no calling hours"),
    "pause": N_("the customer is left alone for a while"),
    "due": N_("it is too early"),
}

VALUE: Mapping[str, str] = {
    "no": N_("no"),
    "yes": N_("yes"),
    "none": N_("none"),
    "never": N_("never"),
    "exempt": N_("does not count"),
    "appointment": N_("appointment"),
    "forgotten": N_("forgotten"),
    "asked not to be called": N_("asked not to be called"),
    "number or plate blocked": N_("number or plate blocked"),
    "upset": N_("upset"),
    "paused": N_("paused"),
    "anybody": N_("anybody"),
    "nobody": N_("nobody"),
    "on a public holiday": N_("on a public holiday"),
}

VERDICT: Mapping[str, str] = {
    "planned": N_("Planned"),
    "excluded": N_("Left out"),
    "merged": N_("Part of another call"),
    "dialled": N_("Dialled"),
    "put_off": N_("Put off"),
}


# What `dialer explain` says besides.
NOBODY = N_("Nobody is known by {key}. Check it; what was not imported is not here.")
NOTHING = N_("Nothing is known of this customer that could lead to a call.")
NO_CALL = N_("No call")
NOW = N_("Now")
ALLOWED = N_("allowed {limit}")
COMMA = N_(", ")


def reason(word: str, text: Translator) -> str:
    """Why something stands where it stands; a word that is not known is shown as it is."""
    return text(REASON.get(word, word))


def obstacle(word: str, text: Translator) -> str:
    """What stands in the way: a gate that is shut, or a reason."""
    return text(OBSTACLE.get(word) or REASON.get(word) or GATE.get(word, word))


def gate_name(gate: Gate, text: Translator) -> str:
    """What was looked at."""
    return text(GATE.get(gate.name, gate.name))


def gate_value(said: str, text: Translator, zone: ZoneInfo, now: datetime) -> str:
    """A gate's value or limit as a person reads it: moments in the site's time zone."""
    moment = moment_of(said)
    if moment is not None:
        return clock(moment, zone, now)
    if said in VALUE or said in FOLLOW_UP_STATE:
        return text(VALUE.get(said) or FOLLOW_UP_STATE[said])
    hours, _, rest = said.partition(" on a public holiday")
    if hours != said and not rest:
        return f"{hours} {text(VALUE['on a public holiday'])}"
    return text(REASON.get(said) or OCCASION.get(said, said))


def gate_verdict(gate: Gate, text: Translator, zone: ZoneInfo, now: datetime) -> str:
    """Whether it lets the call pass, and if not, until when."""
    if gate.passed:
        return text(N_("passes"))
    if gate.until is None:
        return text(N_("does not pass"))
    return text(N_("wait until {time}"), time=clock(gate.until, zone, now))


def rescue(one: Rescue, late: int, playbook: str, text: Translator) -> str:
    """What would save how many of those that will be late."""
    saved, left = late - one.late_then, one.late_then
    match one.kind:
        case "people":
            said = text.plural(N_("{n} more agent"), N_("{n} more agents"), one.amount)
        case "hours":
            said = text.plural(N_("{n} hour longer"), N_("{n} hours longer"), one.amount)
        case _:
            said = text(N_("“{playbook}” first"), playbook=playbook)
    return text(N_("{what}: saves {saved}, {left} stay late"), what=said, saved=saved, left=left)


def clock(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """14:00 today, 11-25 09:00 on another day of this year, else with the year."""
    local, today = moment.astimezone(zone), now.astimezone(zone)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M}"


def moment_of(said: str) -> datetime | None:
    """The moment that a gate's text is, if it is one."""
    if len(said) < 16 or said[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None

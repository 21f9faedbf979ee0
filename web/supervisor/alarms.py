"""Each kind of alarm as a sentence that says what is wrong and one that says what to do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from dialer.alarms.service import Alarm
from web.i18n import N_, Translator, fields_of
from web.supervisor.queries import CallName


@dataclass(frozen=True, slots=True)
class Wording:
    """What is wrong, and what a person can do. {names} are filled in from the alarm's data."""

    wrong: str
    advice: str


WORDING: Mapping[str, Wording] = {
    "import_missing": Wording(
        N_("The file of {source} is not there: it was expected by {by}."),
        N_("Put it into the import folder, or send it on the import page: the alarm then ends."),
    ),
    "import_failed": Wording(
        N_("The file {file} cannot be taken in. {error}"),
        N_("Mend it and put it into the import folder again. Its reason stands beside it in failed/."),
    ),
    "import_gap": Wording(
        N_("Nothing of the kind {kinds} has come in since {since}: nobody is called as lost meanwhile."),
        N_("Import the days that are missing. The calls are then planned by themselves."),
    ),
    "write_back_failing": Wording(
        N_("{target} does not take results: {error}"),
        N_("Check that system and its address. It is tried again by itself; no result is lost."),
    ),
    "link_down": Wording(
        N_("No link to the telephone system. {reason}"),
        N_("{advice} No new call is placed meanwhile; talks in progress go on."),
    ),
    "asterisk_died": Wording(
        N_("The Asterisk of this installation ended by itself, now for the {times}. time. {state}"),
        N_(
            "It is started again by itself, and its calls are settled from its event log. If it comes again, "
            "give its messages, and the crash report of the system, to the administrator."
        ),
    ),
    "calls_refused": Wording(
        N_("The telephone system refuses calls. {error}"),
        N_("It is asked again every few seconds. Give the user in manager.conf the rights it needs."),
    ),
    "trunk_broken": Wording(
        N_("Trunk {trunk} does not take calls ({why})."),
        N_(
            "It is tried again by itself, at longer and longer intervals; meanwhile other trunks are used, "
            "or the queue waits, and no try is lost. Check the line, its gateway, and the provider's account."
        ),
    ),
    "own_line_refused": Wording(
        N_("The network says of trunk {trunk} that it may not call: {words}"),
        N_("Our own line is suspended or has no credit. Pay or unlock it, or ask the carrier."),
    ),
    "caller_id_marked": Wording(
        N_("Far fewer customers answer {number} than the other numbers: {share} % against {others} %."),
        N_(
            "It may be marked as unwanted calls. Look it up at the providers' marking services, "
            "have the mark taken off, and let another number be seen meanwhile."
        ),
    ),
    "appointment_unkept": Wording(
        N_("The customer at {number} waits for the call agreed for {at}: {agent} is not free."),
        N_("Five minutes after its time whoever is free calls. Free the agent, or assign it to another one."),
    ),
    "customer_abandoned": Wording(
        N_("The customer at {number} answered, and the phone of {agent} did not: nobody was there."),
        N_(
            "{agent} is paused and the customer is called again later. Look after that phone; the alarm ends "
            "when the agent is ready again."
        ),
    ),
    "attempt_unknown": Wording(
        N_("It is not known how a call of {agent} to {plate} ended."),
        N_(
            "The customer is not called again until it is known; it is looked into by itself ({why}). "
            "If it lasts, check that the telephone system keeps its event log (CEL), or say how it ended."
        ),
    ),
    "agent_over_time": Wording(
        N_("{agent} has been in wrap-up longer than allowed."),
        N_("Ask whether help is needed; the result form has to be saved before the next call."),
    ),
    "complaint": Wording(
        N_("A complaint in the call of {agent} to {plate}: {words}"),
        N_("Open the case under Cases and tasks, judge it, and ring the customer."),
    ),
    "answer_alarm": Wording(
        N_("The call of {agent} to {plate} needs you: {titles}."),
        N_("Look at its answers, act, and press Seen under Cases and tasks."),
    ),
    "customer_upset": Wording(
        N_("A customer was upset in the call of {agent} ({plate}) and is left alone for a day or two."),
        N_("Decide under Cases and tasks when this customer may be called again."),
    ),
    "recording_missing": Wording(
        N_("No recording of the call of {agent} to {plate} ({call_seconds} s)."),
        N_(
            "Look in the telephone system's recording folder and check its disk and rights. "
            "If the file turns up there, it is archived by itself."
        ),
    ),
    "recording_unsound": Wording(
        N_("The recording of the call of {agent} to {plate} is not sound: {problems}."),
        N_("Listen to it. If several calls are like this, check the phone, headset and line of this agent."),
    ),
    "recordings_unlinked": Wording(
        N_("{count} recordings belong to no call that is known here."),
        N_("Check whether another dialer or database uses this telephone system. The files are left alone."),
    ),
    "recording_failing": Wording(
        N_("A recording cannot be archived. {error}"),
        N_("It is tried again by itself. If it lasts, give the log to the administrator."),
    ),
    "recordings_disk_full": Wording(
        N_("There is no room for recordings in {path}: {free_bytes} are free."),
        N_("Free or add disk space. Until then recordings wait at the telephone system; none is lost."),
    ),
    "recordings_store_failing": Wording(
        N_("The archive of recordings cannot be written. {error}"),
        N_("Check the disk and the rights of the archive's folder. Recordings wait at the telephone system."),
    ),
    "recordings_source_unreachable": Wording(
        N_("The telephone system's recordings cannot be read. {error}"),
        N_("Check the folder, its rights and the link to that machine. It is tried again by itself."),
    ),
    "model_missing": Wording(
        N_("The speech model {model} is not there: nothing is transcribed."),
        N_("Run this on the server: {command}. What waits is then transcribed by itself."),
    ),
    "speech_engine_missing": Wording(
        N_("The speech engine {engine} is not installed: nothing is transcribed."),
        N_("Run this on the server: {command}. What waits is then transcribed by itself."),
    ),
    "speech_cluster_unreachable": Wording(
        N_("The cluster that transcribes ({address}) cannot be used: nothing is transcribed."),
        N_("Start its scheduler and its workers. What waits is then transcribed by itself. {message}"),
    ),
    "transcription_failed": Wording(
        N_("The call to {plate} could not be transcribed after {tries} tries."),
        N_("Listen to the recording; give the log to the administrator. {error}"),
    ),
    "rule_broken": Wording(
        N_("A rule that must not be broken was broken in the call of {agent} to {plate}: {titles}."),
        N_("Open the call, listen to the evidence, and decide."),
    ),
    "false_follow_up": Wording(
        N_("The form of {agent} on {plate} may be false (score {score})."),
        N_("Open Doubtful follow-ups, listen to the places named, and decide."),
    ),
    "appeal_overdue": Wording(
        N_("An agent's appeal against a review waits longer than it may."),
        N_("Let a second reviewer decide it: Reviews, Appeals."),
    ),
    "rules_unusable": Wording(
        N_("The rules of {playbook} cannot be used: its calls are not checked."),
        N_("Mend the rule file: {error}"),
    ),
    "check_failed": Wording(
        N_("A call could not be checked against its rules."),
        N_("It is tried again by itself. If it lasts, give the log to the administrator. {error}"),
    ),
}
# Where there are several telephone systems, which one it is about.
_AT_NODE: Mapping[str, Wording] = {
    "link_down": Wording(
        N_("No link to telephone system {node}. {reason}"),
        N_("{advice} Its agents get no new call meanwhile; talks in progress go on."),
    ),
}
_OTHER = Wording(N_("{kind}: {subject}"), N_("Tell the administrator. Details: {details}"))

PROBLEM: Mapping[str, str] = {
    "short": N_("shorter than the talk"),
    "long": N_("longer than the talk"),
    "silent_agent": N_("the agent cannot be heard"),
    "silent_customer": N_("the customer cannot be heard"),
    "missing_agent": N_("the agent's side is missing"),
    "missing_customer": N_("the customer's side is missing"),
    "unreadable": N_("the file cannot be read"),
}

# What stops the work comes first.
_URGENT = frozenset(
    {
        "complaint",
        "answer_alarm",
        "link_down",
        "asterisk_died",
        "calls_refused",
        "appointment_unkept",
        "customer_abandoned",
        "trunk_broken",
        "recordings_disk_full",
        "attempt_unknown",
    }
)


@dataclass(frozen=True, slots=True)
class AlarmText:
    """An alarm as the page shows it."""

    wrong: str
    advice: str
    urgent: bool


def describe(alarm: Alarm, call: CallName | None, names: Mapping[str, str], text: Translator) -> AlarmText:
    """The alarm in words: `call` is the one it is about, `names` are those of agents by id."""
    wording = WORDING.get(alarm.kind, _OTHER)
    if alarm.data.get("node"):
        wording = _AT_NODE.get(alarm.kind, wording)
    known = {"agent": alarm.subject, **alarm.data, "kind": alarm.kind, "subject": alarm.subject}
    known["details"] = "; ".join(f"{key}={value}" for key, value in alarm.data.items())
    if call is not None:
        known |= {"agent": call.agent, "plate": call.plate}

    def fill(template: str) -> str:
        return text(template, **{name: _shown(name, known, names, text) for name in fields_of(template)})

    return AlarmText(fill(wording.wrong), fill(wording.advice), alarm.kind in _URGENT)


def _shown(name: str, known: Mapping[str, object], names: Mapping[str, str], text: Translator) -> str:
    value = known.get(name)
    match name, value:
        case _, None | "":
            return "–"
        case "agent", str():
            return names.get(value, value)
        case "problems", list():
            return text(N_(", ")).join(text(PROBLEM.get(item, item)) for item in value)
        case "titles", list():
            return text(N_(", ")).join(str(title.get(text.language) or title["zh"]) for title in value)
        case _, list():
            return text(N_(", ")).join(str(item) for item in value)
        case "call_seconds", int() | float():
            return f"{value:.0f}"
        case "free_bytes", int():
            return f"{value / 1e6:,.0f} MB"
        case _, str():
            return text.sentence(value)
    return str(value)

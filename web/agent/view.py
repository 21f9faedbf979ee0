"""All that the agent's page shows, read in one go."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.agents.queries import Agent, AgentSession, agent, session
from dialer.agents.states import AgentState
from dialer.calling.queries import Attempt, attempt
from dialer.calling.states import AttemptState
from dialer.calling.status import Idle, idle
from dialer.followups.queries import CallSheet, FollowUp, call_sheet, follow_up
from dialer.forms.queries import Answer, ResultForm, answers_of, form_of
from dialer.playbooks.schema import Playbook
from dialer.storage.feed import latest_id
from web.agent.phases import ANSWERING, ON_A_CALL, Phase, phase_of
from web.agent.queries import Day, LastCall, day, last_call
from web.agent.script import Step, fill
from web.panel import Panel

# What came of the last call is shown this long.
_LAST_CALL_SHOWN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Call:
    """The call whose page is open."""

    attempt: Attempt
    owed: FollowUp
    sheet: CallSheet
    playbook: Playbook
    phase: Phase
    answers: dict[str, Answer]
    form: ResultForm | None
    script: tuple[Step, ...]

    @property
    def open(self) -> bool:
        """Whether answers can be given: the customer is or was there, and the form is not closed."""
        return self.phase in ANSWERING and self.form is None

    @property
    def in_doubt(self) -> bool:
        """Whether it is being found out how the call stands (D7)."""
        return self.attempt.state is AttemptState.UNKNOWN

    @property
    def tries(self) -> int:
        """Which try this is."""
        return sum(self.owed.tries.values()) + 1


@dataclass(frozen=True, slots=True)
class View:
    """The agent's page. `position` is the event row up to which it is true."""

    agent: Agent
    state: AgentState
    session: AgentSession | None
    call: Call | None
    idle: Idle
    last: LastCall | None
    day: Day
    position: int


def load(conn: Connection, panel: Panel, agent_id: str, language: str, now: datetime) -> View | None:
    """The page of this agent; None where there is no such agent."""
    position = latest_id(conn)
    who = agent(conn, agent_id)
    if who is None:
        return None
    current = session(conn, agent_id)
    call = _call(conn, panel, who, current, language) if current else None
    saved = call is not None and call.form is not None
    since = _day_began(now, panel.settings.zone)
    return View(
        agent=who,
        state=current.state if current else AgentState.OFFLINE,
        session=current,
        call=call,
        idle=idle(conn, agent_id, panel.engine_status(), form_saved=saved, now=now),
        last=None if call else last_call(conn, agent_id, now - _LAST_CALL_SHOWN),
        day=day(conn, agent_id, since),
        position=position,
    )


def _call(conn: Connection, panel: Panel, who: Agent, current: AgentSession, language: str) -> Call | None:
    if current.state not in ON_A_CALL or current.attempt_id is None:
        return None
    placed = attempt(conn, current.attempt_id)
    owed = follow_up(conn, placed.follow_up_id) if placed else None
    sheet = call_sheet(conn, owed.id) if owed else None
    if placed is None or owed is None or sheet is None:
        return None
    playbook = panel.library.get(owed.playbook)
    facts = {
        "branch": sheet.branch,
        "name": f"{sheet.name}{sheet.salutation}",
        "plate": sheet.plate or "",
        "agent": who.name,
        "code": who.code,
    }
    return Call(
        attempt=placed,
        owed=owed,
        sheet=sheet,
        playbook=playbook,
        phase=phase_of(
            current.state,
            go_at=placed.go_at,
            ringing_at=placed.ringing_at,
            answered_at=placed.answered_at,
        ),
        answers=answers_of(conn, owed.id),
        form=form_of(conn, placed.id),
        script=fill(playbook.script, facts, language),
    )


def call_data(call: Call, language: str, zone: ZoneInfo) -> dict[str, object]:
    """What the questionnaire's script needs of the call."""
    return {
        "attempt": call.attempt.id,
        "phase": call.phase,
        "open": call.open,
        "questions": [
            {
                "id": question.id,
                "number": item_number(question.id, index),
                "type": question.type,
                "ask": question.ask.in_(language),
                "required": question.required,
                "choices": [
                    {
                        "key": choice.key,
                        "value": choice.value,
                        "label": choice.label.in_(language),
                        "bad": choice.bad,
                    }
                    for choice in question.choices
                ],
            }
            for index, question in enumerate(call.playbook.questionnaire, 1)
        ],
        "answers": {answer.question_id: answer_data(answer, zone) for answer in call.answers.values()},
    }


def answer_data(answer: Answer, zone: ZoneInfo) -> dict[str, object]:
    """A stored answer: `given` orders two of them, `at` is for people."""
    return {
        "value": answer.value,
        "second": answer.second,
        "given": answer.at.timestamp(),
        "at": f"{answer.at.astimezone(zone):%H:%M}",
    }


def item_number(question_id: str, index: int) -> str:
    """The item's number in the company's own table, from an id such as q11; else its place."""
    numbered = re.fullmatch(r"q(\d+)", question_id)
    return numbered[1] if numbered else str(index)


def _day_began(now: datetime, zone: ZoneInfo) -> datetime:
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)

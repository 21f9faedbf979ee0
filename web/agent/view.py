"""All that the agent's page shows, read in one go."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.agents.queries import Agent, AgentSession, Desk, agent, all_desks, session
from dialer.agents.states import AgentState
from dialer.calling.inbound.queries import Ticket, ticket_of_attempt
from dialer.calling.queries import Attempt, attempt
from dialer.calling.states import AttemptState, CallMode
from dialer.calling.status import Idle, idle
from dialer.cases.queries import Case, cases_of_call, count_open_tasks
from dialer.customers.rules import is_missing
from dialer.followups.queries import CallSheet, FollowUp, call_sheet, follow_up
from dialer.forms.queries import Answer, ResultForm, form_of
from dialer.forms.topics import Topic, all_branches, topics_of
from dialer.phonetests.queries import latest_test
from dialer.phonetests.rules import PhoneTest
from dialer.planning.rules.projecting import with_due_day
from dialer.playbooks.asking import IDENTITY
from dialer.playbooks.form.schema import Playbook
from dialer.storage.feed import latest_id
from web.agent.incall import Talk, talk_of
from web.agent.offered import Shown, refused, shown
from web.agent.phases import ANSWERING, CUSTOMER_FIRST, IN_ORDER, ON_A_CALL, Phase, phase_of
from web.agent.queries import Day, LastCall, day, last_call
from web.agent.script import Step, branch, fill, in_places, parts_of, spoken
from web.panel import Panel

# What came of the last call is shown this long.
_LAST_CALL_SHOWN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Call:
    """The call whose page is open."""

    attempt: Attempt
    owed: FollowUp
    sheet: CallSheet
    topics: tuple[Topic, ...]
    phase: Phase
    form: ResultForm | None
    script: tuple[Step, ...]
    cards: list[dict[str, str]]
    cases: tuple[Case, ...]
    ticket: Ticket | None = None
    # Whether it is this agent's own, and not one he was asked into (D6).
    mine: bool = True

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The steps of this call in their order."""
        return CUSTOMER_FIRST if self.attempt.mode == CallMode.CUSTOMER_FIRST else IN_ORDER

    @property
    def playbook(self) -> Playbook:
        """The playbook of the follow-up itself."""
        return self.topics[0].playbook

    @property
    def complaint(self) -> bool:
        """Whether a complaint was filed in this call."""
        return any(case.effect == f"complaint:{self.attempt.id}" for case in self.cases)

    @property
    def missing_facts(self) -> list[str]:
        """What must be known before the call and is not on record (C1)."""
        return _in_order(
            name
            for topic in self.topics
            for name in topic.playbook.facts
            if is_missing(topic.facts.get(name))
        )

    @property
    def compared(self) -> list[tuple[str, str]]:
        """What is on record and is compared with what the customer says; never the tail of a document."""
        said = spoken(self.topics[0].facts, [topic.playbook.identity for topic in self.topics])
        names = _in_order(name for topic in self.topics for name in topic.playbook.compared)
        return [(name, said[name]) for name in names if said.get(name)]

    @property
    def never_say(self) -> list[str]:
        """Words that are not said in this call."""
        return _in_order(word for topic in self.topics for word in topic.playbook.never_say)

    @property
    def open(self) -> bool:
        """Whether answers can be given: the customer is or was there, and the form is not closed."""
        return self.mine and self.phase in ANSWERING and self.form is None

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
    tasks: int
    position: int
    talk: Talk | None = None
    desks: tuple[Desk, ...] = ()
    offer: Shown | None = None
    refused: str = ""
    # The latest of today.
    test: PhoneTest | None = None


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
        tasks=count_open_tasks(conn, agent_id),
        position=position,
        talk=talk_of(conn, panel, agent_id, call.attempt.id) if call else None,
        # Who begins work chooses a phone.
        desks=tuple(all_desks(conn)) if current is None or current.state is AgentState.OFFLINE else (),
        offer=shown(conn, panel, agent_id, who.name, who.code, language)
        if current and current.state is AgentState.PREVIEW
        else None,
        refused="" if call else refused(conn, agent_id, now),
        test=latest_test(conn, agent_id, since) if current and current.state is AgentState.PAUSED else None,
    )


def _call(conn: Connection, panel: Panel, who: Agent, current: AgentSession, language: str) -> Call | None:
    if current.state not in ON_A_CALL or current.attempt_id is None:
        return None
    placed = attempt(conn, current.attempt_id)
    owed = follow_up(conn, placed.follow_up_id) if placed else None
    sheet = call_sheet(conn, owed.id) if owed else None
    if placed is None or owed is None or sheet is None:
        return None
    topics = topics_of(conn, panel.library, owed)
    zone, first = panel.settings.zone, topics[0]
    facts = {
        **spoken(
            with_due_day(first.playbook.trigger, first.facts, zone),
            [topic.playbook.identity for topic in topics],
        ),
        **_given(first, language),
        "agent": who.name,
        "code": who.code,
        "happened_on": f"{sheet.happened_at.astimezone(zone):%m-%d}",
    }
    facts["due"] = facts.get(first.playbook.trigger.fact, "")
    return Call(
        attempt=placed,
        owed=owed,
        sheet=sheet,
        topics=topics,
        phase=phase_of(
            current.state,
            go_at=placed.go_at,
            ringing_at=placed.ringing_at,
            answered_at=placed.answered_at,
            customer_first=placed.mode == CallMode.CUSTOMER_FIRST,
        ),
        form=form_of(conn, placed.id),
        script=_script(topics, facts, language),
        cards=_cards(topics, facts, language),
        cases=tuple(cases_of_call(conn, placed.id)),
        ticket=ticket_of_attempt(conn, placed.id) if placed.mode == CallMode.INBOUND else None,
        mine=placed.agent_id == who.id,
    )


def _given(topic: Topic, language: str) -> dict[str, str]:
    """The answers as they are said, for a script that repeats them."""
    said = {}
    for question in topic.standing.questions:
        value = topic.standing.answers.get(question.id, "")
        chosen = [choice.label.in_(language) for one in value.split(",") if (choice := question.choice(one))]
        said[question.id] = ("、" if language == "zh" else ", ").join(chosen) or value
    return said


def _script(topics: tuple[Topic, ...], facts: Mapping[str, str], language: str) -> tuple[Step, ...]:
    """The script of the call: of a topic that was merged into it only what it is about."""
    steps = [
        step
        for topic in topics
        for step in branch(topic.playbook.script, topic.standing.facts)
        if not topic.prefix or step.place in ("body", "recap")
    ]
    return fill(in_places(steps), facts, language)


def _cards(topics: tuple[Topic, ...], facts: Mapping[str, str], language: str) -> list[dict[str, str]]:
    """The objection cards: what is heard, and what to answer."""

    def text(template: str) -> str:
        return "".join(part.text or "…" for part in parts_of(template, facts))

    return [
        {"heard": text(card.heard.in_(language)), "say": text(card.say.in_(language))}
        for topic in topics
        for card in topic.playbook.objections
    ]


def call_data(call: Call, language: str, zone: ZoneInfo) -> dict[str, object]:
    """What the questionnaire's script needs of the call."""
    return {
        "attempt": call.attempt.id,
        "phase": call.phase,
        "open": call.open,
        "questions": [question for topic in call.topics for question in _questions(topic, language)],
        "answers": {
            topic.named(answer.question_id): answer_data(answer, zone)
            for topic in call.topics
            for answer in topic.given.values()
        },
        **branch_data(call.topics),
        "cards": call.cards,
    }


def branch_data(topics: tuple[Topic, ...]) -> dict[str, object]:
    """What is asked now, and what would be asked after each answer that decides."""
    return {"asked": [name for topic in topics for name in topic.asked], "branches": all_branches(topics)}


def _questions(topic: Topic, language: str) -> list[dict[str, object]]:
    """Every question of a topic, asked or not, as the page draws it."""
    about = topic.playbook.name.in_(language) if topic.prefix else ""
    identity = {
        "id": topic.named(IDENTITY),
        "number": "ID",
        "type": IDENTITY,
        "ask": "",
        "hint": "",
        "required": True,
        "choices": [],
        "topic": about,
    }
    return [
        *([identity] if topic.standing.identity else []),
        *(
            {
                "id": topic.named(question.id),
                "number": item_number(question.id, index),
                "type": question.type,
                "ask": _filled(question.ask.in_(language), topic),
                "hint": _filled(question.hint.in_(language), topic) if question.hint else "",
                "required": question.required,
                "topic": about,
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
            for index, question in enumerate(topic.playbook.questionnaire, 1)
        ),
    ]


def _filled(template: str, topic: Topic) -> str:
    parts = parts_of(template, spoken(topic.facts, [topic.playbook.identity]))
    return "".join(part.text or "…" for part in parts)


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
    numbered = re.fullmatch(r"q(\d+)(_why)?", question_id)
    return numbered[1] if numbered else str(index)


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _day_began(now: datetime, zone: ZoneInfo) -> datetime:
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)

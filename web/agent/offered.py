"""The customer who lies before the agent, as the page shows him before the call (D2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from dialer.calling import queries as calls
from dialer.calling.modes.queries import Offer, held_for
from dialer.calling.modes.states import OfferState
from dialer.calling.modes.tables import offers
from dialer.calling.queries import Attempt
from dialer.followups.queries import CallSheet, call_sheet, follow_up
from dialer.forms.topics import topic_of
from dialer.playbooks.form.schema import Playbook
from dialer.storage.rows import fetch_one
from web.agent.script import Step, branch, fill, in_places, spoken
from web.panel import Panel

# Why a call that was wanted did not come is shown this long.
_REFUSAL_SHOWN = timedelta(minutes=1)
_TRIES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """The customer who lies before the agent. `tries` are the latest, newest first."""

    offer: Offer
    sheet: CallSheet
    playbook: Playbook
    script: tuple[Step, ...]
    compared: list[tuple[str, str]]
    tries: list[Attempt]
    appointment_at: datetime | None

    @property
    def pressed(self) -> bool:
        """Whether the call is on its way."""
        return self.offer.state is OfferState.PRESSED


def shown(conn: Connection, panel: Panel, agent_id: str, name: str, code: str, language: str) -> Shown | None:
    """What lies before this agent; None: nothing does."""
    offer = held_for(conn, agent_id)
    owed = follow_up(conn, offer.follow_up_id) if offer else None
    sheet = call_sheet(conn, owed.id) if owed else None
    if offer is None or owed is None or sheet is None:
        return None
    topic = topic_of(conn, panel.library, owed)
    facts = {
        **spoken(topic.facts, [topic.playbook.identity]),
        "agent": name,
        "code": code,
        "happened_on": f"{sheet.happened_at.astimezone(panel.settings.zone):%m-%d}",
    }
    steps = fill(in_places(branch(topic.playbook.script, topic.standing.facts)), facts, language)
    tries = [one for one in calls.of_follow_up(conn, owed.id) if one.ended_at is not None]
    return Shown(
        offer,
        sheet,
        topic.playbook,
        steps,
        [(name, facts[name]) for name in topic.playbook.compared if facts.get(name)],
        tries[::-1][:_TRIES_SHOWN],
        owed.appointment_at,
    )


def refused(conn: Connection, agent_id: str, now: datetime) -> str:
    """The gate that kept a call back which this agent wanted a moment ago; "" where none did."""
    latest = (
        select(offers)
        .where(offers.c.agent_id == agent_id, offers.c.offered_at >= now - timedelta(hours=1))
        .order_by(offers.c.offered_at.desc(), offers.c.id.desc())
        .limit(1)
    )
    last = fetch_one(conn, latest, Offer)
    if last is None or last.state is not OfferState.REFUSED:
        return ""
    over = last.ends_at or last.offered_at
    return last.reason or "" if over >= now - _REFUSAL_SHOWN else ""

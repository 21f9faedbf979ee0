"""A phone outside that is asked into a call: gates of every outgoing call, and its line (D4, D6, D10, X3).

Calling hours and contact limits do not count: they are a customer's, and this call is his already.
"""

from datetime import datetime

from sqlalchemy import Connection

from dialer.calling.committing import NodeLost, NoFreeLine, Pairing
from dialer.calling.engaged import Engaged, engaged
from dialer.calling.incall.rules import Actor, Refusal
from dialer.calling.lines import Line
from dialer.calling.modes.manual import plain_number
from dialer.calling.modes.service import not_on_trial
from dialer.calling.queries import Attempt, attempt
from dialer.calling.settings import Outside
from dialer.customers.blocks import barred_numbers
from dialer.followups.queries import follow_up
from dialer.nodes.queries import may_act
from dialer.trunks.choosing import NoLine


def refusal_of(conn: Connection, pairing: Pairing, call: Attempt, text: str, by: Actor) -> Refusal | None:
    """Why this number is not rung for a call in progress; None where it may be."""
    number = plain_number(text)
    if not may_ask(pairing, by):
        return Refusal.NOT_OUTSIDE
    if not number:
        return Refusal.BAD_NUMBER
    if number == call.number:
        return Refusal.OWN_NUMBER
    if not_on_trial(pairing, number):
        return Refusal.TRIAL
    if number in barred_numbers(conn, [number]):
        return Refusal.DO_NOT_CALL
    return Refusal.ENGAGED if engaged(conn, [number]) else None


def may_ask(pairing: Pairing, by: Actor) -> bool:
    """Whether the site lets this person ask phones outside into calls."""
    allowed = pairing.settings.outside_parties
    return allowed is Outside.AGENTS or (allowed is Outside.SUPERVISORS and by.supervises)


def take_line(conn: Connection, pairing: Pairing, attempt_id: str, number: str, now: datetime) -> Line:
    """A line to this number; the customer's branch decides what is seen there.

    Raises:
        NoFreeLine: no trunk takes a call now; one that is broken is not tried by this call.
        NodeLost: another service has the node.
        Engaged: somebody else of ours has this number on the line meanwhile.
    """
    if not may_act(conn, pairing.share.name, pairing.run_id):
        raise NodeLost(f"node {pairing.share.name} was taken over by another service")
    if engaged(conn, [number]):
        raise Engaged(f"{number} is on the line already")
    call = attempt(conn, attempt_id)
    owed = follow_up(conn, call.follow_up_id) if call else None
    line = pairing.lines(conn, now).take(number, owed.branch if owed else "")
    if isinstance(line, NoLine):
        raise NoFreeLine(line)
    if line.tries:
        raise NoFreeLine(NoLine.BROKEN)
    return line

"""Forgetting a person: the one action (X3)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Table,
    and_,
    bindparam,
    column,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlalchemy import table as named

from dialer.alarms.tables import alarms
from dialer.calling.inbound.tables import tickets
from dialer.calling.tables import attempts, call_parties
from dialer.cases.service import drop_task
from dialer.cases.states import TaskState
from dialer.cases.tables import cases, question_items, tasks
from dialer.customers.blocks import FORGOTTEN, block, shown_number
from dialer.customers.person import BLANK
from dialer.customers.queries import family
from dialer.customers.tables import (
    contacts,
    corrections,
    customers,
    identities,
    merges,
    occasions,
    phones,
    segment_members,
    vehicles,
)
from dialer.followups.service import move
from dialer.followups.states import OPEN, FollowUpEvent, FollowUpState
from dialer.followups.tables import follow_ups
from dialer.forms.tables import answers, result_forms
from dialer.planning.tables import decisions, exclusions
from dialer.playbooks.library import Library
from dialer.privacy.queries import Called, attempts_of, follow_ups_of
from dialer.privacy.rules import (
    BLOCKS_WHY,
    RECORD_NUMBERS_WHY,
    RECORDINGS_WHY,
    Kept,
    KeptWhat,
    by_law,
    chosen_questions,
    gathered,
    keeps_until,
    without_person,
)
from dialer.storage.feed import emit, events, flush

_CONTRACT_END = ("contract_end", "policy_end", "expires")


class BeingCalled(ValueError):
    """The person is on the telephone now."""


def forget(conn: Connection, library: Library, customer_id: str, by: str, now: datetime) -> list[Kept]:
    """Erase a person: name, numbers, plates, facts, free text. What is kept, why, and until when.

    Open follow-ups are cancelled. What is left lets nobody be recognised but for calls that a law wants
    kept; keyed hashes keep later files out: `take_in` refuses them. Done again, it changes nothing.

    Raises:
        NoSuchCustomer: there is none.
        BeingCalled: a call to the person is going on.
    """
    kept = what_is_kept(conn, library, customer_id)
    records = family(conn, customer_id)
    called = follow_ups_of(conn, records)
    if any(one.state == FollowUpState.CALLING for one in called):
        raise BeingCalled("this customer is being called now: forget it when the call has ended")
    block(conn, customer_id, by, FORGOTTEN, now)
    _cancel(conn, records, called, by, now)
    lawful = [one for one in called if _lawful(library, one)]
    _erase_customer(conn, records, {one.occasion_id for one in lawful}, now)
    _erase_said(conn, library, called, {one.id for one in lawful})
    _erase_numbers(conn, records, [one.id for one in called])
    attempts_made = attempts_of(conn, [one.id for one in called])
    _erase_told(conn, records, {one.id for one in lawful})
    _erase_events(conn, [*records, *(one.id for one in called), *attempts_made])
    spoken = attempts_of(conn, [one.id for one in called if not _lawful(library, one)])
    _erase_spoken(conn, spoken)
    emit(conn, "customer.forgotten", customer_id, now, {"by": by, "attempts": spoken})
    return kept


def what_is_kept(conn: Connection, library: Library, customer_id: str) -> list[Kept]:
    """What `forget` would leave, for the page that asks first."""
    records = family(conn, customer_id)
    called = follow_ups_of(conn, records)
    kept = [
        keeps_until(library.get(one.playbook, one.playbook_version), one.ended_at.date(), _contract_end(one))
        for one in called
        if one.ended_at is not None and _lawful(library, one)
    ]
    others = sum(one.answered for one in called if not _lawful(library, one))
    if others:
        kept.append(Kept(KeptWhat.RECORDINGS, others, RECORDINGS_WHY))
    numbers = _count(conn, phones, records) + _count(conn, vehicles, records)
    kept.append(Kept(KeptWhat.BLOCKS, numbers, BLOCKS_WHY))
    kept.append(Kept(KeptWhat.RECORD_NUMBERS, _count(conn, occasions, records), RECORD_NUMBERS_WHY))
    return gathered(kept)


def _lawful(library: Library, one: Called) -> bool:
    return one.ended_at is not None and by_law(library.find(one.playbook, one.playbook_version))


def _contract_end(one: Called) -> date | None:
    for name in _CONTRACT_END:
        try:
            return date.fromisoformat(str(one.facts.get(name)))
        except ValueError:
            continue
    return None


def _count(conn: Connection, table: Table, records: Sequence[str]) -> int:
    return conn.execute(
        select(func.count()).select_from(table).where(table.c.customer_id.in_(records))
    ).scalar_one()


def _cancel(
    conn: Connection, records: Sequence[str], called: Sequence[Called], by: str, now: datetime
) -> None:
    for one in called:
        if one.state in OPEN:
            move(conn, one.id, FollowUpEvent.CANCEL, now, reason=FORGOTTEN)
    undone = select(tasks.c.id).where(tasks.c.customer_id.in_(records), tasks.c.state == TaskState.OPEN)
    for task_id in conn.execute(undone).scalars().all():
        drop_task(conn, task_id, by, FORGOTTEN, now)


def _erase_customer(conn: Connection, records: Sequence[str], lawful: set[str], now: datetime) -> None:
    for table in (phones, vehicles, identities, segment_members):
        conn.execute(delete(table).where(table.c.customer_id.in_(records)))
    empty = {**BLANK, "segments": [], "told": {}, "paused_until": None, "pause_reason": ""}
    branch = empty.pop("branch")
    assert branch == ""  # the branch is ours, not the person's
    conn.execute(
        update(customers)
        .where(customers.c.id.in_(records))
        .values(**empty, do_not_call=True, forgotten_at=func.coalesce(customers.c.forgotten_at, now))
    )
    blank: dict[str, Any] = {"plate": None, "items": [], "staff": {}, "products": [], "facts": {}}
    mine = occasions.c.customer_id.in_(records)
    # Of a contract whose calls are kept by law its number and terms are kept with them.
    conn.execute(
        update(occasions).where(mine, occasions.c.id.not_in(lawful)).values(**blank, amount_fen=None)
    )
    conn.execute(update(occasions).where(mine).values(plate=None))
    conn.execute(
        update(corrections).where(corrections.c.customer_id.in_(records)).values(before="", after="")
    )
    conn.execute(
        update(merges)
        .where(merges.c.kept_id.in_(records) | merges.c.gone_id.in_(records))
        .values(why={}, moved={}, undone_at=func.coalesce(merges.c.undone_at, now))
    )


def _erase_said(conn: Connection, library: Library, called: Sequence[Called], lawful: set[str]) -> None:
    for one in called:
        if one.id in lawful:
            continue
        chosen = chosen_questions(library.find(one.playbook, one.playbook_version))
        said = (answers.c.follow_up_id == one.id, answers.c.question_id.not_in(chosen))
        conn.execute(update(answers).where(*said).values(value=""))
    mine = [one.id for one in called if one.id not in lawful]
    conn.execute(
        update(result_forms)
        .where(result_forms.c.follow_up_id.in_(mine))
        .values(wishes="", next_step="", promise="")
    )


def _erase_numbers(conn: Connection, records: Sequence[str], called: Sequence[str]) -> None:
    """Numbers are left as 138****0001, so that the ledger of dials can still be read."""
    made = attempts_of(conn, called)
    for table, which in (
        (follow_ups, follow_ups.c.id.in_(called)),
        (attempts, attempts.c.follow_up_id.in_(called)),
        (contacts, contacts.c.customer_id.in_(records)),
        (tickets, tickets.c.customer_id.in_(records)),
        (call_parties, and_(call_parties.c.attempt_id.in_(made), call_parties.c.number.is_not(None))),
    ):
        numbers = conn.execute(select(table.c.number).where(which).distinct()).scalars().all()
        rows = [{"whole": number, "shown": shown_number(number)} for number in numbers if "*" not in number]
        if rows:
            change = update(table).where(which, table.c.number == bindparam("whole"))
            for row in rows:
                conn.execute(change.values(number=row["shown"]), {"whole": row["whole"]})
        if "plate" in table.c:
            conn.execute(update(table).where(which).values(plate=None))
    conn.execute(update(contacts).where(contacts.c.customer_id.in_(records)).values(household=None))
    conn.execute(update(_RECORDINGS).where(_RECORDINGS.c.attempt_id.in_(made)).values(plate=None))


def _erase_told(conn: Connection, records: Sequence[str], lawful: set[str]) -> None:
    """What cases, items, tasks, tickets and plans tell of the person."""
    for table, of_what, blank in (
        (tickets, tickets.c.follow_up_id, {"words": ""}),
        (cases, cases.c.follow_up_id, {"said": []}),
        (question_items, question_items.c.follow_up_id, {"answer": "", "evidence": None}),
        (tasks, tasks.c.follow_up_id, {"title": "", "evidence": {}}),
        (decisions, decisions.c.subject, {"gates": []}),
    ):
        mine = table.c.customer_id.in_(records)
        conn.execute(update(table).where(mine, of_what.is_(None) | of_what.not_in(lawful)).values(blank))
    conn.execute(update(exclusions).where(exclusions.c.customer_id.in_(records)).values(data={}))


def _erase_events(conn: Connection, subjects: Sequence[str]) -> None:
    """What alarms and events tell of the person."""
    flush(conn)
    for table in (alarms, events):
        rows = conn.execute(select(table.c.id, table.c.data).where(table.c.subject.in_(subjects))).all()
        for row in rows:
            less = without_person(row.data)
            if less != row.data:
                conn.execute(update(table).where(table.c.id == row.id).values(data=less))


# Recordings, and what was said in them, are in tables of layers above, known by their names.
_RECORDINGS = named("recordings", column("attempt_id"), column("plate"))
# These rows go: without them nothing is transcribed, judged, replayed or found again.
_GONE = ("segments", "transcripts", "word_corrections", "checks", "passages", "indexed_calls")
# Of these the verdicts and counts stay, for the figures.
_NONE = literal([], JSON())
_LESS: Mapping[str, Mapping[str, object]] = {
    "findings": {"words": None, "evidence": _NONE},
    "past_checks": {"findings": _NONE},
    "rule_flips": {"words": None},
    "doubts": {"reasons": _NONE, "note": None},
    "announcements": {"words": None},
    "clips": {"note": ""},
}


def _erase_spoken(conn: Connection, attempt_ids: Sequence[str]) -> None:
    mine = column("attempt_id").in_(attempt_ids)
    for name in _GONE:
        conn.execute(delete(named(name)).where(mine))
    for name, less in _LESS.items():
        conn.execute(update(named(name, *map(column, less))).where(mine).values(less))

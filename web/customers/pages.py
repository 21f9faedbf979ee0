"""`/customers` and `/customers/{id}`: find a customer, and see all of it (C5, R12, X1)."""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time

from aiohttp import web
from sqlalchemy import Connection

from dialer.customers.rules import is_missing
from dialer.explaining.service import explain_customer
from dialer.playbooks.library import Library
from dialer.storage.feed import emit
from web.auth.guard import current_user, requires
from web.auth.rules import Role
from web.customers import queries, words
from web.customers.missing import missing_of
from web.customers.segments import may_keep
from web.customers.timeline import timeline
from web.labels import (
    CASE_STATE,
    DISPOSITION,
    HEARD,
    ITEM_STATE,
    OUTCOME,
    SATISFACTION,
    TASK_KIND,
    TASK_STATE,
)
from web.panel import PANEL, Panel
from web.plan.explain import context as explain_context
from web.quality.words import RECORDING, TRANSCRIPT
from web.render import language_of, render

_FOUND = 50
READERS = (Role.SUPERVISOR, Role.ADMIN, Role.QA)
WRITERS = (Role.SUPERVISOR, Role.ADMIN)


def routes(_panel: Panel) -> list[web.RouteDef]:
    """The routes of this file."""
    return [web.get("/customers", search_page), web.get("/customers/{customer}", customer_page)]


@requires(*READERS)
async def search_page(request: web.Request) -> web.StreamResponse:
    """Customers by plate, tail of a number, name or id."""
    panel = request.app[PANEL]
    text = unicodedata.normalize("NFKC", request.query.get("q", "")).strip()[:60]
    found, count = await panel.database.read(
        lambda conn: (
            queries.search(conn, text, _FOUND + 1) if text else [],
            queries.count_customers(conn),
        )
    )
    if len(found) == 1 and request.query.get("go", "1") != "0":
        raise web.HTTPSeeOther(f"/customers/{found[0].id}")
    return render(
        request,
        "customers/search.html",
        text=text,
        found=found[:_FOUND],
        more=len(found) > _FOUND,
        count=count,
    )


@requires(*READERS, Role.AGENT)
async def customer_page(request: web.Request) -> web.StreamResponse:
    """One customer: who, what is owed and why, what is missing, everything that happened."""
    panel, user = request.app[PANEL], current_user(request)
    customer_id = request.match_info["customer"]
    may_all = bool(user.roles.intersection(READERS))
    zone, now = panel.settings.zone, panel.clock()
    first_day = queries.quarter_of(now.astimezone(zone).date())
    began = datetime.combine(first_day, time(0), zone).astimezone(UTC)
    numbers = panel.engine_status().pairing.numbers

    def read(conn: Connection) -> Mapping[str, object] | None:
        shown = queries.head(conn, customer_id, began, panel.planning.quarter_limit)
        if shown is None:
            return None
        keeps = may_keep(conn, user, shown.records)
        if not may_all and not keeps and not _called(conn, user.agent_id, shown.records):
            raise web.HTTPForbidden
        of = shown.row["id"]
        return {
            "head": shown,
            "may_confirm": keeps,
            "wrong": request.query.get("wrong") == "1",
            "explanations": explain_customer(conn, panel.library, panel.planning, zone, of, now, numbers),
            "missing": missing_of(conn, panel.library, of),
            "timeline": timeline(conn, shown.records),
        }

    values = await panel.database.read(read)
    if values is None:
        raise web.HTTPNotFound
    shown = values["head"]
    assert isinstance(shown, queries.Head)
    if shown.row["id"] != customer_id:
        raise web.HTTPSeeOther(f"/customers/{shown.row['id']}")
    await leave_trace(request, "customer.looked_at", customer_id)
    return render(request, "customers/page.html", **{**frame(request), **values})


def frame(request: web.Request) -> dict[str, object]:
    """What the templates of one customer need besides its rows."""
    user, panel = current_user(request), request.app[PANEL]
    return {
        **explain_context(request),
        "said": words,
        "may_change": bool(user.roles.intersection(WRITERS)),
        "may_listen": bool(user.roles.intersection((Role.QA, Role.SUPERVISOR))),
        "is_missing": is_missing,
        "dispositions": DISPOSITION,
        "satisfactions": SATISFACTION,
        "case_states": CASE_STATE,
        "item_states": ITEM_STATE,
        "task_states": TASK_STATE,
        "task_kinds": TASK_KIND,
        "recording_states": RECORDING,
        "transcript_states": TRANSCRIPT,
        "outcome_names": OUTCOME,
        "heard_names": HEARD,
        "answer_text": _answers(panel.library, language_of(request)),
        "lang": language_of(request),
    }


async def leave_trace(request: web.Request, kind: str, customer_id: str) -> None:
    """Note who looked or acted (X1)."""
    panel, user = request.app[PANEL], current_user(request)
    now, told = panel.clock(), {"user": user.id, "login": user.login}

    def work(conn: Connection) -> None:
        emit(conn, kind, customer_id, now, told)

    await panel.database.write(work)


def _called(conn: Connection, agent_id: str | None, records: tuple[str, ...]) -> bool:
    return agent_id is not None and not queries.called_by(conn, agent_id).isdisjoint(records)


def _answers(library: Library, language: str) -> Callable[[str, int | None, str, str], tuple[str, str]]:
    """(question, answer) as people read them, for an answer of a call."""

    def text(playbook_id: str, version: int | None, question_id: str, value: str) -> tuple[str, str]:
        playbook = library.find(playbook_id, version)
        question = playbook.question(question_id) if playbook is not None else None
        if question is None:
            return question_id, value
        choices = [question.choice(one) for one in value.split(",")]
        labels = [one.label.in_(language) for one in choices if one is not None]
        return question.ask.in_(language), ", ".join(labels) or value

    return text

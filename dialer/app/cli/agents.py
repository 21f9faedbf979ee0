"""`dialer agent`: who calls, at which phones, and what each did on a day."""

from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from dialer.agents.attendance import attendance, open_stretch
from dialer.agents.queries import (
    agent_of_code,
    all_agents,
    all_desks,
    history,
    session,
    sessions,
)
from dialer.agents.service import add_agent, add_desk
from dialer.agents.states import AgentState
from dialer.app.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    console,
    fail,
    settings_of,
    show,
    with_database,
)
from dialer.clock import system_clock
from dialer.storage.database import Database

agents = typer.Typer(help="Who calls, at which phone.", no_args_is_help=True)

Row = dict[str, str | int | None]


@agents.command("add")
def add_agent_command(
    code: Annotated[str, typer.Argument(help="The agent's number (工号).")],
    name: str,
    extension: Annotated[
        str, typer.Option(help="The phone the agent usually sits at; empty: one is chosen at each sign-in.")
    ] = "",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add an agent. Two may share a phone, at different times."""
    settings = settings_of(data)

    async def work(database: Database) -> str:
        return await database.write(
            lambda c: add_agent(c, code=code, name=name, extension=extension, branch=settings.site.branch)
        )

    try:
        with_database(settings, work)
    except IntegrityError:
        fail(f"the number {code!r} belongs to another agent already: see `dialer agent list`")
    console.print(f"Agent {code} {name} {f'at extension {extension} ' if extension else ''}was added.")


@agents.command("list")
def list_agents(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Every agent, with what he is doing now."""

    def read(conn: Connection) -> list[Row]:
        now = {one.agent_id: one for one in sessions(conn)}
        rows: list[Row] = []
        for one in all_agents(conn):
            current = now.get(one.id)
            rows.append(
                {
                    "code": one.code,
                    "name": one.name,
                    "extension": one.extension,
                    "sits_at": current.extension if current else None,
                    "state": (current.state if current else AgentState.OFFLINE).value,
                    "reason": current.reason if current else None,
                }
            )
        return rows

    rows = with_database(settings_of(data), lambda database: database.read(read))
    lines = [
        f"{r['code']}  {r['sits_at'] or r['extension'] or '-'}  {r['name']}  {r['state']} {r['reason'] or ''}"
        for r in rows
    ]
    show(rows, as_json, "\n".join(lines) or "none")


@agents.command("desk")
def add_desk_command(
    extension: Annotated[str, typer.Argument(help="The phone's extension in Asterisk.")],
    place: Annotated[str, typer.Option(help="Where it stands, as people say it.")] = "",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add a phone that agents may choose at sign-in, or say where one stands now."""
    settings = settings_of(data)

    async def work(database: Database) -> None:
        await database.write(lambda c: add_desk(c, extension, place=place, branch=settings.site.branch))

    with_database(settings, work)
    console.print(f"Agents may sit at extension {extension}{f', {place}' if place else ''}.")


@agents.command("desks")
def list_desks(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Every phone agents may sit at, whose it usually is, and who sits there now."""
    desks = with_database(settings_of(data), lambda database: database.read(all_desks))
    rows: list[Row] = [
        {
            "extension": desk.extension,
            "place": desk.place,
            "usual": ", ".join(desk.usual),
            "taken_by": desk.taken_by,
        }
        for desk in desks
    ]
    lines = [f"{r['extension']}  {r['place']}  {r['usual']}  {r['taken_by'] or 'free'}" for r in rows]
    show(rows, as_json, "\n".join(lines) or "none")


@agents.command("history")
def show_history(
    code: Annotated[str, typer.Argument(help="The agent's number.")],
    day: Annotated[str, typer.Option(help="As 2026-11-25; empty: today.")] = "",
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """What an agent did on a day: each state, its times, and what ended it."""
    settings = settings_of(data)
    zone = ZoneInfo(settings.calling.time_zone)
    try:
        wanted = date.fromisoformat(day) if day else system_clock().astimezone(zone).date()
    except ValueError:
        fail(f"the day {day!r} is no date: write it as 2026-11-25")
    begin = datetime(wanted.year, wanted.month, wanted.day, tzinfo=zone)
    end = begin + timedelta(days=1)

    def read(conn: Connection) -> tuple[list[Row], float] | None:
        who = agent_of_code(conn, code)
        if who is None:
            return None
        kept, current = history(conn, begin, end, who.id), session(conn, who.id)
        if current is not None and current.since < end:
            kept.append(open_stretch(current, system_clock()))
        rows: list[Row] = [
            {
                "from": one.began_at.astimezone(zone).isoformat(timespec="seconds"),
                "until": one.ended_at.astimezone(zone).isoformat(timespec="seconds") if one.event else None,
                "state": one.state.value,
                "reason": one.reason,
                "seconds": round((one.ended_at - one.began_at).total_seconds()),
                "extension": one.extension,
                "attempt": one.attempt_id,
                "ended_by": one.event or None,
                "why": one.why,
            }
            for one in kept
            if one.state is not AgentState.OFFLINE
        ]
        summary = attendance(kept, begin, end).get(who.id)
        return rows, summary.on_duty if summary else 0.0

    found = with_database(settings, lambda database: database.read(read))
    if found is None:
        fail(f"there is no agent with the number {code!r}: see `dialer agent list`")
    rows, on_duty = found
    lines = [
        f"{str(r['from'])[11:19]}  {r['seconds']:>6} s  {r['state']}"
        f" {r['reason'] or ''}  {r['why'] or r['ended_by'] or 'now'}"
        for r in rows
    ]
    show(rows, as_json, "\n".join([*lines, f"on duty {on_duty / 3600:.2f} h"]) if rows else "not on duty")

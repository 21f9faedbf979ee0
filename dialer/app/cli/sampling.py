"""`dialer sample`: draws the calls that people review, and proves a draw; `dialer reviews`: what came."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from sqlalchemy import Connection, select

from dialer.agents.tables import agents
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
from dialer.ids import new_id
from qa.reviews.drawing import CannotDraw, draw_day, draw_second, is_reproducible
from qa.reviews.figures import Summary, summary
from qa.sampling.queries import SampleRow, samples_of
from web.reviews.sample import site_of

sample_commands = typer.Typer(no_args_is_help=True, help="The calls that people review: draw, show, verify.")
review_commands = typer.Typer(no_args_is_help=True, help="What came of reviews.")

_BY = "command line"
_DAY = typer.Option(formats=["%Y-%m-%d"], help="The day of the calls; yesterday where none is given.")


@sample_commands.command("draw")
def draw_command(
    day: Annotated[datetime | None, _DAY] = None,
    seed: Annotated[str, typer.Option(help="Draws the same again; made up where none is given.")] = "",
    second: Annotated[bool, typer.Option("--second", help="The head office's second look.")] = False,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Draw the pools of a day and give each call a reviewer."""
    settings = settings_of(data)
    zone = ZoneInfo(settings.calling.time_zone)
    now = system_clock()
    of = day.date() if day else now.astimezone(zone).date() - timedelta(days=1)
    draw = draw_second if second else draw_day

    def work(conn: Connection) -> list[SampleRow]:
        draw(conn, site_of(conn, zone), of, seed or new_id(), _BY, now)
        return samples_of(conn, of)

    try:
        rows = with_database(settings, lambda db: db.write(work))
    except CannotDraw as error:
        fail(str(error))
    _show(rows, as_json)


@sample_commands.command("show")
def show_command(
    day: Annotated[datetime | None, _DAY] = None, data: DataDir = DEFAULT_DATA, as_json: AsJson = False
) -> None:
    """Show the draws of a day."""
    _show(_samples(day, data), as_json)


@sample_commands.command("verify")
def verify_command(
    day: Annotated[datetime | None, _DAY] = None, data: DataDir = DEFAULT_DATA, as_json: AsJson = False
) -> None:
    """Prove that each draw of a day is the one its seed gives."""
    rows = _samples(day, data)
    bad = [row for row in rows if not is_reproducible(row)]
    if as_json:
        show({"samples": len(rows), "not_reproducible": [row.id for row in bad]}, True, "")
    if bad:
        pools = ", ".join(row.pool for row in bad)
        fail(f"{len(bad)} of {len(rows)} draws are not what their seed gives: {pools}.")
    if not as_json:
        console.print(f"{len(rows)} draws: each is what its seed gives.")


@review_commands.command("summary")
def summary_command(
    week: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Any day of the week.")] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """The week's reviews: by agent, what to train, and how far people and machine agree."""
    settings = settings_of(data)
    zone = ZoneInfo(settings.calling.time_zone)
    day = week.date() if week else system_clock().astimezone(zone).date()
    first = datetime.combine(day - timedelta(days=day.weekday()), datetime.min.time(), zone)

    def read(conn: Connection) -> tuple[Summary, dict[str, str]]:
        names = dict(conn.execute(select(agents.c.id, agents.c.name)).tuples().all())
        return summary(conn, first, first + timedelta(days=7)), names

    found, names = with_database(settings, lambda db: db.read(read))
    if as_json:
        show(_as_dict(found, names), True, "")
        return
    table = Table("agent", "reviews", "score", "fatal")
    for one in found.agents:
        score = "" if one.score is None else f"{one.score:.2f}"
        table.add_row(names.get(one.agent_id, one.agent_id), str(one.count), score, str(one.fatal))
    console.print(table)
    for lesson in found.lessons:
        who = names.get(lesson.agent_id, lesson.agent_id) if lesson.agent_id else "everybody"
        console.print(f"train {lesson.rule_id} with {who}: {lesson.count} times, e.g. {lesson.calls[0]}")
    for same in found.agreement:
        kappa = (
            "says nothing" if same.kappa is None else f"{same.kappa:.2f} ({same.low:.2f} to {same.high:.2f})"
        )
        console.print(f"{same.rule_id}: {same.same} of {same.count} alike, kappa {kappa}")


def _samples(day: datetime | None, data: Path) -> list[SampleRow]:
    settings = settings_of(data)
    zone = ZoneInfo(settings.calling.time_zone)
    of = day.date() if day else system_clock().astimezone(zone).date() - timedelta(days=1)
    rows = with_database(settings, lambda db: db.read(lambda conn: samples_of(conn, of)))
    if not rows:
        fail(f"Nothing was drawn from the calls of {of}: dialer sample draw --day {of}")
    return rows


def _show(rows: list[SampleRow], as_json: bool) -> None:
    if as_json:
        known = [
            {
                "id": row.id,
                "pool": row.pool,
                "tier": row.tier,
                "seed": row.seed,
                "population": len(row.members),
                "taken": row.taken,
                "replaced": row.replaced,
            }
            for row in rows
        ]
        show({"samples": known}, True, "")
        return
    table = Table("pool", "tier", "population", "taken", "replaced", "seed")
    for row in rows:
        counts = (str(len(row.members)), str(len(row.taken)), str(len(row.replaced)))
        table.add_row(row.pool, row.tier, *counts, row.seed)
    console.print(table)


def _as_dict(found: Summary, names: dict[str, str]) -> dict[str, object]:
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "agents": [
            {
                "agent": names.get(one.agent_id, one.agent_id),
                "reviews": one.count,
                "score": one.score,
                "fatal": one.fatal,
                "items": dict(one.items),
            }
            for one in found.agents
        ],
        "estimates": {
            rule: {"share": one.value, "low": one.low, "high": one.high, "calls": one.whole}
            for rule, one in found.estimates.items()
        },
        "agreement": {
            one.rule_id: {
                "calls": one.count,
                "same": one.same,
                "kappa": one.kappa,
                "low": one.low,
                "high": one.high,
            }
            for one in found.agreement
        },
        "lessons": [
            {
                "agent": names.get(one.agent_id, ""),
                "rule": one.rule_id,
                "count": one.count,
                "calls": one.calls,
            }
            for one in found.lessons
        ],
        "open_appeals": found.open_appeals,
    }

"""`dialer sample`: draws the calls that people review, and proves a draw; `dialer reviews`: what came."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Connection

from dialer.agents.queries import all_agents
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
from qa.reviews import queries as reviews
from qa.reviews.drawing import CannotDraw, Drift, draw_day, draw_second, drift
from qa.reviews.figures import Summary, summary
from qa.reviews.rules import Unfit
from qa.reviews.service import ReviewRefused
from qa.reviews.setting_aside import set_aside
from qa.sampling.proof import Proof, proofs
from qa.sampling.queries import SampleRow, samples_of
from web.reviews.site import site_of

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
    zone = settings.web.zone
    now = system_clock()
    of = day.date() if day else now.astimezone(zone).date() - timedelta(days=1)
    draw = draw_second if second else draw_day

    def work(conn: Connection) -> list[SampleRow]:
        draw(conn, site_of(conn, settings.reviews, zone), of, seed or new_id(), _BY, now)
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
    _show(_samples(day, data)[0], as_json)


@sample_commands.command("verify")
def verify_command(
    day: Annotated[datetime | None, _DAY] = None, data: DataDir = DEFAULT_DATA, as_json: AsJson = False
) -> None:
    """Draw every pool of a day again, from the calls as they were known then: is each what its seed gives?

    Order, what was taken, and every stand-in must come out the same. Calls picked by hand are not drawn.
    Whose outcome was corrected since the draw is told: such a call is no fault of it.
    """
    rows, since = _samples(day, data)
    proven = proofs(rows)
    drawn = [row for row in rows if proven[row.id] is not Proof.PICKED]
    bad = [row for row in drawn if proven[row.id] is Proof.CHANGED]
    if as_json:
        told = {"samples": len(drawn), "not_reproducible": [row.id for row in bad]}
        show(told | ({"answered_since": since.more, "not_any_more": since.fewer} if since else {}), True, "")
    if bad:
        pools = ", ".join(row.pool for row in bad)
        fail(f"{len(bad)} of {len(drawn)} draws are not what their seed gives: {pools}.")
    if not as_json:
        console.print(f"{len(drawn)} draws: each is what its seed gives.")
        if since and (since.more or since.fewer):
            more, fewer = len(since.more), len(since.fewer)
            console.print(f"Since the draw {more} calls more count as answered, and {fewer} do not any more.")


@sample_commands.command("set-aside")
def set_aside_command(
    call: Annotated[str, typer.Argument(help="The call, by its attempt's id.")],
    reason: Annotated[Unfit, typer.Option(help="Why it cannot be reviewed.")],
    note: Annotated[str, typer.Option(help="In words; needed with the reason other.")] = "",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Set a drawn call aside; the next of the seed's order stands in."""
    settings = settings_of(data)
    now = system_clock()

    def work(conn: Connection) -> str | None:
        rows = [one for one in reviews.of_calls(conn, [call]) if one.state in reviews.OPEN]
        if not rows:
            raise ReviewRefused(f"No review of the call {call} is open: see dialer sample show.")
        site = site_of(conn, settings.reviews, settings.web.zone)
        return set_aside(conn, site, rows[0].id, reason, note, _BY, now)

    try:
        instead = with_database(settings, lambda db: db.write(work))
    except ReviewRefused as error:
        fail(str(error))
    console.print(f"{instead} stands in." if instead else "No other call of this draw is left.")


@review_commands.command("summary")
def summary_command(
    week: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Any day of the week.")] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """The week's reviews: by agent, what to train, and how far people and machine agree."""
    settings = settings_of(data)
    zone = settings.web.zone
    day = week.date() if week else system_clock().astimezone(zone).date()
    first = datetime.combine(day - timedelta(days=day.weekday()), datetime.min.time(), zone)

    def read(conn: Connection) -> tuple[Summary, dict[str, str]]:
        names = {agent.id: agent.name for agent in all_agents(conn)}
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


def _samples(day: datetime | None, data: Path) -> tuple[list[SampleRow], Drift | None]:
    settings = settings_of(data)
    zone = settings.web.zone
    of = day.date() if day else system_clock().astimezone(zone).date() - timedelta(days=1)

    def read(conn: Connection) -> tuple[list[SampleRow], Drift | None]:
        return samples_of(conn, of), drift(conn, of, zone)

    rows, since = with_database(settings, lambda db: db.read(read))
    if not rows:
        fail(f"Nothing was drawn from the calls of {of}: dialer sample draw --day {of}")
    return rows, since


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
            rule: {
                "share": one.broken.value,
                "low": one.broken.low,
                "high": one.broken.high,
                "calls": one.broken.whole,
                "not_applicable": one.not_applicable,
                "unclear": one.unclear,
            }
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

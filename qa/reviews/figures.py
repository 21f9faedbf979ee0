"""The weekly summary and the sheet 服务质量综合考评表, as rows to show and as a workbook (S2, S3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import Connection

from dialer.importing.errors import inert
from qa.reviews import counting, queries
from qa.reviews.counting import AgentFigures
from qa.reviews.rules import Agreement, Estimate, Lesson, agreement, estimate, lessons
from qa.reviews.scorecards import Scorecard

Row = Sequence[str | float | None]


@dataclass(frozen=True, slots=True)
class Summary:
    """The reviews of a time. `estimates` and `agreement`: of the random pool only, as judged blind."""

    since: datetime
    until: datetime
    agents: Sequence[AgentFigures]
    estimates: Mapping[str, Estimate]
    agreement: Sequence[Agreement]
    between_people: Sequence[Agreement]
    lessons: Sequence[Lesson]
    open_appeals: int


def summary(conn: Connection, since: datetime, until: datetime) -> Summary:
    """Everything that is told of a week or a month."""
    blind = counting.judged_blind(conn, since, until)
    pairs = {
        rule_id: [(machine, person) for machine, person in said if machine is not None]
        for rule_id, said in blind.items()
    }
    return Summary(
        since,
        until,
        counting.agent_figures(conn, since, until),
        {rule_id: estimate([person for _, person in said]) for rule_id, said in blind.items()},
        [agreement(rule_id, said) for rule_id, said in pairs.items() if said],
        [agreement(rule_id, said) for rule_id, said in counting.double_judged(conn, since, until).items()],
        lessons(counting.faults(conn, since, until)),
        len(queries.open_appeals(conn)),
    )


def workbook(
    figures: Summary,
    card: Scorecard,
    names: Mapping[str, str],
    titles: Mapping[str, str],
    language: str = "zh",
) -> bytes:
    """The sheet as XLSX: one line an agent. `names` of agents; `titles` are the words for its fixed columns
    (agent, count, score, fatal, rule, faults, agents, training) and for rules by their ids."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = inert(card.title.get(language, card.title["zh"]))[:31]
    items = [item.title.get(language, item.title["zh"]) for item in card.items]
    rows: list[Row] = [[titles["agent"], titles["count"], *items, titles["score"], titles["fatal"]]]
    for one in figures.agents:
        points = [one.items.get(item.id) for item in card.items]
        rows.append([names.get(one.agent_id, one.agent_id), one.count, *points, one.score, one.fatal])
    fill(book.worksheets[0], rows)
    lesson_rows: list[Row] = [[titles["rule"], titles["agent"], titles["faults"], titles["agents"]]]
    for lesson in figures.lessons:
        who = names.get(lesson.agent_id, lesson.agent_id) if lesson.agent_id else "*"
        lesson_rows.append([titles.get(lesson.rule_id, lesson.rule_id), who, lesson.count, lesson.agents])
    book.create_sheet(inert(titles["training"])[:31])
    fill(book.worksheets[1], lesson_rows)
    kept = BytesIO()
    book.save(kept)
    return kept.getvalue()


def fill(sheet: Worksheet, rows: Sequence[Row]) -> None:
    """Write these rows, the first one as headings; nothing in them is run by a spreadsheet."""
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            cell = sheet.cell(number, column, inert(value) if isinstance(value, str) else value)
            if number == 1:
                cell.font = Font(bold=True)
    for column in range(1, len(rows[0]) + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 16
    sheet.freeze_panes = "A2"

"""The same form, filled in by a visit, a letter or a link, when the telephone did not do (L8)."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.cases.queries import Task
from dialer.cases.rules import effects_of
from dialer.cases.service import Bearing, apply_effects, finish_task
from dialer.followups.queries import follow_up
from dialer.forms.rules import BadAnswer, Disposition, check_answer, check_form
from dialer.forms.tables import answers as answers_table
from dialer.forms.topics import topic_of
from dialer.playbooks.library import Library
from dialer.storage.dialects import upsert
from dialer.storage.feed import emit


def finish_by_other_means(
    conn: Connection,
    library: Library,
    task: Task,
    answers: Mapping[str, str],
    *,
    means: str,
    note: str,
    by: str,
    now: datetime,
    zone: ZoneInfo,
) -> None:
    """Store the answers of a follow-up whose tries are used up, with their effects, and finish its task.

    The follow-up stays exhausted and its failed tries stay on record: it is counted apart, by its task.

    Raises:
        BadAnswer: an answer does not fit or is missing, or no proof is named.
        IllegalMove: the task is not open any more.
    """
    owed = follow_up(conn, task.follow_up_id) if task.follow_up_id else None
    if owed is None or task.attempt_id is None:
        raise BadAnswer("this task has no form: say how it was done")
    if not note.strip():
        raise BadAnswer("say what proves it: who was met, the number of the letter, the file")
    playbook = topic_of(conn, library, owed).playbook
    for question_id, value in answers.items():
        row = {
            "follow_up_id": owed.id,
            "question_id": question_id,
            "attempt_id": task.attempt_id,
            "playbook_version": owed.playbook_version,
            "value": check_answer(playbook, question_id, value),
            "second": 0.0,
            "at": now,
        }
        upsert(conn, answers_table, row, ["follow_up_id", "question_id"])
    standing = topic_of(conn, library, owed).standing
    check_form(standing, Disposition.COMPLETED, has_time=False)
    bearing = Bearing(owed, task.attempt_id, by, zone)
    apply_effects(conn, effects_of(playbook, standing), bearing, standing.answers, now)
    finish_task(conn, task.id, by, means, note.strip(), now, form=True)
    emit(conn, "follow_up.done_by_other_means", owed.id, now, {"by": by, "means": means, "task": task.id})

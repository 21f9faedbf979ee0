"""Steps that tests of answers and their effects do again and again."""

from sqlalchemy import Connection

from dialer.calling.queries import Attempt
from dialer.forms import service as forms
from dialer.forms.rules import Disposition
from dialer.playbooks.library import Library
from tests.support.core import at
from tests.support.questionnaires import GOOD, LIBRARY_OF_IT


def give(conn: Connection, call: Attempt, library: Library = LIBRARY_OF_IT, /, **answers: str) -> None:
    for question, value in answers.items():
        forms.save_answer(
            conn,
            library,
            agent_id=call.agent_id,
            attempt_id=call.id,
            question_id=question,
            value=value,
            now=at(30),
        )


def save(
    conn: Connection,
    call: Attempt,
    disposition: Disposition,
    library: Library = LIBRARY_OF_IT,
    /,
    **more: object,
) -> None:
    forms.save_form(
        conn,
        library,
        agent_id=call.agent_id,
        attempt_id=call.id,
        disposition=disposition,
        now=at(100),
        **more,  # type: ignore[arg-type]
    )


def good() -> dict[str, str]:
    return {question: given for question, (given, _) in GOOD.items()}

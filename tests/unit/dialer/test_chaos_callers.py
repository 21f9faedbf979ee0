"""Which of the drill's calls go back to customers who rang (D9)."""

from pathlib import Path

from sqlalchemy import create_engine

from dialer.app.chaos.callers import call_backs
from dialer.storage.feed import emit
from tests.support.core import NOW
from tests.support.stores import new_file


def test_d9_the_next_call_of_a_follow_up_is_the_call_back(tmp_path: Path) -> None:
    engine = create_engine(new_file(tmp_path / "drill.db"))
    with engine.begin() as conn:
        for kind, subject, data in (
            ("attempt.placing_agent", "a1", {"follow_up": "f1"}),
            ("follow_up.call_back", "f1", {}),
            ("attempt.placing_agent", "b1", {"follow_up": "f2"}),
            ("attempt.placing_agent", "a2", {"follow_up": "f1"}),
            ("attempt.placing_agent", "a3", {"follow_up": "f1"}),
        ):
            emit(conn, kind, subject, NOW, data)
        assert call_backs(conn) == {"a2"}
    engine.dispose()

"""What a power cut takes from the channel event log (D7)."""

import random
from pathlib import Path

import pytest

from asterisk.cel import CelFile, CelLog
from dialer.app.chaos.power import lose_tail
from dialer.ids import new_id
from tests.support.core import NOW, at

CALLS = [new_id() for _ in range(3)]
LINES = [
    f'"ANSWER","{at(second).timestamp()}","{call}","{call}","PJSIP/1","","","{{}}"\n'
    for second, call in zip((0, 5, 9), CALLS, strict=True)
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "cel.csv"
    path.write_text("".join(LINES), "utf-8")
    return path


@pytest.mark.parametrize("seed", range(20))
def test_the_tail_is_gone_and_its_first_line_torn(log: Path, seed: int) -> None:
    gone = lose_tail(log, at(4), random.Random(seed))
    assert gone == "".join(LINES[1:])
    left = log.read_text("utf-8")
    assert left.startswith(LINES[0])
    assert LINES[1].startswith(left.removeprefix(LINES[0]))
    assert left != "".join(LINES[:2])


def test_what_was_on_the_disk_stays(log: Path, tmp_path: Path) -> None:
    assert lose_tail(log, at(10), random.Random(1)) == ""
    assert log.read_text("utf-8") == "".join(LINES)
    assert lose_tail(tmp_path / "none.csv", NOW, random.Random(1)) == ""


async def test_the_log_goes_on_behind_the_torn_line(log: Path) -> None:
    """What Asterisk writes next stands right behind what is left of it, and is lost besides."""
    lose_tail(log, at(4), random.Random(3))
    with log.open("a", encoding="utf-8") as file:
        file.writelines(LINES[1:])
    cel = CelLog(CelFile(log))
    answered = [(await cel.trail(call)).agent_answered_at for call in CALLS]
    await cel.close()
    assert answered == [NOW, None, at(9)]

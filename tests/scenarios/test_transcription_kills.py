"""kill -9 at every step from the archive to the findings: nothing is lost, halved or doubled (Q1, D7)."""

import json
import os
import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).with_name("transcription_killed.py")
FEWEST_STEPS = 15
SAID = 14


def test_killed_at_every_step_and_started_again(tmp_path: Path) -> None:
    """Each line of the child tells of one run that was killed, and of what the next run made of it."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.run(
        [sys.executable, "-W", "ignore", str(CHILD), str(tmp_path)],
        capture_output=True,
        text=True,
        env=env,
        check=False,
        timeout=120,
    )
    assert child.returncode == 0, child.stderr
    runs = [json.loads(line) for line in child.stdout.splitlines()]
    killed = [run for run in runs if run["killed_at"]]
    assert len(killed) >= FEWEST_STEPS
    assert len(runs) == len(killed) + 1, "the last run comes to its end by itself"
    steps = {run["killed_at"].split()[0] for run in killed}
    assert steps == {"remember", "claim", "decode", "words", "findings", "commit"}
    rules = runs[-1]["after"]["findings"]
    for run in runs:
        found = run["found"]
        assert found["segments"] == (SAID if "done" in found["transcripts"] else 0), run
        assert found["findings"] == (rules if "done" in found["checks"] else 0), run
        assert run["after"] == {
            "transcripts": ["done"],
            "segments": SAID,
            "checks": ["done"],
            "findings": rules,
            "told": {"transcript.waiting": 1, "transcript.done": 1, "check.waiting": 1, "call.checked": 1},
            "alarms": [],
        }, run

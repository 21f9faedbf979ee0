"""kill -9 of the service at every step of archiving: nothing is lost, doubled or unlinked (A1, A6, D7)."""

import json
import os
import subprocess
import sys
from pathlib import Path

CHILD = Path(__file__).with_name("recordings_killed.py")
FEWEST_STEPS = 30


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
    assert steps == {"fetch", "write", "place", "commit", "remove"}
    for run in runs:
        assert run["unlinked_after_kill"] == [], run
        assert run["after"] == {
            "states": ["archived"],
            "intact": [True, True],
            "wavs": 2,
            "left": [],
            "waiting": 0,
            "alarms": [],
            "told": 1,
            "unfinished": [],
        }, run

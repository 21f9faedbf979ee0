"""The lines of the event log that are about one call, whoever took part in it (O1)."""

from pathlib import Path

import pytest

from asterisk.cel import CelFile
from asterisk.cel_lines import lines_of

ATTEMPT = "01JD9Z2V7Q3M8R5T6W1X4Y0ZAB"
OTHER = "01JD9Z2V7Q3M8R5T6W1X4Y0ZAC"
PARTY = "01JD9Z2V7Q3M8R5T6W1X4Y0ZAD"
RANG = "huifang-17.9"

# (unique id, linked id, user field) of a channel, and whether the lines of the call have it.
CHANNELS = [
    (ATTEMPT, ATTEMPT, "", True),
    ("huifang-17.2", ATTEMPT, ATTEMPT, True),
    # Customer first: what waits at the gate, what dials, the customer, and the agent.
    (f"HFC-{ATTEMPT}", f"HFC-{ATTEMPT}", "", True),
    (f"HFD-{ATTEMPT}", f"HFC-{ATTEMPT}", "", True),
    ("huifang-17.3", f"HFC-{ATTEMPT}", ATTEMPT, True),
    ("huifang-17.4", "huifang-17.4", f"agent:{ATTEMPT}", True),
    # What serves the call, and who was asked into it before he was in the bridge.
    (f"HFA-{ATTEMPT}", "huifang-17.5", "", True),
    (f"HFM-{ATTEMPT}", f"HFM-{ATTEMPT}", "", True),
    (f"HFP-{PARTY}", f"HFP-{PARTY}", "", True),
    # The customer rang: his channel is marked only when he is put through.
    (RANG, RANG, "", True),
    (RANG, RANG, ATTEMPT, True),
    (OTHER, OTHER, "", False),
    (f"HFC-{OTHER}", f"HFC-{OTHER}", "", False),
    ("huifang-17.99", "huifang-17.99", "", False),
]


@pytest.mark.parametrize(("unique_id", "linked_id", "userfield", "there"), CHANNELS)
def test_o1_a_channel_of_the_call_is_found(
    tmp_path: Path, unique_id: str, linked_id: str, userfield: str, there: bool
) -> None:
    path = tmp_path / "cel.csv"
    columns = ["CHAN_START", "1700000000.5", unique_id, linked_id, "PJSIP/x-1", "Dial", userfield, ""]
    path.write_text(",".join(f'"{column}"' for column in columns) + "\n")
    found = lines_of(CelFile(path), ATTEMPT, {PARTY, RANG})
    assert bool(found) is there

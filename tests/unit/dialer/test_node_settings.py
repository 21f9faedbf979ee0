"""Several telephone systems in the settings: what belongs to which, and what cannot be right (D8, O1)."""

from pathlib import Path

import pytest

from dialer.app.nodes import Nodes, shares_of
from dialer.app.settings import FILE_NAME, BadSettings, Settings, load_settings
from dialer.nodes.rules import ALONE
from recordings.remote import RemoteSource
from recordings.several import SeveralSources
from recordings.source import LocalSource

TWO = """
[[calling.trunks]]
name = "ims"
dial = "PJSIP/{number}@ims"
[[calling.trunks]]
name = "gsm"
dial = "PJSIP/{number}@gsm"
node = "west"
[[nodes]]
name = "east"
phones = ["80*"]
[nodes.asterisk]
host = "north.example"
recordings_dir = "/east"
[[nodes]]
name = "west"
phones = ["81*"]
[nodes.asterisk]
host = "south.example"
[nodes.files]
url = "https://south.example:8190"
token = "a-token-that-is-long-enough"
"""


def settings(folder: Path, text: str) -> Settings:
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    return load_settings(folder)


def test_each_node_has_its_phones_trunks_and_files(tmp_path: Path) -> None:
    known = settings(tmp_path, TWO)
    east, west = shares_of(known)
    assert (east.first, west.first) == (True, False)
    assert west.has_phone("8101")
    assert not east.has_phone("8101")
    nodes = Nodes(known, None)
    assert nodes.reach(east).host == "north.example"
    # A trunk that names no node is the first one's.
    assert nodes.reach(east).trunk_dials == {"ims": "PJSIP/{number}@ims"}
    assert nodes.reach(west).trunk_dials == {"gsm": "PJSIP/{number}@gsm"}
    assert nodes.recordings() == SeveralSources(
        (
            LocalSource(Path("/east")),
            RemoteSource("https://south.example:8190", "a-token-that-is-long-enough"),
        )
    )


def test_without_nodes_there_is_one_that_has_everything(tmp_path: Path) -> None:
    known = settings(tmp_path, '[asterisk]\nrecordings_dir = "/monitor"\n')
    assert shares_of(known) == (ALONE,)
    assert Nodes(known, None).recordings() == LocalSource(Path("/monitor"))
    assert Nodes(known, None).reach(ALONE).trunk_dials == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TWO.replace('node = "west"', 'node = "south"'), "gsm is at node south, none of nodes"),
        (TWO.replace('name = "west"', 'name = "east"'), "each needs a name of its own"),
        (TWO + '[leases]\nhome = ["south"]\n', "leases.home: south is none of nodes"),
        (TWO + "[private_asterisk]\n", "a private Asterisk is the only node"),
        (TWO.replace("https://south.example:8190", "south.example"), "nodes.1.files.url"),
        ('[node_agent]\ntoken = "short"\n', "node_agent.token"),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_reason(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadSettings, match=told):
        settings(tmp_path, text)

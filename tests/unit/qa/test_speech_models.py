"""Models are found in order, fetched whole or not at all, and never silently (Q1)."""

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import huggingface_hub
import pytest

from qa.speech.catalogue import CATALOGUE, ArchiveSource, HubSource, Model, ModelFile
from qa.speech.models import ModelUnavailable, choose, fetch, locate, shared_folder
from qa.speech.port import ModelMissing, SpeechError

BODY = bytes(range(256)) * 4096


@dataclass
class Site:
    """A web server with a few faults to order: it closes after `breaks_after` bytes, `breaks` times."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    breaks_after: int = 0
    breaks: int = 0
    ranges: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, wanted = urlsplit(self.path).path, self.headers.get("Range")
            made.asked.append((path, wanted))
            if path not in made.files:
                self.send_error(404)
                return
            body, start = made.files[path], 0
            if wanted is not None and made.ranges:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            piece = body[start:]
            if made.breaks:
                made.breaks -= 1
                piece = piece[: made.breaks_after]
            self.wfile.write(piece)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def archive(tmp_path: Path) -> bytes:
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("small-1.0/conf/mfcc.conf", "--num-ceps=40\n")
        content.writestr("small-1.0/am/final.mdl", BODY)
    return path.read_bytes()


def vosk(site: Site, body: bytes, sha256: str = "") -> Model:
    site.files["/small-1.0.zip"] = body
    digest = sha256 or hashlib.sha256(body).hexdigest()
    source = ArchiveSource(site.url + "/small-1.0.zip", len(body), digest, "small-1.0")
    files = (ModelFile("conf/mfcc.conf"), ModelFile("am/final.mdl", len(BODY)))
    return Model("small", "vosk", ("zh",), len(body), "none", files, (source,))


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_a_model_arrives_whole_with_progress(site: Site, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    body = archive(tmp_path)
    model = vosk(site, body)
    got = fetch("small", tmp_path / "models", lambda *step: told.append(step), models=[model])
    assert (got.folder / "am/final.mdl").read_bytes() == BODY
    assert told[-1] == ("small-1.0.zip", len(body), len(body))
    assert left_behind(tmp_path / "models") == ["small"]
    assert "--dither=0" in (got.folder / "conf/mfcc.conf").read_text().split()


def test_what_is_there_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    model = vosk(site, archive(tmp_path))
    fetch("small", tmp_path / "models", models=[model])
    fetch("small", tmp_path / "models", models=[model])
    assert len(site.asked) == 1


def test_a_download_goes_on_where_it_broke_off(site: Site, tmp_path: Path) -> None:
    model = vosk(site, archive(tmp_path))
    site.breaks, site.breaks_after = 2, 300
    fetch("small", tmp_path / "models", models=[model])
    assert [wanted for _, wanted in site.asked] == [None, "bytes=300-", "bytes=600-"]


def test_an_interrupted_command_goes_on_the_next_time(site: Site, tmp_path: Path) -> None:
    model = vosk(site, archive(tmp_path))
    site.breaks, site.breaks_after = 5, 100
    with pytest.raises(ModelUnavailable, match="run the command again"):
        fetch("small", tmp_path / "models", models=[model])
    assert left_behind(tmp_path / "models") == [".small.partial"]
    with pytest.raises(ModelMissing):
        locate("small", None, [tmp_path / "models"])
    fetch("small", tmp_path / "models", models=[model])
    assert site.asked[-1][1] == "bytes=500-"
    assert left_behind(tmp_path / "models") == ["small"]


def test_a_server_without_ranges_starts_over(site: Site, tmp_path: Path) -> None:
    model = vosk(site, archive(tmp_path))
    site.breaks, site.breaks_after, site.ranges = 1, 300, False
    got = fetch("small", tmp_path / "models", models=[model])
    assert (got.folder / "am/final.mdl").read_bytes() == BODY


def test_a_wrong_checksum_leaves_no_model_and_no_remains(site: Site, tmp_path: Path) -> None:
    model = vosk(site, archive(tmp_path), sha256="0" * 64)
    with pytest.raises(ModelUnavailable, match="checksum"):
        fetch("small", tmp_path / "models", models=[model])
    assert not (tmp_path / "models" / "small").exists()
    assert not list((tmp_path / "models").rglob("*.zip*"))


def test_the_next_source_is_tried_and_each_failure_told(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        huggingface_hub, "hf_hub_url", lambda repo, name, revision: f"{site.url}/{repo}/{revision}/{name}"
    )
    first, second = HubSource("nobody/gone", "r1"), HubSource("somebody/model", "r2")
    good = ModelFile("model.bin", len(BODY), hashlib.sha256(BODY).hexdigest())
    model = Model(
        "m", "whisper", ("zh",), len(BODY), "none", (good, ModelFile("config.json")), (first, second)
    )
    site.files["/somebody/model/r2/model.bin"] = BODY
    with pytest.raises(ModelUnavailable, match=r"(?s)nobody/gone.*404.*somebody.*config\.json.*404"):
        fetch("m", tmp_path / "models", models=[model])
    site.files["/somebody/model/r2/config.json"] = b"{}"
    got = fetch("m", tmp_path / "models", models=[model])
    assert (got.folder / "model.bin").read_bytes() == BODY
    assert sum(path.endswith("r2/model.bin") for path, _ in site.asked) == 1, "what was right is kept"


def test_an_old_folder_is_replaced_in_one_step(site: Site, tmp_path: Path) -> None:
    model = vosk(site, archive(tmp_path))
    half = tmp_path / "models" / "small" / "conf"
    half.mkdir(parents=True)
    (half / "left.over").write_text("x")
    got = fetch("small", tmp_path / "models", models=[model])
    assert not (got.folder / "conf" / "left.over").exists()


def test_sources_can_be_limited(site: Site, tmp_path: Path) -> None:
    model = vosk(site, archive(tmp_path))
    with pytest.raises(ModelUnavailable, match="no source of the kind"):
        fetch("small", tmp_path / "models", only=["wheels"], models=[model])
    assert site.asked == []


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match=r"no speech model named big.*whisper-base.*vosk-small-cn"):
        fetch("big", tmp_path)


def a_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.bin").touch()
    (folder / "config.json").touch()
    return folder


def test_the_configured_path_goes_first(tmp_path: Path) -> None:
    own, shared = a_model(tmp_path / "own"), tmp_path / "shared"
    a_model(shared / "whisper-base")
    assert locate("whisper-base", own, [shared]).folder == own
    assert locate("whisper-base", None, [tmp_path / "none", shared]).folder == shared / "whisper-base"


def test_a_missing_model_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="dialer models fetch whisper-base"):
        locate("whisper-base", None, [tmp_path])
    with pytest.raises(ModelMissing, match=r"set but holds no model.*dialer models fetch whisper-base"):
        locate("whisper-base", tmp_path / "gone", [tmp_path])


def test_the_best_present_model_is_chosen(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="fetch whisper-base"):
        choose(None, None, [tmp_path])
    (tmp_path / "vosk-small-cn" / "conf").mkdir(parents=True)
    assert choose(None, None, [tmp_path]).engine == "vosk"
    a_model(tmp_path / "whisper-base")
    assert choose(None, None, [tmp_path]).name == "whisper-base"
    assert choose("vosk-small-cn", None, [tmp_path]).engine == "vosk"


def test_the_shared_folder_follows_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert shared_folder() == tmp_path / "huifang" / "models"


@pytest.mark.parametrize("model", CATALOGUE, ids=lambda model: model.name)
def test_every_entry_of_the_catalogue_is_pinned(model: Model) -> None:
    for source in model.sources:
        if isinstance(source, HubSource):
            assert len(source.revision) == 40
            assert model.files[0].sha256 is not None
        elif isinstance(source, ArchiveSource):
            assert len(source.sha256) == 64
        else:
            assert all(len(wheel.sha256) == 64 for wheel in source.wheels)

"""The containers' files agree with the settings and with each other."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from asterisk.conf import Layout
from asterisk.settings import PrivateAsteriskSettings
from dialer.app.settings import load_settings

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
RUN = Path("/var/lib/huifang-asterisk")


def _toml(name: str) -> dict[str, object]:
    return tomllib.loads((ROOT / "docker" / name).read_text(encoding="utf-8"))


def test_the_service_takes_what_compose_gives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SERVICES["dialer"]["environment"].items():
        monkeypatch.setenv(name, re.sub(r"\$\{\w+(:-|:\?)?([^}]*)\}", r"\2", value))
    (tmp_path / "dialer.toml").write_bytes((ROOT / "docker" / "dialer.toml").read_bytes())
    settings = load_settings(tmp_path)
    assert settings.calling.mode == "trial"
    assert settings.web.host == "127.0.0.1"
    assert settings.database_url == ""


def test_the_service_reads_where_asterisk_writes() -> None:
    layout = Layout(run=RUN, modules=RUN, data=RUN)
    environment = SERVICES["dialer"]["environment"]
    assert environment["DIALER_ASTERISK__RECORDINGS_DIR"] == str(layout.recordings)
    assert environment["DIALER_ASTERISK__CEL_FILE"] == str(layout.cel_file)
    for service in ("asterisk", "dialer"):
        assert f"asterisk:{RUN}" in SERVICES[service]["volumes"]
    assert f'RUN = Path("{RUN}")' in (ROOT / "docker" / "run_asterisk.py").read_text(encoding="utf-8")


def test_asterisk_takes_the_shipped_settings() -> None:
    settings = PrivateAsteriskSettings.model_validate(_toml("asterisk.toml") | {"ami_secret": "x"})
    assert settings.phones == ()
    assert not settings.trunk_gets_attempt


def test_every_part_is_there() -> None:
    targets = re.findall(
        r"^FROM \S+ AS (\w+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    for service in SERVICES.values():
        assert service.get("build", {"target": targets[0]})["target"] in targets
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert (ROOT / source).is_file() if source.startswith("./") else source in COMPOSE["volumes"]
    assert SERVICES["postgres"]["profiles"] == ["postgres"]


def test_what_an_image_is_built_from_reaches_the_builder() -> None:
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in line.split():
            assert source == "." or f"!{source}" in allowed
            assert (ROOT / source).exists()


def test_every_variable_is_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    example = (ROOT / "docker" / "env.example").read_text(encoding="utf-8")
    assert wanted == set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE))

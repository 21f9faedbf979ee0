"""The demo's installation: its folder, its settings file, its users."""

import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import Connection

from asterisk.settings import PhoneAccount, PrivateAsteriskSettings
from dialer.agents.service import add_agent
from dialer.app.demo.cast import BRANCH, Role
from dialer.app.demo.robots import Login
from dialer.app.lock import ServiceLock
from dialer.app.settings import FILE_NAME, Settings, load_settings
from dialer.clock import system_clock
from dialer.storage.database import Database
from web.auth.passwords import hash_password
from web.auth.service import add_user

ROBOTS = ("1001", "1002", "1003")
VISITOR = "1004"
_AGENT_NAMES = {"1001": "陈晓", "1002": "林芳", "1003": "高远", VISITOR: "试用坐席"}
_MARK = ".demo"


class NotADemoFolder(Exception):
    """The folder holds something else: the demo will not empty it."""


@dataclass(frozen=True, slots=True)
class Site:
    """The demo's settings and how its users log in."""

    settings: Settings
    logins: tuple[Login, ...]
    phones: dict[str, str]


def prepare_folder(data_dir: Path) -> None:
    """Empty a folder of an earlier demo, or make a new one.

    Raises:
        NotADemoFolder: it holds something that no demo made.
        AlreadyServed: a demo runs in it.
    """
    if data_dir.exists() and any(data_dir.iterdir()):
        if not (data_dir / _MARK).exists():
            raise NotADemoFolder(f"{data_dir} is not empty and no demo's folder: name another with --data")
        with ServiceLock(data_dir):
            shutil.rmtree(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / _MARK).touch()


def make_site(
    data_dir: Path,
    cast: tuple[Role, ...],
    trunk_port: int,
    *,
    calling: Mapping[str, object] = MappingProxyType({}),
    transcribe: bool = True,
) -> Site:
    """Write the demo's settings: free ports, trial mode with the cast as its white list (D10).

    `calling` are settings of calls that differ from the demo's.
    """
    phones = {extension: secrets.token_hex(8) for extension in (*ROBOTS, VISITOR)}
    private = PrivateAsteriskSettings(
        ami_secret=secrets.token_hex(16),
        phones=tuple(PhoneAccount(extension=one, password=word) for one, word in phones.items()),
        trunk_port=trunk_port,
    )
    tables: dict[str, dict[str, object]] = {
        "site": {"branch": BRANCH},
        "calling": {
            "mode": "trial",
            "trial_numbers": [role.number for role in cast],
            "keep_hours": False,
            "agent_ring_seconds": 10,
            "customer_ring_seconds": 14,
            **calling,
        },
        "web": {"port": 0},
        "private_asterisk": private.model_dump(mode="json"),
    }
    write_settings(data_dir, {"transcribe": transcribe}, tables)
    logins = [
        Login(f"agent{index}", secrets.token_urlsafe(9), _AGENT_NAMES[extension], "agent", extension)
        for index, extension in enumerate(ROBOTS, start=1)
    ]
    logins += [
        Login("me", secrets.token_urlsafe(9), _AGENT_NAMES[VISITOR], "agent", VISITOR),
        Login("supervisor", secrets.token_urlsafe(9), "王班长", "supervisor"),
        Login("qa", secrets.token_urlsafe(9), "刘质检", "qa"),
        # Another publishes rules and decides appeals than who wrote and reviewed.
        Login("lead", secrets.token_urlsafe(9), "赵主管", "qa", beside="qa_lead"),
    ]
    return Site(load_settings(data_dir), tuple(logins), phones)


async def add_people(database: Database, site: Site) -> dict[str, str]:
    """Add the demo's agents and users; returns agents' ids by extension."""
    agents: dict[str, str] = {}
    for login in site.logins:
        hashed = hash_password(login.password)

        def add(conn: Connection, login: Login = login, hashed: str = hashed) -> None:
            if login.extension:
                agents[login.extension] = add_agent(
                    conn, code=login.extension, name=login.name, extension=login.extension, branch=BRANCH
                )
            add_user(
                conn,
                login=login.login,
                name=login.name,
                password_hash=hashed,
                roles=[one for one in (login.role, login.beside) if one],
                agent_id=agents.get(login.extension),
                now=system_clock(),
            )

        await database.write(add)
    return agents


def write_settings(
    data_dir: Path, top: Mapping[str, object], tables: Mapping[str, Mapping[str, object]]
) -> None:
    """Write the settings file of a demo or a drill."""
    lines = ["# Written by `dialer`. Every setting is described in docs/settings.md."]
    lines += [f"{key} = {_value(value)}" for key, value in top.items()]
    for name, table in tables.items():
        lines.append(f"\n[{name}]")
        lines += [f"{key} = {_value(value)}" for key, value in table.items()]
    (data_dir / FILE_NAME).write_text("\n".join(lines) + "\n", "utf-8")


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + "}"
    # Strings, numbers and truth are written alike in JSON and TOML.
    return json.dumps(value, ensure_ascii=False)

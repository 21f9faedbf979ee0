"""The installation that `dialer bench load` loads: agents who are logged in, and customers to call."""

import secrets
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from bench.engine_placing import BRANCH, add_customers
from bench.load.site import Site, SitePlan
from dialer.agents.service import add_agent, sign_in
from dialer.app.demo.site import write_settings
from dialer.app.settings import load_settings
from dialer.clock import system_clock
from dialer.storage.database import Database
from dialer.storage.migrating import migrate
from web.auth.guard import CSRF_HEADER
from web.auth.passwords import hash_password
from web.auth.queries import add_session
from web.auth.rules import Role
from web.auth.service import add_user, hash_token
from web.auth.session import SESSION_COOKIE

_HOST = "127.0.0.1"
_BATCH = 250
_LOGIN_HOURS = 12


async def make_load_site(plan: SitePlan) -> Site:
    """Write the settings and fill the database; the service is not started."""
    plan.data_dir.mkdir(parents=True)
    write_settings(
        plan.data_dir,
        {"transcribe": False, "drain_seconds": 2.0},
        {
            "site": {"branch": BRANCH},
            "calling": {"mode": "live", "keep_hours": False, "max_calls": len(plan.extensions)},
            # It is waited for, at whatever hour somebody measures.
            "planning": {"plan_at": "00:00"},
            "web": {"host": _HOST, "port": plan.panel_port},
            "asterisk": plan.asterisk.model_dump(mode="json", exclude_none=True),
        },
    )
    settings = load_settings(plan.data_dir)
    await migrate(settings.url)
    database = Database(settings.url)
    await database.start()
    try:
        # One hash for all: a login costs as much as the password is meant to cost.
        people = partial(
            _add_people, extensions=plan.extensions, password=hash_password(secrets.token_hex(8))
        )
        supervisor, agents = await database.write(people)
        now = system_clock()
        for first in range(0, plan.customers, _BATCH):
            numbers = range(first, min(first + _BATCH, plan.customers))
            await database.write(partial(add_customers, numbers=numbers, now=now))
    finally:
        await database.stop()
    return Site(
        data_dir=plan.data_dir,
        url=settings.url,
        archive=settings.recordings.root,
        panel=f"http://{_HOST}:{plan.panel_port}",
        supervisor=supervisor,
        agents=agents,
    )


def _add_people(
    conn: Connection, extensions: tuple[str, ...], password: str
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    now = system_clock()
    agents = {}
    for extension in extensions:
        agent = add_agent(conn, code=extension, name=extension, extension=extension, branch=BRANCH)
        sign_in(conn, agent, now)
        agents[agent] = _log_in(conn, extension, Role.AGENT, password, agent)
    return _log_in(conn, "supervisor", Role.SUPERVISOR, password), agents


def _log_in(
    conn: Connection, login: str, role: Role, password: str, agent_id: str | None = None
) -> dict[str, str]:
    """Add a user with a login of its own; gives the headers of its requests."""
    now, token, csrf = system_clock(), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    user = add_user(
        conn, login=login, name=login, password_hash=password, roles=[role], agent_id=agent_id, now=now
    )
    add_session(conn, hash_token(token), user, csrf, now, now + timedelta(hours=_LOGIN_HOURS))
    return {"Cookie": f"{SESSION_COOKIE}={token}", CSRF_HEADER: csrf}

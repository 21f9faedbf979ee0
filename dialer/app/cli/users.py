"""`dialer user` and `dialer agent`: who logs in and who calls."""

import secrets
from typing import Annotated

import typer
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from dialer.agents.queries import agents_of_extension, all_agents
from dialer.agents.service import add_agent
from dialer.app.cli.common import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    console,
    fail,
    settings_of,
    show,
    with_database,
)
from dialer.clock import system_clock
from dialer.storage.database import Database
from web.auth.passwords import hash_password
from web.auth.rules import BadUser
from web.auth.service import add_user, set_password

users = typer.Typer(help="Who may log in to the panel.", no_args_is_help=True)
agents = typer.Typer(help="Who calls, at which extension.", no_args_is_help=True)


@agents.command("add")
def add_agent_command(
    code: Annotated[str, typer.Argument(help="The agent's number (工号).")],
    name: str,
    extension: Annotated[str, typer.Option(help="The phone's extension in Asterisk.")],
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add an agent."""
    settings = settings_of(data)

    async def work(database: Database) -> str:
        return await database.write(
            lambda c: add_agent(c, code=code, name=name, extension=extension, branch=settings.site.branch)
        )

    try:
        with_database(settings, work)
    except IntegrityError:
        fail(f"the number {code!r} or the extension {extension!r} belongs to another agent already")
    console.print(f"Agent {code} {name} at extension {extension} was added.")


@agents.command("list")
def list_agents(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Every agent."""

    async def work(database: Database) -> list[dict[str, str]]:
        rows = await database.read(all_agents)
        return [{"code": row.code, "name": row.name, "extension": row.extension} for row in rows]

    rows = with_database(settings_of(data), work)
    show(rows, as_json, "\n".join(f"{r['code']}  {r['extension']}  {r['name']}" for r in rows) or "none")


@users.command("add")
def add_user_command(
    login: str,
    name: Annotated[str, typer.Option(help="The name shown on the pages.")],
    role: Annotated[
        list[str], typer.Option(help="agent, qa, supervisor, admin or auditor; may be repeated.")
    ],
    extension: Annotated[str, typer.Option(help="For agents: the extension of the agent.")] = "",
    password: Annotated[
        str, typer.Option(envvar="DIALER_PASSWORD", help="Empty: one is made and printed.")
    ] = "",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add a user of the panel."""
    secret = password or secrets.token_urlsafe(9)
    hashed = hash_password(secret)

    def add(conn: Connection) -> None:
        agent = next(iter(agents_of_extension(conn, extension)), None) if extension else None
        if extension and agent is None:
            raise BadUser(f"there is no agent at extension {extension}: add the agent first")
        add_user(
            conn,
            login=login,
            name=name,
            password_hash=hashed,
            roles=role,
            agent_id=agent.id if agent else None,
            now=system_clock(),
        )

    async def work(database: Database) -> None:
        await database.write(add)

    try:
        with_database(settings_of(data), work)
    except BadUser as error:
        fail(error)
    console.print(f"User {login} was added." + ("" if password else f" Password: {secret}"))


@users.command("password")
def password_command(
    login: str,
    password: Annotated[
        str, typer.Option(envvar="DIALER_PASSWORD", help="Empty: one is made and printed.")
    ] = "",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Give a user another password; every session of the user ends."""
    secret = password or secrets.token_urlsafe(9)
    hashed = hash_password(secret)

    async def work(database: Database) -> None:
        await database.write(lambda c: set_password(c, login, hashed, system_clock()))

    try:
        with_database(settings_of(data), work)
    except BadUser as error:
        fail(error)
    console.print(f"{login} has a new password." + ("" if password else f" Password: {secret}"))

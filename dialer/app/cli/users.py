"""`dialer user`: who logs in."""

import secrets
from typing import Annotated

import typer
from sqlalchemy import Connection

from dialer.agents.queries import agent_of_code, agents_of_extension
from dialer.app.cli.common import DEFAULT_DATA, DataDir, console, fail, settings_of, with_database
from dialer.clock import system_clock
from dialer.storage.database import Database
from web.auth.passwords import hash_password
from web.auth.rules import BadUser, Role
from web.auth.service import add_user, set_password

users = typer.Typer(help="Who may log in to the panel.", no_args_is_help=True)


@users.command("add")
def add_user_command(
    login: str,
    name: Annotated[str, typer.Option(help="The name shown on the pages.")],
    role: Annotated[list[str], typer.Option(help=f"One of {', '.join(Role)}; may be repeated.")],
    agent: Annotated[str, typer.Option(help="For agents: the agent's number (工号).")] = "",
    extension: Annotated[
        str, typer.Option(help="For agents, instead of the number: the phone the agent usually sits at.")
    ] = "",
    password: Annotated[
        str, typer.Option(envvar="DIALER_PASSWORD", help="Empty: one is made and printed.")
    ] = "",
    data: DataDir = DEFAULT_DATA,
) -> None:
    """Add a user of the panel."""
    secret = password or secrets.token_urlsafe(9)
    hashed = hash_password(secret)

    def add(conn: Connection) -> None:
        agent_id = _agent_id(conn, agent, extension)
        add_user(
            conn,
            login=login,
            name=name,
            password_hash=hashed,
            roles=role,
            agent_id=agent_id,
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


def _agent_id(conn: Connection, code: str, extension: str) -> str | None:
    """The agent with this number, or who usually sits at this phone; None where neither is named."""
    if code:
        known = agent_of_code(conn, code)
        if known is None:
            raise BadUser(f"there is no agent with the number {code!r}: see `dialer agent list`")
        return known.id
    if not extension:
        return None
    sitting = agents_of_extension(conn, extension)
    if not sitting:
        raise BadUser(f"there is no agent at extension {extension}: add the agent first")
    if len(sitting) > 1:
        names = ", ".join(f"{one.code} {one.name}" for one in sitting)
        raise BadUser(f"several agents sit at extension {extension} ({names}): name one with --agent")
    return sitting[0].id

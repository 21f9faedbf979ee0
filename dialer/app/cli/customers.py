"""`dialer customer`: look a customer up, do not call, forget, merge and part records (C3, X3)."""

from collections.abc import Callable, Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table
from sqlalchemy import Connection

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
from dialer.customers.blocks import NoSuchCustomer, block, unblock, unblock_number
from dialer.customers.merging import NotMerged, merge, undo_merge
from dialer.customers.rules import BadValue, normalise_number
from dialer.playbooks.library import shipped_library
from dialer.playbooks.service import library_of
from dialer.privacy.rules import Kept
from dialer.privacy.service import BeingCalled, forget, what_is_kept
from dialer.storage.database import Database
from web.customers.queries import Head, head, quarter_of, search
from web.masking import masked

app = typer.Typer(help="Customers: look up, do not call, forget, merge, part.", no_args_is_help=True)

T = TypeVar("T")
_BY = "command line"
_FOUND = 20

Key = Annotated[str, typer.Argument(help="A customer's id, plate, phone number or name.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("show")
def show_command(key: Key, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Who it is: numbers, plates, contacts this quarter, merged records."""
    settings, now = settings_of(data), system_clock()
    began = datetime.combine(quarter_of(now.astimezone(settings.web.zone).date()), datetime.min.time())
    since = began.replace(tzinfo=settings.web.zone).astimezone(UTC)
    limit = settings.planning.quarter_limit
    found = _read(data, lambda conn: head(conn, _the_one(conn, key), since, limit))
    assert found is not None
    if as_json:
        show({**asdict(found), "row": dict(found.row)}, True, "")
    else:
        _print(found)


@app.command("block")
def block_command(key: Key, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Never call this person again: all numbers and plates, over all sources and later files (X3)."""

    def work(conn: Connection) -> tuple[str, int]:
        customer_id = _the_one(conn, key)
        return customer_id, block(conn, customer_id, _BY, "asked", system_clock())

    customer_id, count = _write(data, work)
    show({"customer": customer_id, "blocked": count}, as_json, f"{count} numbers and plates are blocked.")


@app.command("unblock")
def unblock_command(
    key: Key,
    data: DataDir = DEFAULT_DATA,
    number: Annotated[
        bool, typer.Option("--number", help="A number that was forgotten: another person has it now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let a person be called again, or a number that was forgotten."""

    def work(conn: Connection) -> None:
        if not number:
            unblock(conn, _the_one(conn, key), _BY, system_clock())
        elif not unblock_number(conn, normalise_number(key), _BY, system_clock()):
            raise NoSuchCustomer(f"the number {key} is not blocked")

    _write(data, work)
    show({"unblocked": key}, as_json, f"{key} may be called again.")


@app.command("forget")
def forget_command(key: Key, data: DataDir = DEFAULT_DATA, yes: Yes = False, as_json: AsJson = False) -> None:
    """Erase a person; what has to be kept is named (X3). It cannot be undone."""
    shipped = shipped_library()

    def ask(conn: Connection) -> tuple[str, list[Kept]]:
        customer_id = _the_one(conn, key)
        return customer_id, what_is_kept(conn, library_of(conn, shipped), customer_id)

    customer_id, kept = _read(data, ask)
    if not yes:
        console.print(f"[bold]Customer {customer_id} is erased.[/bold] It cannot be undone. What is kept:")
        _print_kept(kept)
        typer.confirm("Forget this customer?", abort=True)
    kept = _write(
        data, lambda conn: forget(conn, library_of(conn, shipped), customer_id, _BY, system_clock())
    )
    if as_json:
        show({"customer": customer_id, "kept": [_kept(one) for one in kept]}, True, "")
    else:
        console.print(f"Customer {customer_id} was forgotten. Kept:")
        _print_kept(kept)


@app.command("merge")
def merge_command(
    kept: Annotated[str, typer.Argument(help="The id of the record that stays.")],
    gone: Annotated[str, typer.Argument(help="The id of the record that becomes part of it.")],
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Two records are one person: the first takes over all of the second."""
    merge_id = _write(data, lambda conn: merge(conn, kept, gone, _BY, system_clock()))
    show({"merge": merge_id}, as_json, f"Merged. To part them again: dialer customer undo-merge {merge_id}")


@app.command("undo-merge")
def undo_merge_command(
    merge_id: Annotated[str, typer.Argument(help="The merge's id, as `dialer customer show` lists it.")],
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Part two records that were merged; they are not merged by themselves again."""
    _write(data, lambda conn: undo_merge(conn, merge_id, _BY, system_clock()))
    show({"parted": merge_id}, as_json, "The two records are apart again.")


def _the_one(conn: Connection, key: str) -> str:
    found = search(conn, key.strip(), _FOUND)
    if not found:
        raise NoSuchCustomer(f"no customer has the id, plate, number or name {key!r}")
    if len(found) > 1:
        names = ", ".join(f"{one.id} {one.name} {' '.join(one.plates)}".strip() for one in found)
        raise NoSuchCustomer(f"{key!r} is {len(found)} customers: name one by its id: {names}")
    return found[0].id


def _read(data: DataDir, work: Callable[[Connection], T]) -> T:
    return _run(data, lambda database: database.read(work))


def _write(data: DataDir, work: Callable[[Connection], T]) -> T:
    return _run(data, lambda database: database.write(work))


def _run(data: DataDir, act: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    try:
        return with_database(settings_of(data), act)
    except (NoSuchCustomer, NotMerged, BeingCalled, BadValue) as error:
        fail(error)


def _print(found: Head) -> None:
    row = found.row
    marks = [name for name in ("do_not_call", "forgotten_at") if row[name]]
    console.print(f"[bold]{row['name']}{row['salutation']}[/bold]  {row['id']}  {' '.join(marks)}")
    table = Table(show_header=False, box=None, padding=(0, 2))
    for phone in found.phones:
        table.add_row("phone", masked(phone.number), "invalid" if phone.invalid_since else phone.blocked)
    for plate, model in found.vehicles:
        table.add_row("plate", plate, model)
    for cap in found.caps:
        table.add_row("contacts this quarter", f"{cap.count}/{cap.limit}", f"{cap.of} {cap.value}".strip())
    for one in found.merges:
        names = " ← ".join(one.why.get("names", []))
        table.add_row("merged", one.id, names + (" (undone)" if one.undone_at else ""))
    console.print(table)


def _print_kept(kept: list[Kept]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2))
    for one in kept:
        plain = _kept(one)
        table.add_row(f"{one.count} {one.what}", str(plain["why"]), str(plain["until"] or ""))
    console.print(table)


def _kept(one: Kept) -> dict[str, object]:
    until = str(one.until) if one.until else ""
    if one.after_contract:
        until = f"{one.after_contract} after the contract's end"
    return {"what": one.what.value, "count": one.count, "why": one.why.en, "until": until or None}

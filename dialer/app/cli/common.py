"""What every command shares: the data folder, running coroutines, and how errors are told."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console

from dialer.app.settings import BadSettings, Settings, load_settings
from dialer.storage.away import DatabaseAway
from dialer.storage.database import Database
from dialer.storage.migrating import migrate

T = TypeVar("T")

console = Console()
_errors = Console(stderr=True)

DataDir = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="DIALER_DATA_DIR",
        help="The folder with settings, database, recordings and models.",
        show_default=True,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result for a machine.")]
DEFAULT_DATA = Path("dialer-data")


def fail(sentence: object) -> NoReturn:
    """End with a sentence that says what is wrong, and exit code 1."""
    _errors.print(f"[red]dialer:[/red] {sentence}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def settings_of(data_dir: Path, **overrides: Any) -> Settings:
    """The settings in `data_dir`, or an error that names the one that is wrong."""
    try:
        return load_settings(data_dir, **overrides)
    except BadSettings as error:
        fail(error)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine; Ctrl-C, and a database that is away, end it without a traceback."""
    try:
        return asyncio.run(work)
    except DatabaseAway as error:
        fail(error)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def with_database(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on the installation's database, brought to the newest schema."""

    async def go() -> T:
        await migrate(settings.url)
        database = Database(settings.url)
        await database.start()
        try:
            return await work(database)
        finally:
            await database.stop()

    return run(go())


def show(result: object, as_json: bool, sentence: str) -> None:
    """Print a result for a machine or for a person."""
    if as_json:
        plain = asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
        print(json.dumps(plain, ensure_ascii=False, indent=2, default=str))
    else:
        console.print(sentence, highlight=False, soft_wrap=True)

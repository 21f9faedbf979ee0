"""`dialer models`: speech models on this machine."""

from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from dialer.app.cli.common import DEFAULT_DATA, AsJson, DataDir, console, fail, settings_of, show
from qa.speech.models import catalogue, fetch, locate, shared_folder
from qa.speech.port import ModelMissing, SpeechError

app = typer.Typer(help="Speech models: which there are, and fetching one.", no_args_is_help=True)


@app.command("list")
def list_models(data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Every model that can be fetched, and whether it is on this machine."""
    settings = settings_of(data)
    rows = []
    for model in catalogue():
        try:
            where = str(locate(model.name, None, (settings.models_dir, shared_folder())).folder)
        except ModelMissing:
            where = ""
        rows.append({"name": model.name, "engine": str(model.engine), "folder": where})
    show(
        rows,
        as_json,
        "\n".join(f"{r['name']:<24} {r['engine']:<8} {r['folder'] or 'not here'}" for r in rows),
    )


@app.command("fetch")
def fetch_model(
    name: Annotated[str, typer.Argument(help="A name of `dialer models list`.")],
    data: DataDir = DEFAULT_DATA,
    shared: Annotated[
        bool, typer.Option("--shared", help="Into the user's cache, for every data folder.")
    ] = False,
) -> None:
    """Fetch a model: pinned, checked, and resumed where it was cut off."""
    folder = shared_folder() if shared else settings_of(data).models_dir
    with Progress(transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        try:
            model = fetch(name, folder, told)
        except SpeechError as error:
            fail(error)
    console.print(f"{name} is in {model.folder}.", soft_wrap=True)

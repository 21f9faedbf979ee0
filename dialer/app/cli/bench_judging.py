"""`dialer bench judge` and `rescore`: how well and how fast calls are judged."""

import os
import tempfile
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from bench import judging as judging_bench
from bench import rescoring as rescoring_bench
from dialer.app.cli.common import DEFAULT_DATA, AsJson, DataDir, console, fail, run, settings_of, show
from dialer.app.cli.importing import IMPORT_COLUMNS
from dialer.app.settings import speech_model
from qa.rules.schema import RuleSetError, load_rule_set
from qa.scoring.labelled import LabelsError
from qa.scoring.rules import report
from qa.speech.port import SpeechError

_RESCORING = Path(tempfile.gettempdir()) / "dialer-bench-rescore"


def judge_calls(
    noisy: Annotated[
        bool, typer.Option(help="Each call a second time: through noise at 10 dB and the GSM codec.")
    ] = False,
    model: Annotated[
        str | None, typer.Option(help="A name of `dialer models list`; default: the settings' choice.")
    ] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Verdicts beside the labels of the labelled calls, rule by rule, and the time they take."""
    settings = settings_of(data)
    rules = Path(str(files("playbooks"))) / "rules"
    screen = Console(stderr=True)
    try:
        installed = speech_model(settings, model)
        rule_sets = {path.stem: load_rule_set(path) for path in sorted(rules.glob("*.yaml"))}
        measured = judging_bench.run(
            installed, rule_sets, noisy=noisy, told=lambda line: screen.print(line, highlight=False)
        )
    except (SpeechError, RuleSetError, LabelsError) as error:
        fail(error)
    if not as_json:
        console.print(judging_bench.table(measured))
    show(
        {
            "model": measured.model,
            "clean": report(measured.clean),
            "noisy": report(measured.noisy) if measured.noisy is not None else None,
            "milliseconds_for_five_minutes": round(measured.milliseconds, 1),
        },
        as_json,
        f"{measured.model}: five minutes of talk take 15 rules {measured.milliseconds:.1f} ms on one core.",
    )
    if not measured.good:
        fail(
            f"wanted are {judging_bench.LEAST_AGREEMENT:.0%} of the labels, and at most "
            f"{judging_bench.MOST_CONFIDENT_ERRORS:.0%} confident errors"
        )


def rescore(
    count: Annotated[int, typer.Option(min=1, help="Transcripts to judge.")] = rescoring_bench.COUNT,
    folder: Annotated[
        Path, typer.Option(file_okay=False, help="Where they lie until all are judged.")
    ] = _RESCORING,
    as_json: AsJson = False,
) -> None:
    """Stored transcripts judged again in a second, on all cores; stopped, it goes on where it stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    with Progress(*IMPORT_COLUMNS, transient=True, disable=as_json, console=Console(stderr=True)) as bar:
        tasks = {name: bar.add_task(name, total=count) for name in ("Filling", "Judging")}
        figures = run(
            rescoring_bench.measure(
                folder,
                lambda name, done, of: bar.update(tasks[name], completed=done, total=of),
                count,
                os.cpu_count() or 1,
            )
        )
    show(
        {**asdict(figures), "a_second": round(figures.a_second, 1)},
        as_json,
        f"{figures.transcripts:,} transcripts of {figures.minutes_each:.1f} min and {figures.words_each:.0f} "
        f"words, each by two rule sets, on {figures.workers} cores: {figures.a_second:,.0f} transcripts/s.",
    )
    if figures.unjudged:
        fail(f"{figures.unjudged} transcripts could not be judged")

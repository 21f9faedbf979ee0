"""`dialer rules score`: labelled calls as regression tests of the rules."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from dialer.app.cli.common import DEFAULT_DATA, AsJson, DataDir, console, fail, run, settings_of, show
from dialer.app.settings import speech_model
from qa.checks.library import RuleLibrary, shipped_rules
from qa.rules.schema import RuleSet, RuleSetError, load_rule_set
from qa.scoring.labelled import LabelledCall, LabelsError, load_labelled
from qa.scoring.rules import Limits, Outcome, Score, Scores, report, score, shown
from qa.scoring.service import score_audio, score_words
from qa.speech.port import SpeechError

_ERRORS_SHOWN = 20


def score_labels(
    labels: Annotated[
        list[Path], typer.Argument(exists=True, help="Labelled calls (YAML), or folders of such files.")
    ],
    data: DataDir = DEFAULT_DATA,
    rules: Annotated[
        Path | None,
        typer.Option(exists=True, help="A rule set (YAML) or a folder of them; default: the shipped ones."),
    ] = None,
    words: Annotated[
        bool, typer.Option("--words", help="Judge the written turns, and do not listen to audio.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="The speech model to hear audio with.")] = None,
    least: Annotated[
        float, typer.Option(min=0, max=1, help="The least agreement with the labels.")
    ] = Limits().agreement,
    wrong: Annotated[
        float, typer.Option(min=0, max=1, help="The most confident errors.")
    ] = Limits().confident_errors,
    each: Annotated[bool, typer.Option(help="Every rule must keep these limits by itself.")] = False,
    as_json: AsJson = False,
) -> None:
    """How often each rule tells what people told: agreement, confident errors, precision and recall.

    A fault is a rule failed, a question item needed, a signal given; precision and recall are of faults.
    Ends with exit code 1 where a limit is not kept.
    """
    try:
        outcomes = _judge(labels, _rule_sets(rules), data, words, model)
    except (LabelsError, RuleSetError, SpeechError) as error:
        fail(error)
    scores = score(outcomes)
    if as_json:
        show(report(scores), as_json, "")
    else:
        _print(scores)
    beyond = scores.beyond(Limits(least, wrong, each))
    if beyond:
        fail(
            "not within the limits (agreement at least "
            f"{least:.2f}, confident errors at most {wrong:.2f}): {', '.join(one.rule for one in beyond)}"
        )


def _judge(
    labels: list[Path], rule_sets: Callable[[str], RuleSet], data: Path, words: bool, model: str | None
) -> list[Outcome]:
    files = [file for path in labels for file in _files(path)]
    outcomes: list[Outcome] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        for file in files:
            calls = load_labelled(file)
            task = bar.add_task(file.name, total=len(calls))
            if words or not any(call.audio for call in calls):
                outcomes += score_words(calls, rule_sets)
                bar.update(task, completed=len(calls))
                continue
            settings = settings_of(data)
            installed = speech_model(settings, model)

            def heard(call: LabelledCall, task: TaskID = task) -> None:
                bar.advance(task)

            outcomes += run(score_audio(calls, rule_sets, file.parent, installed, done=heard))
    return outcomes


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.yaml"))
    if not found:
        raise LabelsError(f"{path} holds no .yaml file of labelled calls.")
    return found


def _rule_sets(rules: Path | None) -> Callable[[str], RuleSet]:
    if rules is None:
        return shipped_rules().get
    if rules.is_dir():
        return RuleLibrary(rules).get
    alone = load_rule_set(rules)

    def of(playbook: str) -> RuleSet:
        if playbook != alone.id:
            raise RuleSetError(f"{rules} is the rule set {alone.id}; a labelled call is of {playbook}.")
        return alone

    return of


def _print(scores: Scores) -> None:
    table = Table("rule", "labels", "agree", "confident errors", "for a person", "precision", "recall")
    for one in scores.rules:
        table.add_row(*_row(one))
    table.add_section()
    table.add_row(*_row(scores.total))
    console.print(table)
    errors = scores.errors()
    for error in errors[:_ERRORS_SHOWN]:
        right = " or ".join(sorted(error.right))
        console.print(
            f"{error.call}: {error.rule} is {right}, told {error.told} ({error.words.strip()})",
            highlight=False,
            soft_wrap=True,
            markup=False,
        )
    if len(errors) > _ERRORS_SHOWN:
        console.print(f"… and {len(errors) - _ERRORS_SHOWN} more; --json gives all of them.")


def _row(one: Score) -> tuple[str, ...]:
    shares = (one.agreement, one.confident_errors, one.open_share, one.precision, one.recall)
    return one.rule, str(one.count), *(shown(share) for share in shares)

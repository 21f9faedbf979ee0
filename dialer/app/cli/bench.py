"""`dialer bench`: figures measured on this machine, as ratios within one run."""

import asyncio
import os
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from asterisk.install import InstallError
from asterisk.ports import PortBusy
from asterisk.server import ServerError
from bench import ami as ami_bench
from bench import hearing as hearing_bench
from bench import importing as import_bench
from bench import lateness as lateness_bench
from bench import originate as originate_bench
from bench import planning as planning_bench
from bench import speech as speech_bench
from bench.load import run as load_bench
from bench.load.panel import PanelError
from bench.load.sipp import SippError
from bench.load.sums import LoadBench, judge
from bench.placing import CannotPlace
from bench.raw_ami import LoginRefused
from dialer.app.cli.bench_judging import judge_calls, rescore
from dialer.app.cli.common import DEFAULT_DATA, AsJson, DataDir, console, fail, run, settings_of, show
from dialer.app.cli.importing import IMPORT_COLUMNS
from dialer.app.cli.transcribe import transcribe_bench
from dialer.app.load_site import make_load_site
from dialer.app.logs import set_up_logs
from dialer.app.settings import speech_model
from dialer.playbooks.library import shipped_library
from qa.announcements.phrases import PhraseBook, PhrasesUnusable
from qa.rules.schema import RuleSetError
from qa.speech.port import SpeechError

WORST_CER = 0.15

app = typer.Typer(help="Measure on this machine.", no_args_is_help=True)
app.command("transcribe")(transcribe_bench)
app.command("judge")(judge_calls)
app.command("rescore")(rescore)


@app.callback()
def bench() -> None:
    """Measure on this machine."""
    # Written as in service, which is part of the work, and kept nowhere.
    set_up_logs(file=Path(os.devnull))


@app.command()
def originate(
    rate: Annotated[float, typer.Option(min=1, max=600, help="Calls offered in a second.")] = 100,
    seconds: Annotated[float, typer.Option(min=1, help="How long each of the four turns is.")] = 15,
    folder: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="A folder on the disk that shall bear the commits; default: the one for temporary files.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Originate rate and latency of the engine, beside a client that does nothing else."""
    screen = Console(stderr=True)

    def told(phase: originate_bench.Phase) -> None:
        line = f"{phase.client}: {phase.rate:.1f} calls/s, p99 {phase.latency.p99:.1f} ms"
        screen.print(line, highlight=False)

    try:
        measured = run(originate_bench.measure(rate, seconds, folder, told))
    except (InstallError, ServerError, PortBusy, CannotPlace) as error:
        fail(error)
    if not as_json:
        console.print(originate_bench.table(measured))
    show(
        measured,
        as_json,
        f"The engine places {measured.ratio:.1%} of the raw client's calls, "
        f"{measured.added_p50_ms:+.1f} ms at the median and {measured.added_p99_ms:+.1f} ms at p99.",
    )
    if not measured.floor_holds:
        fail(
            f"this machine cannot tell: the raw client alone placed {measured.raw.rate:.0f} of "
            f"{measured.offered_rate:.0f} calls a second, at p99 {measured.raw.latency.p99:.0f} ms, with "
            f"Asterisk at {measured.raw.asterisk_cpu:.0f} % of a core. Try a lower --rate."
        )
    if not measured.good:
        fail(
            f"wanted are at least {originate_bench.LEAST_RATIO:.0%} of the raw client's calls and at most "
            f"{originate_bench.MOST_ADDED_P99_MS:.0f} ms more at p99: is the machine busy with other work?"
        )


@app.command()
def ami(
    calls: Annotated[int, typer.Option(min=1, help="Recorded calls to send.")] = 1000, as_json: AsJson = False
) -> None:
    """AMI events read in a second, beside panoramisk's own protocol."""
    figures = ami_bench.run(calls)
    show(
        {
            "calls": figures.calls,
            "events": figures.events,
            "adapter_events_per_second": round(figures.adapter_events_per_second),
            "panoramisk_events_per_second": round(figures.panoramisk_events_per_second),
            "ratio": round(figures.ratio, 2),
        },
        as_json,
        f"{figures.adapter_events_per_second:,.0f} events/s on a core, up to call events: "
        f"{figures.ratio:.1f} times panoramisk's {figures.panoramisk_events_per_second:,.0f} "
        f"({figures.events:,} events).",
    )
    if figures.adapter_events_per_second < ami_bench.LEAST_EVENTS_A_SECOND:
        fail(f"wanted are at least {ami_bench.LEAST_EVENTS_A_SECOND:,} events/s")


@app.command()
def speech(
    model: Annotated[
        str | None, typer.Option(help="A name of `dialer models list`; default: the settings' choice.")
    ] = None,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Character error rate, speed and agreement of the rules on the labelled calls."""
    settings = settings_of(data)
    rules = Path(str(files("playbooks"))) / "rules"
    try:
        installed = speech_model(settings, model)
        heard = speech_bench.run(installed, rules, console=Console(stderr=True) if as_json else console)
    except (SpeechError, RuleSetError) as error:
        fail(error)
    if as_json:
        agreeing, labelled = heard.agreement
        show(
            {
                "model": heard.model,
                "calls": len(heard.results),
                "cer": round(heard.cer, 4),
                "real_time_factor": round(heard.real_time_factor, 4),
                "rules_agreeing": agreeing,
                "rules_labelled": labelled,
            },
            as_json,
            "",
        )
    if heard.cer > WORST_CER:
        fail(
            f"{heard.model} hears {heard.cer:.1%} of the characters wrong; wanted are at most {WORST_CER:.0%}"
        )


@app.command()
def announcements(
    noisy: Annotated[
        bool, typer.Option(help="Each clip a second time: after a ring-back tone, and through noise.")
    ] = False,
    data: DataDir = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """What is heard of the labelled announcements, secretaries and people, and by which phrase."""
    settings = settings_of(data)
    screen = Console(stderr=True)

    def told(heed: hearing_bench.Heed) -> None:
        screen.print(f"{heed.clip.id} ({heed.variant}): {heed.result.heard}", highlight=False)

    try:
        model = speech_model(settings)
        phrases = PhraseBook(settings.announcements.phrases).get()
        measured = hearing_bench.run(model, phrases, noisy=noisy, told=told)
    except (SpeechError, PhrasesUnusable) as error:
        fail(error)
    if not as_json:
        console.print(hearing_bench.table(measured))
    show(
        {
            "model": measured.model,
            "clips": len(measured.heeds),
            "right": round(measured.right, 4),
            "people_taken_for_machines": measured.harmful,
            "seconds_a_clip": round(measured.seconds, 2),
        },
        as_json,
        f"{measured.model}: {measured.right:.0%} of {len(measured.heeds)} clips are heard as what they are, "
        f"{measured.harmful} people taken for machines, {measured.seconds:.1f} s of work a clip.",
    )
    if measured.harmful or measured.right < hearing_bench.LEAST_RIGHT:
        fail(f"wanted are at least {hearing_bench.LEAST_RIGHT:.0%}, and no person taken for a machine")


@app.command()
def plan(
    full: Annotated[bool, typer.Option(help="With a million occasions: takes many minutes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Occasions planned in a second, and how that grows with their number."""
    sizes = (*planning_bench.SIZES, planning_bench.FULL) if full else planning_bench.SIZES
    figures = planning_bench.run(sizes)
    if not as_json:
        for size in figures.sizes:
            console.print(
                f"{size.customers:>9,} occasions: {size.a_second:,.0f}/s, of which drawing took "
                f"{size.draw_seconds:.1f} of {size.seconds + size.draw_seconds:.1f} s",
                highlight=False,
            )
        if figures.profile:
            console.print(figures.profile, highlight=False)
    show(
        figures,
        as_json,
        f"The rules alone: {figures.pure_a_second:,.0f} occasions/s on a core. An occasion costs "
        f"{figures.growth:.2f} times as much at the largest size as at the smallest; "
        f"{figures.megabytes:.0f} MB.",
    )
    if figures.pure_a_second < planning_bench.LEAST_A_SECOND:
        fail(f"wanted are at least {planning_bench.LEAST_A_SECOND:,} occasions/s through the rules alone")
    if not figures.linear or figures.megabytes > planning_bench.MOST_MEGABYTES:
        fail(
            f"wanted are at most {planning_bench.WORST_GROWTH} times the cost and "
            f"{planning_bench.MOST_MEGABYTES} MB"
        )


@app.command("import")
def import_(
    full: Annotated[bool, typer.Option(help="With a million rows: takes many minutes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rows of a file taken in in a second, how that grows, and beside `sqlite3 .import`."""
    sizes = (*import_bench.SIZES, import_bench.FULL) if full else import_bench.SIZES
    with Progress(*IMPORT_COLUMNS, transient=True, disable=as_json, console=Console(stderr=True)) as bar:
        task = bar.add_task("Importing", total=None)
        figures = run(
            import_bench.measure(
                shipped_library(), sizes, lambda done, of: bar.update(task, completed=done, total=of)
            )
        )
    if not as_json:
        for size in figures.sizes:
            console.print(
                f"{size.rows:>9,} rows: {size.a_second:,.0f}/s; {size.cost * 1e6:,.0f} µs of the processor "
                f"for a row, {size.read_cpu_seconds / size.cpu_seconds:.0%} of it reading; "
                f"{size.ratio:.0f} times {figures.floor}",
                highlight=False,
            )
    show(
        figures,
        as_json,
        f"A row costs {figures.growth:.2f} times as much at the largest size as at the smallest; "
        f"{figures.megabytes:.0f} MB.",
    )
    if not figures.linear or figures.megabytes > import_bench.MOST_MEGABYTES:
        fail(
            f"wanted are at most {import_bench.WORST_GROWTH} times the cost and "
            f"{import_bench.MOST_MEGABYTES} MB"
        )


@app.command()
def lateness(
    full: Annotated[bool, typer.Option(help="With a million waiting: takes many minutes.")] = False,
    seconds: Annotated[float, typer.Option(min=5, help="How long appointments come due at each size.")] = 30,
    as_json: AsJson = False,
) -> None:
    """How late appointments are called, and how long the next call is looked for, with much waiting."""
    sizes = (*lateness_bench.SIZES, lateness_bench.FULL) if full else lateness_bench.SIZES
    screen = Console(stderr=True)

    def told(one: lateness_bench.Waiting) -> None:
        screen.print(
            f"{one.database}, {one.waiting:>9,} waiting: an appointment is called p50 {one.late_p50:.0f} ms, "
            f"p99 {one.late_p99:.0f} ms after its minute ({one.kept} kept, {one.missed} missed); "
            f"the next call is found in p50 {one.looking_p50:.1f} ms, p99 {one.looking_p99:.1f} ms",
            highlight=False,
        )

    figures = run(lateness_bench.measure(sizes, seconds, told))
    grown = ", ".join(f"{growth:.2f} times on {name}" for name, growth in figures.growth.items())
    show(figures, as_json, f"From the smallest size to the largest, finding the next call takes {grown}.")
    if not figures.good:
        fail(
            f"wanted are p99 {lateness_bench.MOST_LATE_P99_MS:.0f} ms for every appointment and "
            f"{lateness_bench.MOST_LOOKING_P99_MS:.0f} ms to find the next call"
        )


@app.command()
def load(
    calls: Annotated[
        int | None, typer.Option(min=1, help="So many calls at once; default: what Asterisk alone carries.")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="Where the search for that ends.")] = 150,
    step: Annotated[int, typer.Option(min=1, help="How many calls more at each step of the search.")] = 25,
    step_seconds: Annotated[float, typer.Option(min=5, help="How long each step is.")] = 25,
    minutes: Annotated[float, typer.Option(min=0.1, max=60, help="How long the service bears them.")] = 10,
    talk: Annotated[float, typer.Option(min=5, help="Seconds that a customer talks, on average.")] = 60,
    folder: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="A folder on the disk that shall bear database and recordings, 3 MB a call; default: the "
            "one for temporary files.",
        ),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option(help="A file for what the service's main thread did (cProfile).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recorded calls at once: Asterisk alone, then the whole service. sipp plays phones and customers."""
    plan = load_bench.LoadPlan(
        calls, most, step, step_seconds, minutes * 60, talk, folder, profile and profile.absolute()
    )
    bench, stopped = LoadBench(), None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True, disable=as_json, console=Console(stderr=True)) as bar:
        task = bar.add_task("Begins", total=1.0)
        work = load_bench.measure(
            plan, make_load_site, bench, lambda text, done: bar.update(task, description=text, completed=done)
        )
        try:
            run(work)
        except (typer.Exit, asyncio.CancelledError):
            stopped = "stopped before its end: this is what was measured so far"
        except (
            InstallError,
            ServerError,
            PortBusy,
            SippError,
            LoginRefused,
            PanelError,
            load_bench.NothingHeld,
        ) as error:
            stopped = str(error)
    if not as_json:
        console.print(load_bench.table(bench))
        console.print(load_bench.verdicts(bench))
        for line in load_bench.told_of(bench):
            console.print(line, highlight=False)
    show(
        {**asdict(bench), "held": bench.held, "verdicts": [asdict(one) for one in judge(bench)]},
        as_json,
        f"Asterisk alone carried {bench.held} recorded calls at once.",
    )
    if stopped is not None:
        fail(stopped)
    if not bench.good:
        fail(
            "; ".join(f"{one.what}: {one.found}, wanted {one.wanted}" for one in judge(bench) if not one.good)
        )

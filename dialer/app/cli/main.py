"""`dialer`: every command, gathered."""

import typer

from dialer.app.cli import (
    agents,
    asterisk,
    bench,
    check,
    customers,
    demo,
    doctor,
    drill,
    examiner,
    explain,
    importing,
    models,
    node,
    planning,
    playbooks,
    rule_sets,
    sampling,
    search,
    serve,
    trace,
    transcribe,
    users,
)

app = typer.Typer(
    name="dialer",
    help="Places follow-up calls through Asterisk, archives every recording, checks every call.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("migrate")(serve.migrate_command)
app.command("import")(importing.import_command)
app.command("plan")(planning.plan_command)
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain_command)
app.command("trace")(trace.trace)
app.command("transcribe")(transcribe.transcribe)
app.command("check")(check.check)
app.command("examiner")(examiner.examiner)
app.command("search")(search.search_command)
app.add_typer(importing.export_app, name="export")
app.add_typer(users.users, name="user")
app.add_typer(agents.agents, name="agent")
app.add_typer(customers.app, name="customer")
app.add_typer(models.app, name="models")
app.add_typer(playbooks.app, name="playbook")
app.add_typer(rule_sets.app, name="rules")
app.add_typer(sampling.sample_commands, name="sample")
app.add_typer(sampling.review_commands, name="reviews")
app.add_typer(asterisk.app, name="asterisk")
app.add_typer(node.app, name="node")
app.add_typer(bench.app, name="bench")
app.add_typer(drill.app, name="drill")

"""`dialer`: every command, gathered."""

import typer

from dialer.app.cli import (
    agents,
    asterisk,
    bench,
    customers,
    demo,
    doctor,
    drill,
    explain,
    importing,
    models,
    node,
    planning,
    playbooks,
    serve,
    trace,
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
app.add_typer(importing.export_app, name="export")
app.add_typer(users.users, name="user")
app.add_typer(agents.agents, name="agent")
app.add_typer(customers.app, name="customer")
app.add_typer(models.app, name="models")
app.add_typer(playbooks.app, name="playbook")
app.add_typer(asterisk.app, name="asterisk")
app.add_typer(node.app, name="node")
app.add_typer(bench.app, name="bench")
app.add_typer(drill.app, name="drill")

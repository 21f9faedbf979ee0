"""`dialer drill`: what a crash leaves behind, counted."""

import typer

app = typer.Typer(help="Break it on purpose, and count.", no_args_is_help=True)

"""`dialer bench`: figures measured on this machine, as ratios within one run."""

import typer

app = typer.Typer(help="Measure on this machine.", no_args_is_help=True)

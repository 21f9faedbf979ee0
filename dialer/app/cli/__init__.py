"""The command `dialer`."""

from dialer.pace import keep_pace


def run() -> None:
    """The console script.

    The commands are imported here and not above: every worker process begins with the script of the process
    that started it, and needs none of them. That is 3 seconds of a processor and 80 MB for each.
    """
    from dialer.app.cli.main import app  # noqa: PLC0415

    keep_pace()
    app()

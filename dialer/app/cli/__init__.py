"""The command `dialer`."""

import gc

from dialer.pace import keep_pace


def run() -> None:
    """The console script.

    The commands are imported here and not above: every worker process begins with the script of the process
    that started it, and needs none of them. That is 3 seconds of a processor and 80 MB for each.
    """
    # Nothing that is imported is garbage, and to look for some takes a sixth of the time.
    gc.disable()
    from dialer.app.cli.main import app  # noqa: PLC0415

    gc.enable()
    keep_pace()
    app()

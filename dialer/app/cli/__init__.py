"""The command `dialer`."""

from dialer.app.cli.main import main

__all__ = ["main"]

"""`python -m dialer.app.cli`: the command without its script."""

from dialer.app.cli.main import main

main()

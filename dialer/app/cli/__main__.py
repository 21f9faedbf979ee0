"""`python -m dialer.app.cli`: the command without its script."""

from dialer.app.cli import run

# A worker process reads this file, too, under another name.
if __name__ == "__main__":
    run()

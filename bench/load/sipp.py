"""sipp as the phones of many agents and as the trunk with their customers: real SIP and real audio."""

import asyncio
import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

HOST = "127.0.0.1"
# Longer than any measurement: nobody registers twice.
_EXPIRES_SECONDS = 7200
_REGISTERS_A_SECOND = 50
_REGISTER_SECONDS = 60
# A call that is over goes on sounding so long: Asterisk may be late to hear that it is.
_LINGER_MS = 2000

_templates = Environment(
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=True,
)


class SippError(Exception):
    """sipp cannot do its part. The message says what it said."""


@dataclass(frozen=True, slots=True)
class SippFigures:
    """What a sipp counted until now. OPTIONS that it answered are among `calls`."""

    calls: int
    now: int
    well: int
    failed: int
    failures: Mapping[str, int]
    resent: int


def read_figures(text: str) -> SippFigures:
    """The newest line of a statistics file of sipp (-trace_stat).

    Raises:
        ValueError: there is no whole line.
    """
    heading, *lines = (line for line in csv.reader(text.splitlines(), delimiter=";") if line)
    whole = [dict(zip(heading, line, strict=False)) for line in lines if len(line) == len(heading)]
    if not whole:
        raise ValueError("sipp has written no figures yet")
    last = whole[-1]
    # Counts from the beginning have (C), those of the last period (P); the sum of all failures is no reason.
    failures = {
        found[1]: int(count)
        for name, count in last.items()
        if (found := re.fullmatch(r"Failed(\w+)\(C\)", name)) and found[1] != "Call" and int(count)
    }
    return SippFigures(
        calls=int(last["TotalCallCreated"]),
        now=int(last["CurrentCall"]),
        well=int(last["SuccessfulCall(C)"]),
        failed=int(last["FailedCall(C)"]),
        failures=failures,
        resent=int(last["Retransmissions(C)"]),
    )


def party(
    speech: Path,
    *,
    ring: tuple[float, float],
    talk: tuple[float, float] | None = None,
    end: float = 0.0,
) -> str:
    """The scenario of someone who answers after `ring` seconds (least and most) and then speaks.

    With `talk` he hangs up after so many seconds (least and most), or at `end` (seconds since 1970) where
    that comes first; without, he waits until the other side does.
    """
    return _template("party").render(
        speech=str(speech),
        ring=_milliseconds(ring),
        talk=_milliseconds(talk) if talk else None,
        end=round(end * 1000),
        linger=_LINGER_MS,
    )


def register() -> str:
    """The scenario of a phone that registers."""
    return _template("register").render(expires=_EXPIRES_SECONDS)


def _template(name: str) -> Template:
    text = files("bench.load").joinpath(f"{name}.xml.j2").read_text("utf-8")
    return _templates.from_string(text)


def _milliseconds(seconds: tuple[float, float]) -> tuple[int, int]:
    least, most = seconds
    # sipp wants a span.
    return round(least * 1000), max(round(least * 1000) + 1, round(most * 1000))


class Sipp:
    """One sipp that answers calls on one port. `start`, then `stop`."""

    def __init__(self, program: Path, folder: Path, name: str, *, port: int, media_port: int) -> None:
        self._program = program
        self._folder = folder
        self._name = name
        self._port = port
        self._media_port = media_port
        self._turn = 0
        self._process: asyncio.subprocess.Process | None = None

    async def register(self, phones: Mapping[str, str], registrar: tuple[str, int]) -> None:
        """Register every extension with its password, from the port that will answer.

        Raises:
            SippError: not all could be registered.
        """
        self._turn += 1
        accounts = self._file("phones.csv")
        # sipp fills in no field inside of its own brackets, and fills in brackets inside of a field.
        lines = "".join(
            f"{extension};[authentication username={extension} password={password}];\n"
            for extension, password in phones.items()
        )
        accounts.write_text(f"SEQUENTIAL\n{lines}", "utf-8")
        process = await self._spawn(
            register(),
            *(f"{registrar[0]}:{registrar[1]}", "-inf", str(accounts), "-m", str(len(phones))),
            *("-r", str(_REGISTERS_A_SECOND), "-l", str(len(phones))),
        )
        try:
            async with asyncio.timeout(_REGISTER_SECONDS):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise SippError(
                f"{len(phones)} phones could not register within {_REGISTER_SECONDS} s."
            ) from None
        if code:
            raise SippError(f"Not all of {len(phones)} phones could register. {self._said()}")

    async def start(self, scenario: str) -> None:
        """Answer calls as `scenario` says.

        Raises:
            SippError: it ended at once.
        """
        self._turn += 1
        self._process = await self._spawn(scenario, "-trace_stat", "-stf", str(self._file("csv")), "-fd", "1")
        await asyncio.sleep(0.3)
        if self._process.returncode is not None:
            raise SippError(f"sipp ended at once. {self._said()}")

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    def figures(self) -> SippFigures:
        """What it counted until about a second ago.

        Raises:
            ValueError, OSError: it has written none.
        """
        return read_figures(self._file("csv").read_text("utf-8", errors="replace"))

    async def stop(self) -> None:
        """End it at once; calls it has left go silent."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _spawn(self, scenario: str, *options: str) -> asyncio.subprocess.Process:
        file = self._file("xml")
        file.write_text(scenario, "utf-8")
        with self._file("out").open("wb") as out:
            return await asyncio.create_subprocess_exec(
                self._program,
                *("-sf", str(file), "-nostdin", "-i", HOST, "-mi", HOST, "-p", str(self._port)),
                *("-mp", str(self._media_port), "-trace_err", "-error_file", str(self._file("err"))),
                *options,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self._folder,
            )

    def _file(self, suffix: str) -> Path:
        return self._folder / f"{self._name}-{self._turn}.{suffix}"

    def _said(self) -> str:
        for suffix in ("err", "out"):
            file = self._file(suffix)
            if file.exists() and (text := file.read_text("utf-8", errors="replace").strip()):
                return f"It said: {text[:400]}"
        return "It said nothing."

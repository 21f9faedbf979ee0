"""A strict reader of Prometheus' text format 0.0.4: whatever it does not allow fails."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE = re.compile(rf"({_NAME})(?:\{{(.*)\}})? (\S+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)')
_PARTS = ("_bucket", "_sum", "_count")

Key = frozenset[tuple[str, str]]


@dataclass
class Metric:
    """One family: its kind, its help, and each sample by (name, labels)."""

    kind: str
    help: str
    samples: dict[tuple[str, Key], float] = field(default_factory=dict)

    def value(self, **labels: str) -> float:
        """The one number with these labels."""
        (found,) = [value for (_, key), value in self.samples.items() if key == frozenset(labels.items())]
        return found


def read(page: str) -> Mapping[str, Metric]:
    """Every family of the page.

    Raises:
        AssertionError: a line that a strict reader would refuse.
    """
    assert page.endswith("\n")
    found: dict[str, Metric] = {}
    helps: dict[str, str] = {}
    current = ""
    for line in page.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            _, _, name, told = line.split(" ", 3)
            assert name not in helps, f"HELP twice: {line}"
            helps[name] = told
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in found, f"TYPE twice, or after its samples: {line}"
            assert kind in ("counter", "gauge", "histogram"), line
            assert kind != "counter" or name.endswith("_total"), line
            found[name], current = Metric(kind, helps[name]), name
        else:
            _sample(line, current, found[current])
    for name, metric in found.items():
        if metric.kind == "histogram":
            _histogram(name, metric)
    return found


def _sample(line: str, current: str, metric: Metric) -> None:
    match = _SAMPLE.fullmatch(line)
    assert match is not None, f"no sample: {line!r}"
    name, braces, number = match.groups()
    allowed = {current + part for part in _PARTS} if metric.kind == "histogram" else {current}
    assert name in allowed, f"{name} stands under {current}"
    labels = _labels(braces) if braces is not None else frozenset()
    assert (name, labels) not in metric.samples, f"twice: {line}"
    metric.samples[name, labels] = float(number)


def _labels(braces: str) -> Key:
    labels: dict[str, str] = {}
    place = 0
    while place < len(braces):
        match = _LABEL.match(braces, place)
        assert match is not None, f"no labels: {braces!r}"
        value = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), match[2])
        assert match[1] not in labels, braces
        labels[match[1]] = value
        assert match[3] == "," or match.end() == len(braces)
        assert not (match[3] == "," and match.end() == len(braces)), "a comma at the end"
        place = match.end()
    return frozenset(labels.items())


def _histogram(name: str, metric: Metric) -> None:
    series: dict[Key, list[tuple[float, float]]] = {}
    for (part, labels), value in metric.samples.items():
        if part == f"{name}_bucket":
            rest = frozenset(pair for pair in labels if pair[0] != "le")
            series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
    for rest, buckets in series.items():
        assert buckets == sorted(buckets), "buckets rise, and so do their counts"
        assert buckets[-1][0] == float("inf")
        assert buckets[-1][1] == metric.samples[f"{name}_count", rest]
        assert (f"{name}_sum", rest) in metric.samples

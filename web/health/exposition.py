"""Prometheus' text format, version 0.0.4, written by hand. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dialer.figures import Histogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Labels = Mapping[str, str]


class Kind(StrEnum):
    """What a figure may do: rise only, or also fall, or fall into buckets."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Family:
    """All figures of one name: a number or a histogram for each set of labels."""

    name: str
    kind: Kind
    help: str
    values: tuple[tuple[Labels, float | Histogram], ...] = field(default=())


def gauge(name: str, help: str, value: float) -> Family:
    """One number without labels."""
    return Family(name, Kind.GAUGE, help, (({}, value),))


def by(name: str, kind: Kind, help: str, label: str, values: Mapping[str, float]) -> Family:
    """A number for each value of one label."""
    return Family(name, kind, help, tuple(({label: key}, value) for key, value in sorted(values.items())))


def exposition(families: Iterable[Family]) -> str:
    """The page.

    Raises:
        ValueError: a name that Prometheus would refuse.
    """
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    if not _NAME.fullmatch(family.name):
        raise ValueError(f"{family.name!r} is no name of a metric")
    told = family.help.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {family.name} {told}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in family.values:
        if isinstance(value, Histogram):
            yield from _buckets(family.name, labels, value)
        else:
            yield f"{family.name}{_braces(labels)} {_number(value)}"


def _buckets(name: str, labels: Labels, value: Histogram) -> Iterator[str]:
    up_to = 0
    for bound, count in zip((*map(_number, value.bounds), "+Inf"), tuple(value.counts), strict=True):
        up_to += count
        yield f"{name}_bucket{_braces({**labels, 'le': bound})} {up_to}"
    yield f"{name}_sum{_braces(labels)} {_number(value.sum)}"
    yield f"{name}_count{_braces(labels)} {up_to}"


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{_label(key)}="{_escaped(value)}"' for key, value in labels.items()) + "}"


def _label(name: str) -> str:
    if not _LABEL.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a label")
    return name


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))

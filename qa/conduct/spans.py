"""Stretches of time joined, cut and measured. Pure; seconds."""

from collections.abc import Iterable, Sequence

Span = tuple[float, float]


def merged(spans: Iterable[Span], gap: float = 1e-6) -> list[Span]:
    """In order, those at most `gap` apart as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start - found[-1][1] <= gap:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def common(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """Where both are; each of the two is in order and does not overlap itself."""
    found, one, two = [], 0, 0
    while one < len(some) and two < len(others):
        start, end = max(some[one][0], others[two][0]), min(some[one][1], others[two][1])
        if end > start:
            found.append((start, end))
        if some[one][1] < others[two][1]:
            one += 1
        else:
            two += 1
    return found


def quiet(spans: Sequence[Span], seconds: float) -> list[Span]:
    """What is between them, from 0 to `seconds`."""
    edges = [0.0, *(edge for span in spans for edge in span), max(seconds, 0.0)]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(start, end) for start, end in pairs if end > start]


def length(spans: Iterable[Span]) -> float:
    """Their seconds together."""
    return sum(end - start for start, end in spans)

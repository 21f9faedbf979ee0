"""Measures as JSON, for the column that keeps them with a transcript. Pure."""

from collections.abc import Mapping

from dialer.telephony.outcomes import Leg
from qa.conduct.rules import Conduct, Measure, Place

# {"overlap_longest": {"value": 1.2, "places": [["agent", 3.0, 4.2]]}, …}; a place of both legs has null.
Json = Mapping[str, Mapping[str, object]]


def to_json(conduct: Conduct) -> dict[str, dict[str, object]]:
    """What a JSON column takes."""
    return {
        name: {
            "value": one.value,
            "places": [
                [place.leg.value if place.leg else None, place.start, place.end] for place in one.places
            ],
        }
        for name, one in conduct.items()
    }


def from_json(kept: Json | None) -> dict[str, Measure]:
    """What `to_json` gave; nothing where nothing was kept.

    Raises ValueError, KeyError or TypeError for anything else.
    """
    return {name: _measure(one) for name, one in (kept or {}).items()}


def _measure(one: Mapping[str, object]) -> Measure:
    value, places = one["value"], one["places"]
    if not isinstance(value, int | float) or not isinstance(places, list):
        raise TypeError(f"no measure: {one!r}")
    return Measure(
        float(value),
        tuple(Place(Leg(leg) if leg else None, float(start), float(end)) for leg, start, end in places),
    )

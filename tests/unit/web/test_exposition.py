"""O1: what Prometheus reads is written as its format demands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.figures import Histogram
from tests.support.prometheus import read
from web.health.exposition import Family, Kind, by, exposition, gauge


def test_numbers_labels_and_help() -> None:
    page = exposition(
        [
            gauge("huifang_up", "One\nor none \\ at all.", 1),
            by("huifang_calls_total", Kind.COUNTER, "Calls.", "outcome", {"busy": 2, "answered": 3.5}),
            Family("huifang_none", Kind.GAUGE, "Nothing yet."),
        ]
    )
    found = read(page)
    assert found["huifang_up"].help == "One\\nor none \\\\ at all."
    assert found["huifang_up"].value() == 1
    assert found["huifang_calls_total"].value(outcome="answered") == 3.5
    assert found["huifang_none"].samples == {}


def test_a_histogram_is_cumulative() -> None:
    times = Histogram((0.01, 0.1))
    for seconds in (0.001, 0.01, 0.05, 7.0):
        times.add(seconds)
    page = exposition([Family("huifang_seconds", Kind.HISTOGRAM, "Time.", (({"node": "a"}, times),))])
    assert page.splitlines()[2:] == [
        'huifang_seconds_bucket{node="a",le="0.01"} 2',
        'huifang_seconds_bucket{node="a",le="0.1"} 3',
        'huifang_seconds_bucket{node="a",le="+Inf"} 4',
        'huifang_seconds_sum{node="a"} 7.061',
        'huifang_seconds_count{node="a"} 4',
    ]
    assert read(page)["huifang_seconds"].kind == "histogram"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.floats(allow_nan=False, allow_infinity=False))
def test_any_label_and_number_survive(label: str, number: float) -> None:
    page = exposition([by("huifang_x", Kind.GAUGE, "x", "name", {label: number})])
    assert read(page)["huifang_x"].value(name=label) == number


@pytest.mark.parametrize(("name", "label"), [("hui-fang", "a"), ("huifang", "a b")])
def test_a_name_that_prometheus_refuses_is_refused(name: str, label: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        exposition([by(name, Kind.GAUGE, "x", label, {"1": 1})])

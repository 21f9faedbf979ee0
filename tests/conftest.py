"""What holds for every test: the developer's own settings stay outside, and nothing is timed."""

import os

import pytest
from hypothesis import settings

# How fast an example runs says nothing about it, and no example is remembered from run to run.
settings.register_profile("house", deadline=None, database=None)
settings.load_profile("house")

for name in [name for name in os.environ if name.startswith("DIALER_")]:
    del os.environ[name]

# What waits for a real Asterisk, a real browser or a real speech engine.
_REAL_FOLDERS = frozenset({"live_asterisk", "panel", "scenarios"})
_REAL_MODULES = frozenset({"test_speech.py", "test_telephony.py"})


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the work, the tests on real parts come first, and one after the other:
    two at once would each wait for a machine that the other keeps busy."""
    for item in items:
        if item.path.parent.name in _REAL_FOLDERS or item.path.name in _REAL_MODULES:
            item.add_marker(pytest.mark.xdist_group("real"))
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)

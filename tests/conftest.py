"""What holds for every test: the developer's own settings stay outside, and nothing is timed."""

import os

from hypothesis import settings

# How fast an example runs says nothing about it, and no example is remembered from run to run.
settings.register_profile("house", deadline=None, database=None)
settings.load_profile("house")

for name in [name for name in os.environ if name.startswith("DIALER_")]:
    del os.environ[name]

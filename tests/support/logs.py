"""What is logged in a test."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

Logs = list[MutableMapping[str, Any]]


@pytest.fixture
def logs() -> Iterator[Logs]:
    """Every log line of this process, from here on; none is printed, which holds up the loop for long."""
    with capture_logs() as lines:
        yield lines

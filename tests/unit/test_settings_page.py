"""docs/settings.md says what the settings are."""

from pydantic import BaseModel

from dialer.app.docs_settings import PAGE, settings_page
from dialer.app.settings import Settings


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == settings_page(), "run `make docs`"


def test_every_setting_has_a_meaning() -> None:
    lines = [line for line in settings_page().splitlines() if line.startswith("| `")]
    assert len(lines) > len(Settings.model_fields)
    assert not [line for line in lines if line.endswith("|  |")]


def test_every_part_of_the_settings_has_a_heading() -> None:
    page = settings_page()
    for key, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            assert f"\n## `[{key}]`\n" in page
        else:
            assert f"| `{key}` |" in page

"""docs/import-columns.md says which columns a file may have (C3)."""

import re

from dialer.app.docs_columns import PAGE, columns_page
from dialer.importing.columns.fields import FIELDS
from dialer.importing.columns.headings import KNOWN, plain_heading


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == columns_page(), "run `make docs`"


def test_every_field_is_on_the_page() -> None:
    assert [field.name for field in FIELDS if f"| `{field.name}` |" not in columns_page()] == []


def test_the_columns_that_policies_need_are_known() -> None:
    """Q3: what the page asks an insurer for, an import knows."""
    rows = columns_page().split("## Policies")[1].split("\n\n## ")[0]
    named = re.findall(r"^\| ([^|]+) \|", rows, re.MULTILINE)[2:]
    headings = [one for cell in named for one in cell.split(", ")]
    assert "产品设计类型" in headings
    assert [one for one in headings if plain_heading(one) not in KNOWN] == []

"""Which pages a user is shown, and which one is current (X1)."""

import pytest

from web.auth.rules import Role
from web.navigation import links


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/supervisor", "/supervisor"),
        ("/supervisor/import", "/supervisor/import"),
        ("/supervisor/import/preview/7", "/supervisor/import"),
        ("/plan/list", "/plan"),
        ("/planned", None),
    ],
)
def test_the_longest_entry_that_fits_is_current(path: str, current: str | None) -> None:
    found = [link.href for link in links({"supervisor"}, path) if link.current]
    assert found == ([current] if current else [])


@pytest.mark.parametrize(
    ("role", "path", "current"),
    [
        ("supervisor", "/tickets", "/cases"),
        ("supervisor", "/explain", "/plan"),
        ("qa", "/explain", "/customers"),
        ("qa", "/customers/1", "/customers"),
        ("agent", "/customers/1", "/segments"),
    ],
)
def test_a_page_without_an_entry_marks_the_one_it_is_reached_from(role: str, path: str, current: str) -> None:
    assert [link.href for link in links({role}, path) if link.current] == [current]


def test_x1_a_role_sees_its_own_pages() -> None:
    agent = ["/agent", "/agent/tasks", "/handover", "/segments", "/reviews/mine"]
    assert [link.href for link in links({"agent"}, "/agent")] == agent
    assert [link.href for link in links({"qa"}, "/qa")][:3] == ["/customers", "/segments", "/qa"]
    assert [link.href for link in links({"auditor"}, "/rights")] == ["/packages", "/rights"]
    assert links((), "/") == []


def test_x1_every_role_has_a_page_to_go_to() -> None:
    assert all(links({role.value}, "/") for role in Role)

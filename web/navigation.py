"""The pages a user can go to, by role. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from web.auth.rules import Role
from web.i18n import N_

_BOTH = (Role.SUPERVISOR, Role.ADMIN)
_PAGES: tuple[tuple[Collection[Role], str, str], ...] = (
    ((Role.AGENT,), "/agent", N_("My calls")),
    ((Role.AGENT,), "/agent/tasks", N_("My tasks")),
    ((Role.AGENT,), "/handover", N_("Hand-over notes")),
    (_BOTH, "/supervisor", N_("Live")),
    (_BOTH, "/plan", N_("Plan of the day")),
    (_BOTH, "/supervisor/import", N_("Import")),
    ((*_BOTH, Role.QA), "/customers", N_("Customers")),
    (_BOTH, "/cases", N_("Cases and tasks")),
    (_BOTH, "/playbooks", N_("Playbooks")),
    ((Role.QA, Role.SUPERVISOR), "/qa", N_("Recordings and QA")),
)


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the navigation: `name` is a message id, `current` where the user is."""

    href: str
    name: str
    current: bool


def links(roles: Collection[str], path: str) -> list[Link]:
    """The entries for a user with these roles who is at `path`; the longest one that fits is current."""
    here = [href for _, href, _ in _PAGES if path == href or path.startswith(f"{href}/")]
    current = max(here, key=len, default="")
    return [Link(href, name, href == current) for allowed, href, name in _PAGES if {*allowed} & {*roles}]

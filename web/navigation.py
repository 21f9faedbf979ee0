"""The pages a user can go to, by role. Pure."""

from collections.abc import Collection
from dataclasses import dataclass

from web.i18n import N_

# Roles by their values: the login itself is drawn with this, and must not be needed by it.
_BOTH = ("supervisor", "admin")
_PAGES: tuple[tuple[Collection[str], str, str], ...] = (
    (("agent",), "/agent", N_("My calls")),
    (("agent",), "/agent/tasks", N_("My tasks")),
    (("agent",), "/handover", N_("Hand-over notes")),
    (_BOTH, "/supervisor", N_("Live")),
    (_BOTH, "/plan", N_("Plan of the day")),
    (_BOTH, "/supervisor/import", N_("Import")),
    ((*_BOTH, "qa"), "/customers", N_("Customers")),
    ((*_BOTH, "agent", "qa"), "/segments", N_("Segments")),
    (_BOTH, "/cases", N_("Cases and tasks")),
    (_BOTH, "/playbooks", N_("Playbooks")),
    (("qa", "supervisor"), "/qa", N_("Recordings and QA")),
    (("qa", "qa_lead", "supervisor"), "/reviews", N_("Reviews")),
    (("agent",), "/reviews/mine", N_("My results")),
    (("qa", "supervisor"), "/search", N_("Words said")),
    (("qa", "supervisor"), "/doubts", N_("Doubtful follow-ups")),
    (("qa", "supervisor", "auditor"), "/packages", N_("Examiner's packages")),
    ((*_BOTH, "qa"), "/qa/transcription", N_("Transcription")),
    (("qa", "qa_lead", "supervisor"), "/quality/rules", N_("Rules")),
    ((*_BOTH, "auditor"), "/rights", N_("Use of rights")),
    (("admin",), "/doctor", N_("Health check")),
)
# Pages without an entry of their own: the entries they are reached from, the first that the user has counts.
_REACHED_FROM = {
    "explain": ("/plan", "/customers"),
    "tickets": ("/cases",),
    "customers": ("/segments",),
}


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the navigation: `name` is a message id, `current` where the user is."""

    href: str
    name: str
    current: bool


def links(roles: Collection[str], path: str) -> list[Link]:
    """The entries for a user with these roles who is at `path`; the longest one that fits is current."""
    shown = {href: name for allowed, href, name in _PAGES if {*allowed} & {*roles}}
    here = [href for href in shown if path == href or path.startswith(f"{href}/")]
    from_there = (href for href in _REACHED_FROM.get(path.split("/")[1], ()) if href in shown)
    current = max(here, key=len, default=next(from_there, ""))
    return [Link(href, name, href == current) for href, name in shown.items()]

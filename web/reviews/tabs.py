"""The pages of the reviews that a user can go to, by role. Pure."""

from collections.abc import Collection

from web.auth.rules import Role
from web.i18n import N_

_TABS: tuple[tuple[Collection[str], str, str], ...] = (
    ((Role.QA, Role.QA_LEAD, Role.SUPERVISOR), "/reviews", N_("My sample")),
    ((Role.QA, Role.QA_LEAD, Role.SUPERVISOR), "/reviews/appeals", N_("Appeals")),
    ((Role.QA_LEAD, Role.SUPERVISOR), "/reviews/figures", N_("Agreement and training")),
    ((Role.QA_LEAD, Role.SUPERVISOR), "/reviews/month", N_("Month")),
    ((Role.QA_LEAD, Role.SUPERVISOR), "/reviews/trainings", N_("Trainings")),
    ((Role.QA, Role.QA_LEAD, Role.SUPERVISOR), "/reviews/cases", N_("Training cases")),
    ((Role.AGENT,), "/reviews/mine", N_("My results")),
)


def tabs_of(roles: Collection[str]) -> list[tuple[str, str]]:
    """Address and message id of each page for a user with these roles."""
    return [(href, name) for allowed, href, name in _TABS if {*allowed} & {*roles}]

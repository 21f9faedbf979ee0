"""What agents call us: calls are checked for that name (Q3 rule 5)."""

from dialer.app.settings import SiteSettings
from qa.checks.facts import NAMELESS
from web.finding import Finding, Level, said
from web.i18n import N_

_TITLE = N_("Our name")


def look_at_name(site: SiteSettings) -> Finding:
    """Whether there is a name that a greeting can be compared with."""
    if name := site.company or ("" if site.branch in NAMELESS else site.branch):
        return Finding("name", _TITLE, Level.OK, said(N_("Agents are heard to say {name}."), name=name))
    seen = said(
        N_("The branch is {branch}, which is no name, and site.company is empty."), branch=site.branch
    )
    do = said(
        N_(
            "Write what agents call us into dialer.toml, below [site], as company = '宏达汽车服务站'. Until "
            "then no greeting is judged where the order names no branch."
        )
    )
    return Finding("name", _TITLE, Level.WARN, seen, do)

"""The agents' phones and the trunk, as Asterisk knows them. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping

from asterisk.asking import Answers
from web.finding import Finding, Level, said
from web.i18n import N_

_PHONES, _CODECS, _TRUNK = N_("Agents' phones"), N_("Codecs"), N_("Trunk to the customers")
_GONE = ("UNAVAILABLE", "INVALID", "UNKNOWN")
_TRUNK_NAME = re.compile(r"PJSIP/(?:[^@/]*@)?([0-9A-Za-z_.-]+)")
_PHONE_NAME = re.compile(r"PJSIP/([0-9A-Za-z_.-]+)")
_MOST_NAMED = 5


def trunk_of(dial: str) -> str | None:
    """The PJSIP endpoint of a dial string such as `PJSIP/{number}@trunk`; None where it is none."""
    found = _TRUNK_NAME.fullmatch(dial.replace("{number}", ""))
    return found[1] if found else None


def phone_of(agent_channel: str, extension: str) -> str | None:
    """The PJSIP endpoint of an extension; None where phones are no PJSIP endpoints."""
    found = _PHONE_NAME.fullmatch(agent_channel.replace("{extension}", extension))
    return found[1] if found else None


def check_phones(answers: Answers, phones: Collection[str]) -> Finding:
    """Each agent's phone: there, no transfer of its own, audio through Asterisk, registered."""
    if not phones:
        return Finding(
            "phones",
            _PHONES,
            Level.WARN,
            said(N_("No agent has an extension that Asterisk's PJSIP knows.")),
            said(N_("Add agents with `dialer agent add`, and their extensions to Asterisk.")),
        )
    if answers.endpoints is None:
        return _unseen("phones", _PHONES)
    there = {name: answers.endpoints.get(name, {}) for name in phones}
    missing = [name for name, options in there.items() if not options]
    if missing:
        return Finding(
            "phones",
            _PHONES,
            Level.FAIL,
            said(N_("Asterisk has no endpoint for {phones}."), phones=_some(missing)),
            said(N_("Add these extensions to Asterisk, or give the agents others (`dialer agent`).")),
        )
    transfers = [name for name, options in there.items() if options.get("allow_transfer") == "true"]
    if transfers:
        return Finding(
            "phones",
            _PHONES,
            Level.FAIL,
            said(N_("These phones may transfer calls themselves: {phones}."), phones=_some(transfers)),
            said(
                N_(
                    "Set allow_transfer=no for them (FreePBX: the extension's Advanced page): after a "
                    "phone's own transfer the new agent is missing from the recording."
                )
            ),
        )
    direct = [name for name, options in there.items() if options.get("direct_media") == "true"]
    if direct:
        return Finding(
            "phones",
            _PHONES,
            Level.WARN,
            said(N_("These phones may send audio past Asterisk: {phones}."), phones=_some(direct)),
            said(N_("Set direct_media=no for them: what does not pass Asterisk is not recorded.")),
        )
    return _registered(answers, phones)


def check_codecs(answers: Answers, phones: Collection[str], trunks: Collection[str]) -> Finding:
    """One codec on all legs: mixed ones are transcoded, and were recorded badly before Asterisk 22.5."""
    if answers.endpoints is None:
        return _unseen("codecs", _CODECS)
    first = _codecs(answers.endpoints, (*phones, *trunks))
    if not first:
        return _unseen("codecs", _CODECS)
    if len(first) == 1:
        return Finding(
            "codecs", _CODECS, Level.OK, said(N_("Phones and trunk speak {codec}."), codec=next(iter(first)))
        )
    told = "; ".join(f"{codec}: {_some(names)}" for codec, names in first.items())
    return Finding(
        "codecs",
        _CODECS,
        Level.WARN,
        said(N_("Not everyone begins with the same codec: {codecs}."), codecs=told),
        said(N_("Set allow=!all,alaw for the phones and the trunk.")),
    )


def check_trunk(answers: Answers, trunk: str) -> Finding:
    """Whether the trunk is there and can be reached, as far as Asterisk knows."""
    if answers.endpoints is not None and not answers.endpoints.get(trunk):
        return Finding(
            "trunk",
            _TRUNK,
            Level.FAIL,
            said(N_("Asterisk has no endpoint {trunk}: no customer can be dialled."), trunk=trunk),
            said(N_("Add it to pjsip.conf, or name the right one in asterisk.customer_dial.")),
        )
    state = (answers.devices or {}).get(f"PJSIP/{trunk}", "")
    contact = answers.contacts.get(trunk, "")
    if state in _GONE or contact == "Unreachable":
        return Finding(
            "trunk",
            _TRUNK,
            Level.FAIL,
            said(N_("The trunk {trunk} cannot be reached ({state})."), trunk=trunk, state=contact or state),
            said(
                N_(
                    "Check the carrier's address, the network and the firewall to it; with a registration, "
                    "`pjsip show registrations` on the Asterisk machine."
                )
            ),
        )
    if contact in ("Reachable", "Avail", "Created"):
        return Finding("trunk", _TRUNK, Level.OK, said(N_("The trunk {trunk} answers."), trunk=trunk))
    if contact == "NonQualified":
        return Finding(
            "trunk",
            _TRUNK,
            Level.OK,
            said(N_("The trunk {trunk} is there; Asterisk does not ask whether it is alive."), trunk=trunk),
            said(N_("Set qualify_frequency=30 in its aor to see a dead trunk before a call does.")),
        )
    return _unseen("trunk", _TRUNK)


def _registered(answers: Answers, phones: Collection[str]) -> Finding:
    if answers.devices is None:
        return _unseen("phones", _PHONES)
    away = [name for name in phones if answers.devices.get(f"PJSIP/{name}", "UNKNOWN") in _GONE]
    here = len(phones) - len(away)
    seen = said(N_("{here} of {all} phones are registered."), here=here, all=len(phones))
    if here:
        return Finding("phones", _PHONES, Level.OK, seen)
    return Finding(
        "phones",
        _PHONES,
        Level.WARN,
        seen,
        said(N_("Switch the phones on; check their password and the address of Asterisk in them.")),
    )


def _codecs(endpoints: Mapping[str, Mapping[str, str]], names: Iterable[str]) -> dict[str, list[str]]:
    """Who begins with which codec: that is the one a call has."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        allow = endpoints.get(name, {}).get("allow", "").strip("()")
        if allow:
            found.setdefault(re.split(r"[|,]", allow)[0], []).append(name)
    return found


def _unseen(check: str, title: str) -> Finding:
    return Finding(
        check,
        title,
        Level.UNKNOWN,
        said(N_("Asterisk does not tell.")),
        said(
            N_(
                "Load func_pjsip_endpoint.so, func_pjsip_aor.so, func_pjsip_contact.so and func_module.so "
                "there."
            )
        ),
    )


def _some(names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:_MOST_NAMED])
    return f"{shown}, … ({len(names)})" if len(names) > _MOST_NAMED else shown

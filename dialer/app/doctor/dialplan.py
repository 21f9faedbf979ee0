"""Our part of the dialplan: whether it is loaded, as old as the service, and waits as long. Pure."""

import re

from asterisk.asking import Answers
from asterisk.conf import DIALPLAN_VERSION
from web.finding import Finding, Level, said
from web.i18n import N_

_TOLD = re.compile(r"HFAgentUp,.*\bV: (\d+)")
_DIALPLAN, _GATE, _MODULES = N_("Our part of the dialplan"), N_("Time at the gate"), N_("Modules of Asterisk")
_RENDER = N_(
    "Print it with `dialer asterisk config`, put it beside extensions.conf as huifang.conf, add one line "
    '#include "huifang.conf" there (FreePBX: extensions_custom.conf), then `dialplan reload`.'
)


def check_dialplan(answers: Answers) -> Finding:
    """The include is there and of the version this service was written for."""
    version = version_of(answers)
    if version is None:
        return Finding(
            "dialplan",
            _DIALPLAN,
            Level.FAIL,
            said(N_("Asterisk has no context huifang-agent: no call can be placed.")),
            said(_RENDER),
        )
    if version != DIALPLAN_VERSION:
        seen = N_("Version {there} is loaded, this service needs version {here}.")
        advice = said(_RENDER) if version < DIALPLAN_VERSION else said(N_("Upgrade this service."))
        return Finding(
            "dialplan", _DIALPLAN, Level.FAIL, said(seen, there=version, here=DIALPLAN_VERSION), advice
        )
    if answers.trial.answer is None:
        return Finding(
            "dialplan",
            _DIALPLAN,
            Level.WARN,
            said(N_("Version {version} is loaded, and does not answer."), version=version),
            said(_RENDER),
        )
    return Finding(
        "dialplan", _DIALPLAN, Level.OK, said(N_("Version {version} is loaded and answers."), version=version)
    )


def check_gate(answers: Answers, gate_seconds: int) -> Finding | None:
    """How long an agent waits at the gate, in the dialplan and in the settings; None: cannot be seen."""
    waits = [
        row.get("AppData", "")
        for row in answers.dialplan
        if row.get("Context") == "huifang-agent" and row.get("Application") == "Wait"
    ]
    if not waits or not waits[0].isdecimal():
        return None
    there = int(waits[0])
    if there == gate_seconds:
        return Finding("gate", _GATE, Level.OK, said(N_("An agent waits {n} s for the service."), n=there))
    return Finding(
        "gate",
        _GATE,
        Level.WARN,
        said(
            N_("The dialplan waits {there} s, calling.gate_seconds is {here}."),
            there=there,
            here=gate_seconds,
        ),
        said(N_("Make calling.gate_seconds and asterisk.gate_seconds the same and load the dialplan anew.")),
    )


def check_modules(answers: Answers) -> Finding:
    """What a call and its recording cannot do without."""
    known = {name: loaded for name, loaded in answers.modules.items() if loaded is not None}
    lacking = [name for name, loaded in known.items() if not loaded]
    if lacking:
        return Finding(
            "asterisk-modules",
            _MODULES,
            Level.FAIL,
            said(N_("Not loaded: {modules}."), modules=", ".join(lacking)),
            said(N_("Install and load them (modules.conf, or `module load`).")),
        )
    if not known:
        return Finding(
            "asterisk-modules",
            _MODULES,
            Level.UNKNOWN,
            said(N_("Asterisk cannot tell which modules are loaded.")),
            said(N_("Load func_module.so there to have this checked.")),
        )
    return Finding(
        "asterisk-modules",
        _MODULES,
        Level.OK,
        said(N_("All {n} modules a call needs are loaded."), n=len(known)),
    )


def version_of(answers: Answers) -> int | None:
    """The version of our dialplan that is loaded: as it tells itself, or as it is listed."""
    told = (answers.trial.answer or {}).get("V", "")
    if told.isdecimal():
        return int(told)
    for row in answers.dialplan:
        found = _TOLD.search(row.get("AppData", ""))
        if found is not None:
            return int(found[1])
    return None

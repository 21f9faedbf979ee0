"""The words for kinds, states and remarks of imports, as message ids."""

from collections.abc import Mapping

from web.i18n import N_

STATE: Mapping[str, str] = {
    "running": N_("Being taken in"),
    "done": N_("Taken in"),
    "stopped": N_("Stopped"),
    "failed": N_("Not readable"),
}

STATE_LOOK: Mapping[str, str] = {"running": "accent", "done": "good", "stopped": "warn", "failed": "bad"}

# What is said of one, and of many.
LEFT_OUT: Mapping[str, tuple[str, str]] = {
    "total": (N_("{n} total row left out"), N_("{n} total rows left out")),
    "footer": (N_("{n} footer row left out"), N_("{n} footer rows left out")),
    "headings": (N_("{n} repeated heading row left out"), N_("{n} repeated heading rows left out")),
}

NOTE: Mapping[str, tuple[str, str]] = {
    "derived_id": (
        N_(
            "{n} row has no number of its own: one was made of time, plate or phone, and name, "
            "so that it is not taken in twice"
        ),
        N_(
            "{n} rows have no number of their own: one was made of time, plate or phone, and name, "
            "so that they are not taken in twice"
        ),
    ),
    "number_left_out": (
        N_("{n} further phone number cannot be dialled and was left out"),
        N_("{n} further phone numbers cannot be dialled and were left out"),
    ),
}

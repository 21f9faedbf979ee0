"""What is owed to the drill's customers, so that every way of calling comes up: drawn from the seed."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dialer.app.drill.books import publish_changed
from dialer.calling.settings import CallingSettings
from dialer.calling.states import CallMode
from dialer.customers.service import take_in_many
from dialer.customers.values import Occasion
from dialer.planning.rules.owed import Site
from dialer.planning.service import plan_new
from dialer.planning.settings import PlanningSettings
from dialer.playbooks.editing import Plain
from dialer.playbooks.library import shipped_library
from dialer.playbooks.service import library_of

WRAP_UP_SECONDS = 5
PREVIEW_SECONDS = 5

# By how many of a hundred customers each is owed.
_SHARES = {CallMode.PROGRESSIVE: 55, CallMode.CUSTOMER_FIRST: 25, CallMode.PREVIEW: 20}


def publish(conn: Connection, now: datetime) -> None:
    """One playbook for each way of calling, with times so short that they run out in a drill."""
    for mode in _SHARES:
        changes: dict[tuple[str | int, ...], Plain] = {
            ("id",): _name(mode),
            ("mode",): mode.value,
            ("occasions", "kinds"): [_name(mode)],
            ("wrap_up_seconds",): WRAP_UP_SECONDS,
        }
        if mode is CallMode.PREVIEW:
            # The agents who always look first have the site's own rule: the follow-up goes back.
            changes |= {("preview_seconds",): PREVIEW_SECONDS, ("preview_then",): "call"}
        publish_changed(conn, changes, now)
    # It is also that of customers who ring and are owed nothing.
    publish_changed(conn, {("wrap_up_seconds",): WRAP_UP_SECONDS}, now, CallingSettings().manual_playbook)


def owe(conn: Connection, numbers: Sequence[str], zone: ZoneInfo, now: datetime, dice: random.Random) -> None:
    """An order of yesterday for each of these customers: what it makes due is planned, and due now."""
    modes, shares = list(_SHARES), list(_SHARES.values())
    orders = [
        Occasion(
            kind=_name(mode),
            source="drill",
            external_id=f"JS{index:05d}",
            happened_at=now - timedelta(days=1),
            branch="drill",
            name="测试",
            salutation="",
            numbers=(number,),
            plate=f"豫A{index + 10000}",
            items=("更换机油机滤",),
            staff={"adviser": "周敏"},
        )
        for index, (number, mode) in enumerate(
            zip(numbers, dice.choices(modes, shares, k=len(numbers)), strict=True)
        )
    ]
    take_in_many(conn, orders, now)
    site = Site.of(library_of(conn, shipped_library()), PlanningSettings(), zone)
    while plan_new(conn, site, now):
        pass


def _name(mode: CallMode) -> str:
    return f"drill-{mode.value.replace('_', '-')}"

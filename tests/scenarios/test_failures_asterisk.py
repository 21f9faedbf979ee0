"""Asterisk dies, or is stopped, in the middle of a call: the call is settled from its log (D7, A1)."""

import asyncio
from datetime import timedelta

import pytest

from asterisk.server import AsteriskServer
from dialer.alarms.service import open_alarms
from dialer.calling.states import AttemptState
from dialer.clock import system_clock
from dialer.telephony.outcomes import DialOutcome
from recordings.rules import Problem
from tests.scenarios.conftest import Logs, NewSite
from tests.support.site import Site, plain, said, talk

_SECOND = timedelta(seconds=1)
_SPOKEN = 3.0


async def start_again(site: Site) -> None:
    """The phones notice that their call is dead; Asterisk comes back; the phones register anew."""
    agents = (call for phone in site.phones.values() for call in phone.calls)
    await asyncio.gather(*(call.hang_up() for call in (*site.trunk.calls, *agents)))
    await site.server.start()
    for phone in site.phones.values():
        await phone.register()


async def check_page(site: Site, *, killed: bool, short: bool) -> None:
    """The page tells what was repaired and why, and which recording has a gap."""
    english, chinese = [plain(await site.page(language)) for language in ("en", "zh")]
    if killed:
        assert "the telephone system stopped during the talk" in english
        assert "话务日志有接通而无结束" in chinese
    if short:
        assert "is not sound: shorter than the talk" in english
        assert "recording_unsound" not in english + chinese


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_asterisk_ends_in_a_talk(
    new_site: NewSite, own_server: AsteriskServer, logs: Logs, how: str
) -> None:
    site = await new_site(own_server)
    (first,) = await site.owe(talk(30))
    async with site.serving():
        site.clerk()
        await site.attempt_in(first, AttemptState.TALKING)
        await asyncio.sleep(_SPOKEN)
        ended_at = system_clock()
        await (own_server.kill() if how == "killed" else own_server.stop())
        for language, words in (("en", "No link to the telephone system."), ("zh", "与电话系统的连接中断")):
            text = await site.alarm_text("link_down", language)
            assert words in text
            assert "link_down" not in text
        assert said(logs, "The link to the telephone system is down.", "Asterisk")
        await start_again(site)

        attempt = await site.ended(first)
        assert attempt.outcome == DialOutcome.ANSWERED
        assert attempt.answered_at is not None
        assert attempt.ended_at is not None
        (call,) = [call for call in site.trunk.calls if call.number == first]
        assert call.answered_at is not None
        assert abs(attempt.answered_at - call.answered_at) < _SECOND
        assert abs(attempt.ended_at - ended_at) < _SECOND

        recording = await site.archived(attempt)
        lasted = (attempt.ended_at - attempt.answered_at).total_seconds()
        assert recording.seconds is not None
        assert recording.seconds > _SPOKEN - 2, "what Asterisk had written is salvaged"
        gap = max(0.0, lasted - recording.seconds)
        assert (recording.call_seconds, recording.gap_seconds) == pytest.approx((lasted, gap), abs=0.01)
        short = gap > site.settings.recordings.tolerance_seconds
        assert recording.problems == ([Problem.SHORT] if short else [])
        await check_page(site, killed=how == "killed", short=short)

        (second,) = await site.owe(talk(1.5))
        assert (await site.ended(second)).outcome == DialOutcome.ANSWERED
        await site.sound()
        left = {alarm.kind for alarm in await site.db.read(open_alarms)}
        assert left == ({"recording_unsound"} if short else set()), "a gap is shown, all else is over"

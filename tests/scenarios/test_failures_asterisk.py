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
from tests.support.site import Site, said, talk

_SECOND = timedelta(seconds=1)
_SPOKEN = 3.0


async def start_again(site: Site) -> None:
    """The phones notice that their call is dead; Asterisk comes back; the phones register anew."""
    for call in (*site.trunk.calls, *(call for phone in site.phones.values() for call in phone.calls)):
        await call.hang_up()
    await site.server.start()
    for phone in site.phones.values():
        await phone.register()


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
        assert recording.seconds is not None
        assert recording.gap_seconds is not None
        assert recording.call_seconds == pytest.approx((attempt.ended_at - attempt.answered_at).total_seconds())
        assert recording.seconds > _SPOKEN - 1, "what Asterisk had written is salvaged"
        assert recording.gap_seconds == pytest.approx(
            max(0.0, recording.call_seconds - recording.seconds), abs=0.01
        )
        short = recording.gap_seconds > site.settings.recordings.tolerance_seconds
        assert recording.problems == ([Problem.SHORT] if short else [])

        (second,) = await site.owe(talk(1.5))
        assert (await site.ended(second)).outcome == DialOutcome.ANSWERED
        await site.sound()
        left = {alarm.kind for alarm in await site.db.read(open_alarms)}
        assert left == ({"recording_unsound"} if short else set()), "a gap is shown, all else is over"

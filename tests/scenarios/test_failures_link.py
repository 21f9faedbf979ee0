"""The link to Asterisk is cut, or never comes: told with advice, and everything goes on by itself (D7)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from asterisk.server import AsteriskServer
from dialer.agents.states import AgentState
from dialer.calling.queries import Attempt
from dialer.calling.states import AttemptState
from dialer.followups.states import FollowUpState
from dialer.telephony.outcomes import DialOutcome
from tests.scenarios.conftest import Logs, NewSite
from tests.support.cable import Cable
from tests.support.site import Site, said, talk, until

_SECOND = timedelta(seconds=1)


@pytest.fixture
async def cable(asterisk_server: AsteriskServer) -> AsyncIterator[Cable]:
    async with Cable(asterisk_server.ports.ami) as cable:
        yield cable


def near(one: datetime | None, other: datetime | None) -> bool:
    assert one is not None
    assert other is not None
    return abs(one - other) < _SECOND


async def check_link_down(site: Site, logs: Logs) -> None:
    english, chinese = [await site.alarm_text("link_down", language) for language in ("en", "zh")]
    assert said(logs, "The link to the telephone system is down.", "heck that Asterisk runs")
    assert "No link to the telephone system." in english
    assert "heck that Asterisk runs" in english
    assert "与电话系统的连接中断" in chinese
    assert "heck" not in chinese, "the advice, too, is in Chinese"
    assert "link_down" not in english + chinese


async def check_call(site: Site, number: str) -> Attempt:
    """The call was settled as it was, by the customer's own phone, and is archived whole."""
    attempt = await site.ended(number)
    (call,) = [call for call in site.trunk.calls if call.number == number]
    assert attempt.outcome == DialOutcome.ANSWERED
    assert near(attempt.answered_at, call.answered_at), (attempt, call.answered_at)
    assert near(attempt.ended_at, call.ended_at), (attempt, call.ended_at)
    assert call.answered_at is not None
    assert call.ended_at is not None
    recording = await site.archived(attempt)
    assert recording.problems == []
    lasted = (call.ended_at - call.answered_at).total_seconds()
    assert recording.seconds == pytest.approx(lasted, abs=0.5)
    return attempt


@pytest.mark.parametrize("mended", ["in the talk", "after the talk"])
async def test_the_link_is_cut_in_a_talk(new_site: NewSite, cable: Cable, logs: Logs, mended: str) -> None:
    """The talk goes on; it is taken over, or settled from the log; nobody is rung twice (D7, A1)."""
    site = await new_site(tables={"asterisk": {"port": cable.port}})
    first, second = await site.owe(talk(60), talk(1.5))
    async with site.serving():
        site.clerk()
        await site.attempt_in(first, AttemptState.TALKING)
        await cable.cut()
        await check_link_down(site, logs)
        (call,) = site.trunk.calls
        assert not call.ended.is_set(), "the talk goes on"
        if mended == "after the talk":
            await call.hang_up()
        await cable.mend()
        await site.attempt_in(first, AttemptState.TALKING, AttemptState.ENDED)
        await call.hang_up()
        await check_call(site, first)
        await site.ended(second)
        verdict = await site.sound()
        assert verdict.repairs == 1
        await site.no_alarm()


async def test_the_link_is_cut_while_the_customer_is_rung(
    new_site: NewSite, cable: Cable, logs: Logs
) -> None:
    """Neither the answer nor the end was seen: both are in the log (D7)."""
    site = await new_site(tables={"asterisk": {"port": cable.port}})
    first, second = await site.owe(talk(60, ring_seconds=2), talk(1.5))
    async with site.serving():
        site.clerk()
        call = await site.trunk.wait_for_calls(1, 20)
        await cable.cut()
        await check_link_down(site, logs)
        await call.answered.wait()
        await asyncio.sleep(1.5)
        await call.hang_up()
        await cable.mend()
        await check_call(site, first)
        await site.ended(second)
        await site.sound()
        await site.no_alarm()


async def test_a_wrong_password_is_named_and_a_right_one_is_enough(
    new_site: NewSite, asterisk_server: AsteriskServer, logs: Logs
) -> None:
    site = await new_site(tables={"asterisk": {"secret": "another-secret"}})
    (number,) = await site.owe(talk(1.5))
    conf = asterisk_server.layout.etc / "manager.conf"
    before = conf.read_text()
    try:
        async with site.serving():
            site.clerk()
            english, chinese = [await site.alarm_text("link_down", language) for language in ("en", "zh")]
            assert "refused the login of AMI user 'huifang'" in english
            for text in (english, chinese):
                assert "manager.conf" in text
                assert "username" in text
                assert "secret" in text
                assert "link_down" not in text
            assert "Set the settings" not in chinese
            assert said(logs, "Set the settings username and secret to those of a user in manager.conf")
            assert site.rings(number) == 0
            assert await site.attempts() == []
            secret = asterisk_server.settings.ami_secret
            conf.write_text(before.replace(f"secret = {secret}", "secret = another-secret"))
            await asterisk_server.cli("manager reload")
            await site.ended(number)
            await site.sound()
            await site.no_alarm()
    finally:
        conf.write_text(before)
        await asterisk_server.cli("manager reload")


async def test_the_event_log_cannot_be_read(
    new_site: NewSite, asterisk_server: AsteriskServer, cable: Cable, tmp_path: Path
) -> None:
    """How the call ended stays open until the log is there; the customer is left alone meanwhile (D7)."""
    log = tmp_path / "cel.csv"
    site = await new_site(tables={"asterisk": {"port": cable.port, "cel_file": str(log)}})
    (number,) = await site.owe(talk(60))
    async with site.serving():
        site.clerk()
        await site.attempt_in(number, AttemptState.TALKING)
        await cable.cut()
        (call,) = site.trunk.calls
        await asyncio.sleep(1.5)
        await call.hang_up()
        await cable.mend()
        english, chinese = [await site.alarm_text("attempt_unknown", language) for language in ("en", "zh")]
        assert "check that the telephone system keeps its event log (CEL)" in english
        assert "CEL" in chinese
        assert "check that" not in chinese
        assert "attempt_unknown" not in english + chinese
        await until(lambda: _is_ready(site), "the agent goes on meanwhile")
        assert (await site.follow_up(number)).state is FollowUpState.CALLING, "and is not called again"
        log.symlink_to(asterisk_server.layout.cel_file)
        await check_call(site, number)
        await site.sound()
        await site.no_alarm()


async def _is_ready(site: Site) -> bool:
    return (await site.session()).state is AgentState.READY

"""O1, O5: a real call as it is seen from outside: its story, the figures, the doctor beside the service."""

import asyncio
import json
from pathlib import Path

import aiohttp
from typer.testing import CliRunner

from dialer.app.cli.main import app
from dialer.app.doctor.examine import examine_apart
from dialer.app.service import Service
from tests.fixtures_asterisk import EXTENSIONS
from tests.scenarios.conftest import NewSite
from tests.scenarios.test_customer_first import customer_first
from tests.support.prometheus import read
from tests.support.site import talk
from web.finding import Level, worst


async def dialer(*words: str) -> tuple[int, str]:
    """Run a command beside the service, as an administrator does: its exit code, and what it said."""
    told = await asyncio.to_thread(CliRunner().invoke, app, list(words))
    return told.exit_code, told.output


async def page(service: Service, path: str) -> str:
    """What the service tells a machine."""
    async with aiohttp.ClientSession() as http, http.get(service.panel_address + path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


def order(steps: list[dict[str, object]], *texts: str) -> list[int]:
    """Where these steps stand in the story."""
    told = [str(step["text"]) for step in steps]
    return [told.index(text) for text in texts]


async def test_o1_the_story_of_a_call(new_site: NewSite) -> None:
    site = await new_site(tables={"web": {"language": "en", "port": 0}})
    async with site.serving() as service:
        (number,) = await site.owe(talk(1.5))
        await site.ready()
        attempt = await site.ended(number)
        await site.archived(attempt)
        code, told = await dialer("trace", attempt.id, "--data", str(site.folder), "--json")
        assert code == 0, told
        story = json.loads(told)
        figures = read(await page(service, "/metrics"))
        assert figures["huifang_link_up"].value(node="default") == 1
        placed = figures["huifang_ami_originate_seconds"].samples
        assert placed["huifang_ami_originate_seconds_count", frozenset({("node", "default")})] == 1
        assert figures["huifang_attempts_total"].value(outcome="answered") == 1
        waits = figures["huifang_ami_event_wait_seconds"].samples
        assert waits["huifang_ami_event_wait_seconds_count", frozenset({("node", "default")})] > 5
        assert figures["huifang_ami_events_waiting"].value(node="default") < 5
        kept = figures["huifang_recording_seconds_total"]
        assert (kept.value(part="kept") > 1, kept.value(part="gap") < 0.5) == (True, True)
        assert (await page(service, "/healthz")).startswith("ok")
        assert await page(service, "/readyz") == "ready\n"
        # The doctor's look from the panel, in a process of its own, while the service runs.
        found = [one for one in await examine_apart(service.settings) if one.check != "commit"]
        assert worst(found) in (Level.OK, Level.WARN), found
    steps = story["steps"]
    assert [step["at"] for step in steps] == sorted(step["at"] for step in steps)
    places = order(
        steps,
        "The attempt was committed: the agent's phone may ring.",
        "The go was committed: the customer may be dialled.",
        "The customer answered.",
        "The attempt has ended.",
        "The recording is in the archive.",
    )
    assert places == sorted(places)
    sources = {step["source"] for step in steps}
    assert {"plan", "event", "agent", "CEL", "ledger", "recording"} <= sources
    channels = {step["more"]["channel"] for step in steps if step["source"] == "CEL"}
    assert any("PJSIP/trunk" in channel for channel in channels)
    assert story["head"]["outcome"] == "answered"
    assert number not in told
    assert story["gates"]
    assert story["unread"] == ""


async def test_o1_the_story_of_a_customer_first_call(new_site: NewSite) -> None:
    """D2: its channels are told of by the log, those of the gate, the customer and the agent."""
    site = await new_site(library=customer_first(), tables={"calling": {"connect_seconds": 2}})
    async with site.serving(panel=False):
        (number,) = await site.owe(talk(1.5))
        await site.ready()
        attempt = await site.ended(number)
        code, told = await dialer("trace", attempt.id, "--data", str(site.folder), "--json")
    assert code == 0, told
    lines = [step for step in json.loads(told)["steps"] if step["source"] == "CEL"]
    channels = {str(step["more"]["channel"]).split("-")[0] for step in lines}
    assert {"PJSIP/trunk", f"PJSIP/{EXTENSIONS[0]}"} <= channels
    assert any(channel.startswith("Local/") for channel in channels)


async def test_o1_the_story_in_words_and_of_a_prefix(new_site: NewSite, tmp_path: Path) -> None:
    site = await new_site()
    async with site.serving():
        (number,) = await site.owe(talk(0.5))
        await site.ready()
        attempt = await site.ended(number)
        code, told = await dialer("trace", attempt.id[:-2].lower(), "--data", str(site.folder))
        assert code == 0, told
        assert attempt.id in told
        assert "客户已接听" in told
        code, told = await dialer("trace", "01ZZZZZZZZ", "--data", str(site.folder))
        assert code == 1
        assert "no attempt whose id begins with 01ZZZZZZZZ" in told
        _, told = await dialer("trace", "豫A12345", "--data", str(site.folder))
        assert "dialer explain" in told
    code, _ = await dialer("trace", attempt.id, "--data", str(tmp_path / "nowhere"))
    assert code == 1
    assert not (tmp_path / "nowhere" / "dialer.db").exists()

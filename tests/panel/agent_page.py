"""What the tests of the agent's page do again and again."""

import asyncio
import time
from collections.abc import Callable

from playwright.async_api import Page, expect
from sqlalchemy import select

from dialer.calling.progress import Ending
from dialer.forms.queries import Answer
from dialer.forms.tables import answers
from dialer.telephony.outcomes import DialOutcome, Leg
from tests.panel.site import Site

QUESTION = ".question"
_PATIENCE_SECONDS = 20.0
TALKED = Ending(DialOutcome.ANSWERED, dialled=True, cause=16, hung_up_by=Leg.CUSTOMER)


async def add_caller(panel_server: Site) -> str:
    """An agent who waits for a call, with one customer due."""
    agent_id = await panel_server.agent("1001", ready=True)
    await panel_server.user("wang", "agent", agent_id=agent_id)
    await panel_server.follow_up("欧阳慧敏", "13800000001", "豫AD12345", days_ago=1.2)
    return agent_id


async def stored(site: Site) -> dict[str, Answer]:
    """Every stored answer by question."""
    found = await site.database.read(lambda conn: conn.execute(select(answers)).mappings().all())
    return {row["question_id"]: Answer(**row) for row in found}


async def until(met: Callable[[dict[str, Answer]], bool], site: Site) -> dict[str, Answer]:
    """The stored answers, once they meet a condition; AssertionError with what is stored after a while."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not met(found := await stored(site)):
        assert time.monotonic() < end, f"stored: {found}"
        await asyncio.sleep(0.02)
    return found


async def answer(page: Page, *keys: str) -> None:
    """Answer one question after another by keyboard, each stored before the next."""
    for key in keys:
        await page.keyboard.press(key)
        await expect(page.locator(".q-saved.is-saved")).to_be_visible()
        await page.keyboard.press("Enter")


async def at_question(page: Page, question: str) -> None:
    """Wait until this question is the one shown, and can be answered."""
    await expect(page.locator(QUESTION)).to_have_attribute("data-question", question)
    await expect(page.locator(QUESTION)).to_have_attribute("data-open", "true")

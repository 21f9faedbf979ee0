"""A panel with its database as tests see it, and ways to make things happen as the engine would."""

import os
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page
from sqlalchemy import Connection, insert

from dialer.agents import service as agents
from dialer.calling import reserving
from dialer.calling import service as calling
from dialer.calling.progress import Ending
from dialer.calling.status import EngineStatus
from dialer.customers.tables import customers, occasions, phones, vehicles
from dialer.followups import service as follow_ups
from dialer.ids import new_id
from dialer.playbooks.form.timing import TriggerKind
from dialer.playbooks.library import Library
from dialer.storage.database import Database
from web.app import make_app
from web.auth.passwords import hash_password
from web.auth.queries import account, add_session
from web.auth.service import add_user, hash_token
from web.panel import Panel
from web.settings import WebSettings

async_fixture = pytest_asyncio.fixture(loop_scope="session")
"""An asynchronous fixture of the panel's tests: they share one event loop, as they share one Chromium."""

PASSWORD = "correct horse"
_HASH = hash_password(PASSWORD)

OpenPage = Callable[..., Awaitable[Page]]


@dataclass
class MovableClock:
    """The real clock, which a test can put forward."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Site:
    """A panel with its database, and ways to make things happen as the engine would."""

    url: str
    database: Database
    clock: MovableClock
    library: Library
    recordings_root: Path
    status: EngineStatus

    async def user(self, login: str, *roles: str, agent_id: str | None = None, language: str = "zh") -> str:
        """Add a user whose password is PASSWORD."""

        def work(conn: Connection) -> str:
            return add_user(
                conn,
                login=login,
                name=login.title(),
                password_hash=_HASH,
                roles=roles,
                agent_id=agent_id,
                language=language,
                now=self.clock(),
            )

        return await self.database.write(work)

    async def logged_in(self, login: str) -> str:
        """Begin a session of this user; the cookie of his browser."""
        token = secrets.token_urlsafe(32)

        def work(conn: Connection) -> None:
            known, now = account(conn, login), self.clock()
            assert known is not None, f"{login} is no user"
            until = now + timedelta(hours=WebSettings().session_hours)
            add_session(conn, hash_token(token), known.id, secrets.token_urlsafe(32), now, until)

        await self.database.write(work)
        return token

    async def agent(self, code: str, name: str = "王芳", *, ready: bool = False) -> str:
        """Add an agent at an extension of the same number, signed in."""

        def work(conn: Connection) -> str:
            agent_id = agents.add_agent(conn, code=code, name=name, extension=code, branch="城东店")
            agents.sign_in(conn, agent_id, self.clock())
            if ready:
                agents.ready(conn, agent_id, self.clock())
            return agent_id

        return await self.database.write(work)

    async def follow_up(
        self,
        name: str = "李",
        number: str = "13800000001",
        plate: str = "豫A12345",
        *,
        days_ago: float = 1.2,
        salutation: str = "女士",
    ) -> str:
        """Add a customer whose visit `days_ago` makes a follow-up due; returns the customer's id."""

        def work(conn: Connection) -> str:
            now = self.clock()
            customer_id, occasion_id = new_id(), new_id()
            happened_at = now - timedelta(days=days_ago)
            conn.execute(
                insert(customers).values(
                    id=customer_id, name=name, salutation=salutation, branch="城东店", created_at=now
                )
            )
            conn.execute(insert(phones).values(customer_id=customer_id, number=number, position=0))
            conn.execute(insert(vehicles).values(plate=plate, customer_id=customer_id, model="凯美瑞"))
            conn.execute(
                insert(occasions).values(
                    id=occasion_id,
                    kind="settlement-order",
                    source="dms",
                    external_id=occasion_id,
                    happened_at=happened_at,
                    branch="城东店",
                    customer_id=customer_id,
                    plate=plate,
                    items=["更换机油机滤", "前刹车片更换"],
                    staff={"adviser": "张伟", "technician": "刘强"},
                    amount_fen=128600,
                )
            )
            for playbook in self.library.for_occasion("settlement-order"):
                if playbook.trigger.kind is not TriggerKind.EVENT:
                    continue
                follow_ups.plan(
                    conn,
                    playbook,
                    occasion_id=occasion_id,
                    customer_id=customer_id,
                    branch="城东店",
                    plate=plate,
                    number=number,
                    happened_at=happened_at,
                    zone=ZoneInfo("Asia/Shanghai"),
                    now=now,
                )
            return customer_id

        return await self.database.write(work)

    async def reserve(self) -> list[str]:
        """Pair ready agents with what is due, as the engine does; returns the attempts' ids."""
        orders = await self.database.write(
            lambda conn: reserving.reserve(conn, self.status.pairing, self.clock()).orders
        )
        return [order.attempt_id for order in orders]

    async def agent_rings(self, attempt_id: str) -> None:
        """The agent's phone rings."""
        await self.database.write(lambda c: calling.note_agent_ringing(c, attempt_id, self.clock()))

    async def go(self, attempt_id: str) -> None:
        """The agent is there and the customer may be dialled."""
        run = self.status.pairing.run_id
        assert await self.database.write(lambda c: calling.grant_go(c, attempt_id, run, self.clock()))

    async def answer(self, attempt_id: str) -> None:
        """The customer answers."""
        await self.database.write(lambda c: calling.note_answered(c, attempt_id, self.clock()))

    async def end(self, attempt_id: str, ending: Ending) -> None:
        """The call is over."""
        await self.database.write(lambda c: calling.end(c, attempt_id, ending, self.library, self.clock()))

    async def talking(self) -> str:
        """One call from reservation to the customer's answer; returns the attempt's id."""
        (attempt_id,) = await self.reserve()
        await self.agent_rings(attempt_id)
        await self.go(attempt_id)
        await self.answer(attempt_id)
        return attempt_id

    def change_status(self, **values: object) -> None:
        """Let the engine say something else of itself."""
        self.status = replace(self.status, **values)  # type: ignore[arg-type]


@dataclass
class Server:
    """The panel's server, which a test can stop and start again on its port."""

    panel: Panel
    port: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen."""
        self._runner = web.AppRunner(make_app(self.panel), shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    @property
    def app(self) -> web.Application:
        """The application that runs now."""
        assert self._runner is not None
        app = self._runner.app
        assert isinstance(app, web.Application)
        return app

    async def stop(self) -> None:
        """Close every connection and the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


async def snapshot(page: Page, name: str) -> None:
    """Keep what the page looks like, where somebody wants to see it."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        await page.screenshot(path=f"{folder}/{name}.png", full_page=False)


async def shots(page: Page, name: str) -> None:
    """What the page looks like in both sizes that the panel is made for."""
    for width, height in ((1366, 768), (1920, 1080)):
        await page.set_viewport_size({"width": width, "height": height})
        await snapshot(page, f"{name}-{width}")

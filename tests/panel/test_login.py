"""Logging in, sessions, forms of other sites, and who may see what (X1, X2)."""

import re
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import aiohttp
import pytest
from sqlalchemy import select
from yarl import URL

from tests.panel.site import PASSWORD, OpenPage, Site, async_fixture
from web.auth import service
from web.auth.passwords import hash_password
from web.auth.session import SESSION_COOKIE
from web.auth.tables import login_failures, users, web_sessions


class Visitor:
    """A browser without scripts: keeps cookies, reads the token from the page."""

    def __init__(self, site: Site, session: aiohttp.ClientSession) -> None:
        self.site = site
        self.session = session
        self.token = ""

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self.session.get(self.site.url + path, headers=headers, allow_redirects=False) as got:
            text = await got.text()
        found = re.search(r'name="csrf(?:_token)?" (?:content|value)="([^"]+)"', text)
        self.token = found.group(1) if found else self.token
        return got.status, text

    async def post(self, path: str, **form: str) -> tuple[int, str]:
        body = {"csrf_token": self.token, **form}
        async with self.session.post(self.site.url + path, data=body, allow_redirects=False) as got:
            return got.status, await got.text()

    async def log_in(self, login: str, password: str = PASSWORD, **form: str) -> tuple[int, str]:
        await self.get("/login")
        return await self.post("/login", login=login, password=password, **form)


@async_fixture
async def visitor(panel_server: Site) -> AsyncIterator[Visitor]:
    session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
    yield Visitor(panel_server, session)
    await session.close()


async def test_a_right_password_opens_the_page_of_the_role(panel_server: Site, open_page: OpenPage) -> None:
    await panel_server.user("chen", "supervisor")
    page = await open_page()
    assert page.url.startswith(f"{panel_server.url}/login")
    await page.fill("input[name=login]", " CHEN ")
    await page.fill("input[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/supervisor")
    assert await page.inner_text(".who-name") == "Chen"
    await page.click("text=退出")
    await page.wait_for_url("**/login")
    await page.goto(f"{panel_server.url}/supervisor")
    assert "/login?next=/supervisor" in page.url


async def test_a_wrong_password_says_so_and_no_more(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    known = await visitor.log_in("chen", "wrong password")
    unknown = await visitor.log_in("nobody", "wrong password")
    assert known[0] == unknown[0] == 401
    assert "用户名或密码不正确" in known[1]
    # Nothing but the name that was typed and the page's own tokens tells the two apart.
    own = re.compile(r'(nonce|csrf|csrf_token|now|feed-position)"? (?:content|value)="[^"]*"')
    plain = [own.sub("", known[1]).replace("chen", ""), own.sub("", unknown[1]).replace("nobody", "")]
    assert plain[0] == plain[1]


@pytest.mark.parametrize("login", ["chen", "nobody"])
async def test_guessing_is_slowed_for_known_and_unknown_names(
    panel_server: Site, visitor: Visitor, login: str
) -> None:
    await panel_server.user("chen", "supervisor")
    for _ in range(5):
        assert (await visitor.log_in(login, "wrong password"))[0] == 401
    status, text = await visitor.log_in(login)
    assert status == 429
    assert "请等待" in text
    panel_server.clock.forward(2)
    assert (await visitor.log_in(login, "wrong password"))[0] == 401
    # The wait has doubled: what was long enough before no longer is.
    panel_server.clock.forward(1)
    assert (await visitor.log_in(login))[0] == 429


async def test_a_login_forgets_earlier_wrong_passwords(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    for _ in range(4):
        await visitor.log_in("chen", "wrong password")
    assert (await visitor.log_in("chen"))[0] == 303
    kept = await panel_server.database.read(
        lambda c: [tuple(row) for row in c.execute(select(login_failures.c.key, login_failures.c.count))]
    )
    assert kept == [("address:127.0.0.1", 4)]


async def test_passwords_and_sessions_are_kept_as_hashes(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    await visitor.log_in("chen")
    cookies = visitor.session.cookie_jar.filter_cookies(URL(panel_server.url))
    token = cookies[SESSION_COOKIE].value
    password, kept = await panel_server.database.read(
        lambda c: (
            c.execute(select(users.c.password_hash)).scalar_one(),
            c.execute(select(web_sessions.c.token_hash)).scalar_one(),
        )
    )
    assert password.startswith("$argon2id$")
    assert PASSWORD not in password
    assert token not in kept
    assert kept == service.hash_token(token)


async def test_the_cookie_is_for_this_site_and_no_script(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    await visitor.get("/login")
    form = {"csrf_token": visitor.token, "login": "chen", "password": PASSWORD}
    async with visitor.session.post(f"{panel_server.url}/login", data=form, allow_redirects=False) as got:
        cookie = SimpleCookie(
            next(line for line in got.headers.getall("Set-Cookie") if line.startswith(SESSION_COOKIE))
        )[SESSION_COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


async def test_a_login_ends_with_its_time_with_the_password_and_with_the_user(
    panel_server: Site, visitor: Visitor
) -> None:
    site = panel_server
    await site.user("chen", "supervisor")
    await visitor.log_in("chen")
    assert (await visitor.get("/session"))[0] == 204
    site.clock.forward(13 * 3600)
    assert (await visitor.get("/session"))[0] == 401

    await visitor.log_in("chen")
    another = hash_password("another password")
    await site.database.write(lambda c: service.set_password(c, "chen", another, site.clock()))
    assert (await visitor.get("/session"))[0] == 401

    await visitor.log_in("chen", "another password")
    assert (await visitor.get("/session"))[0] == 204
    await site.database.write(lambda c: service.set_active(c, "chen", False, site.clock()))
    assert (await visitor.get("/session"))[0] == 401
    assert (await visitor.log_in("chen", "another password"))[0] == 401


async def test_a_form_of_another_site_is_refused(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    await visitor.log_in("chen")
    own = visitor.token
    for token in ("", "x", own):
        # `own` is the token of before the login: a session has its own.
        assert (await visitor.post("/logout", csrf_token=token))[0] == 403
    assert (await visitor.get("/session"))[0] == 204
    async with visitor.session.post(f"{panel_server.url}/logout", json={"csrf_token": "x"}) as got:
        assert got.status == 403
        assert "刷新页面" in (await got.json())["error"]
    await visitor.get("/supervisor")
    assert (await visitor.post("/logout"))[0] == 303


async def test_a_login_form_of_another_site_is_refused(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    status, _ = await visitor.post("/login", login="chen", password=PASSWORD)
    assert status == 403


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [(("supervisor",), 200), (("admin",), 200), (("qa",), 403), (("agent",), 403)],
)
async def test_roles_see_what_is_theirs(
    panel_server: Site, visitor: Visitor, roles: tuple[str, ...], allowed: int
) -> None:
    agent_id = await panel_server.agent("8001") if "agent" in roles else None
    await panel_server.user("chen", *roles, agent_id=agent_id)
    await visitor.log_in("chen")
    for path in ("/supervisor", "/supervisor/part/queue"):
        assert (await visitor.get(path, Accept="text/html"))[0] == allowed


@pytest.mark.parametrize("path", ["/supervisor", "/feed", "/supervisor/part/queue", "/session", "/"])
async def test_nothing_is_shown_before_the_login(visitor: Visitor, path: str) -> None:
    assert (await visitor.get(path))[0] == 401
    assert (await visitor.get(path, Accept="text/html"))[0] == 303


async def test_the_language_is_the_users_own(panel_server: Site, open_page: OpenPage) -> None:
    await panel_server.user("chen", "supervisor")
    page = await open_page("chen", "/supervisor")
    assert await page.get_attribute("html", "lang") == "zh-CN"
    await page.click("text=English")
    await page.wait_for_selector("text=Calls in progress")
    assert page.url.endswith("/supervisor")
    elsewhere = await page.context.browser.new_context()  # type: ignore[union-attr]
    visitor = await elsewhere.new_page()
    await visitor.goto(f"{panel_server.url}/login")
    await visitor.fill("input[name=login]", "chen")
    await visitor.fill("input[name=password]", PASSWORD)
    await visitor.click("button.primary")
    await visitor.wait_for_selector("text=Calls in progress")
    await elsewhere.close()


async def test_a_login_page_can_be_read_in_english(open_page: OpenPage) -> None:
    page = await open_page(None, "/login")
    await page.click("text=English")
    await page.wait_for_selector("text=Password")


async def test_errors_are_sentences(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    await visitor.log_in("chen")
    status, text = await visitor.get("/no/such/page", Accept="text/html")
    assert status == 404
    assert "没有这个页面" in text
    status, text = await visitor.get("/supervisor/part/nothing")
    assert status == 404
    assert '"error"' in text


async def test_pages_tell_the_browser_to_be_strict(panel_server: Site, visitor: Visitor) -> None:
    async with visitor.session.get(f"{panel_server.url}/login") as got:
        policy = got.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert got.headers["X-Frame-Options"] == "DENY"
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert got.headers["Referrer-Policy"] == "same-origin"
        assert got.headers["Cache-Control"] == "no-store"


async def test_a_database_in_trouble_is_a_sentence_too(panel_server: Site, visitor: Visitor) -> None:
    await panel_server.user("chen", "supervisor")
    await visitor.log_in("chen")
    away = "ALTER TABLE web_sessions RENAME TO web_sessions_away"
    await panel_server.database.write(lambda c: c.exec_driver_sql(away))
    status, text = await visitor.get("/supervisor", Accept="text/html")
    assert status == 503
    assert "数据库没有响应" in text
    assert "web_sessions" not in text

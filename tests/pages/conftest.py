"""Browser pages for the tests: `page` is Alice's, `second_page` is hers in another browser, `guest` is nobody's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from streamline_ui import sandbox
from tests.browser import launch
from tests.conftest import PASSWORD, Server

COOKIE = "streamline_session"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE = 20_000  # milliseconds: what is there sooner costs nothing, and a busy machine is no failure

expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a process."""
    async with async_playwright() as playwright:
        running = await launch(playwright)
        yield running
        await running.close()


async def sign_in(
    context: BrowserContext, url: str, email: str = "alice@example.com", password: str = PASSWORD, user_agent: str = ""
) -> None:
    """Give a browser context the cookie of a new session."""
    headers = {"Origin": url, "User-Agent": user_agent or "Chrome"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as client:
        answer = await client.post("/session", json={"email": email, "password": password})
        answer.raise_for_status()
        await context.add_cookies([{"name": COOKIE, "value": answer.cookies[COOKIE], "url": url}])


async def open_context(browser: Browser, url: str, **options: Any) -> BrowserContext:
    """A context of its own, on a desktop unless told otherwise, whose pages know the server by relative addresses."""
    context = await browser.new_context(**{"base_url": url, "viewport": DESKTOP, **options})
    context.set_default_timeout(PATIENCE)
    return context


Opener = Callable[..., Any]


@pytest_asyncio.fixture(loop_scope="session")
async def contexts(browser: Browser, server: Server) -> AsyncIterator[Opener]:
    """Opens contexts that are closed after the test: `await contexts(as_="alice@example.com", viewport=…)`."""
    opened: list[BrowserContext] = []

    async def opener(as_: str | None = "alice@example.com", url: str = "", **options: Any) -> BrowserContext:
        context = await open_context(browser, url or server.url, **options)
        opened.append(context)
        if as_:
            await sign_in(context, url or server.url, as_, user_agent=options.get("user_agent", ""))
        return context

    yield opener
    for context in opened:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(contexts: Opener) -> Page:
    """A page of Alice's, which nothing is open in."""
    page: Page = await (await contexts()).new_page()
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def second_page(contexts: Opener) -> Page:
    """Another browser in which Alice is signed in."""
    page: Page = await (await contexts()).new_page()
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def guest(contexts: Opener) -> Page:
    """A page of somebody who is not signed in."""
    page: Page = await (await contexts(as_=None)).new_page()
    return page


async def ready(page: Page) -> None:
    """Wait until the page's socket is open: from here on it answers."""
    await page.wait_for_function("window.socket?.connected && window.didHandshake !== false")


@dataclass(frozen=True)
class Newcomer:
    """Somebody with an account of their own, in which nothing is connected yet: a page, and REST with a token."""

    page: Page
    rest: httpx.AsyncClient
    url: str
    email: str

    async def connect(self, type_name: str, name: str, **config: Any) -> str:
        """Connect a service's stand-in over REST, and test it. Returns the connection's id."""
        demo = config or {**sandbox.DEMO[type_name], "baseUrl": f"{self.url}/sandbox/{type_name}"}
        answer = await self.rest.post("/api/integrations", json={"type": type_name, "name": name, "config": demo})
        found: str = answer.raise_for_status().json()["id"]
        await self.test(found)
        return found

    async def test(self, integration_id: str) -> None:
        """Test a connection over REST."""
        (await self.rest.post(f"/api/integrations/{integration_id}/test")).raise_for_status()

    async def fail(self, type_name: str, **fault: Any) -> None:
        """Let a service's stand-in misbehave for the rest of the test."""
        (await self.rest.post(f"/sandbox/{type_name}/_faults", json=fault)).raise_for_status()

    async def heal(self, type_name: str) -> None:
        """Let it behave again."""
        (await self.rest.delete(f"/sandbox/{type_name}/_faults")).raise_for_status()


@pytest_asyncio.fixture(loop_scope="session")
async def newcomer(contexts: Opener, server: Server) -> AsyncIterator[Newcomer]:
    """Somebody new, in front of an open browser."""
    email = f"{uuid4().hex[:12]}@example.com"
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as rest:
        account = {"email": "alice@example.com", "password": PASSWORD}
        admin = (await rest.post("/api/auth/login", json=account)).raise_for_status().json()["token"]
        body = {"email": email, "password": PASSWORD, "name": "Nora New"}
        headers = {"Authorization": f"Bearer {admin}"}
        (await rest.post("/api/users", json=body, headers=headers)).raise_for_status()
        login = await rest.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        rest.headers["Authorization"] = f"Bearer {login.raise_for_status().json()['token']}"
        someone = Newcomer(await (await contexts(as_=email)).new_page(), rest, server.url, email)
        yield someone
        for type_name in sandbox.DEMO:
            await someone.heal(type_name)

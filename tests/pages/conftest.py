"""Browser pages for the tests: `page` is Alice's, `second_page` is hers in another browser, `guest` is nobody's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser import launch
from tests.conftest import PASSWORD, Server

COOKIE = "streamline_session"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a process."""
    async with async_playwright() as playwright:
        running = await launch(playwright)
        yield running
        await running.close()


async def sign_in(
    context: BrowserContext, url: str, email: str = "alice@example.com", password: str = PASSWORD
) -> None:
    """Give a browser context the cookie of a new session."""
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}) as client:
        answer = await client.post("/session", json={"email": email, "password": password})
        answer.raise_for_status()
        await context.add_cookies([{"name": COOKIE, "value": answer.cookies[COOKIE], "url": url}])


async def open_context(browser: Browser, url: str, **options: Any) -> BrowserContext:
    """A context of its own, on a desktop unless told otherwise, whose pages know the server by relative addresses."""
    context = await browser.new_context(**{"base_url": url, "viewport": DESKTOP, **options})
    context.set_default_timeout(10_000)
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
            await sign_in(context, url or server.url, as_)
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

"""What people do on the pages of connections, in words."""

from __future__ import annotations

from playwright.async_api import Locator, Page

from streamline_ui import sandbox
from tests.pages.conftest import ready

DISCORD = sandbox.DEMO["discord"]["webhookUrl"]
OTHER_DISCORD = "https://discord.com/api/webhooks/1433848841458679839/" + "n" * 68


async def start(page: Page, path: str = "/integrations") -> None:
    """Open a page and wait until it answers."""
    await page.goto(path)
    await ready(page)


def card(page: Page, name: str) -> Locator:
    """The card of a connection."""
    return page.get_by_test_id("conn-card").filter(has=page.get_by_role("heading", name=name, exact=True))


def tile(page: Page, name: str) -> Locator:
    """The tile of a service."""
    return page.get_by_test_id("tile").filter(has_text=name)


async def open_dialog(page: Page, service: str) -> Locator:
    """Choose a service; returns its dialog."""
    await start(page)
    await tile(page, service).click()
    await page.wait_for_function("document.activeElement.closest('.sl-window input') !== null")
    return page.get_by_role("dialog", name=f"Connect {service}")


async def paste(page: Page, text: str) -> None:
    """Paste into the field that has the keyboard."""
    await page.evaluate(
        """text => document.activeElement.dispatchEvent(new ClipboardEvent('paste', {bubbles: true}))
           && document.execCommand('insertText', false, text)""",
        text,
    )
    await page.evaluate(
        """() => document.activeElement.dispatchEvent(
               new InputEvent('input', {bubbles: true, inputType: 'insertFromPaste'}))"""
    )


async def use_stand_in(page: Page, url: str, type_name: str) -> None:
    """Point the open dialog at the sandbox, as somebody with another server would."""
    await page.get_by_text("More options").click()
    await page.get_by_label("Service address").fill(f"{url}/sandbox/{type_name}")

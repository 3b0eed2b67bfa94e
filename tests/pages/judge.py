"""Judges a page as a whole: accessibility, structure and width, in both themes and on wide and narrow screens."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.pages.conftest import DESKTOP, PHONE, Opener, ready

NARROW = {"width": 360, "height": 740}
STRUCTURE = """() => ({
  lang: document.documentElement.lang,
  mains: document.querySelectorAll('main, [role=main]').length,
  headings: document.querySelectorAll('h1').length,
  wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
})"""
SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.closest('.sr, .nicegui-skip-link, p, label'))
  .filter(e => getComputedStyle(e, '::after').position !== 'absolute')  // stretched over what it stands in
  .map(e => [e.outerHTML.slice(0, 120), e.getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && (box.width < 24 || box.height < 24))
  .filter(([html]) => !/class="[^"]*\\blink\\b/.test(html))
  .map(([html]) => html)"""

STILL = """() => [...document.querySelectorAll('.q-dialog')].every(dialog =>
  dialog.getAnimations({subtree: true}).every(each => each.playState !== 'running')
  && getComputedStyle(dialog.querySelector('.q-dialog__inner')).opacity === '1')"""


async def everywhere(contexts: Opener, path: str, as_: str | None = "alice@example.com", url: str = "") -> None:
    """Judge the page at this address for both themes, on a desktop and on a phone, and that it fits a narrow one."""
    context = await contexts(as_, url, bypass_csp=True)
    page = await context.new_page()
    await page.goto(path)
    await ready(page)
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        await page.evaluate(f"slTheme('{scheme}')")
        await page.wait_for_timeout(20)
        await page.wait_for_function("document.getAnimations().every(each => !each.transitionProperty)")
        for size in (DESKTOP, PHONE):
            await page.set_viewport_size(size)
            await whole(page)
    await page.set_viewport_size(NARROW)
    await sound(page)
    await context.close()


async def whole(page: Page) -> None:
    """Judge what is on the screen now."""
    await sound(page)
    await accessible(page)


async def sound(page: Page) -> None:
    """Assert that the document is built as one page is, fits the screen, and can be used with a finger."""
    found = await page.evaluate(STRUCTURE)
    assert found["lang"].startswith("en")
    assert found["mains"] == 1
    assert found["headings"] == 1
    assert found["wider"] <= 0, f"{page.url} is {found['wider']} px wider than the screen"
    small = await page.evaluate(SMALL)
    assert not small, f"{page.url}: too small to be pressed: {small}"


async def dialog(page: Page) -> None:
    """Judge an open dialog, once it has faded in."""
    await page.wait_for_timeout(50)
    await page.wait_for_function(STILL)
    await accessible(page)


async def accessible(page: Page) -> None:
    """Assert that axe finds nothing serious or critical."""
    results: dict[str, Any] = (await Axe().run(page)).response
    grave = [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary'][:200]})"
        for violation in results["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert not grave, f"{page.url}\n" + "\n".join(grave)

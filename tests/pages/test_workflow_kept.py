"""Nothing typed in the editor is lost; and the data of a run can be built against."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages import flows
from tests.pages.conftest import Newcomer, ready
from tests.pages.editing import choose, draft, saved, start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_reload_in_the_middle_of_a_word_loses_nothing(newcomer: Newcomer) -> None:
    page = newcomer.page
    path = await draft(newcomer, "Kept", flows.SET, flows.write(await flows.inbox(newcomer), "Hello"))
    await start(page, path)
    await choose(page, 2)
    field = page.get_by_label("Title", exact=True)
    await expect(field).to_have_value("Hello")
    await page.get_by_text("Advanced", exact=True).click()
    # typed and reloaded in one go, before anything can have been sent
    await page.evaluate(
        """() => {
             const type = (label, value) => {
               const labels = [...document.querySelectorAll('.sl-panel label')];
               const field = labels.find(each => each.textContent === label).control;
               field.value = value;
               field.dispatchEvent(new InputEvent('input', {bubbles: true}));
             };
             window.socket.disconnect();  // nothing reaches the server any more
             type('Title', 'Hello again');
             type('Time-out', '17');
             location.reload();
           }"""
    )
    await ready(page)
    await expect(page.get_by_label("Title", exact=True)).to_have_value("Hello again")
    await expect(page.get_by_label("Time-out")).to_have_value("17")
    await saved(page)
    await expect(page.get_by_role("button", name="Publish changes")).to_be_visible()
    await page.wait_for_function("sessionStorage.getItem('sl-typing') === null")  # the server has it now
    await page.reload()
    await ready(page)
    await choose(page, 2)
    await expect(page.get_by_label("Title", exact=True)).to_have_value("Hello again")
    await expect(page.get_by_label("Time-out")).to_have_value("17")


async def test_what_is_secret_is_not_written_down(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page, await draft(newcomer, "Secret", flows.SET))
    await page.locator("select").filter(has_text="GitHub").select_option("github")
    secret = page.locator(".sl-panel input[autocomplete=new-password]")
    await secret.fill("a-long-enough-secret-to-tell")
    assert "secret-to-tell" not in str(await page.evaluate("JSON.stringify(sessionStorage)"))


async def test_a_run_is_opened_in_the_editor_with_its_data(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Orders", flows.SET, flows.write(await flows.inbox(newcomer)))
    await flows.send(newcomer, made, {"text": "the first one"})
    (first,) = await flows.settled(newcomer, 1)
    await flows.send(newcomer, made, {"text": "the second one"})
    await flows.settled(newcomer, 2)
    await start_run(newcomer, first["id"])
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Open in editor with this data").click()
    await expect(page.get_by_text(f"You build with the data of run {first['id'][:8]}.")).to_be_visible()
    await choose(page, 2)
    await expect(page.get_by_text("the first one", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Test this step").click()
    await expect(page.get_by_text("Done.")).to_be_visible()
    await expect(page.get_by_label("Insert data", exact=True)).to_contain_text(f"From run {first['id'][:8]}")
    await page.get_by_role("button", name="Use the newest data").click()
    await expect(page.get_by_text("the second one", exact=True)).to_be_visible()
    await expect(page.get_by_text("You build with the data")).to_have_count(0)


async def start_run(newcomer: Newcomer, execution_id: str) -> None:
    """Open the page of a run."""
    await newcomer.page.goto(f"/executions/{execution_id}")
    await ready(newcomer.page)


async def test_somebody_elses_run_gives_nothing(newcomer: Newcomer) -> None:
    path = await draft(newcomer, "Mine", flows.SET)
    await start(newcomer.page, f"{path}?run=not-mine")
    await expect(newcomer.page.get_by_text("You build with the data")).to_have_count(0)

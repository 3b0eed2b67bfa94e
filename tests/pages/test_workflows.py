"""The list of workflows: on and off, how they do, and everything that can be done with one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.pages import flows, judge
from tests.pages.conftest import Newcomer, Opener
from tests.pages.steps import start

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

EDITOR = re.compile(r"/workflows/[0-9a-f-]{36}(\?open=trigger)?$")


def row(page: Page, name: str) -> Locator:
    return page.get_by_test_id("flow-row").filter(has=page.get_by_role("heading", name=name, exact=True))


async def choose(page: Page, name: str, item: str) -> None:
    await row(page, name).get_by_role("button", name=f"More actions for {name}").click()
    await page.get_by_role("menuitem", name=item).click()


async def test_empty_it_offers_the_sample_and_recipes(newcomer: Newcomer, contexts: Opener) -> None:
    page = newcomer.page
    await judge.everywhere(contexts, "/workflows", newcomer.email)
    await start(page, "/workflows")
    await expect(page.get_by_role("heading", name="When something happens, do something")).to_be_visible()
    await page.get_by_role("button", name="Telegram alerts to Discord").click()
    await page.wait_for_url(EDITOR)
    await start(page, "/workflows")
    await expect(row(page, "Telegram alerts to Discord")).to_contain_text("Not published")


async def test_the_sample_needs_no_account(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page, "/workflows")
    await page.get_by_role("button", name="Try the sample workflow").click()
    await page.wait_for_url(EDITOR)
    made = (await newcomer.rest.get("/api/workflows")).json()["items"]
    assert [each["isActive"] for each in made] == [True]


async def test_a_switch_turns_it_on_and_off(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Orders", flows.SET)
    await start(page, "/workflows")
    switch = row(page, "Orders").get_by_role("switch", name="Orders")
    await expect(switch).to_have_attribute("aria-checked", "true")
    await switch.press("Space")
    await expect(switch).to_have_attribute("aria-checked", "false")
    assert (await newcomer.rest.get(f"/api/workflows/{made['id']}")).json()["isActive"] is False
    await page.get_by_role("button", name="Active 0").click()
    await expect(page.get_by_text("None of your workflows is in “Active”.")).to_be_visible()
    await page.get_by_role("button", name="Off 1").click()
    await expect(switch).to_be_visible()


async def test_how_it_does_shows_by_itself(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Orders", {**flows.SET, "values": {"text": "{{ trigger.body.text }}"}})
    await start(page, "/workflows")
    await expect(row(page, "Orders")).to_contain_text("Not run yet")
    await flows.send(newcomer, made, {"text": "fine"})
    await expect(row(page, "Orders")).to_contain_text("Succeeded")
    await flows.send(newcomer, made, {"other": "missing"})
    await expect(row(page, "Orders")).to_contain_text("Failed")
    await page.get_by_role("button", name="Failing 1").click()
    await row(page, "Orders").get_by_role("link", name="Failed").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Run ")


async def test_what_the_menu_does(newcomer: Newcomer, tmp_path: Path) -> None:
    page = newcomer.page
    await flows.workflow(newcomer, "Orders", {**flows.SET, "values": {"text": "constant"}})
    await start(page, "/workflows")
    await choose(page, "Orders", "Run now")
    await expect(row(page, "Orders")).to_contain_text("Succeeded")
    await choose(page, "Orders", "Duplicate")
    await expect(row(page, "Orders copy")).to_contain_text("Not published")
    async with page.expect_download() as download:
        await choose(page, "Orders", "Export")
    file = tmp_path / "orders.json"
    await (await download.value).save_as(file)
    assert json.loads(file.read_text())["steps"][0]["values"] == {"text": "constant"}
    await choose(page, "Orders copy", "Delete")
    await expect(row(page, "Orders copy")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "Orders copy")).to_be_visible()


async def test_an_old_version_comes_back(newcomer: Newcomer) -> None:
    page = newcomer.page
    made = await flows.workflow(newcomer, "Orders", flows.SET)
    change = {"steps": [{**flows.SET, "id": "other"}], "version": 1}
    (await newcomer.rest.patch(f"/api/workflows/{made['id']}", json=change)).raise_for_status()
    await start(page, "/workflows")
    await choose(page, "Orders", "Versions")
    window = page.get_by_role("dialog", name="Versions of “Orders”")
    await judge.dialog(page)
    await window.get_by_role("button", name="Restore version 1").click()
    await expect(page.get_by_text("Version 1 is back, as version 3.")).to_be_visible()
    assert (await newcomer.rest.get(f"/api/workflows/{made['id']}")).json()["steps"] == [flows.SET]


async def test_an_import_says_what_is_wrong_and_where(newcomer: Newcomer) -> None:
    page = newcomer.page
    await start(page, "/workflows")
    await page.get_by_role("button", name="Import").click()
    window = page.get_by_role("dialog", name="Import a workflow")
    text = window.get_by_label("Or paste it")
    await judge.dialog(page)
    for typed, said in (
        ("", "Choose a file, or paste its text."),
        ('{"name": ', "This is not JSON: something is wrong in line 1."),
        ("[1]", "A workflow is a JSON object."),
        ('{"name": "A", "trigger": {"type": "webhook"}, "steps": [{"id": "1", "type": "delay"}]}', "steps.0.id"),
    ):
        await text.fill(typed)
        await window.get_by_role("button", name="Import").click()
        await expect(window.get_by_role("alert")).to_contain_text(said)
    body = {"name": "From elsewhere", "trigger": {"type": "webhook"}, "steps": [flows.SET], "version": 7}
    await window.get_by_label("File").set_input_files(
        {"name": "flow.json", "mimeType": "application/json", "buffer": json.dumps(body).encode()}
    )
    await expect(text).to_have_value(json.dumps(body))
    await window.get_by_role("button", name="Import").click()
    await page.wait_for_url(EDITOR)


async def test_the_list_is_accessible_everywhere(newcomer: Newcomer, contexts: Opener) -> None:
    inbox = await flows.inbox(newcomer)
    long = await flows.workflow(newcomer, "A long name " * 8, flows.SET, flows.write(inbox), is_active=False)
    made = await flows.workflow(newcomer, "Orders", flows.SET)
    await flows.send(newcomer, made, {"text": "fine"}, {"other": 1})
    await flows.settled(newcomer, 2)
    assert long["isActive"] is False
    await judge.everywhere(contexts, "/workflows", newcomer.email)


async def test_a_phone_has_a_tab_for_it(newcomer: Newcomer) -> None:
    page = newcomer.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await start(page)
    tabs = page.get_by_role("navigation", name="Main, at the bottom")
    await tabs.get_by_role("link", name="Workflows").click()
    await expect(page.get_by_role("heading", name="Workflows", exact=True)).to_be_visible()
    await page.wait_for_function("window.socket?.connected && window.didHandshake !== false")
    await tabs.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Inbox").click()
    await expect(page.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()

"""Foreign text in every place where text can stand, on every page: it is shown as it is, and nothing of it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import ConsoleMessage, Dialog, Page

from streamline_ui.providers import paste
from tests.conftest import PASSWORD, Server, start_server, stop_server
from tests.pages.conftest import Opener, ready
from tests.security import kit
from tests.security.kit import ALICE, Caller, HostileService

pytestmark = pytest.mark.browser

RUN = "window.__xss=1"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<img src=x onerror='{RUN}'>",
    f'"><img src=x onerror={RUN}>',
    f"'><img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f'<svg><a href="javascript:{RUN}"><text y=9>x</text></a></svg>',
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<math><mi xlink:href='javascript:{RUN}'>x</mi></math>",
    f"<iframe src='javascript:{RUN}'></iframe>",
    f"<iframe srcdoc='<script>{RUN}</script>'>",
    f"<body onload={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<object data='javascript:{RUN}'>",
    f"<embed src='javascript:{RUN}'>",
    f"<form action='javascript:{RUN}'><button>x</button></form>",
    f"<a href='javascript:{RUN}'>click</a>",
    f"<a href='java&#115;cript:{RUN}'>click</a>",
    f"[click](javascript:{RUN})",
    f"![x](x){{onerror={RUN}}}",
    f"<base href='javascript:{RUN}//'>",
    f"<meta http-equiv=refresh content='0;javascript:{RUN}'>",
    f"<link rel=stylesheet href='data:,*{{x:expression({RUN})}}'>",
    f"<style>@import 'javascript:{RUN}';</style>",
    f"<template><img src=x onerror={RUN}></template>",
    f"<!--><img src=x onerror={RUN}>-->",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<textarea></textarea><img src=x onerror={RUN}>",
    f"<title></title><img src=x onerror={RUN}>",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"${{{RUN}}} `${{{RUN}}}`",
    f"\\u003cimg src=x onerror={RUN}\\u003e",
    f"&lt;img src=x onerror={RUN}&gt;",
    f"';{RUN};//",
    f'";{RUN};//',
    f"\\';{RUN};//",
    f'{{":x": "{RUN}"}}',
    f":x=alert() v-html='{RUN}' @click='{RUN}'",
    f"<q-btn :x='{RUN}' v-on:click='{RUN}'>",
    f"<component :is=\"'script'\">{RUN}</component>",
    '\'; DROP TABLE "Integration"; --',
    "' OR '1'='1",
    "Robert'); DELETE FROM User; --",
    "$(id) `id` ; id | id && id",
    "../../../../etc/passwd",
    "..\\..\\C:x %2e%2e%2f %00",
    "{{7*7}} {% raw %} ${7*7} #{7*7}",
    "%s %n %(password)s {0.__class__}",
    "<b>bold</b> &amp; &nbsp;",
)
USERS, ROWS, MANY_KEYS = PAYLOADS[::8], PAYLOADS[:40], "Further keys"
WATCH = """
window.__reports = [];
document.addEventListener('securitypolicyviolation', (e) => {
  window.__reports.push(`${e.violatedDirective} ${e.blockedURI}`);
});
"""
LOOK = "({ran: window.__xss !== undefined, reports: window.__reports, text: document.body.innerText, values: \
[...document.querySelectorAll('input, textarea')].map(e => e.value)})"


@dataclass
class House:
    """A server full of hostile names. `ids` are the connections', by payload."""

    server: Server
    alice: Caller
    service: HostileService
    ids: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, service: HostileService) -> Iterator[House]:
    server = start_server(tmp_path_factory.mktemp("injection"), STREAMLINE_EGRESS_ALLOW="127.0.0.1")
    try:
        house = House(server, kit.set_up(server, PASSWORD), service)
        service.say(PAYLOADS)
        _fill(house)
        yield house
    finally:
        stop_server(server)


def _fill(house: House) -> None:
    """Put every payload into every kind of name and text, and have services answer with it."""
    alice = house.alice
    for name in ("a", "b", "c"):
        alice.tokens += (alice.made("POST", "/api/tokens", {"name": name})["token"],)
    notes = alice.made("POST", "/api/integrations", {"type": "inbox", "name": "Notes", "config": {}})["id"]
    for number, payload in enumerate(PAYLOADS):
        written = {"title": payload, "text": f"{payload}\n{payload}"}
        alice.made("POST", f"/api/integrations/{notes}/actions/write", written)
        alice.made("POST", "/api/tokens", {"name": payload})
        row = alice.made("POST", "/api/integrations", {"name": payload, **_connection(house, number)})
        alice.made("POST", f"/api/integrations/{row['id']}/test")
        house.ids[payload] = row["id"]
    for payload in USERS:
        email = f"user{PAYLOADS.index(payload)}@example.com"
        alice.made("POST", "/api/users", {"email": email, "password": PASSWORD, "name": payload})
    rows = {"apiKey": "SG." + "a" * 66, **dict.fromkeys(ROWS, "v" * 20)}
    body = {"type": "sendgrid", "name": MANY_KEYS, "config": {"apiKeys": rows}}
    house.ids[MANY_KEYS] = alice.made("POST", "/api/integrations", body)["id"]


def _connection(house: House, number: int) -> dict[str, Any]:
    """One to a service that calls itself by the payload, or refuses with it."""
    base = house.service.url(f"{'say' if number % 2 else 'refuse'}-{number}")
    if number % 4 in (0, 1):
        return {"type": "telegram", "config": {"botToken": f"{100_000 + number}:{'Aa1_-' * 7}", "baseUrl": base}}
    hook = "https://discord.com/api/webhooks/123456789012345678/" + "Aa1_" * 17
    return {"type": "discord", "config": {"webhookUrl": hook, "baseUrl": base}}


class Watch:
    """What must not happen on a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.trouble: list[str] = []
        page.on("dialog", self._dialog)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.trouble.append(f"{page.url}: {error}"))

    async def _dialog(self, dialog: Dialog) -> None:
        self.trouble.append(f"{self.page.url}: dialog {dialog.message}")
        await dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if re.search("Content.Security.Policy|Refused to|Uncaught", message.text):
            self.trouble.append(f"{self.page.url}: {message.text}")

    async def look(self) -> str:
        """Assert that nothing ran; returns all text on the page."""
        seen: dict[str, Any] = await self.page.evaluate(LOOK)
        assert not seen["ran"], self.page.url
        assert not seen["reports"], (self.page.url, seen["reports"])
        assert not self.trouble
        return "\n".join([seen["text"], *seen["values"]])


@pytest_asyncio.fixture(loop_scope="session")
async def watch(house: House, contexts: Opener) -> Watch:
    context = await contexts(ALICE, house.server.url)
    await context.add_init_script(WATCH)
    return Watch(await context.new_page())


async def visit(watch: Watch, path: str) -> str:
    await watch.page.goto(path)
    await ready(watch.page)
    return await watch.look()


async def shows(watch: Watch, names: Sequence[str]) -> None:
    """Wait until all of these stand there literally."""
    missing = list(names)
    for _ in range(50):
        text = re.sub(r"\s+", " ", await watch.look())
        missing = [name for name in missing if re.sub(r"\s+", " ", name) not in text]
        if not missing:
            return
        await watch.page.wait_for_timeout(100)
    raise AssertionError(f"{watch.page.url} does not show {missing}")


@pytest.mark.asyncio(loop_scope="session")
async def test_every_page_shows_names_as_they_are(house: House, watch: Watch) -> None:
    shown = dict.fromkeys(("/", "/integrations", "/settings/tokens"), PAYLOADS)
    shown |= {"/settings/users": USERS, "/inbox": PAYLOADS[-50:]}
    for path in kit.page_paths():
        if "{" not in path:
            await visit(watch, path)
            await shows(watch, shown.get(path, ()))


@pytest.mark.asyncio(loop_scope="session")
async def test_every_connection_shows_what_services_say(house: House, watch: Watch) -> None:
    for name in (*PAYLOADS[::3], MANY_KEYS):
        await visit(watch, f"/integrations/{house.ids[name]}")
        await shows(watch, [name])
        assert await watch.page.title() == f"{name} · Streamline"
    await shows(watch, [paste.tidy(name)[0] for name in ROWS])  # < and > around a name count as quotation marks


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("payload", [PAYLOADS[4], PAYLOADS[34], PAYLOADS[41]])
async def test_dialogs_menus_and_toasts(house: House, watch: Watch, payload: str) -> None:
    page = watch.page
    await visit(watch, "/")
    card = page.get_by_test_id("conn-card").filter(has=page.locator(f'[href$="{house.ids[payload]}"]'))
    await card.locator("[data-do=menu]").click()
    await page.get_by_role("menuitem", name="Duplicate").click()
    await shows(watch, [f"“{payload} 2” was added"])
    await card.locator("[data-do=menu]").click()
    await page.get_by_role("menuitem", name="Edit").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Test and save").click()
    await dialog.locator(".sl-note .bad").or_(page.get_by_text("saved")).first.wait_for()
    await watch.look()
    await visit(watch, "/")
    await page.keyboard.press("Control+k")
    await page.keyboard.type(payload[:12])
    await shows(watch, [payload])
    await visit(watch, f"/integrations/{house.ids[payload]}")
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.wait_for_url(re.compile("deleted="))
    await page.get_by_role("button", name="Undo").click()
    await shows(watch, [payload])


def test_names_are_stored_as_they_are(house: House) -> None:
    rows = kit.dump(house.server, "Integration", "ApiToken", "InboxEntry", "User")
    stored = {
        table: {row["title" if table == "InboxEntry" else "name"] for row in found} for table, found in rows.items()
    }
    for table in ("Integration", "ApiToken", "InboxEntry"):
        assert set(PAYLOADS) <= stored[table], table
    assert set(USERS) <= stored["User"]
    for row_id in ("' OR '1'='1", "1; DROP TABLE User", "%27%20OR%201=1", "..%2f..%2fetc"):
        assert house.alice.ask("GET", f"/api/integrations/{row_id}").status_code == httpx.codes.NOT_FOUND


def test_names_are_one_line(house: House) -> None:
    for name in ("a\nb", "a\r\nb", "a\x00b", "a\u2028b", "\u0085x"):
        for path, body in (
            ("/api/integrations", {"type": "inbox", "config": {}}),
            ("/api/tokens", {}),
            ("/api/users", {"email": "new@example.com", "password": PASSWORD}),
        ):
            answer = house.alice.ask("POST", path, {**body, "name": name})
            if answer.is_success:
                assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", answer.json()["name"]), (path, name)
                house.alice.made("DELETE", f"{path}/{answer.json()['id']}")
            else:
                assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, (path, name)
    assert "Traceback" not in house.server.log.read_text()

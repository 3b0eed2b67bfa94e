"""Plants secrets everywhere a secret can stand, provokes every error, and looks for them in everything that leaves."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import create_engine

from streamline_ui.storage import backup
from tests.conftest import ROOT, Server, free_port, start_server, stop_server
from tests.pages.conftest import COOKIE, open_context, ready
from tests.security import kit
from tests.security.kit import Caller, Frames, HostileService

pytestmark = [pytest.mark.browser, pytest.mark.promise]

KEY, OLD_KEY = "c0ffee11" * 8, "deadbea7" * 8
SECRETS = {
    "password": "canary-Password-8841-lamp",
    "new password": "canary-Renewed-2290-lamp",
    "setup token": "canarySetup5519abcdef",
    "discord webhook": "canaryDiscord7731" + "_Qz" * 17,
    "telegram token": "AcanaryTelegram6640" + "xYz-" * 4,
    "telegram address": "AcanaryAddress3317" + "wVu_" * 4,
    "telegram relay": "canaryRelay9902" + "kLm" * 5,
    "sendgrid key": "canarySendGrid22810000." + "nOp" * 14 + "q",
    "sendgrid row": "canaryRow4408" + "rSt" * 6,
    "http bearer": "canaryBearer1195" + "uVw" * 6,
    "http header": "canaryHeader6673" + "aBc" * 6,
    "http password": "canaryBasic:6073" + "dEf" * 6,
    "encryption key": KEY,
    "previous key": OLD_KEY,
}
NEEDLE = 16  # characters from a secret's beginning that give it away; the hints show only four from its end
DISCORD = f"https://discord.com/api/webhooks/123456789012345678/{SECRETS['discord webhook']}"
TELEGRAM = f"987654321:{SECRETS['telegram token']}"
SENDGRID = f"SG.{SECRETS['sendgrid key']}"
BASIC = "Basic " + base64.b64encode(SECRETS["http password"].encode()).decode()
FAULTS: tuple[dict[str, Any], ...] = (
    *({"status": status} for status in (400, 401, 403, 404, 409, 429, 500, 503)),
    {"retryAfter": 7},
    {"garbage": True},
    {"expiredToken": True},
)
ECHOES = ("echo-200", "echo-400", "echo-401", "echo-403", "echo-404", "echo-409", "echo-429", "echo-500")
MEANNESS = (*ECHOES, "cut", "noise", "to-http%3A%2F%2F169.254.169.254%2F", "to-https%3A%2F%2Fexample.invalid%2F")


@dataclass
class Scene:
    """A server on which the secrets are in use, and everything that was seen of it from outside."""

    server: Server
    alice: Caller
    service: HostileService
    temporary: Path
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    seen: dict[str, list[str]] = field(default_factory=dict)

    def note(self, where: str, *texts: str) -> None:
        self.seen.setdefault(where, []).extend(texts)


@pytest.mark.asyncio(loop_scope="session")
async def test_no_secret_is_seen_anywhere(scene: Scene, browser: Browser) -> None:
    waiting = asyncio.create_task(wait_in_vain(scene))
    for step in (save, provoke_the_stand_ins, fail_on_the_way, send_nonsense):
        await asyncio.to_thread(step, scene)
    await walk(scene, browser)
    await waiting
    await asyncio.to_thread(read_everything, scene)
    found = await asyncio.to_thread(look_through, scene)
    assert not found, "\n".join(sorted(f"{name} in {where}: {text!r}" for name, where, text in found))


def test_the_search_finds_what_there_is() -> None:
    for name, secret in SECRETS.items():
        for text in (secret, quote(secret, safe=""), base64.b64encode(f"me:{secret}".encode()).decode()):
            assert any(form in text for form in forms(name, secret)), (name, text)


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory, service: HostileService) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("canaries")
    temporary = folder / "temporary"
    temporary.mkdir()
    server = start_server(
        folder,
        ENCRYPTION_KEY=KEY,
        ENCRYPTION_KEYS_PREVIOUS=OLD_KEY,
        STREAMLINE_SETUP_TOKEN=SECRETS["setup token"],
        STREAMLINE_EGRESS_ALLOW="127.0.0.1",
        STREAMLINE_LOG_LEVEL="debug",
        TMPDIR=str(temporary),
    )
    scene = Scene(server, Caller(server.url), service, temporary)
    try:
        _sign_up(scene)
        yield scene
    finally:
        stop_server(server)


def _sign_up(scene: Scene) -> None:
    """Make the account, a session over REST, a browser's session and a token, and change the password."""
    nobody = scene.alice
    first = {"email": kit.ALICE, "password": SECRETS["password"]}
    for token in ("", SECRETS["setup token"] + "x"):
        nobody.ask("POST", "/api/setup", first | {"setupToken": token})
    made = nobody.asked_once("/api/setup", first | {"setupToken": SECRETS["setup token"]})
    scene.alice.tokens = (made["token"],)
    once = {"Idempotency-Key": "make-a-token"}
    scene.tokens["api token"] = scene.alice.asked_once("/api/tokens", {"name": "script"}, headers=once)["token"]
    scene.alice.ask("POST", "/api/tokens", {"name": "script"}, headers=once)
    change = {"password": SECRETS["new password"], "currentPassword": SECRETS["password"]}
    scene.alice.made("PATCH", "/api/me", change)
    scene.tokens["session token"] = made["token"]
    more = [scene.alice.asked_once("/api/tokens", {"name": f"script {number}"})["token"] for number in range(5)]
    scene.alice.tokens = (made["token"], *more)  # each has a rate limit of its own
    login = {"email": kit.ALICE, "password": SECRETS["new password"]}
    answer = httpx.post(f"{scene.server.url}/session", json=login, headers={"Origin": scene.server.url})
    scene.tokens["session cookie"] = answer.raise_for_status().cookies[COOKIE]
    scene.note("sign-in", answer.text)


def configurations(base: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every way to store a secret, by a name for it: type and configuration, at services below this address."""
    rows = {"Authorization": f"Bearer {SECRETS['http bearer']}", "X-Api-Key": SECRETS["http header"]}
    keys = {"apiKey": SENDGRID, "fromEmail": "noreply@example.com", "otherKey": SECRETS["sendgrid row"]}
    address = f"987654321:{SECRETS['telegram address']}"
    return {
        "discord": ("discord", {"webhookUrl": DISCORD, "baseUrl": f"{base}/discord"}),
        "telegram": ("telegram", {"botToken": TELEGRAM, "baseUrl": f"{base}/telegram"}),
        "address": ("telegram", {"webhookUrl": f"{base}/telegram/bot{address}/sendMessage?chat_id=5"}),
        "relay": ("telegram", {"webhookUrl": f"{base}/relay/{SECRETS['telegram relay']}?key={keys['otherKey']}"}),
        "sendgrid": ("sendgrid", {"apiKeys": keys, "baseUrl": f"{base}/sendgrid"}),
        "http": ("http", {"apiKeys": rows, "baseUrl": f"{base}/http"}),
        "basic": ("http", {"apiKeys": {"Authorization": BASIC}, "baseUrl": f"{base}/http"}),
    }


ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "discord": ("send_message", {"content": "Hello"}),
    "telegram": ("send_message", {"chatId": "5", "text": "Hello"}),
    "sendgrid": ("send_email", {"to": "a@example.com", "subject": "Hello", "text": "Hello"}),
    "http": ("request", {"method": "GET", "url": "/items"}),
}


def use(scene: Scene, name: str) -> None:
    """Test a connection and act with it, whatever comes of it."""
    type_name = configurations("")[name][0]
    action, params = ACTIONS[type_name]
    scene.alice.ask("POST", f"/api/integrations/{scene.ids[name]}/test")
    scene.alice.ask("POST", f"/api/integrations/{scene.ids[name]}/actions/{action}", {"params": params})


def move(scene: Scene, base: str) -> None:
    """Save every connection for services below another address."""
    for name, (_, config) in configurations(base).items():
        scene.alice.ask("PATCH", f"/api/integrations/{scene.ids[name]}", {"config": config})


def save(scene: Scene) -> None:
    """Save every secret, and see that those work that can: else not finding them would prove nothing."""
    for name, (type_name, config) in configurations(scene.service.url("echo-200")).items():
        body = {"type": type_name, "name": f"The {name}", "config": config}
        scene.ids[name] = scene.alice.made("POST", "/api/integrations", body)["id"]
        use(scene, name)
    move(scene, f"{scene.server.url}/sandbox")
    for name in ("discord", "telegram", "sendgrid"):
        tested = scene.alice.made("POST", f"/api/integrations/{scene.ids[name]}/test")
        assert tested["status"] == "healthy", tested
        action, params = ACTIONS[name]
        scene.alice.made("POST", f"/api/integrations/{scene.ids[name]}/actions/{action}", params)


def provoke_the_stand_ins(scene: Scene) -> None:
    """Every error that the services know."""
    for fault in FAULTS:
        for type_name in ("discord", "telegram", "sendgrid"):
            httpx.post(f"{scene.server.url}/sandbox/{type_name}/_faults", json=fault).raise_for_status()
        for name in ("discord", "telegram", "address", "sendgrid"):
            use(scene, name)
    for type_name in ("discord", "telegram", "sendgrid"):
        httpx.delete(f"{scene.server.url}/sandbox/{type_name}/_faults")


def fail_on_the_way(scene: Scene) -> None:
    """Answers that repeat the request, answers that are none, and no way at all."""
    plain = f"https://127.0.0.1:{scene.service.port}"
    bases = [scene.service.url(mode) for mode in MEANNESS]
    for base in (*bases, plain, f"http://127.0.0.1:{free_port()}", "http://nothing.invalid"):
        move(scene, base)
        for name in scene.ids:
            use(scene, name)


async def wait_in_vain(scene: Scene) -> None:
    """A service that does not answer; all wait for it at once, as each time-out takes half a minute."""
    silent = configurations(scene.service.url("silent"))
    bodies = [{"type": type_name, "config": config} for type_name, config in silent.values()]
    async with httpx.AsyncClient(base_url=scene.server.url, timeout=45) as client:
        headers = {"Authorization": f"Bearer {scene.tokens['session token']}"}
        waiting = (client.post("/api/integrations/test", json=body, headers=headers) for body in bodies)
        answers = await asyncio.gather(*waiting)
    assert sum("within 30 s" in answer.text for answer in answers) == len(bodies) - 1  # a relay is not asked
    scene.note("rest", *(answer.text for answer in answers))


def send_nonsense(scene: Scene) -> None:
    """Every secret in every wrong place."""
    ask = scene.alice.ask
    for secret in (*SECRETS.values(), *scene.tokens.values(), DISCORD, TELEGRAM, SENDGRID):
        for value in ([secret], {"x": secret}, f"{secret}\x01", f"{secret} and more", f"a\n{secret}"):
            wrong = {
                "discord": {"webhookUrl": value, "baseUrl": value},
                "telegram": {"botToken": value, "connectionMode": value, "pollingInterval": value},
                "sendgrid": {"apiKeys": {"apiKey": value, "fromEmail": value}, "baseUrl": value},
            }
            for type_name, config in wrong.items():
                ask("POST", "/api/integrations", {"type": type_name, "name": "Never", "config": config})
                ask("PATCH", f"/api/integrations/{scene.ids[type_name]}", {"config": config})
        for config in (
            {"webhookUrl": DISCORD, secret: secret},
            {"webhookUrl": DISCORD, "baseUrl": f"https://user:{secret}@example.com"},
            {"webhookUrl": DISCORD, "baseUrl": f"javascript:{secret}"},
            {"webhookUrl": DISCORD, "baseUrl": f"http://10.0.0.1/{secret}"},
        ):
            ask("POST", "/api/integrations/test", {"type": "discord", "config": config})
        ask("POST", "/api/integrations", {"type": secret, "name": "Never", "config": {}})
        ask("POST", "/api/integrations", {"type": "inbox", "name": [secret], "config": {}, secret: 1})
        for name, integration_id in scene.ids.items():
            action, params = ACTIONS[configurations("")[name][0]]
            ask("POST", f"/api/integrations/{integration_id}/actions/{action}", params | {secret: secret})
        ask("POST", f"/api/integrations/{scene.ids['telegram']}/actions/send_message", {"chatId": secret, "text": "x"})
        for body in (
            f'{{"password": "{secret}"',
            f'"{secret}"',
            f'["{secret}"]',
            f'{{"{secret}": 99999999999999999999}}',
        ):
            ask("POST", "/api/integrations", content=body, headers={"Content-Type": "application/json"})
            ask("POST", "/api/auth/login", content=body, headers={"Content-Type": "application/json"})
        ask("POST", "/api/auth/login", content=secret, headers={"Content-Type": "text/plain"})
        ask("GET", f"/api/integrations/{quote(secret, safe='')}")
        ask("GET", "/api/integrations", params={"cursor": secret, "type": secret, "limit": secret})
        Caller(scene.server.url, f"stl_{secret}").ask("GET", "/api/me")
    ask("POST", "/api/auth/login", {"email": SECRETS["new password"], "password": "a user's usual slip"})
    ask("PATCH", "/api/me", {"password": "short", "currentPassword": SECRETS["new password"]})
    ask("POST", "/api/users", {"email": "no address", "password": SECRETS["password"]})
    move(scene, scene.service.url("echo-401"))
    for name in scene.ids:
        use(scene, name)


def read_everything(scene: Scene) -> None:
    """Every address that can be read, REST and pages."""
    for method, path, _ in kit.routes(scene.alice):
        if method == "GET":
            for row_id in scene.ids.values() if "{id}" in path else [""]:
                scene.alice.ask("GET", path.replace("{id}", row_id))
    for path in ("/healthz", "/readyz", "/api/docs", "/sandbox/", "/sandbox/discord/_arrived"):
        scene.alice.ask("GET", path)
    cookies = {COOKIE: scene.tokens["session cookie"]}
    with httpx.Client(base_url=scene.server.url, cookies=cookies, follow_redirects=True) as browser:
        for path in kit.page_paths():
            for row_id in scene.ids.values() if "{" in path else [""]:
                answer = browser.get(re.sub(r"\{\w+\}", row_id, path))
                assert answer.status_code in (200, 404), path
                scene.note("html", answer.text)
    scene.note("rest", *scene.alice.heard)


async def walk(scene: Scene, browser: Browser) -> None:
    """Every page and dialog in a browser."""
    context = await open_context(browser, scene.server.url)
    await context.add_cookies([{"name": COOKIE, "value": scene.tokens["session cookie"], "url": scene.server.url}])
    page = await context.new_page()
    frames = Frames(page)
    for path in kit.page_paths():
        if "{" not in path:
            await page.goto(path)
            await ready(page)
    for name, integration_id in scene.ids.items():
        await page.goto(f"/integrations/{integration_id}")
        await ready(page)
        await _edit(page)
        if name in ("discord", "telegram", "sendgrid"):
            await page.reload()
            await ready(page)
            await _copy_as_curl(page)
    await page.goto("/")
    await ready(page)
    scene.note("document", await page.content())
    scene.note("sockets", *frames.sent)  # so far: what is typed now has to be sent
    await _fail_in_the_dialog(page)
    await context.close()
    scene.note("sockets", *frames.received)


async def _edit(page: Page) -> None:
    await page.locator("header").get_by_role("button", name="Edit", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Test and save").wait_for()
    for replace in await dialog.get_by_role("button", name=re.compile("^Replace ")).all():
        await replace.click()


async def _copy_as_curl(page: Page) -> None:
    await page.get_by_role("button", name=re.compile("Send a test|Send an? test")).first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Copy as curl").wait_for()
    for label, value in (("Chat", "5"), ("To", "a@example.com"), ("Subject", "Hello"), ("Text", "Hello")):
        field = dialog.get_by_label(label, exact=True)
        if await field.count() and await field.is_visible():
            await field.fill(value)
    await dialog.get_by_role("button", name="Copy as curl").click()
    await dialog.get_by_text("curl -X").wait_for()
    await dialog.get_by_role("button", name="Send", exact=True).click()
    await dialog.get_by_text("401").first.wait_for()


async def _fail_in_the_dialog(page: Page) -> None:
    """A secret that is typed, refused, and saved all the same."""
    await page.get_by_test_id("tile").filter(has_text="Discord").click()
    dialog = page.get_by_role("dialog")
    revoked = DISCORD.replace("canaryDiscord", "revoked-canaryDiscord")
    field = dialog.get_by_role("textbox", name="Webhook URL")
    await field.fill(f" “{revoked[:40]}\u200b{revoked[40:]}” ")  # what is taken away is not sent back either
    await page.keyboard.press("Tab")
    await expect(field).to_have_value(revoked)
    await dialog.get_by_text("More options").click()
    await dialog.get_by_label("Service address").fill(page.url.rstrip("/") + "/sandbox/discord")
    await dialog.get_by_role("button", name="Test and save").click()
    await dialog.get_by_text("Discord refused this URL").wait_for()
    await dialog.get_by_role("button", name="Save anyway").click()
    await dialog.wait_for(state="hidden")


def look_through(scene: Scene) -> set[tuple[str, str, str]]:
    """Everything that was seen, and everything that lies on the disk: which secret is where."""
    folder = scene.server.data
    engine = create_engine(f"sqlite:///{kit.database(scene.server)}")
    copy = backup.snapshot(engine, folder / "backups", "canaries")
    engine.dispose()
    assert copy.stat().st_size > 10_000
    secrets = SECRETS | scene.tokens
    haystacks: dict[str, str] = {where: "\n".join(texts) for where, texts in scene.seen.items()}
    kept = [path for path in kit.files_below(folder, scene.temporary, ROOT / ".nicegui") if path.name != "lock"]
    assert {kit.database(scene.server).name, copy.name} <= {path.name for path in kept}
    haystacks |= {str(path): path.read_bytes().decode("latin-1") for path in [*kept, scene.server.log]}
    assert {"rest", "html", "sockets", "document", "sign-in"} <= set(haystacks)
    assert all(len(text) > 50 for where, text in haystacks.items() if where in scene.seen)
    assert "Traceback" not in haystacks[str(scene.server.log)]
    modes = {oct(path.stat().st_mode & 0o777) for path in kit.files_below(folder)}
    assert modes == {"0o600"}
    return {
        (name, where, _around(text, form))
        for where, text in haystacks.items()
        for name, secret in secrets.items()
        for form in forms(name, secret)
        if form in text
    }


def forms(name: str, secret: str) -> set[str]:
    """How a secret's telling part may stand in a text: plain, quoted for an address, in base64 at any offset."""
    part = secret[:NEEDLE]
    found = {part, quote(part, safe="")}
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + part.encode()).decode().rstrip("=")
        found.add(whole[(0, 2, 3)[before] : -2])
    if name.endswith(" key") and set(secret) <= set("0123456789abcdef"):
        raw = bytes.fromhex(secret)[: NEEDLE // 2]
        found |= {raw.decode("latin-1"), base64.b64encode(raw).decode()[:-2], secret[:NEEDLE].upper()}
    return found


def _around(text: str, form: str) -> str:
    at = text.index(form)
    return text[max(0, at - 200) : at + 60]

"""Kills the server again and again while it renews tokens that rotate: nobody may have to sign in again for it.

`python -m tests.bench.refresh [KILLS] [hurried]`. The stand-in is a process of its own. It takes a while for each
renewal, and goes on with it after whoever asked has died: so many answers, with the only refresh token that counts, are
lost.

Hurried, it is killed before any answer can come, and again before it has got over that. Then a service's patience
decides: one that ends a permission a minute after an answer was lost (as the stand-in does, and RFC 9700 asks) has
ended it before anybody had a minute's time to ask again, and no client can help that. So the stand-in is patient then:
what is seen is whether Streamline goes on asking with what it has, and gets over it as soon as it lives long enough.
"""

from __future__ import annotations

import asyncio
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from streamline_ui import sandbox
from tests.bench import hub as hubs
from tests.bench.hub import Hub
from tests.conftest import PASSWORD, ROOT, free_port

CONNECTIONS = 4
LIVES = 3  # seconds, so that something is renewed all the time
SLOWNESS = 0.4  # seconds that a renewal takes at the service
PATIENCE = 30.0
ENDLESS = 86_400.0  # seconds


@dataclass
class Outcome:
    """What was seen. `repeats` are renewals whose answer was lost before; `forced` are sign-ins to do again."""

    kills: int = 0
    renewals: int = 0
    repeats: int = 0
    thefts: int = 0
    forced: int = 0
    works: int = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills during a renewal, {self.renewals} renewals, {self.repeats} answers lost and asked "
            f"for again, {self.thefts} refused as stolen; {self.forced} forced sign-ins, {self.works} of {CONNECTIONS} "
            "connections work"
        )


@asynccontextmanager
async def stand_ins(*grace: float) -> AsyncIterator[httpx.AsyncClient]:
    """The sandbox in another process; with another patience for answers that were lost, if one is given."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.stand_ins", str(port), *map(str, grace)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/sandbox", timeout=PATIENCE) as client:
            for _ in range(300):
                try:
                    await client.get("/oauth2/_tally")
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
            yield client
    finally:
        process.kill()
        process.wait()


async def tally(box: httpx.AsyncClient) -> dict[str, int]:
    found: dict[str, int] = (await box.get("/oauth2/_tally")).json()
    return found


async def sign_in(rest: httpx.AsyncClient, box: httpx.AsyncClient, number: int) -> str:
    """Connect the stand-in and sign in, as a program and a browser do it. Returns the connection's id."""
    root = str(box.base_url).rstrip("/")
    config = {**sandbox.demo("oauth2", root), "clientId": f"client-{number}-lives-{LIVES}"}
    body = {"type": "oauth2", "name": f"Notes {number}", "config": config}
    made: str = (await rest.post("/api/integrations", json=body)).raise_for_status().json()["id"]
    way = (await rest.post(f"/api/integrations/{made}/oauth/authorize")).raise_for_status().json()["url"]
    sent_back = await box.post(way, data={"answer": "allow", "scope": ["read", "write"]})
    answer = await rest.get(_path(sent_back.headers["location"]), headers={"Authorization": ""})
    assert answer.status_code == 200, re.sub("<.*?>", " ", answer.text)
    return made


def _path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


async def run(folder: Path, kills: int, *, hurried: bool = False) -> Outcome:
    """Kill it so often while it renews, then look whether everything still works."""
    hub, outcome = Hub(folder), Outcome()
    async with stand_ins(*([ENDLESS] if hurried else [])) as box:
        hub.start()
        try:
            await hub.until_ready()
            made = await _prepare(hub, box)
            (await box.post("/oauth2/_faults", json={"delay": SLOWNESS, "at": "token"})).raise_for_status()
            for _ in range(kills):
                await _until_asked(box)
                await asyncio.sleep(random.uniform(0, SLOWNESS * (0.25 if hurried else 1.5)))
                hub.kill()
                outcome.kills += 1
                before = generations(hub)
                hub.start()
                await hub.until_ready()
                if not hurried or outcome.kills == kills:
                    await _until_renewed(hub, before)
            await box.delete("/oauth2/_faults")
            await _look(hub, made, outcome)
            found = await tally(box)
        finally:
            hub.kill()
    outcome.renewals, outcome.repeats, outcome.thefts = found["renewals"], found["repeats"], found["thefts"]
    return outcome


@asynccontextmanager
async def signed_in(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}", timeout=PATIENCE) as rest:
        account = {"email": "alice@example.com", "password": PASSWORD}
        await rest.post("/api/setup", json=account)  # refused once there is somebody
        answer = await rest.post("/api/auth/login", json=account)
        rest.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['token']}"
        yield rest


async def _prepare(hub: Hub, box: httpx.AsyncClient) -> list[str]:
    async with signed_in(hub) as rest:
        return [await sign_in(rest, box, number) for number in range(CONNECTIONS)]


async def _until_asked(box: httpx.AsyncClient) -> None:
    """Wait until a renewal is under way."""
    before = (await tally(box))["asked"]
    for _ in range(int(PATIENCE / 0.02)):
        if (await tally(box))["asked"] > before:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nothing is renewed any more")


def generations(hub: Hub) -> list[tuple[int, bool]]:
    """How often each connection was renewed, and whether somebody has to sign in again for it."""
    with hubs.looking(hub) as connection:
        query = 'SELECT "generation", "endedAt" IS NOT NULL FROM "OAuthGrant" ORDER BY "integrationId"'
        return [(number, bool(ended)) for number, ended in connection.execute(query)]


async def _until_renewed(hub: Hub, before: list[tuple[int, bool]]) -> None:
    """Wait until every connection has got over it. A service's patience with an old token is short, and so is ours."""
    for _ in range(int(PATIENCE / 0.05)):
        now = generations(hub)
        if any(ended for _, ended in now):
            raise AssertionError(f"somebody has to sign in again: {before} -> {now}")
        if all(after > earlier for (earlier, _), (after, _) in zip(before, now, strict=True)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"it was not renewed any more: {before} -> {generations(hub)}")


async def _look(hub: Hub, made: list[str], outcome: Outcome) -> None:
    await asyncio.sleep(LIVES)
    async with signed_in(hub) as rest:
        for key in made:
            tested: dict[str, Any] = (await rest.post(f"/api/integrations/{key}/test")).raise_for_status().json()
            outcome.works += tested["ok"]
            outcome.forced += tested["status"] == "waiting_for_sign_in"


def main(kills: int, *, hurried: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        print(asyncio.run(run(Path(name), kills, hurried=hurried)))


if __name__ == "__main__":
    main(min(int(sys.argv[1]) if len(sys.argv) > 1 else 50, 200), hurried="hurried" in sys.argv)

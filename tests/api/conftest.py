"""REST in-process: the interface as the app mounts it, without the pages and the shield around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Mount

from streamline_ui.access import sessions, tokens, users
from streamline_ui.api import app, browser, operations
from streamline_ui.integrations import alerts
from streamline_ui.integrations.alerts import News
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.alert_tables import Matter
from streamline_ui.storage.models import User, new_id
from streamline_ui.storage.workflow_tables import HookRequest, Verdict


@pytest_asyncio.fixture
async def rest(hub: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a fresh interface over the test's own data."""
    monkeypatch.setattr(users, "_setup_token", None)
    outer = Starlette(routes=[*operations.routes, *browser.routes, Mount("/api", app.build(hub))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://hub") as client:
        yield client


class Person:
    """Somebody who is signed in over REST, and asks with it."""

    def __init__(self, client: httpx.AsyncClient, user: User) -> None:
        self.client, self.user = client, user
        self.token, self.session = sessions.start(user.id, kind="api")

    async def ask(self, method: str, path: str, json: Any = None, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        if json is not None:
            options["json"] = json
        return await self.client.request(method, f"/api{path}", headers=headers, **options)

    async def connect(self, name: str = "Notes", type_name: str = "inbox", **config: Any) -> dict[str, Any]:
        answer = await self.ask("POST", "/integrations", {"type": type_name, "name": name, "config": config})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def draw(self, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Make a workflow; without steps it only sets a value."""
        chosen = list(steps) or [{"id": "note", "type": "set", "values": {"text": "Hello"}}]
        body = {"name": "Forward orders", "trigger": {"type": "webhook"}, "steps": chosen, **more}
        answer = await self.ask("POST", "/workflows", body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def alert(self) -> str:
        """Something needs them; returns the alert's id."""
        alerts.begin(News(self.user.id, Matter.WORKFLOW, new_id(), "Orders", "It failed."))
        return alerts.all_of(self.user.id)[0].id

    async def own(self) -> dict[str, str]:
        """One of everything, by the first part of its address."""
        workflow = (await self.draw())["id"]
        started = await self.ask("POST", f"/workflows/{workflow}/run")
        request = HookRequest(workflow_id=workflow, verdict=Verdict.ACCEPTED, method="POST", body=b"{}", size=2)
        with db.writing() as session:
            session.add(request)
        return {
            "integrations": (await self.connect())["id"],
            "workflows": workflow,
            "executions": started.json()["executionId"],
            "requests": request.id,
            "alerts": self.alert(),
            "tokens": tokens.make(self.user.id, "script")[1].id,
            "users": self.user.id,
        }


@pytest.fixture
def as_alice(rest: httpx.AsyncClient, alice: User) -> Person:
    return Person(rest, alice)


@pytest.fixture
def as_bob(rest: httpx.AsyncClient, bob: User) -> Person:
    return Person(rest, bob)


@pytest.fixture
def as_charlie(rest: httpx.AsyncClient, charlie: User) -> Person:
    return Person(rest, charlie)

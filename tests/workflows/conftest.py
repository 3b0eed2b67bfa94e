"""Workflows that run: the writer and the dispatcher, beside the data and the way out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from streamline_ui import live, sandbox
from streamline_ui.api import hooks
from streamline_ui.integrations import connections
from streamline_ui.settings import Settings
from streamline_ui.storage import db, migrate, writer
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Execution, Progress, Workflow
from streamline_ui.workflows import catalog, dispatch, executions, secrets
from streamline_ui.workflows.listening import polling
from tests.storage.postgres import postgres_database, postgres_url

__all__ = ["postgres_database", "postgres_url"]

OVER = (Progress.SUCCEEDED, Progress.FAILED, Progress.UNKNOWN, Progress.CANCELLED)


@pytest_asyncio.fixture
async def engine(hub: Settings) -> AsyncIterator[Settings]:
    """Everything that makes executions run."""
    writer.start()
    dispatch.start()
    yield hub
    await dispatch.stop()
    writer.stop()


@pytest_asyncio.fixture
async def polled(engine: Settings) -> AsyncIterator[None]:
    """Polling, and what makes executions run, with a clock that ticks."""
    sandbox.forget()
    live.start(asyncio.get_running_loop())
    polling.start()
    ticking = asyncio.create_task(_tick())
    yield
    ticking.cancel()
    await polling.stop()
    live.stop()
    sandbox.forget()


async def _tick() -> None:
    while True:
        await asyncio.sleep(1)
        await polling.sweep()


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, hub: Settings) -> Iterator[Settings]:
    """A database that several processes might use."""
    if request.param == "postgresql":
        db.connect(request.getfixturevalue("postgres_database"))
        migrate.upgrade(hub)
    yield hub
    db.dispose()


@pytest.fixture
def discord(stand_ins: str, alice: User) -> Integration:
    """Alice's Discord, which is the stand-in."""
    config = {**sandbox.DEMO["discord"], "baseUrl": f"{stand_ins}/discord"}
    return connections.add(alice.id, "discord", "Alerts", config)


@pytest.fixture
def inbox(alice: User) -> Integration:
    """Alice's Inbox."""
    return connections.add(alice.id, "inbox", "Inbox", {})


Call = Callable[..., Awaitable[httpx.Response]]


@pytest_asyncio.fixture
async def call(engine: Settings) -> AsyncIterator[Call]:
    """Calls a workflow's address, as a service would."""

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await Starlette(routes=hooks.routes)({**scope, "state": {"address": "203.0.113.7"}}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(with_state), base_url="http://hub") as client:

        async def send(workflow: Workflow, method: str = "POST", **options: Any) -> httpx.Response:
            return await client.request(method, f"/hooks/{secrets.token(workflow)}", **options)

        yield send


def webhook(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A definition that starts with an incoming webhook."""
    trigger = {"type": "webhook", **more.pop("trigger", {})}
    return {"name": "Forward orders", "trigger": trigger, "steps": list(steps), **more}


def post(integration: Integration, content: str = "Order {{ trigger.body.id }}", **more: Any) -> dict[str, Any]:
    """A step that posts to Discord, or writes to the Inbox."""
    params = {"content": content} if integration.type == "discord" else {"title": content}
    action = "send_message" if integration.type == "discord" else "write"
    return {
        "id": "post",
        "type": "action",
        "integrationId": integration.id,
        "action": action,
        "params": params,
        **more,
    }


def add(user: User, definition: dict[str, Any], **more: Any) -> Workflow:
    """Publish it."""
    return catalog.add(user.id, definition, **more)


async def settled(user: User, count: int = 1, *, until: tuple[Progress, ...] = OVER) -> list[Execution]:
    """The user's executions, the newest first, once that many have come to one of these states."""
    for _ in range(1000):
        found = executions.page(user.id)
        if sum(execution.status in until for execution in found) >= count:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError([(execution.status, execution.error) for execution in found])

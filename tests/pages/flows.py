"""Workflows and executions for the browser tests, made over REST as anybody can."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.pages.conftest import Newcomer

SET = {"id": "text", "name": "Format text", "type": "set", "values": {"text": "{{ trigger.body.text }}"}}


async def inbox(newcomer: Newcomer) -> str:
    """An Inbox to write to; returns its id."""
    answer = await newcomer.rest.post("/api/integrations", json={"type": "inbox", "name": "Inbox", "config": {}})
    found: str = answer.raise_for_status().json()["id"]
    return found


def write(inbox_id: str, title: str = "{{ trigger.body.text }}") -> dict[str, Any]:
    """A step that writes to the Inbox."""
    return {"id": "keep", "type": "action", "integrationId": inbox_id, "action": "write", "params": {"title": title}}


async def workflow(newcomer: Newcomer, name: str, *steps: dict[str, Any], is_active: bool = True) -> dict[str, Any]:
    """A published workflow with an incoming webhook."""
    body = {"name": name, "trigger": {"type": "webhook"}, "steps": list(steps), "isActive": is_active}
    answer = await newcomer.rest.post("/api/workflows", json=body)
    made: dict[str, Any] = answer.raise_for_status().json()
    return made


async def send(newcomer: Newcomer, made: dict[str, Any], *bodies: Any) -> None:
    """Send requests to a workflow's address."""
    async with httpx.AsyncClient(base_url=newcomer.url) as client:
        for body in bodies:
            (await client.post("/hooks/" + made["webhookUrl"].rpartition("/")[2], json=body)).raise_for_status()


async def settled(newcomer: Newcomer, number: int, *, waiting: bool = False) -> list[dict[str, Any]]:
    """The executions, the newest first, once there are that many and all are over; or waiting, where that is meant."""
    for _ in range(100):
        found: list[dict[str, Any]] = (await newcomer.rest.get("/api/executions?limit=200")).json()["items"]
        going = {"queued", "running"} | (set() if waiting else {"waiting"})
        if len(found) >= number and not any(each["status"] in going for each in found):
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"not over: {[each['status'] for each in found]}")

"""Deletes a workflow with a long history while events come in for another one: how long their senders wait meanwhile.

`python -m tests.bench.forget [EXECUTIONS]`, each with four steps, an event and a request.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from streamline_ui.storage.models import table_of
from streamline_ui.storage.workflow_tables import Event, Execution, HookRequest, Progress, StepRun, Verdict, Workflow
from streamline_ui.workflows import catalog, secrets
from tests.bench import hub as hubs
from tests.bench.hub import Hub
from tests.bench.sender import fixed_rate, request
from tests.conftest import PASSWORD

EXECUTIONS = 100_000
STEPS = 4
RATE = 50.0  # events a second meanwhile
BEFORE = 10  # seconds, to compare with
ROUND = 2  # seconds
DEADLINE = 900.0  # seconds
GOAL = 0.05  # seconds within which 95 of 100 are answered
STEP_TEXT = '"' + "x" * 300 + '"'
AT_A_TIME = 5000


def workflow(user_id: str, name: str) -> Workflow:
    step = {"id": "note", "type": "set", "values": {"id": "{{ trigger.body.id }}"}}
    return catalog.add(user_id, {"name": name, "trigger": {"type": "webhook"}, "steps": [step]})


def fill(hub: Hub, old: Workflow, count: int) -> None:
    """Write a history, as if events had come for a month, past everything that would make it slow."""
    with closing(sqlite3.connect(hub.data / "streamline.db")) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for start in range(0, count, AT_A_TIME):
            numbers = range(start, min(count, start + AT_A_TIME))
            for table, rows in _rows(old, numbers, count).items():
                names = ", ".join(f'"{name}"' for name in rows[0])
                places = ", ".join(f":{name}" for name in rows[0])
                connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)
            connection.commit()


def _rows(old: Workflow, numbers: range, count: int) -> dict[str, list[dict[str, Any]]]:
    began = datetime.now(UTC) - timedelta(days=20)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ("Event", "HookRequest", "Execution", "StepRun")}
    for number in numbers:
        at = (began + timedelta(days=19) * number / count).strftime("%Y-%m-%d %H:%M:%S.%f")
        key = f"{number:032d}"
        found["Event"].append(_row(Event, id=f"v{key}", workflowId=old.id, at=at))
        found["HookRequest"].append(
            _row(
                HookRequest,
                id=f"r{key}",
                workflowId=old.id,
                at=at,
                verdict=Verdict.ACCEPTED,
                method="POST",
                headers="{}",
                body=hubs.order(number),
                size=200,
                address="127.0.0.1",
            )
        )
        found["Execution"].append(
            _row(
                Execution,
                id=f"e{key}",
                userId=old.user_id,
                workflowId=old.id,
                version=1,
                eventId=f"v{key}",
                status=Progress.SUCCEEDED,
                trigger=STEP_TEXT,
                dueAt=at,
                createdAt=at,
                startedAt=at,
                finishedAt=at,
                crashes=0,
                isCancelled=False,
            )
        )
        found["StepRun"] += [
            _row(
                StepRun,
                id=f"s{step}{key}",
                executionId=f"e{key}",
                key=f"step{step}",
                position=step,
                stepId=f"step{step}",
                status=Progress.SUCCEEDED,
                input=STEP_TEXT,
                output=STEP_TEXT,
                attempts="[]",
                startedAt=at,
                finishedAt=at,
            )
            for step in range(1, STEPS + 1)
        ]
    return found


def _row(model: Any, **values: Any) -> dict[str, Any]:
    """With an empty text for what has to be there and was not given."""
    columns = table_of(model).c
    needed = {each.name: "" for each in columns if not each.nullable and each.name != "id"}
    return {name: value for name, value in (needed | values).items() if name in columns}


def left(hub: Hub, old: Workflow) -> int:
    with hubs.looking(hub) as connection:
        asked = 'SELECT count(*) FROM "Workflow" WHERE id = ?'
        return int(connection.execute(asked, (old.id,)).fetchone()[0])


def late(took: Collection[float], share: float) -> float:
    return sorted(took)[min(len(took) - 1, int(len(took) * share))]


def told(name: str, took: Collection[float]) -> str:
    each = ", ".join(f"p{share * 100:.0f} {late(took, share) * 1000:.1f} ms" for share in (0.5, 0.95, 0.99))
    return f"{name}: acknowledged {each}, at most {max(took) * 1000:.0f} ms, of {len(took)}"


async def measure(hub: Hub, old: Workflow, path: str) -> float:
    """The 95th percentile while it is being deleted, in seconds."""
    sent = 0

    async def send(seconds: float) -> list[float]:
        nonlocal sent
        numbers = range(sent, sent + int(RATE * seconds))
        sent = numbers.stop
        done = await fixed_rate(hub.port, lambda number: request(hub.port, path, hubs.order(number)), numbers, RATE)
        assert done.accepted == set(numbers), done.statuses
        return list(done.took.values())

    await hub.until_ready()
    await send(2)
    print(told("before   ", await send(BEFORE)), flush=True)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}", timeout=60) as rest:
        answer = await rest.post("/api/auth/login", json={"email": "alice@example.com", "password": PASSWORD})
        rest.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['token']}"
        began = time.monotonic()
        (await rest.delete(f"/api/workflows/{old.id}")).raise_for_status()
        print(f"answered after {(time.monotonic() - began) * 1000:.0f} ms", flush=True)
    took: list[float] = []
    while left(hub, old) and time.monotonic() - began < DEADLINE:
        took += await send(ROUND)
    print(told("meanwhile", took))
    print(f"gone after {time.monotonic() - began:.0f} s")
    return late(took, 0.95)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        hub = Hub(Path(name))
        with hubs.opened(hub) as alice:
            old, other = workflow(alice, "Old"), workflow(alice, "Other")
            path = f"/hooks/{secrets.token(other)}"
        fill(hub, old, count)
        size = (hub.data / "streamline.db").stat().st_size / 1e6
        print(f"{count} executions, {size:.0f} MB; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        hub.variables["RETENTION_MB"] = "100000"
        hub.start()
        try:
            found = asyncio.run(measure(hub, old, path))
        finally:
            hub.kill()
    sys.exit(found > GOAL)


if __name__ == "__main__":
    main(min(int(sys.argv[1]) if len(sys.argv) > 1 else EXECUTIONS, 1_000_000))

"""kill -9 again and again while people write to bots.

Goals: no message is lost, and none comes twice but one whose call was under way at a kill. The step is marked as
repeatable, because such a call is otherwise left as *unknown* on purpose.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import hub as hubs
from tests.bench.bot_server import BotServer
from tests.bench.bots import all_asked, delivered, posting, prepared, token
from tests.bench.hub import Hub
from tests.bench.kill import statuses
from tests.bench.measures import beside
from tests.bench.sink import Sink
from tests.conftest import free_port

BOTS = 4
CALM = (0.3, 1.5)  # seconds from one kill to the next


@dataclass
class Outcome:
    """What was written and what arrived. `under_way` has the messages whose calls were at a kill, once for each."""

    kills: int
    said: set[str] = field(default_factory=set)
    arrived: Counter[str] = field(default_factory=Counter)
    under_way: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    polled_at_kills: int = 0

    @property
    def lost(self) -> set[str]:
        return self.said - self.arrived.keys()

    @property
    def doubled(self) -> Counter[str]:
        """What came more than once, and how often too many."""
        return Counter({text: count - 1 for text, count in self.arrived.items() if count > 1})

    @property
    def unexplained(self) -> Counter[str]:
        """What came again without having been under way at a kill."""
        return self.doubled - self.under_way

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.polled_at_kills} of them with a poll open, {len(self.said)} messages, "
            f"{len(self.lost)} lost, {self.doubled.total()} doubled of {self.under_way.total()} under way at a kill; "
            f"executions {dict(self.states)}" + (f"; {self.trouble[:5]}" if self.lost else "")
        )


async def kills(count: int, hub: Hub, server: BotServer, sink: Sink, bots: int) -> Outcome:
    """Ann writes all the time, to every bot, while the hub is killed again and again. It is prepared, not started."""
    outcome, is_over = Outcome(count), False

    async def chat() -> None:
        while not is_over:
            text = str(len(outcome.said))
            outcome.said.add(text)
            server.account(token(random.randrange(bots))).say(text)
            await asyncio.sleep(random.uniform(0.0, 0.02))

    hub.start()
    await hub.until_ready()
    await all_asked(server, bots, times=2)
    talking = asyncio.create_task(chat())
    for _ in range(count):
        await asyncio.sleep(random.uniform(*CALM))
        outcome.polled_at_kills += any(account.under_way for account in server.accounts.values())
        hub.kill()
        outcome.under_way.update(await asyncio.to_thread(_under_way, hub))
        hub.start()
        await hub.until_ready()
    is_over = True
    await talking
    await delivered(sink, outcome.said, 90)
    await asyncio.sleep(1)
    outcome.arrived = Counter(str(arrival.body["id"]) for arrival in sink.arrivals())
    outcome.states = statuses(hub)
    with hubs.looking(hub) as database:
        failed = database.execute("SELECT status || ': ' || error FROM \"Execution\" WHERE status <> 'succeeded'")
        polled = database.execute("SELECT cursor || ' ' || failures || ' ' || lastError FROM \"Poller\"")
        outcome.trouble = [str(row[0]) for rows in (failed, polled) for row in rows.fetchall()]
    return outcome


def _under_way(hub: Hub) -> list[str]:
    """The messages whose executions were at work."""
    with hubs.looking(hub) as database:
        found = database.execute("SELECT trigger FROM \"Execution\" WHERE status = 'running'").fetchall()
    return [json.loads(row[0])["message"]["text"] for row in found]


async def kill(count: int) -> list[str]:
    """So many kills, and what came of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hub, server, sink = Hub(folder), BotServer(free_port()), Sink(free_port(), folder / "arrived")
        await asyncio.to_thread(prepared, hub, [server.url], BOTS, posting(sink.url), pause=1000)
        await server.start()
        await asyncio.to_thread(sink.start)
        try:
            outcome = await kills(count, hub, server, sink, BOTS)
        finally:
            hub.kill()
            sink.stop()
            await server.stop()
    return [
        str(outcome),
        beside("messages lost", len(outcome.lost), 0, "messages"),
        beside("doubled without a call under way at a kill", outcome.unexplained.total(), 0, "messages"),
        beside(
            "executions that did not succeed", outcome.states.total() - outcome.states["succeeded"], 0, "executions"
        ),
    ]

"""A cut network: the line to half of the bots refuses, that to the others swallows, and then both are back.

Goals: each is polled again and green within twice its last back-off, and nobody touches anything; nothing that was
written meanwhile is lost or doubled; and at no time is a person told to act.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from streamline_ui.providers.telegram_updates import TOTAL_SECONDS
from tests.bench import hub as hubs
from tests.bench.bot_server import BotServer
from tests.bench.bots import all_asked, delivered, posting, prepared, token, until
from tests.bench.cable import Cable, Manner
from tests.bench.hub import Hub
from tests.bench.measures import beside
from tests.bench.sink import Sink
from tests.conftest import free_port

BOTS = 20
MANNERS: tuple[Manner, Manner] = ("refuses", "swallows")
LONG = 120.0  # seconds; in a shorter cut, it is not yet noticed everywhere that nobody answers
LOOK_EVERY = 0.5
PATIENCE = 60.0  # seconds that are waited beyond the goal, to tell by how much it was missed
STANDS = """
    SELECT i.name, i.status, i.failures, i.nextCheckAt, p.failures, p.nextPollAt, p.lastPolledAt
    FROM "Integration" i JOIN "Poller" p ON p.integrationId = i.id
"""


@dataclass
class Bot:
    """What was seen of one, in seconds: its last back-off, and what it took since the line was back.

    `noticed` is from the cut to its first bad status, `polled` to the first poll, `green` to its last bad status.
    """

    manner: Manner
    back_off: float = 0.0
    noticed: float | None = None
    polled: float | None = None
    green: float = 0.0
    is_green: bool = False
    is_up_to_you: bool = False
    failures: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def limit(self, seconds: float) -> float:
        """Within what it has to be back after a cut of so many seconds."""
        return 2 * self.back_off + (TOTAL_SECONDS if seconds < LONG else 0.0)

    @property
    def is_back(self) -> bool:
        return self.polled is not None and self.is_green

    @property
    def took(self) -> float:
        """Until it was polled again and green; for ever where it was not."""
        return max(self.polled or 0.0, self.green) if self.is_back else float("inf")


@dataclass
class Watch:
    """Looks at the bots from outside: in the hub's database, and in what the server is asked."""

    hub: Hub
    server: BotServer
    bots: list[Bot]
    cut_at: float | None = None
    back_at: float | None = None

    def look(self) -> None:
        with hubs.looking(self.hub) as database:
            found = database.execute(STANDS).fetchall()
        moment = time.monotonic()
        for name, *stand in found:
            self._note(int(name.removeprefix("Bot ")), stand, moment)

    def _note(self, number: int, stand: list[object], moment: float) -> None:
        status, failures, check_at, poll_failures, due_at, polled_at = stand
        bot = self.bots[number]
        bot.is_green, bot.failures = status == "healthy" and not poll_failures, int(str(poll_failures))
        if bot.failures and due_at and polled_at:
            bot.back_off = (
                datetime.fromisoformat(str(due_at)) - datetime.fromisoformat(str(polled_at))
            ).total_seconds()
        if self.cut_at is None:
            return
        bot.statuses[str(status)] += 1
        bot.is_up_to_you |= status == "waiting_for_sign_in" or bool(failures and check_at is None)
        if not bot.is_green and bot.noticed is None:
            bot.noticed = moment - self.cut_at
        if self.back_at is not None:
            bot.green = bot.green if bot.is_green else moment - self.back_at
            asked = [at for at in self.server.account(token(number)).asked_at if at > self.back_at]
            bot.polled = asked[0] - self.back_at if asked else None

    async def keep(self, seconds: float) -> None:
        """Look for so long, or once the line is back until all is well."""
        over = time.monotonic() + seconds
        while time.monotonic() < over:
            await asyncio.to_thread(self.look)
            if self.back_at is not None and all(bot.is_back for bot in self.bots):
                return
            await asyncio.sleep(LOOK_EVERY)


async def cut(seconds: float) -> list[str]:
    """Bots are polled, the network is cut for so long, and then they are left alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hub, server, sink = Hub(folder), BotServer(free_port()), Sink(free_port(), folder / "arrived")
        cables = [Cable(server, manner) for manner in MANNERS]
        urls = [cable.url for cable in cables]
        await asyncio.to_thread(prepared, hub, urls, BOTS, posting(sink.url))
        await server.start()
        await asyncio.to_thread(sink.start)
        for cable in cables:
            await cable.start()
        hub.start()
        try:
            return await _measured(hub, server, sink, cables, seconds)
        finally:
            hub.kill()
            sink.stop()
            for cable in cables:
                await cable.stop()
            await server.stop()


async def _measured(hub: Hub, server: BotServer, sink: Sink, cables: Sequence[Cable], seconds: float) -> list[str]:
    watch = Watch(hub, server, [Bot(MANNERS[number % 2]) for number in range(BOTS)])
    await hub.until_ready()
    await all_asked(server, BOTS, times=2)

    def is_well() -> bool:
        watch.look()
        return all(bot.is_green for bot in watch.bots)

    await until(is_well, 60, "every bot is green")
    said: set[str] = set()

    async def chat() -> None:
        while True:
            text = str(len(said))
            said.add(text)
            server.account(token(random.randrange(BOTS))).say(text)
            await asyncio.sleep(random.uniform(0.2, 0.8))

    talking = asyncio.create_task(chat())
    await watch.keep(3)
    before = len(said)
    for cable in cables:
        await cable.cut()
    watch.cut_at = time.monotonic()
    await watch.keep(seconds)
    meanwhile = len(said) - before
    for cable in cables:
        await cable.mend()
    watch.back_at = time.monotonic()
    await watch.keep(max(bot.limit(seconds) for bot in watch.bots) + PATIENCE)
    while any(not bot.is_back and time.monotonic() - watch.back_at < bot.limit(seconds) for bot in watch.bots):
        await watch.keep(PATIENCE)  # its back-off has grown meanwhile
    talking.cancel()
    await delivered(sink, said, 60)
    arrived = Counter(str(arrival.body["id"]) for arrival in sink.arrivals())
    lost, doubled = said - arrived.keys(), sum(arrived.values()) - len(arrived)
    return [
        f"the network was cut for {seconds:.0f} s; {meanwhile} messages were written in that time, {len(said)} in all",
        *(_line(number, bot, seconds) for number, bot in enumerate(watch.bots)),
        *_figures(watch.bots, seconds),
        beside("messages lost", len(lost), 0, "messages"),
        beside("messages doubled", doubled, 0, "messages"),
        beside("bots that were said to be up to a person", sum(bot.is_up_to_you for bot in watch.bots), 0, "bots"),
    ]


def _line(number: int, bot: Bot, seconds: float) -> str:
    noticed = "never" if bot.noticed is None else f"after {bot.noticed:.0f} s"
    polled = "never" if bot.polled is None else f"after {bot.polled:.1f} s"
    green = f"after {bot.green:.1f} s" if bot.is_green else "never"
    return (
        f"  bot {number:2} {bot.manner:8}: seen {noticed}, last back-off {bot.back_off:.0f} s; polled again {polled}, "
        f"green {green}, allowed {bot.limit(seconds):.0f} s"
    )


def _figures(bots: Sequence[Bot], seconds: float) -> list[str]:
    found = []
    for manner in MANNERS:
        took = [bot.took for bot in bots if bot.manner == manner]
        found.append(f"{manner}: back after {statistics.median(took):.1f} s (p50), {max(took):.1f} s at most")
    worst = max(bot.took / max(bot.limit(seconds), 0.1) for bot in bots)
    extra = f", and {TOTAL_SECONDS:.0f} s to notice" if seconds < LONG else ""
    return [*found, beside(f"back, beside twice the last back-off{extra}, at worst", worst, 1, "of it")]

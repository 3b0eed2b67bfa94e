"""The bots of the Telegram stand-in: what each was sent, who is waiting for it, and where it goes."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import zlib
from dataclasses import dataclass, field
from typing import Any

from streamline_ui.sandbox import couriers
from streamline_ui.sandbox.state import MOST_ACCOUNTS, MOST_ENTRIES, is_closed

EPOCH = 1_767_225_600  # 2026-01-01, so that the numbers stay below 2^31
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 60.0  # seconds between two deliveries of what was not taken
TERMINATED = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


class Taken(Exception):
    """Somebody else ended the wait; the text is Telegram's."""


@dataclass
class Bot:
    """One bot. `updates` holds what was not confirmed yet, oldest first; `webhook` is "" while polling.

    With a webhook, updates are brought there one after the other, with `secret` in a header, each until it is taken.
    """

    token: str
    webhook: str = ""
    secret: str = ""
    last_error: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)
    waiting: asyncio.Future[None] | None = None
    numbers: itertools.count[int] = field(init=False)
    _bringing: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.numbers = itertools.count(first_update(self.token))

    @property
    def id(self) -> int:
        """The number before the colon."""
        return int(self.token.partition(":")[0])

    @property
    def user(self) -> dict[str, Any]:
        """The bot as Telegram shows it."""
        return {"id": self.id, "is_bot": True, "first_name": "Sandbox bot", "username": "sandbox_bot"}

    def message(self, number: int, chat: str, content: dict[str, Any]) -> dict[str, Any]:
        """A message from the bot."""
        if chat.startswith("@"):
            where: dict[str, Any] = {"id": -1001234567890, "type": "channel", "username": chat[1:], "title": chat[1:]}
        elif chat.startswith("-"):
            where = {"id": int(chat), "type": "supergroup", "title": "Sandbox group"}
        else:
            where = {"id": int(chat), "type": "private", "first_name": "Ann"}
        return {"message_id": number, "from": self.user, "chat": where, "date": int(time.time()), **content}

    def confirm(self, offset: int) -> None:
        """Forget what is older than `offset`; a negative one keeps only the last of them."""
        if offset < 0:
            self.updates = self.updates[offset:]
        elif offset:
            self.updates = [update for update in self.updates if update["update_id"] >= offset]

    async def wait(self, seconds: float) -> None:
        """Until there is an update or the time is over. Raises Taken when another one asks meanwhile."""
        self.end_wait(TERMINATED)
        if self.updates or not seconds or is_closed():
            return
        waiting = self.waiting = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(waiting, seconds)
        except TimeoutError:
            return
        finally:
            if self.waiting is waiting:
                self.waiting = None

    def end_wait(self, reason: str = "") -> None:
        """Wake whoever waits: with a reason they are told that, else they get what there is."""
        waiting, self.waiting = self.waiting, None
        if waiting is None or waiting.done() or waiting.get_loop().is_closed():
            return
        if reason:
            waiting.set_exception(Taken(reason))
        else:
            waiting.set_result(None)

    def send_to(self, url: str, secret: str = "") -> None:
        """Bring updates to this address from now on; to none, if it is empty."""
        self.webhook, self.secret, self.last_error = url, secret, ""
        bringing, self._bringing = self._bringing, None
        if bringing is not None and not bringing.get_loop().is_closed():
            bringing.cancel()
        self.bring()

    def bring(self) -> None:
        """Begin to bring what there is, unless that is under way."""
        if self.webhook and self.updates and (self._bringing is None or self._bringing.done()):
            self._bringing = asyncio.get_running_loop().create_task(self._bring())

    async def _bring(self) -> None:
        pause = FIRST_PAUSE
        while self.webhook and self.updates:
            update = self.updates[0]
            headers = {"Content-Type": "application/json"}
            headers |= {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
            answer = await couriers.bring(self.webhook, headers, json.dumps(update).encode())
            if 200 <= answer.status < 300:
                self.updates = [each for each in self.updates if each is not update]
                pause, self.last_error = FIRST_PAUSE, ""
                continue
            self.last_error = f"Wrong response from the webhook: {answer.status or 'Connection refused'}"
            await asyncio.sleep(pause if answer.retry_after is None else min(answer.retry_after, 3600))
            pause = min(pause * 2, LONGEST_PAUSE)


def first_update(token: str) -> int:
    """The number of a bot's first update: another for each bot, as at Telegram, and greater after a restart."""
    return 100_000_000 + zlib.crc32(token.encode()) % 800_000_000 + int(time.time()) - EPOCH


_bots: dict[str, Bot] = {}


def bot_of(token: str) -> Bot:
    """The bot with that token, made when it is first asked for."""
    while len(_bots) >= MOST_ACCOUNTS and token not in _bots:
        del _bots[next(iter(_bots))]
    return _bots.setdefault(token, Bot(token))


def forget() -> None:
    """Start again without any bot."""
    for bot in _bots.values():
        bot.end_wait()
        bot.updates.clear()
        bot.send_to("")
    _bots.clear()


def close() -> None:
    """Let nobody wait any longer: they get what there is."""
    for bot in _bots.values():
        bot.end_wait()
        bot.send_to("")


def say(bot: Bot, values: dict[str, Any]) -> dict[str, Any]:
    """Queue an update: a text that Ann wrote, or the one given."""
    number = next(bot.numbers)
    given = values.get("update")
    if isinstance(given, dict):
        update = {**given, "update_id": number}
    else:
        chat = values.get("chatId") if isinstance(values.get("chatId"), int) else 123456789
        ann = {"id": 123456789, "is_bot": False, "first_name": "Ann", "username": "ann_example"}
        where = {"id": chat, "type": "private", "first_name": "Ann", "username": "ann_example"}
        message = {"message_id": number, "from": ann, "chat": where, "date": int(time.time())}
        update = {"update_id": number, "message": {**message, "text": str(values.get("text", "Hello"))[:4096]}}
    bot.updates = [*bot.updates, update][-MOST_ENTRIES:]
    bot.end_wait()
    bot.bring()
    return update

"""The bots of the Telegram stand-in: what each was sent, who is waiting for it, and where it goes."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field
from typing import Any

from streamline_ui.sandbox.state import MOST_ACCOUNTS, MOST_ENTRIES

TERMINATED = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


class Taken(Exception):
    """Somebody else ended the wait; the text is Telegram's."""


@dataclass
class Bot:
    """One bot. `updates` holds what was not confirmed yet, oldest first; `webhook` is "" while polling."""

    token: str
    webhook: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)
    waiting: asyncio.Future[None] | None = None
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(800_001))

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
        if self.updates or not seconds:
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
    _bots.clear()


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
    return update

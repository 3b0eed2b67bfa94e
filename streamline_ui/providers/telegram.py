"""Write as a Telegram bot, and receive what people write to it.

1. In Telegram, open a chat with **@BotFather** and send `/newbot`.
2. Answer its two questions: the bot's name, and its user name, which ends in *bot*.
3. Copy the token from its answer and paste it here.

*Polling* works everywhere. *Webhook* needs a public https address of this Streamline.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationInfo, model_validator

from streamline_ui.errors import Invalid
from streamline_ui.providers import answers, formats, telegram_facts, telegram_updates, texts
from streamline_ui.providers.configs import ServiceConfig, service_address
from streamline_ui.providers.describe import Checked, Connection, Page, Provider, Result
from streamline_ui.providers.formats import Format
from streamline_ui.providers.limits import Limits, Pace, in_body
from streamline_ui.providers.values import IdText

ROOT = "https://api.telegram.org"
LIMIT = 4096
NAME = "Telegram"
DAY = 86_400_000
TOKEN = Format(
    r"[1-9]\d{0,16}:[A-Za-z0-9_-]{3,80}",
    usual=r"\d{8,10}:A[A-Za-z0-9_-]{34}",
    says=lambda text: f"A bot token is digits, a colon, then 35 characters. {telegram_facts.counted(text)}",
    like="123456789:AAE…",
    warns="A bot token usually has 35 characters after the colon, the first an A. Check that nothing is cut off.",
)
CHAT = Format(
    r"-?[1-9]\d{0,18}|@[A-Za-z][A-Za-z0-9_]{3,31}",
    says="A chat is a number, such as 123456789 or -1001234567890, or a public @name.",
    like="123456789",
)
PHOTO = Format(
    r"https?://\S+|[A-Za-z0-9_-]{10,}",
    says="A photo is a web address, or the file_id of one that Telegram has already.",
    like="https://example.com/photo.jpg",
)


class Telegram(ServiceConfig):
    """A bot's token and how its messages are received; or, as `webhookUrl` alone, an address that sends for a bot."""

    bot_token: Annotated[SecretStr | None, TOKEN] = Field(
        None,
        title="Bot token",
        description="The token that @BotFather gave you",
        json_schema_extra={"placeholder": "123456789:AAE…", "primary": True},
    )
    connection_mode: Literal["polling", "webhook"] | None = Field("polling", title="Receive messages by")
    polling_enabled: bool | None = Field(True, title="Polling is on")
    polling_interval: int | None = Field(
        5000,
        ge=1000,
        le=7 * DAY,
        title="Pause between polls",
        description="In milliseconds. Messages arrive at once anyway: a poll waits for them.",
        json_schema_extra={"advanced": True, "unit": "ms"},
    )
    webhook_url: SecretStr | None = Field(
        None,
        title="Webhook URL",
        description="Instead of a token: an address that sends messages for a bot",
        json_schema_extra={"advanced": True, "placeholder": "https://api.telegram.org/bot…/sendMessage"},
    )

    @model_validator(mode="after")
    def _one_form(self, info: ValidationInfo) -> Telegram:
        """Either a token or an address. What belongs to the other form is not kept."""
        if self.bot_token is None and self.webhook_url is None:
            raise formats.refused_at("botToken", "Bot token is missing.")
        if self.bot_token is not None and self.webhook_url is not None:
            raise formats.refused_at("webhookUrl", "Give the bot token or a webhook URL, not both.")
        if self.webhook_url is not None:
            self.connection_mode = self.polling_enabled = self.polling_interval = None
            if not formats.is_stored(info):
                _check_webhook_url(self.webhook_url.get_secret_value())
        elif self.connection_mode == "webhook":
            self.polling_enabled = False
        return self

    def more_doubts(self) -> dict[str, str]:
        """A pause of more than a day is rarely meant."""
        found = super().more_doubts()
        if (self.polling_interval or 0) > DAY:
            found["pollingInterval"] = "This is more than a day."
        return found


def _check_webhook_url(text: str) -> None:
    try:
        service_address(text.partition("?")[0])
    except ValueError as error:
        raise formats.refused_at("webhookUrl", str(error)) from None
    token = telegram_facts.token_in(text)
    if token is not None and not re.fullmatch(TOKEN.accept, token):
        raise formats.refused_at("webhookUrl", "The part after /bot is not a bot token.")


Bot = Connection[Telegram]


class Me(BaseModel):
    """What a bot is told about itself: it has a number and a name, and is no person."""

    id: int = Field(gt=0)
    is_bot: Literal[True]
    username: str = Field(min_length=1)
    can_read_all_group_messages: bool = False


class Identity(BaseModel):
    """The answer to getMe."""

    result: Me


class Message(Result):
    """The first message as Telegram returned it; `messageIds` has all of them where a long text took several."""

    message_id: int
    message_ids: list[int] = Field(default_factory=list)


class Posted(BaseModel, extra="allow"):
    """A message as Telegram sent it."""

    message_id: int


class Answer(BaseModel):
    """An answer's envelope."""

    result: Posted


def base_url(config: Telegram) -> str:
    """The API's root with the token in it: it is a secret as a whole."""
    if config.bot_token is not None:
        return f"{config.base_url or ROOT}/bot{config.bot_token.get_secret_value()}"
    assert config.webhook_url is not None
    url = config.webhook_url.get_secret_value().partition("?")[0]
    token = telegram_facts.token_in(url)
    return url if token is None else f"{url.partition('/bot' + token)[0]}/bot{token}"


provider = Provider(
    __name__,
    name="Telegram Bot",
    service=NAME,
    auth_type="webhook_or_polling",
    category="Chat",
    config=Telegram,
    needs="Bot token",
    purpose="Write as a bot, and start workflows with what people write to it.",
    can=("Send messages and photos to people, groups and channels", "Receive what is written to the bot"),
    docs="https://core.telegram.org/bots/api",
    console="https://t.me/BotFather",
    brand="telegram",
    aliases=("chat", "message", "bot", "tg"),
    base_url=base_url,
    problem=telegram_facts.read_problem,
    wait=telegram_facts.read_wait,
    limits=Limits((Pace(3, 3.0, each_lane=True), Pace(30, 1.0)), lane=lambda request: in_body(request, "chat_id")),
    meanings=telegram_facts.MEANINGS,
)


@provider.check
async def check(bot: Bot) -> Checked:
    """Ask the bot who it is."""
    if _is_relay(bot.config):
        host = urlsplit(base_url(bot.config)).hostname or ""
        return Checked(host, "This address cannot be tested without sending something.", tested=False)
    me = answers.read(await bot.http.get("getMe"), Identity, NAME).result
    account = f"@{me.username}"
    note = "" if me.can_read_all_group_messages else f" {telegram_facts.PRIVACY}"
    return Checked(account, f"Connected as {account}.{note}")


@provider.action("Send a message", trial={"text": "Hello from Streamline. This connection works."})
async def send_message(
    bot: Bot,
    *,
    chat_id: Annotated[IdText, CHAT, Field(title="Chat", description="A number, or a public @name")],
    text: Annotated[
        str,
        Field(
            title="Message",
            description="More than 4096 characters become several messages.",
            min_length=1,
            max_length=40_960,
            json_schema_extra={"lines": 5, "limit": LIMIT},
        ),
    ],
    parse_mode: Annotated[Literal["none", "HTML", "MarkdownV2"] | None, Field(title="Format")] = None,
    silent: Annotated[bool, Field(title="Without a sound")] = False,
) -> Message:
    """Write to a person, a group or a channel that the bot is in."""
    if not text.strip():
        raise Invalid("Message is missing.", {"text": "Message is missing."})
    parts = (texts.html_pieces if parse_mode == "HTML" else texts.pieces)(text, LIMIT)

    async def send(part: str) -> dict[str, Any]:
        form = None if parse_mode == "none" else parse_mode
        return await call(
            bot, "sendMessage", chat_id=chat_id, text=part, parse_mode=form, disable_notification=silent or None
        )

    return _message(await answers.in_order(parts, send))


@provider.action("Send a photo")
async def send_photo(
    bot: Bot,
    *,
    chat_id: Annotated[IdText, CHAT, Field(title="Chat", description="A number, or a public @name")],
    photo: Annotated[
        str, PHOTO, Field(title="Photo", description="A web address that Telegram can reach, at most 5 MB")
    ],
    caption: Annotated[str | None, Field(title="Text below it", max_length=1024)] = None,
    silent: Annotated[bool, Field(title="Without a sound")] = False,
) -> Message:
    """Send a picture from the web, with a text below it."""
    if _is_relay(bot.config):
        raise Invalid("A webhook URL can only send text.", hints=["Connect the bot with its token."])
    return _message(
        [
            await call(
                bot, "sendPhoto", chat_id=chat_id, photo=photo, caption=caption, disable_notification=silent or None
            )
        ]
    )


@provider.poll(*telegram_facts.TRIGGERS, every=timedelta(seconds=5), holds=True)
async def updates(bot: Bot, cursor: str) -> Page:
    """Ask for what people did with the bot since the last update that we have."""
    token = bot.config.bot_token.get_secret_value() if bot.config.bot_token else ""
    offset = telegram_updates.offset(cursor, token)
    asked = telegram_updates.wanted(offset)
    response = await bot.http.post("getUpdates", json=asked, extensions={"total": telegram_updates.TOTAL_SECONDS})
    found = telegram_updates.page(answers.read(response, telegram_updates.Updates, NAME), offset)
    return telegram_updates.of_bot(found, token)


async def set_webhook(bot: Bot, url: str, secret: str) -> None:
    """Have Telegram send updates to this address; it ends a poll that is under way."""
    kinds = [each.event for each in telegram_facts.TRIGGERS]
    await bot.http.post("setWebhook", json={"url": url, "secret_token": secret, "allowed_updates": kinds})


async def delete_webhook(bot: Bot) -> None:
    """Have Telegram keep updates for the next poll."""
    await bot.http.post("deleteWebhook", json={"drop_pending_updates": False})


provider.push = telegram_updates.push("updates", set_webhook, delete_webhook)


async def call(bot: Bot, method: str, **parameters: Any) -> dict[str, Any]:
    """One call of the Bot API; a relay is given the same values at its own address. Returns the message."""
    relay = _is_relay(bot.config)
    url = httpx.URL(bot.config.webhook_url.get_secret_value()) if relay and bot.config.webhook_url else method
    response = await bot.http.post(url, json={key: value for key, value in parameters.items() if value is not None})
    return {} if relay else answers.read(response, Answer, NAME).result.model_dump()


def _message(results: list[dict[str, Any]]) -> Message:
    numbers = [result["message_id"] for result in results if isinstance(result.get("message_id"), int)]
    first = {"message_id": 0, **results[0]}
    return Message.model_validate({**first, "message_ids": numbers})


def _is_relay(config: Telegram) -> bool:
    """Whether there is nothing but an address that takes messages, which is not the Bot API."""
    return config.webhook_url is not None and telegram_facts.token_in(config.webhook_url.get_secret_value()) is None

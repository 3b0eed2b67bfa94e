"""Post messages to a Discord channel.

1. In Discord, open *Server settings › Integrations › Webhooks*. You need the permission *Manage Webhooks*.
2. Press *New webhook*, choose its channel and name.
3. Press *Copy webhook URL* and paste it here.

Anybody who has this URL can post to the channel. Streamline keeps it encrypted and never shows it again.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import httpx
from pydantic import BaseModel, Field, SecretStr

from streamline_ui.errors import Invalid
from streamline_ui.providers import answers, texts
from streamline_ui.providers.configs import ServiceConfig
from streamline_ui.providers.describe import Checked, Connection, Provider, Result
from streamline_ui.providers.formats import Format
from streamline_ui.providers.limits import Limits, Pace
from streamline_ui.providers.meanings import Meaning, Problem, json_of, retry_after
from streamline_ui.providers.values import Objects

ROOT = "https://discord.com/api/v10"
LIMIT = 2000
SILENT = 1 << 12
HOST = r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/api(?:/v\d{1,2})?/webhooks/"
WEBHOOK = Format(
    HOST + r"\d{15,20}/[A-Za-z0-9._-]{16,}(?:/(?:slack|github))?/?(?:\?.*)?",
    usual=HOST + r"\d{17,20}/[A-Za-z0-9_-]{68}(?:\?thread_id=\d{17,20})?",
    says="This is not a Discord webhook URL. It starts with https://discord.com/api/webhooks/ and has a number and a "
    "long key.",
    like="https://discord.com/api/webhooks/1234567890123456789/…",
    warns="The last part of a Discord webhook URL usually has 68 characters. Check that nothing is cut off.",
)
THREAD = Format(
    r"\d{15,20}",
    usual=r"\d{17,20}",
    says="A thread ID is a number of 17 to 20 digits. In Discord: right-click the thread › Copy thread ID.",
    like="1234567890123456789",
)


class Discord(ServiceConfig):
    """What the connect dialog asks for."""

    webhook_url: Annotated[SecretStr, WEBHOOK] = Field(
        title="Webhook URL",
        description="Server settings › Integrations › Webhooks › Copy webhook URL",
        json_schema_extra={"placeholder": "https://discord.com/api/webhooks/…"},
    )


Webhook = Connection[Discord]


class Hook(BaseModel):
    """What Discord tells about a webhook."""

    id: str
    type: int
    name: str | None = None


class Posted(BaseModel, extra="allow"):
    """A message as Discord saved it."""

    id: str
    channel_id: str = ""


class Message(Result):
    """The first message; `ids` has all of them where a long text took several."""

    id: str
    channel_id: str
    ids: list[str]


def read_problem(response: httpx.Response) -> Problem:
    """Discord's two error forms: {"code", "message", "errors"}, and of old versions {field: [words]}."""
    body = json_of(response)
    if not isinstance(body, dict):
        found = re.fullmatch(r"error code: (\d{4})", response.text.strip()) if len(response.content) < 100 else None
        return Problem(found[1] if found else "")
    errors = body.get("errors", body if "message" not in body else {})
    field = next(iter(errors), "") if isinstance(errors, dict) else ""
    about = f"the field “{field}”" if re.fullmatch(r"\w{1,40}", field) else ""
    return Problem(str(body.get("code", "")), f"{field} {body.get('message', '')} {errors or ''}"[:2000], about)


def read_wait(response: httpx.Response) -> float | None:
    """Seconds, with fractions in the body and rounded in the header."""
    body = json_of(response)
    seconds = body.get("retry_after") if isinstance(body, dict) else None
    return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e9 else retry_after(response)


def is_for_all(response: httpx.Response) -> bool:
    """Whether a wait is about every webhook that this machine calls."""
    return "global" in response.headers.get_list("x-ratelimit-scope")


MEANINGS = (
    Meaning(
        "gone",
        "Discord says this webhook no longer exists",
        "Create a new one in the channel and paste its URL.",
        404,
        "10015",
        term="Unknown Webhook",
    ),
    Meaning(
        "auth",
        "Discord refused this URL",
        "The last part is cut off or changed. In Discord: Server settings › Integrations › Webhooks › Copy "
        "webhook URL.",
        401,
        "50027",
        term="Invalid Webhook Token",
    ),
    Meaning(
        "permission",
        "Discord does not allow this webhook to do that here",
        "Check the permissions of the channel, or make the webhook in another one.",
        403,
        "50013",
        term="Missing Permissions",
    ),
    Meaning("input", "Discord does not accept an empty message", "Fill in the message, or add an embed.", 400, "50006"),
    Meaning(
        "input",
        "Discord takes at most 2000 characters in one message",
        "Shorten the text.",
        400,
        text=r"^content .*2000",
    ),
    Meaning("input", "Discord does not accept {about}", "Check what was filled in there.", 400, "50035"),
    Meaning(
        "input",
        "This webhook belongs to a forum channel, where every message needs a thread",
        "Fill in the thread ID.",
        400,
        "220001",
    ),
    Meaning("input", "Discord does not know this thread", "Copy the thread ID again.", 400, "10003"),
    Meaning(
        "rate_limit",
        "Discord has blocked this machine's address for a while",
        "It sent too many requests that failed. Pause broken connections; Streamline continues by itself.",
        429,
        "1015",
    ),
    Meaning("gone", "Discord does not find this webhook", "Create a new one and paste its URL.", 404),
    Meaning("auth", "Discord refused this URL", "Copy the webhook URL in Discord again.", 401),
)


def base_url(config: Discord) -> str:
    """The API's root, whichever host the pasted URL names."""
    return config.base_url or ROOT


def address(config: Discord) -> str:
    """The webhook below the API's root: what was pasted has no version, and would run on one long outdated."""
    _, _, tail = urlsplit(config.webhook_url.get_secret_value()).path.partition("/webhooks/")
    number, token, *_ = tail.split("/")
    return f"webhooks/{number}/{token}"


provider = Provider(
    __name__,
    name="Discord",
    auth_type="webhook",
    category="Chat",
    config=Discord,
    needs="Webhook URL",
    purpose="Post messages to a channel.",
    can=("Post messages to one channel, and nothing else",),
    docs="https://discord.com/developers/docs/resources/webhook",
    console="https://support.discord.com/hc/en-us/articles/228383668-Intro-to-Webhooks",
    brand="discord",
    aliases=("chat", "message", "server", "channel"),
    base_url=base_url,
    problem=read_problem,
    wait=read_wait,
    limits=Limits((Pace(5, 2.0),), credential=address, is_for_all=is_for_all),
    meanings=MEANINGS,
)


@provider.check
async def check(webhook: Webhook) -> Checked:
    """Reading the webhook posts nothing."""
    place = address(webhook.config)
    response = await webhook.http.get(place)
    hook = answers.read(response, Hook, provider.service)
    if hook.id != place.split("/")[1]:
        raise answers.strange(response, provider.service)
    name = (hook.name or "without a name")[:100]
    return Checked(name, f"Connected to the channel webhook “{name}”.")


@provider.action("Send a message", trial={"content": "Hello from Streamline. This connection works."})
async def send_message(
    webhook: Webhook,
    *,
    content: Annotated[
        str,
        Field(
            title="Message",
            description="Discord's Markdown works. More than 2000 characters become several messages.",
            max_length=20_000,
            json_schema_extra={"lines": 5, "limit": LIMIT},
        ),
    ],
    username: Annotated[str | None, Field(title="Shown as", max_length=80)] = None,
    avatar_url: Annotated[str | None, Field(title="Picture address", max_length=2048)] = None,
    embeds: Annotated[
        Objects | None, Field(title="Embeds", description="JSON: a list of at most 10", max_length=10)
    ] = None,
    thread_id: Annotated[str | None, THREAD, Field(title="Thread ID")] = None,
    silent: Annotated[bool, Field(title="Without a notification")] = False,
    allow_mentions: Annotated[
        bool, Field(title="Let mentions notify people", description="@everyone and @name in the text take effect")
    ] = False,
) -> Message:
    """Post to the webhook's channel."""
    if not content.strip() and not embeds:
        raise Invalid("Message is missing.", {"content": "Message is missing."})
    parts = texts.pieces(content, LIMIT)
    query = {"wait": "true"}  # else a message that could not be saved is not reported
    if thread := thread_id or thread_of(webhook.config):
        query["thread_id"] = thread
    body: dict[str, Any] = {"username": username, "avatar_url": avatar_url, "flags": SILENT if silent else None}
    body["allowed_mentions"] = None if allow_mentions else {"parse": []}
    left = len(parts)

    async def send(part: str) -> Posted:
        nonlocal left
        last = {"embeds": embeds} if left == 1 else {}
        values = {key: value for key, value in {**body, "content": part, **last}.items() if value is not None}
        response = await webhook.http.post(address(webhook.config), params=query, json=values)
        left -= 1
        return answers.read(response, Posted, provider.service)

    posted = await answers.in_order(parts, send)
    return Message(id=posted[0].id, channel_id=posted[0].channel_id, ids=[message.id for message in posted])


def thread_of(config: Discord) -> str:
    """The thread that the pasted URL names, or ""."""
    values = parse_qs(urlsplit(config.webhook_url.get_secret_value()).query).get("thread_id", [""])
    return values[0] if re.fullmatch(THREAD.accept, values[0]) else ""

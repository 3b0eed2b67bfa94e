"""Post messages to Slack as a bot.

1. At *api.slack.com/apps*, press *Create New App › From scratch* and choose your workspace.
2. Under *OAuth & Permissions › Bot Token Scopes*, add `chat:write`. For reactions, add `reactions:write` too.
3. Press *Install to Workspace*, then copy the *Bot User OAuth Token* and paste it here.
4. In Slack, open the channel and type `/invite` with the bot's name: it can post only where it is a member.

Instead of a token, the app's *client ID* and *client secret* will do (under *More keys and options*): add the return
address below *OAuth & Permissions › Redirect URLs*, then press *Sign in with Slack*. Slack takes https addresses only.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

import httpx
from pydantic import BaseModel, Field

from streamline_ui.errors import Invalid, Rejected
from streamline_ui.providers import answers, meanings, slack_facts, slack_sign_in, slack_texts, texts
from streamline_ui.providers.auth import Bearer
from streamline_ui.providers.describe import Checked, Connection, Entered, Provider, Result
from streamline_ui.providers.formats import Format
from streamline_ui.providers.limits import Limits, Pace, in_body
from streamline_ui.providers.slack_sign_in import Slack
from streamline_ui.providers.values import Objects

ROOT = "https://slack.com/api"
LIMIT = 4000
LONGEST = 40_000
JSON = {"Content-Type": "application/json; charset=utf-8"}
CHANNEL = Format(
    r"[CGDUW][A-Z0-9]{6,}|#?[^\s#@]{1,80}|@\S{1,80}",
    says="A channel is an ID, such as C012AB3CD, or the name of a public channel, such as #general.",
    like="C012AB3CD",
)
STAMP = Format(
    r"\d{9,11}\.\d{6}",
    says="A time stamp has two numbers with a dot between them, such as 1503435956.000247.",
    like="1503435956.000247",
)
EMOJI = Format(
    r":?[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?:?",
    says="An emoji is written by its name, such as thumbsup.",
    like="thumbsup",
)


Workspace = Connection[Slack]


class Identity(BaseModel):
    """Whose token it is."""

    ok: Literal[True]
    team: str = ""
    user: str = ""
    team_id: str = Field(min_length=1)
    user_id: str = Field(min_length=1)
    bot_id: str | None = None


class Posted(BaseModel):
    """A message as Slack saved it; `ts` is its id within the channel."""

    channel: str
    ts: str


class Done(BaseModel):
    """An answer that says no more than that it worked."""


class Message(Result):
    """The first message; `allTs` has all of them where a long text took several."""

    channel: str
    ts: str
    all_ts: list[str] = Field(default_factory=list)


class Reaction(Result):
    """The emoji, and the message that it was put on."""

    channel: str
    ts: str
    emoji: str


def _auth(config: Slack) -> httpx.Auth | None:
    return Bearer(config.api_keys.access_token) if config.api_keys.access_token else None


def lane(request: httpx.Request) -> str:
    """Slack counts each method by itself, and messages by their channel."""
    method = request.url.path.rpartition("/")[2]
    return f"{method} {in_body(request, 'channel')}" if method == "chat.postMessage" else method


provider = Provider(
    __name__,
    name="Slack",
    auth_type="api",
    category="Chat",
    config=Slack,
    needs="Bot token",
    purpose="Post messages to channels and people.",
    can=("Post messages in the channels that the bot is a member of", "Change its own messages, and add reactions"),
    docs="https://docs.slack.dev/reference/methods/chat.postMessage",
    console="https://api.slack.com/apps",
    brand="slack",
    aliases=("chat", "message", "channel", "team", "workspace", "bot"),
    base_url=lambda config: config.base_url or ROOT,
    auth=_auth,
    oauth=slack_sign_in.described,
    sign_in="Slack",
    problem=slack_facts.read_problem,
    limits=Limits((Pace(3, 3.0, each_lane=True),), lane=lane),
    meanings=slack_facts.MEANINGS,
    triggers=slack_facts.TRIGGERS,
    entered=Entered(
        "slack",
        "signingSecret",
        lambda config: config.signing_secret,
        "At api.slack.com/apps, open your app, then Event Subscriptions › Request URL. Below it, add the bot events "
        "that you want.",
        is_own=slack_facts.is_own,
    ),
)


@provider.check
async def check(workspace: Workspace) -> Checked:
    """Ask whose token it is; that posts nothing and needs no permission."""
    response = await workspace.http.get("auth.test")
    me = read(response, Identity)
    granted = {each.strip() for each in response.headers.get("x-oauth-scopes", "").split(",")} - {""}
    if granted and not granted & slack_facts.WRITES:
        raise Rejected(
            "The token works but may not write messages (the scope chat:write is missing).", hints=[slack_facts.SCOPE]
        )
    team, user = me.team[:100] or "Slack", me.user[:100] or "the bot"
    note = "" if me.bot_id else " This is a user's token, so messages appear as written by them."
    return Checked(f"{team} · {user}", f"Connected to {team} as {user}.{note}")


Channel = Annotated[
    str, CHANNEL, Field(title="Channel", description="Its ID, such as C012AB3CD; for public channels also #name")
]
Stamp = Annotated[str, STAMP, Field(title="Message", description="Its time stamp, the “ts” of a message")]
Text = Annotated[
    str,
    Field(
        title="Message",
        description="*bold*, _italic_ and `code` work. More than 4000 characters become several messages.",
        max_length=LONGEST,
        json_schema_extra={"lines": 5},
    ),
]
Blocks = Annotated[
    Objects | None,
    Field(title="Blocks", description="JSON from Slack's Block Kit Builder; the message is then only the preview"),
]
Mentions = Annotated[
    bool,
    Field(
        title="Let mentions notify people",
        description="<!channel>, <@name> and <address|text> in the message take effect",
    ),
]


@provider.action("Send a message", trial={"text": "Hello from Streamline. This connection works."})
async def send_message(
    workspace: Workspace,
    *,
    channel: Channel,
    text: Text,
    blocks: Blocks = None,
    thread_ts: Annotated[
        str | None, STAMP, Field(title="Thread", description="The “ts” of the message to answer to")
    ] = None,
    allow_mentions: Mentions = False,
) -> Message:
    """Post to a channel, to a person, or into a thread."""
    content = _content(text, blocks, allow_mentions=allow_mentions)
    parts = [text] if blocks else texts.pieces(text, LIMIT)

    async def send(part: str) -> Posted:
        shown = part if allow_mentions else slack_texts.escaped(part)
        values = {**content, "channel": channel, "text": shown, "thread_ts": thread_ts}
        return await call(workspace, "chat.postMessage", Posted, values)

    posted = await answers.in_order(parts, send)
    return Message(channel=posted[0].channel, ts=posted[0].ts, all_ts=[each.ts for each in posted])


@provider.action("Change a message")
async def update_message(
    workspace: Workspace,
    *,
    channel: Channel,
    ts: Stamp,
    text: Annotated[str, Field(title="New text", max_length=LIMIT, json_schema_extra={"lines": 5})],
    blocks: Blocks = None,
    allow_mentions: Mentions = False,
) -> Message:
    """Replace the text of a message that this connection sent."""
    content = _content(text, blocks, allow_mentions=allow_mentions)
    shown = text if allow_mentions else slack_texts.escaped(text)
    posted = await call(workspace, "chat.update", Posted, {**content, "channel": channel, "ts": ts, "text": shown})
    return Message(channel=posted.channel, ts=posted.ts, all_ts=[posted.ts])


@provider.action("Add a reaction", tells=False)
async def add_reaction(
    workspace: Workspace,
    *,
    channel: Channel,
    ts: Stamp,
    emoji: Annotated[str, EMOJI, Field(title="Emoji", description="Its name, such as thumbsup")],
) -> Reaction:
    """Put an emoji on a message."""
    name = re.sub(r"^:|:$", "", emoji)
    values = {"channel": channel, "timestamp": ts, "name": name}
    response = await workspace.http.post("reactions.add", json=values, headers=JSON)
    if provider.problem(response).code != "already_reacted":  # after an answer that got lost, say
        read(response, Done)
    return Reaction(channel=channel, ts=ts, emoji=name)


def _content(text: str, blocks: list[dict[str, Any]] | None, *, allow_mentions: bool) -> dict[str, Any]:
    """What a message has besides its text. Raises Invalid where Slack would refuse it."""
    if not text.strip():
        raise Invalid("Message is missing.", {"text": "Message is missing."})
    if not blocks:
        return {}
    if problem := slack_texts.block_problem(blocks):
        raise Invalid(problem, {"blocks": problem})
    return {"blocks": blocks if allow_mentions else slack_texts.without_mentions(blocks)}


Model = TypeVar("Model", bound=BaseModel)


async def call(workspace: Workspace, method: str, model: type[Model], values: dict[str, Any]) -> Model:
    """One call of a method that writes."""
    given = {name: value for name, value in values.items() if value is not None}
    return read(await workspace.http.post(method, json=given, headers=JSON), model)


def read(response: httpx.Response, model: type[Model]) -> Model:
    """The answer as a model. Slack refuses with status 200, so the body decides."""
    if slack_facts.is_failure(meanings.json_of(response)):
        raise meanings.translate(
            response, service=provider.service, meanings=provider.meanings, problem=provider.problem, wait=provider.wait
        )
    return answers.read(response, model, provider.service)

"""What people paste: cleans it, and recognises whose it is.

The same cleaning runs in the dialog and on the server, so that a value copied with its quotes, with `Bearer ` or out of
an `.env` file is as good as a careful copy.
"""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64encode
from dataclasses import dataclass

from streamline_ui import providers

INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]")
QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "„": "“", "«": "»", "<": ">"}
SECRET_NAME = re.compile(r"key|token|secret|password|url|webhook|sid|auth", re.IGNORECASE)
LONGEST = 4096

SPACES = "Spaces around it were removed."
HIDDEN = "Invisible characters were removed."
QUOTED = "Quotation marks around it were removed."
BEARER = "“Bearer” in front of it was removed."
HEADER = "The header's name in front of it was removed."
NAMED = "The name in front of it was removed."
CURL = "It was taken out of a curl command."


def clean(text: str) -> tuple[str, list[str]]:
    """The value alone, and a sentence for everything that was taken away."""
    value, removed = tidy(text)
    if len(value) > LONGEST:
        return value, removed
    for strip, sentence in ((_from_curl, CURL), (_named, NAMED), (_from_header, HEADER), (_bearer, BEARER)):
        shorter = tidy(strip(value))[0]
        if shorter and shorter != value:
            value = shorter
            removed.append(sentence)
    return value, removed


def trim(text: str) -> tuple[str, list[str]]:
    """What may go from every text: spaces around it and invisible characters. Marks may be meant."""
    removed: list[str] = []
    visible = INVISIBLE.sub("", text)
    if visible != text:
        removed.append(HIDDEN)
    value = visible.strip()
    if value != visible:
        removed.append(SPACES)
    return value, removed


def tidy(text: str) -> tuple[str, list[str]]:
    """The careful part of cleaning: spaces, invisible characters and quotation marks around it; `Bearer` stays."""
    value, removed = trim(text)
    while len(value) > 1 and QUOTES.get(value[0]) == value[-1]:
        value = value[1:-1].strip()
        removed.append(QUOTED)
    return value, list(dict.fromkeys(removed))


def _bearer(value: str) -> str:
    return re.sub(r"^(?:bearer|token)\s+(?=\S)", "", value, flags=re.IGNORECASE)


def _from_header(value: str) -> str:
    return re.sub(r"^(?:authorization|(?:x-)?[a-z-]*(?:api-?key|token))\s*:\s+(?=\S)", "", value, flags=re.IGNORECASE)


def _named(value: str) -> str:
    """`export NAME=value`, `NAME: "value"`; of several lines, the first whose name sounds like a credential."""
    for line in value.splitlines():
        found = re.fullmatch(
            r"\s*(?:export\s+|set\s+|\$env:)?([A-Za-z_][\w.-]{1,63})\s*=\s*([^=\s].*?);?\s*", line
        ) or re.fullmatch(r"\s*[\"']?([A-Za-z_]\w{1,63})[\"']?\s*:\s*([\"'][^\"']+[\"']),?\s*", line)
        if found and (SECRET_NAME.search(found[1]) or found[1].isupper()):
            return found[2]
    return value


def _from_curl(value: str) -> str:
    """The credential in a curl command: a token in a header, or else the address that it calls."""
    words = _curl_words(value)
    for header in _after(words, "-H", "--header"):
        if _from_header(header) != header:
            return _bearer(_from_header(header))
    return next((word for word in words if re.match(r"https?://", word)), value)


def curl(text: str) -> tuple[str, dict[str, str]] | None:
    """The address that a curl command calls, and its headers by name; None where it is no such command."""
    words = _curl_words(tidy(text)[0])
    address = next((word for word in words if re.match(r"https?://[^\s/]", word)), None)
    if address is None:
        return None
    pairs = (header.partition(":") for header in _after(words, "-H", "--header"))
    headers = {name.strip(): value.strip() for name, _, value in pairs if name.strip() and value.strip()}
    for login in _after(words, "-u", "--user"):
        headers.setdefault("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    return address, headers


def _curl_words(value: str) -> list[str]:
    if not re.match(r"(?:\$\s+)?curl(?:\.exe)?\s", value):
        return []
    try:
        words = shlex.split(re.sub(r"\\\r?\n", " ", value))
    except ValueError:
        return []
    return [word.strip() for word in words]  # in one line, a backslash of several lines leaves its space


def _after(words: list[str], short: str, long: str) -> list[str]:
    """What stands behind an option of a command."""
    return [words[at + 1] for at, word in enumerate(words[:-1]) if word in (short, long)] + [
        word.partition("=")[2] for word in words if word.startswith(f"{long}=")
    ]


def google_client(text: str) -> tuple[str, str] | None:
    """The id and the secret in the file that Google gives out for an OAuth client, or None."""
    try:
        found = json.loads(text) if text.lstrip()[:1] == "{" and len(text) <= LONGEST * 4 else None
    except (ValueError, RecursionError):
        return None
    client = (found.get("web") or found.get("installed")) if isinstance(found, dict) else None
    if not isinstance(client, dict):
        return None
    identity, secret = client.get("client_id"), client.get("client_secret", "")
    return (identity, secret) if isinstance(identity, str) and identity and isinstance(secret, str) else None


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose credential this is. `provider` is our type for that service, or None where we do not have it.

    `field` is the JSON name of the field that it belongs into, "" where there is none.
    """

    service: str
    thing: str
    provider: str | None
    field: str

    @property
    def sentence(self) -> str:
        """Who it seems to belong to, for the person who pasted it elsewhere."""
        article = "an" if self.service[0] in "AEIO" else "a"
        looks = f"This looks like {article} {self.service} {self.thing}."
        return f"{looks} Connect {self.tile} instead?" if self.provider else looks

    @property
    def tile(self) -> str:
        """What its tile says; the service's own name where we do not have it."""
        return providers.PROVIDERS[self.provider].name if self.provider else self.service


@dataclass(frozen=True, slots=True)
class _Shape:
    pattern: str
    service: str
    thing: str
    type: str = ""
    field: str = ""


# The most telling first: a shape that others share stands below them.
_SHAPES = (
    _Shape(
        r"https://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/api(?:/v\d+)?/webhooks/\d+/\S+",
        "Discord",
        "webhook",
        "discord",
        "webhookUrl",
    ),
    _Shape(r"https://hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/\S+", "Slack", "webhook", "slack"),
    _Shape(r"https://\S*/bot[1-9]\d{0,16}:[\w-]{3,}(?:/\S*)?", "Telegram", "address", "telegram", "webhookUrl"),
    _Shape(r"https://[\w.-]+\.webhook\.office\.com/\S+", "Microsoft Teams", "webhook", "teams"),
    _Shape(r"https://chat\.googleapis\.com/v1/spaces/\S+", "Google Chat", "webhook"),
    _Shape(r"https://hooks\.zapier\.com/hooks/catch/\S+", "Zapier", "webhook"),
    _Shape(r"https://maker\.ifttt\.com/\S+", "IFTTT", "webhook"),
    _Shape(r"https://docs\.google\.com/spreadsheets/d/\S+", "Google Sheets", "address", "google_sheets"),
    _Shape(r"xox[bp]-[A-Za-z0-9-]{8,}", "Slack", "token", "slack", "apiKeys.accessToken"),
    _Shape(r"xoxe\.xox[bp]-[A-Za-z0-9-]{8,}", "Slack", "token", "slack", "apiKeys.accessToken"),
    _Shape(r"xapp-[A-Za-z0-9-]{8,}", "Slack", "app token", "slack"),
    _Shape(r"SG\.[A-Za-z0-9_-]{3,}(?:\.[A-Za-z0-9_-]*)?", "SendGrid", "API key", "sendgrid", "apiKeys.apiKey"),
    _Shape(r"[1-9]\d{5,16}:[A-Za-z0-9_-]{20,}", "Telegram", "bot token", "telegram", "botToken"),
    _Shape(r"pat[A-Za-z0-9]{14}\.[A-Za-z0-9]{10,}", "Airtable", "token", "airtable", "apiKeys.accessToken"),
    _Shape(r"https://airtable\.com/app[A-Za-z0-9]{14}(?:[/?#]\S*)?", "Airtable", "address", "airtable"),
    _Shape(r"key[A-Za-z0-9]{14}", "Airtable", "API key", "airtable", "apiKeys.accessToken"),
    _Shape(r"AC[0-9a-fA-F]{32}", "Twilio", "Account SID", "twilio", "apiKeys.accountSid"),
    _Shape(r"SK[0-9a-fA-F]{32}", "Twilio", "API key", "twilio", "apiKeys.apiKeySid"),
    _Shape(r"\d{6,}-[a-z0-9]{32}\.apps\.googleusercontent\.com", "Google", "client ID", "google_sheets", "clientId"),
    _Shape(r"GOCSPX-[\w-]{10,}", "Google", "client secret", "google_sheets", "clientSecret"),
    _Shape(r"AIza[\w-]{35}", "Google", "API key"),
    _Shape(r"ya29\.[\w.-]{20,}", "Google", "access token"),
    _Shape(r"(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})", "GitHub", "token", "github"),
    _Shape(r"glpat-[\w.-]{20,}", "GitLab", "token", "gitlab"),
    _Shape(r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}", "Stripe", "secret key", "stripe"),
    _Shape(r"pk_(?:live|test)_[A-Za-z0-9]{10,}", "Stripe", "publishable key", "stripe"),
    _Shape(r"whsec_[A-Za-z0-9+/=]{10,}", "webhook", "signing secret"),
    _Shape(r"sk-ant-[\w-]{20,}", "Anthropic", "API key", "anthropic"),
    _Shape(r"sk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,}", "OpenAI", "API key", "openai"),
    _Shape(r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}", "Shopify", "token", "shopify"),
    _Shape(r"(?:ntn_|secret_)[A-Za-z0-9]{40,}", "Notion", "token", "notion"),
    _Shape(r"lin_(?:api|oauth)_[A-Za-z0-9]{20,}", "Linear", "API key", "linear"),
    _Shape(r"pat-(?:na|eu)\d-[0-9a-f-]{36}", "HubSpot", "token", "hubspot"),
    _Shape(r"key-[0-9a-f]{32}", "Mailgun", "API key", "mailgun"),
    _Shape(r"re_[A-Za-z0-9_]{20,}", "Resend", "API key", "resend"),
    _Shape(r"(?:AKIA|ASIA)[A-Z0-9]{16}", "AWS", "access key ID"),
    _Shape(r"npm_[A-Za-z0-9]{36}", "npm", "token"),
    _Shape(r"stl_[\w-]{16,}", "Streamline", "API token"),
)
# 32 hexadecimal digits are News API's keys, and many others': a guess that only helps where nothing better is known.
_WEAK = (_Shape(r"[0-9a-f]{32}", "News API", "API key", "newsapi", "apiKeys.apiKey"),)


def recognise(text: str, *, weakly: bool = False) -> Recognised | None:
    """Whose credential that is, after cleaning; None for what could be anybody's. `weakly` also guesses."""
    if len(text) > LONGEST * 4:
        return None
    value, _ = clean(text)
    if len(value) > LONGEST:
        return None
    for shape in _SHAPES + (_WEAK if weakly else ()):
        if re.fullmatch(shape.pattern, value):
            known = shape.type if shape.type in providers.PROVIDERS else None
            return Recognised(shape.service, shape.thing, known, shape.field)
    return None

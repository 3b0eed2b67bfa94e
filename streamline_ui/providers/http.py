"""Send a request to any web address.

1. Without credentials nothing is needed but a name: every request brings its own address.
2. For an API with a key, fill in its address, and the key as a header under *More keys*, such as
   `Authorization` with `Bearer …`, or `X-Api-Key`.
3. Keys are sent to that address only, never to another one.
"""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from pydantic import Field, ValidationInfo, model_validator

from streamline_ui.errors import AuthFailed, Invalid, Rejected
from streamline_ui.providers import formats, meanings, sending
from streamline_ui.providers.auth import Headers
from streamline_ui.providers.configs import Address, ApiConfig, Keys
from streamline_ui.providers.describe import Checked, Connection, Provider
from streamline_ui.providers.meanings import Meaning, Problem
from streamline_ui.providers.sending import HEADER, METHODS, OURS, Answer
from streamline_ui.providers.values import Texts

LONGEST_WORD = 60  # bytes
OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://|(?:about|blob|data|file|javascript|mailto|tel):", re.IGNORECASE)


class HttpKeys(Keys):
    """Headers by name."""


class Http(ApiConfig):
    """Nothing, or an API's address and the headers that go with every request to it."""

    base_url: Address = Field(
        None,
        title="Address of the API",
        description="Requests may then name only the rest, such as /v1/items.",
        json_schema_extra={"placeholder": "https://api.example.com", "format": "uri"},
    )
    api_keys: HttpKeys | None = Field(
        None, title="Keys", description="Sent as headers to this address only, such as Authorization or X-Api-Key"
    )

    @model_validator(mode="after")
    def _at_home(self, info: ValidationInfo) -> Http:
        """Keys without an address would go to everybody."""
        rows = self.api_keys.further if self.api_keys else {}
        if not rows:
            self.api_keys = None
        if formats.is_stored(info):
            return self
        if rows and self.base_url is None:
            raise formats.refused_at(
                "baseUrl", "Address of the API is missing: the keys are sent to this address only."
            )
        for name, value in rows.items():
            if not HEADER.fullmatch(name) or name.lower() in OURS:
                raise formats.refused_at("apiKeys", "A key's name must be a header, such as X-Api-Key.")
            if not value.isascii():
                raise formats.refused_at("apiKeys", "A key may have only letters, digits and signs without accents.")
        return self


Client = Connection[Http]

MEANINGS = (
    Meaning(
        "input",
        "The webhook at this address was removed or switched off",
        "Make a new one at the service, and use its address.",
        404,
        "no_service",
    ),
    Meaning(
        "input", "The channel behind this webhook is gone", "Make a webhook in another one.", 404, "channel_not_found"
    ),
    Meaning(
        "input",
        "The channel behind this webhook is archived",
        "Unarchive it, or make a webhook in another one.",
        410,
        "channel_is_archived",
    ),
    Meaning(
        "permission",
        "A rule of the workspace forbids posting there",
        "Ask an owner of the workspace, or make a webhook in another channel.",
        403,
        "action_prohibited",
    ),
    Meaning(
        "input",
        "The service cannot read the message",
        'Check the body: Slack\'s webhooks want JSON such as {"text": "Hello"}.',
        400,
        "invalid_payload",
    ),
)


def problem(response: httpx.Response) -> Problem:
    """The usual forms, and a single word as text, as Slack's incoming webhooks answer."""
    word = response.text.strip() if len(response.content) <= LONGEST_WORD else ""
    return Problem(word) if re.fullmatch(r"[a-z]+(_[a-z]+)+", word) else meanings.read_problem(response)


provider = Provider(
    __name__,
    name="HTTP request",
    service="The address",
    auth_type="none",
    category="Developer",
    config=Http,
    needs="No account needed",
    purpose="Send a request to any web address.",
    can=("Call any address on the web", "Call addresses inside your network that the owner has allowed"),
    docs="https://developer.mozilla.org/en-US/docs/Web/HTTP",
    icon="globe",
    aliases=("api", "rest", "webhook", "curl", "post", "get", "url", "web"),
    base_url=lambda config: config.base_url or "",
    auth=lambda config: Headers(config.api_keys.further) if config.api_keys else None,
    anywhere=True,
    problem=problem,
    meanings=MEANINGS,
)


@provider.check
async def check(client: Client) -> Checked:
    """Read the address, where there is one. Any answer but a refused key shows that it is there."""
    if not client.config.base_url:
        return Checked("", "Ready. Every request brings its own address, so there is nothing to test.", tested=False)
    host = urlsplit(client.config.base_url).hostname or ""
    try:
        await client.http.get("")
    except AuthFailed:
        raise
    except Rejected as error:
        if error.code != Rejected.code:  # it did not get there
            raise
        return Checked(host, f"{host} answers. Whether it accepts the keys shows in use.")
    return Checked(host, f"{host} answers.")


@provider.action("Send a request")
async def request(
    client: Client,
    *,
    method: Annotated[METHODS, Field(title="Method")],
    url: Annotated[str, Field(title="Address", description="https://… or, with an API's address, the rest of it")],
    headers: Annotated[Texts | None, Field(title="Headers", description="JSON: names and values")] = None,
    query: Annotated[Texts | None, Field(title="Query", description="JSON: names and values")] = None,
    body: Annotated[Any, Field(title="Body", description="JSON, or any text", json_schema_extra={"lines": 6})] = None,
) -> Answer:
    """Call an address and pass on what it answers. An answer that is an error stops the workflow."""
    given = sending.checked(headers)
    url = url.strip()
    if not url:
        raise Invalid("Address is missing.", {"url": "Address is missing."})
    is_whole = re.match(r"https?://", url, re.IGNORECASE) is not None
    if not is_whole and (not client.config.base_url or OTHER_SCHEME.match(url)):
        raise Invalid("The address must start with http:// or https://.", {"url": "It must start with https://."})
    response = await client.http.request(method, url, params=query, **sending.sent(body, given))
    return sending.answer(response)

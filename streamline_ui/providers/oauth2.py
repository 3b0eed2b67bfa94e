"""Call any API behind OAuth 2.0.

1. At the service, register an OAuth client (often called an *app*). As its redirect address, give the one that is shown
   here, exactly as it is.
2. Copy the *client ID* and the *client secret* here, with the addresses and scopes that the service's documentation
   names.
3. Press *Sign in*. The service asks you once; from then on Streamline renews the permission by itself.

For an API that a program uses for itself, choose *client credentials*: then nobody has to sign in.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, model_validator

from streamline_ui.errors import Invalid, Rejected
from streamline_ui.net import egress
from streamline_ui.providers import formats, sending
from streamline_ui.providers.configs import Address, Config
from streamline_ui.providers.describe import Checked, Connection, Provider
from streamline_ui.providers.meanings import json_of
from streamline_ui.providers.oauth import Answer as TokenAnswer
from streamline_ui.providers.oauth import OAuth, claim, shown
from streamline_ui.providers.sending import METHODS, Answer
from streamline_ui.providers.values import Texts

NAMES = ("email", "preferred_username", "login", "username", "name")


def _url(value: str | None, info: ValidationInfo) -> str | None:
    if value is None or formats.is_stored(info):
        return value
    try:
        return egress.check_url(value)
    except Invalid as error:
        raise ValueError(" ".join((error.message, *error.hints))) from None


Url = Annotated[str | None, AfterValidator(_url)]
LINK: dict[str, Any] = {"placeholder": "https://", "format": "uri"}


def _further(title: str, description: str, **shown: Any) -> Any:
    """A field that only few need."""
    return Field(None, title=title, description=description, json_schema_extra={**shown, "advanced": True})


class OAuth2(Config):
    """The client, and where it signs in and calls."""

    client_id: str = Field(title="Client ID")
    client_secret: SecretStr | None = Field(
        None,
        title="Client secret",
        description="Left out for a public client, which has none.",
        json_schema_extra={"primary": True},
    )
    grant_type: Literal["authorization_code", "client_credentials"] = Field(
        "authorization_code",
        title="Who signs in",
        json_schema_extra={
            "choices": {
                "authorization_code": "A person, in the browser",
                "client_credentials": "Nobody: the client for itself (client credentials)",
            }
        },
    )
    authorize_url: Url = Field(
        None,
        title="Authorize address",
        json_schema_extra={**LINK, "primary": True},
        description="Where people sign in.",
    )
    token_url: Annotated[str, AfterValidator(_url)] = Field(title="Token address", json_schema_extra=LINK)
    api_base_url: Annotated[Address, Field(default=...)] = Field(
        title="Address of the API",
        description="Tokens are sent to this address only.",
        json_schema_extra={"placeholder": "https://api.example.com/v1", "format": "uri"},
    )
    scopes: str = Field(
        "",
        title="Scopes",
        description="What to ask for, with spaces between, as the service writes them.",
        json_schema_extra={"primary": True},
    )
    check_path: str | None = _further(
        "Address for the test",
        "Something harmless to read, such as /me. Without it, the test only looks at the sign-in.",
        placeholder="/me",
    )
    revoke_url: Url = _further(
        "Revoke address", "Where the permission is given back once the connection is removed (RFC 7009).", **LINK
    )
    extra_parameters: str | None = _further(
        "Further parameters of the sign-in", "Such as access_type=offline&prompt=consent."
    )
    client_auth: Literal["form", "header"] = Field(
        "form",
        title="Client secret is sent in",
        json_schema_extra={"advanced": True, "choices": {"form": "The form", "header": "The Authorization header"}},
    )

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> OAuth2:
        if formats.is_stored(info):
            return self
        if self.grant_type == "authorization_code" and not self.authorize_url:
            raise formats.refused_at("authorizeUrl", "Authorize address is missing.")
        if self.grant_type == "client_credentials" and self.client_secret is None:
            raise formats.refused_at("clientSecret", "Client secret is missing: a client for itself needs one.")
        return self


Client = Connection[OAuth2]


def _account(answer: TokenAnswer) -> str:
    return claim(answer, "email") or claim(answer, "preferred_username") or claim(answer, "name")


def _oauth(config: OAuth2) -> OAuth:
    is_person = config.grant_type == "authorization_code"
    return OAuth(
        (config.authorize_url or "") if is_person else "",
        config.token_url,
        config.client_id,
        config.client_secret,
        scopes=tuple(re.split(r"[ ,]+", config.scopes.strip())) if config.scopes.strip() else (),
        separator="," if "," in config.scopes else " ",
        extra=dict(parse_qsl((config.extra_parameters or "").lstrip("?&"))),
        basic=config.client_auth == "header",
        account=_account,
        revoke_url=config.revoke_url or "",
    )


provider = Provider(
    __name__,
    name="OAuth 2.0 API",
    auth_type="oauth2",
    category="Developer",
    config=OAuth2,
    needs="OAuth client",
    purpose="Call any API that people sign in to with OAuth 2.0.",
    can=("Send requests to the API as whoever has signed in", "Renew the permission before it ends"),
    docs="https://oauth.net/2/",
    icon="key-round",
    aliases=("oauth", "oauth2", "openid", "oidc", "api", "sign in", "client credentials", "bearer", "rest"),
    base_url=lambda config: config.api_base_url or "",
    oauth=_oauth,
    sign_in="the service",
    service="The service",
)


@provider.check
async def check(client: Client) -> Checked:
    """Read the address for the test, where there is one; that somebody has signed in was looked at before."""
    host = urlsplit(client.config.api_base_url or "").hostname or ""
    if not client.config.check_path:
        await client.desk.access_token(provider, client.config, None)
        return Checked("", f"Signed in for {host}.")
    response = await client.http.get(_path(client.config.check_path))
    if re.match(r"\s*<(?:!doctype html|html)", response.text[:1000], re.IGNORECASE):
        raise Rejected(
            f"{host} answers with a web page, which no API does.",
            hints=["Check the address of the API and the address for the test: often /api or a version is missing."],
        )
    body = json_of(response)
    names = (shown(body.get(name)) for name in NAMES) if isinstance(body, dict) else ()
    return Checked(next(filter(None, names), ""), f"{host} answers, and takes the sign-in.")


@provider.action("Send a request", trial={"method": "GET"})
async def request(
    client: Client,
    *,
    method: Annotated[METHODS, Field(title="Method")],
    path: Annotated[str, Field(title="Path", description="What follows the address of the API, such as /items")],
    headers: Annotated[Texts | None, Field(title="Headers", description="JSON: names and values")] = None,
    query: Annotated[Texts | None, Field(title="Query", description="JSON: names and values")] = None,
    body: Annotated[Any, Field(title="Body", description="JSON, or any text", json_schema_extra={"lines": 6})] = None,
) -> Answer:
    """Call the API as whoever has signed in, and pass on what it answers. An error answer stops the workflow."""
    given = sending.checked(headers)
    if any(name.lower() == "authorization" for name in given):
        raise Invalid("A header cannot be sent.", {"headers": "Authorization is what the sign-in puts there."})
    response = await client.http.request(method, _path(path), params=query, **sending.sent(body, given))
    return sending.answer(response)


def _path(text: str) -> str:
    """A path below the API's own address: anything that could lead elsewhere is refused."""
    path = text.strip()
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]{2}", path) or "\\" in path:
        sentence = "Only the rest of the address belongs here, such as /items: tokens go to the API's own address only."
        raise Invalid(sentence, {"path": sentence})
    return path if path.startswith("/") or not path else f"/{path}"

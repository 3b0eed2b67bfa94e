"""How Slack is connected: with a token, or by signing in with OAuth 2.0, whose refusals come with 200 here."""

from __future__ import annotations

from typing import Annotated

import httpx
from pydantic import Field, SecretStr, ValidationInfo, model_validator

from streamline_ui.providers import formats, slack_facts
from streamline_ui.providers.configs import Address, ApiConfig, Keys
from streamline_ui.providers.formats import Format
from streamline_ui.providers.meanings import json_of
from streamline_ui.providers.oauth import Answer, OAuth, shown
from streamline_ui.providers.signatures import Signs

SCOPES = ("chat:write", "channels:read", "reactions:write")
CODES = {
    "invalid_code": "invalid_grant",
    "code_already_used": "invalid_grant",
    "code_expired": "invalid_grant",
    "invalid_refresh_token": "invalid_grant",
    "token_revoked": "invalid_grant",
    "token_expired": "invalid_grant",
    "invalid_client_id": "invalid_client",
    "bad_client_secret": "invalid_client",
    "bad_redirect_uri": "redirect_uri_mismatch",
    "fatal_error": "server_error",
    "internal_error": "server_error",
}


TOKEN = Format(
    r"xox[bp]-[A-Za-z0-9-]{8,}|xoxe\.xox[bp]-[A-Za-z0-9-]{8,}",
    usual=r"xoxb-\d{10,13}-\d{10,13}-?[A-Za-z0-9-]{10,}|xoxp(?:-\d{10,13}){3}-[A-Za-z0-9-]{28,34}"
    r"|xoxe\.xox[bp]-\d-[A-Za-z0-9]{100,}",
    says=slack_facts.not_a_token,
    like="xoxb-…",
    warns="A Slack bot token usually has two long numbers after xoxb-, then letters. Check that nothing is cut off.",
)
SIGNING = Format(
    r"\S+",
    usual=r"[0-9a-f]{32}",
    says="There is a space inside. Copy the signing secret again.",
    warns="A Slack signing secret usually has 32 characters, 0 to 9 and a to f. Check that nothing is cut off.",
)


class SlackKeys(Keys):
    """The token of an app that is installed in a workspace."""

    access_token: Annotated[SecretStr | None, TOKEN] = Field(
        None,
        title="Bot token",
        description="OAuth & Permissions › Bot User OAuth Token",
        json_schema_extra={"placeholder": "xoxb-…", "primary": True},
    )


class Slack(ApiConfig):
    """What the connect dialog asks for."""

    api_keys: SlackKeys = Field(title="Keys")
    client_id: str | None = Field(
        None,
        title="Client ID",
        description="To sign in instead of pasting a token: Basic Information › App Credentials",
        json_schema_extra={"advanced": True},
    )
    client_secret: SecretStr | None = Field(
        None, title="Client secret", description="Beside the client ID", json_schema_extra={"advanced": True}
    )
    signing_secret: Annotated[SecretStr | None, SIGNING, Signs("slack")] = Field(
        None,
        title="Signing secret",
        description="To receive events: Basic Information › App Credentials › Signing Secret",
        json_schema_extra={"advanced": True},
    )
    oauth_base_url: Address = Field(
        None,
        title="Sign-in address",
        description="Only for another server with the same sign-in, such as the sandbox.",
        json_schema_extra={"advanced": True, "placeholder": "https://", "format": "uri"},
    )

    @model_validator(mode="after")
    def _token_or_client(self, info: ValidationInfo) -> Slack:
        if formats.is_stored(info) or self.api_keys.access_token or (self.client_id and self.client_secret):
            return self
        if self.client_id or self.client_secret:
            field, title = ("clientSecret", "Client secret") if self.client_id else ("clientId", "Client ID")
            raise formats.refused_at(field, f"{title} is missing: signing in needs both.")
        raise formats.refused_at("apiKeys.accessToken", "Bot token is missing.")

    def more_doubts(self) -> dict[str, str]:
        """A token that rotates is good for half a day."""
        found = super().more_doubts()
        keys: SlackKeys | None = self.__dict__.get("api_keys")  # not there while a form is being filled in
        token = keys.access_token if keys is not None else None
        if token is not None and token.get_secret_value().startswith("xoxe."):
            found["apiKeys.accessToken"] = (
                "This token is valid for 12 hours only. Leave token rotation off in your app to get one that lasts."
            )
        return found


def described(config: Slack) -> OAuth | None:
    """How an app of the user's own is installed by signing in; a token of one's own needs no sign-in.

    Tokens rotate where the app says so.
    """
    if not config.client_id or config.api_keys.access_token:
        return None
    return OAuth(
        "https://slack.com/oauth/v2/authorize",
        "https://slack.com/api/oauth.v2.access",
        config.client_id,
        config.client_secret,
        scopes=SCOPES,
        needed={"chat:write": "writing messages"},
        separator=",",
        codes=CODES,
        account=_account,
        is_expired=_is_expired,
        ended="Install the app in the workspace again by signing in.",
        revoke_url="https://slack.com/api/auth.revoke",
        revokes_access=True,
    ).moved(config.oauth_base_url)


def _account(answer: Answer) -> str:
    team = answer.get("team")
    return shown(team.get("name")) if isinstance(team, dict) else ""


def _is_expired(response: httpx.Response) -> bool:
    """Also where it was revoked: then there is no newer one, and somebody has to sign in again."""
    body = json_of(response)
    return isinstance(body, dict) and body.get("error") in ("token_expired", "token_revoked")

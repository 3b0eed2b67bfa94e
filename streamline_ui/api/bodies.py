"""What may come in: the bodies of requests. Nothing is converted (a number is no text), nothing unknown taken."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Body(BaseModel):
    """The base of all bodies."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", strict=True, hide_input_in_errors=True, validate_by_name=False
    )


def _time(value: object) -> datetime:
    """A time from its text; numbers are not taken for one."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None:
            return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("time_text", "This is no time.")


Email = Annotated[str, Field(max_length=254, examples=["alice@example.com"])]
Password = Annotated[SecretStr, Field(max_length=1000, examples=["quiet-river-paper-lamp"])]
Name = Annotated[str, Field(max_length=100)]
Time = Annotated[AwareDatetime, BeforeValidator(_time)]
Config = Annotated[
    dict[str, Any],
    Field(
        max_length=200,
        description="As the service's own form has it; see GET /api/providers.",
        examples=[{"webhookUrl": "https://discord.com/api/webhooks/…"}],
    ),
]


class FirstAccount(Body):
    """The first account of a new installation."""

    email: Email
    password: Password
    name: Name = ""
    setup_token: Annotated[str, Field(max_length=1000)] | None = None


class SignIn(Body):
    """Who signs in."""

    email: Email
    password: Password


class MeChange(Body):
    """What users change about themselves. A new password needs the current one."""

    name: Name | None = None
    theme: Literal["system", "light", "dark"] | None = None
    password: Password | None = None
    current_password: Password | None = None


class NewToken(Body):
    """A personal token to be made."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["backup script"])]
    scopes: Annotated[list[Literal["read", "write"]], Field(min_length=1, max_length=2)] = ["read", "write"]
    expires_at: Time | None = None


class NewUser(Body):
    """An account to be made."""

    email: Email
    password: Password
    name: Name = ""
    is_admin: bool = False


class UserChange(Body):
    """What an admin changes about an account."""

    name: Name | None = None
    is_admin: bool | None = None
    is_active: bool | None = None
    password: Password | None = None


class NewIntegration(Body):
    """A connection to a service, to be made."""

    type: Annotated[str, Field(max_length=50, examples=["discord"])]
    name: Annotated[str, Field(max_length=100, examples=["Production Alerts"])]
    config: Config
    is_active: bool = True


class IntegrationChange(Body):
    """What changes about a connection. Secrets that are left out of `config` stay as they are."""

    name: Name | None = None
    config: Config | None = None
    is_active: bool | None = None


class NewKey(Body):
    """A key to be kept apart. It takes the place of one of the same name."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["apiKey"])]
    value: Annotated[SecretStr, Field(max_length=8000)]
    expires_at: Time | None = None


class Trial(Body):
    """A configuration to be tried, which is not saved."""

    type: Annotated[str, Field(max_length=50, examples=["discord"])]
    config: Config


class Choosing(Body):
    """For which parameter of an action or an event something is to be chosen, and what is filled in already."""

    action: Annotated[str, Field(max_length=100, examples=["list_records"])] | None = None
    event: Annotated[str, Field(max_length=100, examples=["record_created"])] | None = None
    field: Annotated[str, Field(max_length=100, examples=["table"])]
    values: Annotated[dict[str, Any], Field(max_length=200, examples=[{"baseId": "appAbCdEfGhIjKlMn"}])] = {}
    q: Annotated[str, Field(max_length=200, description="Words to search for.")] | None = None


class Performance(Body):
    """What an action works with."""

    params: Annotated[dict[str, Any], Field(max_length=200)] = {}

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, body: Any) -> Any:
        """The parameters may also be the body itself: no action has one called `params`."""
        return {"params": body} if isinstance(body, dict) and set(body) != {"params"} else body

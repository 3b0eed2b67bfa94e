"""What starts a workflow, as JSON describes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

Scheme = Literal[
    "none",
    "standard_webhooks",
    "github",
    "stripe",
    "slack",
    "twilio",
    "telegram",
    "discord",
    "shopify",
    "sendgrid",
    "linear",
    "gitlab",
    "notion",
    "hubspot",
    "airtable",
    "hmac",
    "header",
    "basic",
]


class Part(BaseModel):
    """A part of a definition: strict, camelCase, nothing that nobody knows."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
    )


class Held(Part):
    """Stands where a secret is, but is not told: it is kept sealed beside the definition. `hint` is its end."""

    set: Literal[True]
    hint: Annotated[str, Field(max_length=20)] = ""


class Verification(Part):
    """How to know that a request comes from whom it says.

    `header` is the header of the schemes `hmac` and `header`; the rest of `hmac` says how the signature is written.
    """

    scheme: Scheme = "none"
    secret: Annotated[SecretStr, Field(max_length=4000)] | Held | None = None
    header: Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9-]*$")] = ""
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: Annotated[str, Field(max_length=40)] = ""
    username: Annotated[str, Field(max_length=200)] = ""


class WebhookTrigger(Part):
    """A request to the workflow's own address. `events` names the sender's that count; none named, all do.

    `allowedAddresses` are those that requests may come from, single ones or networks (`203.0.113.7`, `203.0.113.0/24`,
    `2001:db8::/32`); with none, all may. Others get 403 and leave a request with the verdict `not_allowed`. Behind a
    reverse proxy that is trusted, the address counts that it names in `X-Forwarded-For`.

    `duplicates` says what becomes of a delivery that its sender repeats, known by the sender's own id for seven days:
    with `delivery_id` it is taken once and answered with 202 each time, with `off` it starts the workflow each time.
    """

    type: Literal["webhook"]
    verification: Verification = Verification()
    events: Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=50)] = []
    response: Literal["immediately", "last_step"] = "immediately"
    allowed_addresses: Annotated[list[Annotated[str, Field(min_length=1, max_length=60)]], Field(max_length=100)] = []
    duplicates: Literal["delivery_id", "off"] = "delivery_id"


class IntegrationTrigger(Part):
    """An event that an integration tells about.

    `params` say what is listened to ("which table?"), as the event's feed asks for it. `backlog` is what becomes of
    events that wait already when the workflow begins to listen.
    """

    type: Literal["integration"]
    integration_id: Annotated[str, Field(max_length=100)] = ""
    event: Annotated[str, Field(max_length=100)] = ""
    params: dict[str, Any] = Field(default_factory=dict)
    backlog: Literal["skip", "process"] = "skip"


class ScheduleTrigger(Part):
    """A point in time, see `cron`: 5 fields, or 6 with seconds in front, so that `* * * * * *` runs every second."""

    type: Literal["schedule"]
    cron: Annotated[str, Field(max_length=300)] = ""
    timezone: Annotated[str, Field(max_length=100)] = "UTC"


class ManualTrigger(Part):
    """Somebody presses *Run*, or REST does."""

    type: Literal["manual"]


class FailureTrigger(Part):
    """Another workflow, or an integration, failed."""

    type: Literal["failure"]


Trigger = Annotated[
    WebhookTrigger | IntegrationTrigger | ScheduleTrigger | ManualTrigger | FailureTrigger, Field(discriminator="type")
]

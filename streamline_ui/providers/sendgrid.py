"""Send e-mail through SendGrid.

1. In SendGrid, open *Settings › API Keys* and press *Create API Key*.
2. Choose *Restricted Access* and allow *Mail Send*. Nothing else is needed.
3. Copy the key at once, SendGrid shows it only this time, and paste it here.
4. The sender must be verified under *Settings › Sender Authentication*.
"""

from __future__ import annotations

import re
import time
from email.utils import getaddresses, parsedate_to_datetime
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, BeforeValidator, Field, SecretStr

from streamline_ui.errors import Invalid, Rejected
from streamline_ui.providers import answers, sender_events
from streamline_ui.providers.auth import Bearer
from streamline_ui.providers.configs import ApiConfig, Keys
from streamline_ui.providers.describe import Checked, Connection, Entered, Provider, Result, Trigger
from streamline_ui.providers.formats import EMAIL, Format
from streamline_ui.providers.meanings import Meaning, Problem, json_of, retry_after
from streamline_ui.providers.signatures import Signs

ROOT = "https://api.sendgrid.com"
MOST_RECIPIENTS = 1000
KEY = Format(
    r"SG\.[A-Za-z0-9._=-]{3,}",
    usual=r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    says="SendGrid keys start with “SG.” and have two dots. Did you copy the key's name instead?",
    like="SG.…",
    warns="A SendGrid key usually has 69 characters. Check that nothing is cut off.",
)


class SendGridKeys(Keys):
    """The key, and the address that mail is sent from."""

    api_key: Annotated[SecretStr, KEY] = Field(
        title="API key", description="Settings › API Keys › Create API Key", json_schema_extra={"placeholder": "SG.…"}
    )
    from_email: Annotated[str | None, EMAIL] = Field(
        None,
        title="Sender address",
        description="Verified in SendGrid under Sender Authentication",
        json_schema_extra={"placeholder": "noreply@example.com", "format": "email"},
    )
    from_name: Annotated[str | None, Field(max_length=100)] = Field(
        None, title="Sender name", json_schema_extra={"advanced": True}
    )


class SendGrid(ApiConfig):
    """What the connect dialog asks for."""

    api_keys: SendGridKeys = Field(title="Keys")
    verification_key: Annotated[SecretStr | None, Signs("sendgrid")] = Field(
        None,
        title="Verification key",
        description="To receive events: the public key below Signature Verification of the Event Webhook",
        json_schema_extra={"advanced": True, "placeholder": "MFkw…"},
    )

    def more_doubts(self) -> dict[str, str]:
        """Without a sender every step has to name its own."""
        found = super().more_doubts()
        keys: SendGridKeys | None = self.__dict__.get("api_keys")  # not there while a form is being filled in
        if keys is not None and keys.from_email is None:
            found["apiKeys.fromEmail"] = "Without a sender address, every e-mail has to name its own."
        return found


Account = Connection[SendGrid]


class Scopes(BaseModel):
    """What a key may do."""

    scopes: list[str]


class Accepted(Result):
    """SendGrid has taken the mail; whether it is delivered shows later."""

    message_id: str
    to: list[str]


def read_problem(response: httpx.Response) -> Problem:
    """{"errors": [{"message", "field", "help"}]}: the first of them."""
    body = json_of(response)
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else {}
    if not isinstance(first, dict):
        return Problem("", str(first)[:500])
    field = str(first.get("field") or "")
    about = f"the field “{field}”" if re.fullmatch(r"[\w.\[\]-]{1,60}", field) else ""
    return Problem("", str(first.get("message", ""))[:500], about)


def read_wait(response: httpx.Response) -> float | None:
    """Seconds until the moment in `X-RateLimit-Reset`, by the service's own clock where it tells the time."""
    moment = response.headers.get("x-ratelimit-reset", "")
    if not re.fullmatch(r"\d{9,11}", moment):
        return retry_after(response)
    try:
        now = parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError):
        now = time.time()
    return max(1.0, float(moment) - now)


MEANINGS = (
    Meaning(
        "quota",
        "The e-mails of your SendGrid plan are used up",
        "The key is fine. Wait for the next period, or choose a larger plan.",
        401,
        text="credits",
    ),
    Meaning(
        "auth",
        "SendGrid refused the key",
        "It was deleted or copied incompletely; SendGrid shows a key only once. Create a new one.",
        401,
    ),
    Meaning(
        "permission",
        "SendGrid does not know this sender",
        "Verify it in SendGrid under Settings › Sender Authentication.",
        403,
        text="from address|sender identity",
    ),
    Meaning(
        "permission",
        "The key works but may not do this",
        "Edit it in SendGrid and allow Mail Send.",
        403,
    ),
    Meaning("input", "SendGrid does not accept {about}", "Check what was filled in there.", 400),
    Meaning("rate_limit", "SendGrid asks us to wait {wait}", "Nothing is lost; Streamline continues by itself.", 429),
    Meaning("input", "The mail is larger than SendGrid allows", "It may have 30 MB, attachments included.", 413),
)


def base_url(config: SendGrid) -> str:
    """The API's root; the version is added to each call, so an address that ends in it will do as well."""
    return (config.base_url or ROOT).removesuffix("/v3")


provider = Provider(
    __name__,
    name="SendGrid Email",
    service="SendGrid",
    auth_type="api",
    category="Email and SMS",
    config=SendGrid,
    needs="API key",
    purpose="Send e-mail.",
    can=("Send e-mail from your verified sender",),
    docs="https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send",
    console="https://app.sendgrid.com/settings/api_keys",
    brand="sendgrid",
    aliases=("mail", "email", "e-mail", "smtp", "newsletter"),
    base_url=base_url,
    auth=lambda config: Bearer(config.api_keys.api_key),
    problem=read_problem,
    wait=read_wait,
    meanings=MEANINGS,
    triggers=tuple(
        Trigger(each.event, each.title, each.body[0], others="any") for each in sender_events.of("sendgrid")
    ),
    entered=Entered(
        "sendgrid",
        "verificationKey",
        lambda config: config.verification_key,
        "In SendGrid, open Settings › Mail Settings › Event Webhooks, add one with this address as Post URL, and turn "
        "its Signature Verification on.",
        event_id="sg_event_id",
    ),
)


@provider.check
async def check(account: Account) -> Checked:
    """Ask what the key may do; that sends nothing."""
    scopes = answers.read(await account.http.get("v3/scopes"), Scopes, provider.service).scopes
    if "mail.send" not in scopes:
        raise Rejected(
            "The key works but may not send mail (the scope mail.send is missing).",
            hints=["Edit it in SendGrid and allow Mail Send."],
        )
    sender = account.config.api_keys.from_email or ""
    note = "" if sender else " No sender address is set, so every e-mail has to name its own."
    return Checked(sender, f"Connected. The key may send mail.{note}")


def _joined(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value


Recipients = Annotated[str, BeforeValidator(_joined)]
LINE = Field(title="Subject", min_length=1, max_length=998, pattern=r"^[^\x00-\x1f\x7f]*$")


@provider.action(
    "Send an e-mail",
    trial={"subject": "Hello from Streamline", "text": "This connection works."},
)
async def send_email(
    account: Account,
    *,
    to: Annotated[Recipients, Field(title="To", description="Several addresses with commas between them")],
    subject: Annotated[str, LINE],
    text: Annotated[str | None, Field(title="Text", max_length=500_000, json_schema_extra={"lines": 8})] = None,
    html: Annotated[
        str | None, Field(title="HTML", max_length=500_000, json_schema_extra={"lines": 8, "advanced": True})
    ] = None,
    sender: Annotated[
        str | None, Field(alias="from", title="From", description="Only to replace the connection's sender address")
    ] = None,
    reply_to: Annotated[str | None, Field(title="Answers go to")] = None,
) -> Accepted:
    """Send an e-mail to one or more people, who see each other's addresses."""
    content = [{"type": kind, "value": value} for kind, value in (("text/plain", text), ("text/html", html)) if value]
    if not content:
        raise Invalid("Text is missing.", {"text": "Text is missing."})
    recipients = addresses("to", to)
    body: dict[str, Any] = {
        "personalizations": [{"to": recipients}],
        "from": _sender(account.config.api_keys, sender),
        "subject": subject,
        "content": content,
    }
    if reply_to:
        body["reply_to"] = one_address("replyTo", reply_to)
    response = await account.http.post("v3/mail/send", json=body)
    if response.status_code != httpx.codes.ACCEPTED or response.content.strip():
        raise answers.strange(response, provider.service)  # whoever this is, no mail was taken on
    return Accepted(message_id=response.headers.get("x-message-id", ""), to=[each["email"] for each in recipients])


def _sender(keys: SendGridKeys, other: str | None) -> dict[str, str]:
    if other:
        return one_address("from", other)
    if keys.from_email is None:
        raise Invalid("From is missing.", {"from": "From is missing: the connection has no sender address."})
    return {"email": keys.from_email, **({"name": keys.from_name} if keys.from_name else {})}


def addresses(field: str, text: str) -> list[dict[str, str]]:
    """`Ann <ann@example.com>, bob@example.com` as SendGrid wants it, each address once. Raises Invalid."""
    found: dict[str, dict[str, str]] = {}
    for name, address in getaddresses([text.replace(";", ",")]):
        if not re.fullmatch(EMAIL.accept, address) or re.search(r"[\x00-\x1f\x7f]", text):
            found.clear()
            break
        found.setdefault(address.lower(), {"email": address, **({"name": name} if name else {})})
    if not found or len(found) > MOST_RECIPIENTS:
        sentence = f"This is no list of at most {MOST_RECIPIENTS} e-mail addresses." if found else str(EMAIL.says)
        raise Invalid(sentence, {field: sentence})
    return list(found.values())


def one_address(field: str, text: str) -> dict[str, str]:
    """Exactly one address. Raises Invalid."""
    found = addresses(field, text)
    if len(found) != 1:
        raise Invalid(str(EMAIL.says), {field: str(EMAIL.says)})
    return found[0]

"""Send SMS and make calls through Twilio.

1. Open the *Twilio Console*. On its first page, *Account Info* shows the Account SID and the Auth Token.
2. Copy both and paste them here. They belong together.
3. Under *Phone Numbers › Active numbers*, copy the number to send from, with its + in front.
4. A trial account can reach only numbers that are listed under *Verified Caller IDs*.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationInfo, model_validator

from streamline_ui.errors import Invalid, Rejected
from streamline_ui.providers import answers, formats, texts, twilio_facts
from streamline_ui.providers.configs import ApiConfig, Keys
from streamline_ui.providers.describe import Checked, Connection, Provider, Result
from streamline_ui.providers.formats import Format
from streamline_ui.providers.phones import PHONE, Phone, Sender

ROOT = "https://api.twilio.com"
VERSION = "/2010-04-01"
LIMIT = 1600
ACCOUNT = Format(
    r"AC[0-9a-fA-F]{32}",
    usual=r"AC[0-9a-f]{32}",
    says="The Account SID starts with “AC” and has 34 characters. The Twilio Console shows it under Account Info.",
    like="AC0a0a…",
    warns="An Account SID usually has small letters only. Check that nothing is mistyped.",
)
TOKEN = Format(
    r"[A-Za-z0-9]{16,64}",
    usual=r"[0-9a-f]{32}",
    says="The Auth Token is 32 letters and digits. The Twilio Console shows it below the Account SID.",
    warns="An Auth Token usually has 32 characters. Check that nothing is cut off.",
)
KEY = Format(
    r"SK[0-9a-fA-F]{32}",
    usual=r"SK[0-9a-f]{32}",
    says="The SID of a Twilio API key starts with “SK” and has 34 characters.",
    like="SK0a0a…",
)


class TwilioKeys(Keys):
    """The account, what opens it, and the number that it sends from."""

    account_sid: Annotated[SecretStr, ACCOUNT] = Field(
        title="Account SID",
        description="Twilio Console › Account Info",
        json_schema_extra={"placeholder": "AC…"},
    )
    auth_token: Annotated[SecretStr | None, TOKEN] = Field(
        None,
        title="Auth Token",
        description="Twilio Console › Account Info, below the Account SID",
        json_schema_extra={"primary": True},
    )
    from_number: Sender = Field(
        None,
        title="From number",
        description="A number of this account, with + and the country code",
        json_schema_extra={"placeholder": "+15551230000", "primary": True},
    )
    api_key_sid: Annotated[SecretStr | None, KEY] = Field(
        None,
        title="API key SID",
        description="Instead of the Auth Token: an API key and its secret",
        json_schema_extra={"placeholder": "SK…", "advanced": True},
    )
    api_key_secret: SecretStr | None = Field(None, title="API key secret", json_schema_extra={"advanced": True})

    @model_validator(mode="after")
    def _one_way_in(self, info: ValidationInfo) -> TwilioKeys:
        """The Auth Token, or an API key with its secret."""
        if formats.is_stored(info):
            return self
        if (self.api_key_sid is None) != (self.api_key_secret is None):
            missing = "apiKeySid" if self.api_key_sid is None else "apiKeySecret"
            raise formats.refused_at(missing, "An API key has a SID and a secret: both are needed.")
        if self.auth_token is None and self.api_key_sid is None:
            raise formats.refused_at("authToken", "Auth Token is missing.")
        return self


class Twilio(ApiConfig):
    """What the connect dialog asks for."""

    api_keys: TwilioKeys = Field(title="Keys")

    def more_doubts(self) -> dict[str, str]:
        """Without a number every step has to name its own."""
        found = super().more_doubts()
        keys: TwilioKeys | None = self.__dict__.get("api_keys")  # not there while a form is being filled in
        if keys is not None and keys.from_number is None:
            found["apiKeys.fromNumber"] = "Without a number to send from, every SMS and every call has to name its own."
        return found


Account = Connection[Twilio]


class Profile(BaseModel):
    """Of an account only what may be shown: Twilio's answer also has the Auth Token in it."""

    sid: str
    friendly_name: str = ""
    status: str
    type: str = ""


class Listed(BaseModel):
    """A list of messages, of which only matters that it was given."""

    messages: list[Any]


class Queued(BaseModel):
    """What Twilio has taken on."""

    sid: str
    status: str = "queued"
    to: str = ""
    num_segments: str | None = None


class Sent(Result):
    """Twilio has queued the SMS; whether it arrives shows later. `segments` is what it is paid as."""

    sid: str
    status: str
    to: str
    segments: int


class Called(Result):
    """Twilio has queued the call."""

    sid: str
    status: str
    to: str


def base_url(config: Twilio) -> str:
    """The API's root with its version, whether or not the address has it."""
    return (config.base_url or ROOT).removesuffix(VERSION) + VERSION


def _auth(config: Twilio) -> httpx.Auth:
    keys = config.api_keys
    user, secret = keys.account_sid, keys.auth_token
    if keys.api_key_sid is not None and keys.api_key_secret is not None:
        user, secret = keys.api_key_sid, keys.api_key_secret
    return httpx.BasicAuth(user.get_secret_value(), secret.get_secret_value() if secret else "")


provider = Provider(
    __name__,
    name="Twilio",
    auth_type="api",
    category="Email and SMS",
    config=Twilio,
    needs="Account SID and token",
    purpose="Send SMS and make calls.",
    can=("Send SMS from your number", "Call somebody, and read a text out or run TwiML"),
    docs="https://www.twilio.com/docs/messaging/api/message-resource",
    console="https://console.twilio.com",
    brand="twilio",
    aliases=("sms", "text message", "call", "phone", "voice", "whatsapp"),
    base_url=base_url,
    auth=_auth,
    meanings=twilio_facts.MEANINGS,
    triggers=twilio_facts.TRIGGERS,
    entered=twilio_facts.ENTERED,
)


@provider.check
async def check(account: Account) -> Checked:
    """Read the account. An API key may not do that: it is tried on the list of messages instead."""
    keys = account.config.api_keys
    try:
        response = await account.http.get(f"{_path(account)}.json")
        profile = answers.read(response, Profile, provider.service)
    except Rejected:
        if keys.api_key_sid is None:
            raise
        listed = await account.http.get(f"{_path(account)}/Messages.json", params={"PageSize": "1"})
        answers.read(listed, Listed, provider.service)
        return Checked(_note(keys, "API key"), "Connected with an API key.")
    if profile.sid.lower() != keys.account_sid.get_secret_value().lower():
        raise answers.strange(response, provider.service)
    if profile.status != "active":
        raise Rejected(
            f"The Twilio account is {'suspended' if profile.status == 'suspended' else 'closed'}.",
            hints=["Open the Twilio Console: it says why, and what to do."],
        )
    name = profile.friendly_name[:100] or "the account"
    trial = " It is a trial account, which reaches verified numbers only." if profile.type == "Trial" else ""
    return Checked(_note(keys, name), f"Connected to {name}.{trial}")


@provider.action("Send an SMS", trial={"body": "Hello from Streamline. This connection works."})
async def send_sms(
    account: Account,
    *,
    to: Annotated[Phone, Field(title="To", description="With + and the country code")],
    body: Annotated[
        str,
        Field(
            title="Message",
            description="At most 1600 characters. Each 160 are paid as one SMS, each 70 with emoji or other scripts.",
            json_schema_extra={"lines": 4},
        ),
    ],
    sender: Annotated[
        Sender, Field(alias="from", title="From", description="Only to replace the connection's number")
    ] = None,
) -> Sent:
    """Send a text message to one person."""
    if not body.strip():
        raise Invalid("Message is missing.", {"body": "Message is missing."})
    if (length := texts.length(body)) > LIMIT:
        sentence = f"An SMS may have at most {LIMIT} characters, and this has {length}."
        raise Invalid(sentence, {"body": sentence}, hints=["Shorten it, or send it in two steps."])
    who = _sender(account.config.api_keys, sender)
    values = {"To": to, "Body": body, "MessagingServiceSid" if who.startswith("MG") else "From": who}
    sms = await _create(account, "Messages", values)
    told = sms.num_segments or ""
    count = int(told) if re.fullmatch(r"[1-9]\d{0,3}", told) else twilio_facts.segments(body)
    return Sent(sid=sms.sid, status=sms.status, to=sms.to or to, segments=count)


@provider.action("Make a call", trial={"twiml": "Hello from Streamline. This connection works."})
async def make_call(
    account: Account,
    *,
    to: Annotated[Phone, Field(title="To", description="With + and the country code")],
    twiml: Annotated[
        str | None,
        Field(
            title="Text or TwiML",
            description="What is read out, or TwiML that begins with <Response>",
            json_schema_extra={"lines": 4, "primary": True},
        ),
    ] = None,
    url: Annotated[
        str | None, Field(title="Address of TwiML", description="Instead of a text", max_length=2000)
    ] = None,
    sender: Annotated[
        Sender, Field(alias="from", title="From", description="Only to replace the connection's number")
    ] = None,
) -> Called:
    """Call somebody and read a text out, or do what TwiML says."""
    if (twiml is None) == (url is None):
        sentence = "Give a text or an address, not both." if twiml else "Text or TwiML is missing."
        raise Invalid(sentence, {"url" if twiml else "twiml": sentence})
    values = {"To": to, "From": _sender(account.config.api_keys, sender)}
    if not re.fullmatch(PHONE.accept, values["From"]):
        sentence = "A call needs a phone number to call from, such as +15551230000."
        raise Invalid(sentence, {"from": sentence})
    if twiml is not None:
        try:
            values["Twiml"] = twilio_facts.as_twiml(twiml)
        except ValueError as error:
            raise Invalid(str(error), {"twiml": str(error)}) from None
    elif not re.fullmatch(r"https?://\S+", str(url)):
        sentence = "This is not an address. It starts with https://."
        raise Invalid(sentence, {"url": sentence})
    else:
        values["Url"] = str(url)
    call = await _create(account, "Calls", values)
    return Called(sid=call.sid, status=call.status, to=call.to or to)


async def _create(account: Account, what: str, values: dict[str, str]) -> Queued:
    """Twilio takes forms only, in which + is %2B."""
    response = await account.http.post(f"{_path(account)}/{what}.json", data=values)
    return answers.read(response, Queued, provider.service)


def _path(account: Account) -> str:
    return f"Accounts/{account.config.api_keys.account_sid.get_secret_value()}"


def _sender(keys: TwilioKeys, other: str | None) -> str:
    found = other or keys.from_number
    if found is None:
        raise Invalid("From is missing.", {"from": "From is missing: the connection has no number to send from."})
    return found


def _note(keys: TwilioKeys, name: str) -> str:
    return f"{name} · {keys.from_number}" if keys.from_number else name

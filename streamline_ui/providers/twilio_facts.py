"""What Twilio's errors mean, how it counts a text, and what it sends to webhooks."""

from __future__ import annotations

from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from streamline_ui.providers import texts
from streamline_ui.providers.describe import Entered, Trigger
from streamline_ui.providers.meanings import Meaning
from streamline_ui.providers.signing.deliveries import Reply

LONGEST_TWIML = 4000
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_DOUBLE = frozenset("^{}\\[~]|€\f")


def segments(text: str) -> int:
    """How many SMS a text is sent and paid as: 160 characters in one, 153 in each of several; 70 and 67 where one of
    its characters is not in the GSM alphabet."""
    if all(character in _GSM or character in _GSM_DOUBLE for character in text):
        size, alone, each = len(text) + sum(character in _GSM_DOUBLE for character in text), 160, 153
    else:
        size, alone, each = texts.length(text), 70, 67
    return 1 if size <= alone else -(-size // each)


def as_twiml(text: str) -> str:
    """TwiML as it is; any other text as TwiML that says it. Raises ValueError with a sentence."""
    text = text.strip()
    if not text.startswith("<"):
        text = f"<Response><Say>{escape(text)}</Say></Response>"
    elif problem := _twiml_problem(text):
        raise ValueError(problem)
    if len(text) > LONGEST_TWIML:
        raise ValueError(f"TwiML may have at most {LONGEST_TWIML} characters.")
    return text


def _twiml_problem(text: str) -> str:
    if "<!" in text.replace("<!--", "").replace("<![CDATA[", ""):
        return "TwiML must not have a document type."
    names: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, _: names.append(name)
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        return f"This is not well-formed XML: something is wrong at line {error.lineno}, column {error.offset + 1}."
    return "" if names[0] == "Response" else "TwiML begins with <Response>."


TO = "Check the number: + and the country code first, such as +15551230000."
FROM = "In the Twilio Console under Phone Numbers, choose a number of this account that can do it."
CONTINUES = "Nothing is lost; Streamline continues by itself."

MEANINGS = (
    Meaning(
        "auth",
        "Twilio refused the Account SID and Auth Token",
        "They must belong to the same account. Copy both from the Twilio Console again.",
        401,
    ),
    Meaning(
        "permission",
        "Test credentials cannot do this",
        "Use the live Account SID and Auth Token from the Twilio Console.",
        code="20008",
    ),
    Meaning(
        "input",
        "Twilio does not find this account, message or call",
        "Check the Account SID, and that the service address is of the right region.",
        code="20404",
    ),
    Meaning("rate_limit", "Twilio got too many requests at once", CONTINUES, code="20429"),
    Meaning("input", "Twilio does not accept the number to send to", TO, code="21211"),
    Meaning("input", "Twilio cannot reach this number from yours", TO, code="21612"),
    Meaning("input", "Twilio does not accept the number to send from", FROM, code="21212"),
    *(
        Meaning("input", "The number to send from cannot send this message", FROM, code=code)
        for code in ("21606", "21603", "21659", "21660")
    ),
    *(Meaning("input", "The number to call from is not one that Twilio lets you use", FROM, code=c)
      for c in ("21210", "21213")),
    *(
        Meaning(
            "permission",
            "This is a trial account, and the number to reach is not verified",
            "Verify it in the Twilio Console under Phone Numbers › Verified Caller IDs, or upgrade the account.",
            code=code,
        )
        for code in ("21608", "21219")
    ),
    Meaning(
        "permission",
        "This person has unsubscribed with STOP",
        "Do not write again. They can subscribe by sending START to your number.",
        code="21610",
    ),
    Meaning("quota", "The queue of the sending number is full", "Wait until it has sent what it has.", code="21611"),
    Meaning("input", "This number cannot receive SMS", "It may be a landline. Use a mobile number.", code="21614"),
    *(
        Meaning("input", "The text is longer than 1600 characters", "Shorten it.", code=code)
        for code in ("21617", "21605")
    ),
    *(
        Meaning(
            "permission",
            "Your Twilio account may not reach this country",
            "Switch it on in the Twilio Console: Messaging or Voice › Settings › Geo permissions.",
            code=code,
        )
        for code in ("21408", "21215")
    ),
    *(
        Meaning("input", "Twilio does not accept an empty message", "Fill in the message.", code=code)
        for code in ("21602", "21619")
    ),
    Meaning("input", "Twilio cannot use this address", "It must be a public https address.", code="21205"),
    Meaning("server", "Twilio is unavailable", "Streamline tries again by itself.", code="20503"),
)  # fmt: skip

_ACCOUNT = "AC" + "a" * 32
_SMS: dict[str, Any] = {
    "AccountSid": _ACCOUNT, "MessageSid": "SMc9a2311da650c5b23c7fe38042cc640a",
    "SmsSid": "SMc9a2311da650c5b23c7fe38042cc640a", "MessagingServiceSid": "MG00000000000000000000000000000000",
    "To": "+15551234567", "From": "+15550002222", "NumMedia": "0", "NumSegments": "1", "ApiVersion": "2010-04-01",
}  # fmt: skip
_CALL: dict[str, Any] = {
    "AccountSid": _ACCOUNT, "CallSid": "CA96533789968e877a76ed58c487b8f43e", "CallStatus": "in-progress",
    "To": "+15551234567", "From": "+15550002222", "Direction": "inbound", "ApiVersion": "2010-04-01",
}  # fmt: skip
_STATUS: dict[str, Any] = {
    "AccountSid": _ACCOUNT, "MessageSid": "SM5baae90c1d04858a95514264a472350f",
    "SmsSid": "SM5baae90c1d04858a95514264a472350f", "SmsStatus": "delivered", "MessageStatus": "delivered",
    "To": "+15550001111", "From": "+15551234567", "ApiVersion": "2010-04-01",
}  # fmt: skip

TRIGGERS = (
    Trigger(
        "message", "SMS received", {**_SMS, "SmsStatus": "received", "Body": "Yes, Tuesday suits me"}, others="any"
    ),
    Trigger("call", "Call received", _CALL, others="any"),
    Trigger("message_status", "Delivery of an SMS changed", _STATUS, others="any"),
)
ENTERED = Entered(
    "twilio",
    "apiKeys.authToken",
    lambda config: config.api_keys.auth_token,
    "In the Twilio Console, open Phone Numbers › Active numbers › your number, then enter it at “A message comes in” "
    "and “A call comes in”, as Webhook with HTTP POST.",
    reply=Reply(200, b"<Response/>", "text/xml"),
)

"""Phone numbers, and what else an SMS can come from."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from streamline_ui.providers.formats import Format

PHONE = Format(
    r"(?:(?:whatsapp|messenger|rcs):)?\+[1-9]\d{1,14}",
    usual=r"\+[1-9]\d{7,14}",
    says="A phone number starts with + and the country code, such as +15551230000.",
    like="+15551230000",
    warns="This is an unusual phone number. Check that no digit is missing.",
)
SENDER = Format(
    rf"{PHONE.accept}|\d{{3,8}}|MG[0-9a-fA-F]{{32}}|(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9 _+&-]{{1,11}}",
    usual=rf"{PHONE.usual}|\d{{5,6}}|MG[0-9a-f]{{32}}",
    says="A sender is a phone number such as +15551230000, a short code, a name of at most 11 letters and digits, "
    "or a messaging service that starts with MG.",
    like="+15551230000",
    warns="Only in some countries can a name stand for the sender. A number starts with + and the country code.",
)


def _number(value: Any) -> Any:
    """A phone number as people write it: with spaces, dashes and brackets."""
    if not isinstance(value, str) or not re.fullmatch(r"\s*(?:[a-z]+:)?\+[\d\s().\u00a0-]+", value) or "(0)" in value:
        return value
    return re.sub(r"[\s().\u00a0-]", "", value)


Phone = Annotated[str, BeforeValidator(_number), PHONE]
"""A number to reach, in the form that services want."""

Sender = Annotated[str | None, BeforeValidator(_number), SENDER]
"""Who it comes from: a number, a short code, a name, or a messaging service."""

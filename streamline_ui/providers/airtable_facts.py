"""What Airtable's ids, addresses and errors look like, and what the errors mean."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import httpx
from pydantic import ValidationInfo

from streamline_ui.providers import formats
from streamline_ui.providers.formats import Format
from streamline_ui.providers.meanings import Meaning, Problem, json_of, retry_after

LOCKED_SECONDS = 30.0  # after a 429 every request to the base fails for so long; the answer does not say it
STALE = "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"
TOKENS = "https://airtable.com/create/tokens"
ADDRESS = re.compile(
    r"https?://(?:[\w-]+\.)?airtable\.com/(?:v0/)?(?P<base>app[A-Za-z0-9]{14})(?:/(?P<table>[^/?#]+))?(?:[/?#].*)?"
)


def refused_token(text: str) -> str:
    """What is wrong with a text that is no token."""
    if text.startswith("key"):
        return (
            "Airtable no longer accepts API keys, which start with “key”. Create a personal access token, which "
            "starts with “pat”, at airtable.com/create/tokens."
        )
    if re.fullmatch(r"pat[A-Za-z0-9]{14}", text):
        return "This is only the token's ID. The token is longer: a dot and 64 characters follow."
    return "An Airtable token starts with “pat” and has a dot after 17 characters. Airtable shows it only once."


TOKEN = Format(
    r"pat[A-Za-z0-9]{14}\.[A-Za-z0-9]{10,}|oaa[A-Za-z0-9._-]{20,}",
    usual=r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}|oaa[A-Za-z0-9._-]{20,}",
    says=refused_token,
    like="pat…",
    warns="An Airtable token usually has 64 characters after the dot. Check that nothing is cut off.",
)
BASE = Format(
    r"app[A-Za-z0-9]{14}",
    says="A base is its ID, “app” and 14 characters, or its address in the browser.",
    like="appAbCdEfGhIjKlMn",
)
TABLE = Format(
    r"(?!\.{1,2}$)[^\x00-\x1f\x7f]{1,255}",
    says="A table is its name, its ID (“tbl” and 14 characters) or its address in the browser.",
    like="Tasks",
)
RECORD = Format(r"rec[A-Za-z0-9]{14}", says="A record's ID is “rec” and 14 characters.", like="recAbCdEfGhIjKlMn")


def base_in(value: Any) -> Any:
    """A base's id, also out of a pasted address."""
    text = value.strip() if isinstance(value, str) else value
    found = ADDRESS.fullmatch(text) if isinstance(text, str) else None
    return found["base"] if found else text


def table_in(value: Any, info: ValidationInfo) -> Any:
    """A table's id or name, also out of a pasted address, if it is one of the base that is filled in."""
    text = value.strip() if isinstance(value, str) else value
    found = ADDRESS.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return text
    base = (info.data or {}).get("base_id", found["base"])
    if found["base"] != base:
        raise formats.refusal("This is the address of a table in another base.")
    if found["table"] is None:
        raise formats.refusal("This is the address of a base. Open the table in it and copy the address again.")
    return unquote(found["table"])


def read_problem(response: httpx.Response) -> Problem:
    """Three forms: {"error": {"type", "message"}}, {"error": "NOT_FOUND"} and {"errors": [{"error", "message"}]}."""
    body = json_of(response)
    if not isinstance(body, dict):
        return Problem()
    errors, error = body.get("errors"), body.get("error")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        error = {"type": errors[0].get("error"), "message": errors[0].get("message")}
    if not isinstance(error, dict):
        return Problem(error if isinstance(error, str) else "")
    code, words = str(error.get("type") or ""), str(error.get("message") or "")[:500]
    named = re.search(r"(?:field(?: name)?:?|option) \"{1,2}([\w .,&/-]{1,60})\"{1,2}", words, re.IGNORECASE)
    noun = "choice" if code == "INVALID_MULTIPLE_CHOICE_OPTIONS" else "field"
    return Problem(code, words, f"the {noun} “{named[1]}”" if named else f"one of the {noun}s")


def read_wait(response: httpx.Response) -> float | None:
    """What the answer says, which is mostly nothing."""
    seconds = retry_after(response)
    return LOCKED_SECONDS if seconds is None and response.status_code == 429 else seconds


MEANINGS = (
    Meaning(
        "auth",
        "Airtable refused the token",
        "It was deleted, regenerated or copied incompletely. Create a new one under Builder hub › Personal access "
        "tokens.",
        401,
    ),
    Meaning(
        "permission",
        "Either this base or table does not exist, or the token may not see or change it",
        "Airtable does not say which. Check the base and the table; then edit the token: it needs this base under "
        "Access, and the scopes data.records:read and data.records:write.",
        403,
        "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
    ),
    Meaning(
        "permission",
        "The token may not do this",
        "Edit it in Airtable: it needs this base under Access, and the scopes data.records:read, data.records:write "
        "and schema.bases:read.",
        403,
    ),
    Meaning(
        "input",
        "Airtable does not find this record, table or base",
        "It may have been deleted. Check the IDs, or choose them again.",
        404,
    ),
    Meaning(
        "input",
        "The table does not have {about}",
        "Check its name: capital letters and spaces count, too.",
        422,
        "UNKNOWN_FIELD_NAME",
    ),
    Meaning(
        "input",
        "The list of this field does not have {about}",
        "Add it in Airtable, or switch on “Let Airtable convert values”, which adds it.",
        422,
        "INVALID_MULTIPLE_CHOICE_OPTIONS",
    ),
    Meaning(
        "input",
        "Airtable does not accept the value for {about}",
        "Check its type in Airtable, or switch on “Let Airtable convert values”.",
        422,
        "INVALID_VALUE_FOR_COLUMN",
    ),
    Meaning(
        "input",
        "Airtable cannot read the filter",
        "Check the formula: field names stand in braces, texts in quotation marks, as in {Status} = 'Done'.",
        422,
        "INVALID_FILTER_BY_FORMULA",
    ),
    Meaning(
        "input",
        "Airtable cannot tell which record is meant",
        "Likely several records have the same values in the fields under “Same record if”. Name a field whose values "
        "occur once, or remove the records that are double.",
        422,
        "INVALID_RECORDS",
        text="upsert|match|multiple|more than one",
    ),
    Meaning(
        "input",
        "Airtable does not accept the records",
        "Where a record is created or updated, likely several have the same values in “Same record if”.",
        422,
        "INVALID_RECORDS",
    ),
    Meaning("input", "The table changed while it was being read", "Run it again.", 422, STALE),
    Meaning("input", "The table has no view of this name", "Check the view in Airtable.", 422, "VIEW_NAME_NOT_FOUND"),
    Meaning("input", "Airtable does not accept what was sent", "Check the fields and their values.", 422),
    Meaning("input", "What was sent is larger than Airtable allows", "Send less at once.", 413),
    Meaning(
        "quota",
        "The API calls of this Airtable workspace are used up for this month",
        "Wait for the next month, or choose a larger plan. The free one has 1,000 calls a month.",
        429,
        "PUBLIC_API_BILLING_LIMIT_EXCEEDED",
    ),
    Meaning(
        "rate_limit",
        "Airtable asks us to wait {wait}: more than 5 requests a second reached this base",
        "Nothing is lost; Streamline continues by itself.",
        429,
    ),
    Meaning("server", "Airtable is busy", "Streamline tries again by itself.", 503),
)

SAMPLE = {
    "id": "recAbCdEfGhIjKlMn",
    "createdTime": "2026-11-22T09:30:00.000Z",
    "fields": {"Name": "Order paper", "Status": "Todo", "Amount": 12},
    "baseId": "appAbCdEfGhIjKlMn",
    "table": "Tasks",
}

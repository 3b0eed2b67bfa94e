"""What Google answers and what its refusals mean, and how it names spreadsheets and ranges."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, BeforeValidator, Field

from streamline_ui.providers import formats
from streamline_ui.providers.formats import Format
from streamline_ui.providers.meanings import Meaning, Problem, json_of

NO_SPREADSHEET = "Google has no spreadsheet with this ID"
LONGEST_CELL = 50_000
MOST_ROWS = 10_000
UNKNOWN_ID = "streamline-looks-whether-the-sign-in-works0"

MEANINGS = (
    Meaning(
        "permission",
        "The Google Sheets API is switched off in your Google Cloud project",
        "In the Google Cloud console, open APIs & Services › Library, enable Google Sheets API, and wait a minute.",
        403,
        text="has not been used|is disabled|SERVICE_DISABLED",
    ),
    Meaning(
        "auth",
        "Google was not allowed to let Streamline edit spreadsheets",
        "Sign in again, and leave the box for Google Sheets ticked.",
        403,
        text="insufficient authentication scopes|SCOPE_INSUFFICIENT",
    ),
    Meaning(
        "rate_limit",
        "Google's limit for this minute is used up",
        "Nothing is lost; Streamline goes on by itself within a minute. Fewer, larger requests help.",
        429,
    ),
    Meaning("auth", "Google no longer takes the sign-in", "Sign in again.", 401),
    Meaning(
        "permission",
        "This Google account may not open the spreadsheet",
        "Share it with the account that is signed in, or sign in again with another one.",
        403,
    ),
    Meaning("input", NO_SPREADSHEET, "Copy its address from the browser and paste it whole.", 404),
    Meaning(
        "input",
        "Google does not understand the range",
        "Write the sheet's name, then ! and the cells, such as Orders!A1:C1. Check that the sheet has this name.",
        400,
        text="unable to parse range",
    ),
    Meaning("input", "Google does not accept these values", "Check the range and the rows.", 400),
    Meaning("server", "Google is busy", "Streamline tries again by itself.", 503),
)


def problem(response: httpx.Response) -> Problem:
    """Google's error form: a status in words, and in the details why."""
    body = json_of(response)
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return Problem()
    details = error.get("details")
    reasons = [each.get("reason") for each in details if isinstance(each, dict)] if isinstance(details, list) else []
    reason = next((each for each in reasons if isinstance(each, str)), "")
    status, text = error.get("status"), error.get("message")
    words = f"{text if isinstance(text, str) else ''} {reason}"
    return Problem(reason or (status if isinstance(status, str) else ""), words)


def _id(value: Any) -> Any:
    """An id, also where the address of the spreadsheet was pasted."""
    if not isinstance(value, str):
        return value
    found = re.search(r"/spreadsheets/(?:u/\d+/)?d/([\w-]+)", value)
    return found[1] if found else value.strip()


def _rows(value: Any) -> Any:
    """Rows of cells: one row alone will do, and JSON as text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise formats.refusal('This is not JSON. Rows look like [["Alice", 12.5], ["Bob", 7]].') from None
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list) and not any(isinstance(row, list) for row in value):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise formats.refusal('Rows are lists of cells, such as [["Alice", 12.5], ["Bob", 7]].')
    if len(value) > MOST_ROWS:
        raise formats.refusal(f"There may be at most {MOST_ROWS} rows at once.")
    return [[_cell(cell) for cell in row] for row in value]


def _cell(cell: Any) -> Any:
    """What one cell can hold; what is deeper goes in as JSON."""
    text = json.dumps(cell, ensure_ascii=False) if isinstance(cell, dict | list) else cell
    if isinstance(text, str) and len(text) > LONGEST_CELL:
        raise formats.refusal(f"A cell holds at most {LONGEST_CELL} characters.")
    return text


SPREADSHEET = Format(
    r"[\w-]{20,100}",
    says="This is not a spreadsheet. Copy its address from the browser and paste it whole.",
    like="https://docs.google.com/spreadsheets/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit",
)
SpreadsheetId = Annotated[
    str,
    BeforeValidator(_id),
    SPREADSHEET,
    Field(title="Spreadsheet", description="Its address in the browser, or the ID in it"),
]
Rows = Annotated[list[list[Any]], BeforeValidator(_rows)]


def quoted(sheet: str) -> str:
    """A sheet's name as a range begins with it."""
    return sheet if re.fullmatch(r"[A-Za-z_]\w*", sheet) and not re.fullmatch(r"[A-Za-z]{1,3}\d+", sheet) else (
        "'" + sheet.replace("'", "''") + "'"
    )  # fmt: skip


class Range(BaseModel):
    """Values as Google gives them: an empty range has none, and rows end with their last filled cell."""

    range: str = ""
    values: list[list[Any]] = []


class Written(BaseModel):
    """What a write has changed."""

    updatedRange: str = ""  # noqa: N815 - Google's names
    updatedRows: int = 0  # noqa: N815
    updatedCells: int = 0  # noqa: N815


class Appended(BaseModel):
    """The same, as appending tells it."""

    updates: Written = Written()


class Properties(BaseModel):
    """A sheet's title."""

    title: str = ""


class Sheet(BaseModel):
    """One sheet of a spreadsheet."""

    properties: Properties = Properties()


class Spreadsheet(BaseModel):
    """A spreadsheet's sheets."""

    sheets: list[Sheet] = []

"""Read and write Google Sheets, and hear of new rows.

1. In the *Google Cloud console*, create a project, and switch on the *Google Sheets API* under *APIs & Services ›
   Library*.
2. Under *OAuth consent screen*, fill in the app's name and publish it. While it is in *Testing*, Google signs you out
   after 7 days.
3. Under *Credentials*, press *Create credentials › OAuth client ID › Web application*. As *Authorised redirect URI*,
   add the return address that is shown here, exactly as it is.
4. Copy the *client ID* and the *client secret* here, then press *Sign in with Google*.

Google takes a return address only with https, or on localhost. Without a domain, open Streamline as
`localhost`, with its port, for the sign-in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr

from streamline_ui.errors import AuthFailed, Rejected
from streamline_ui.providers import answers, google_sheets_facts
from streamline_ui.providers.choices import Choices, Pairs
from streamline_ui.providers.describe import Checked, Connection, Event, Page, Provider, Result, Trigger
from streamline_ui.providers.formats import Format
from streamline_ui.providers.google_sheets_facts import (
    NO_SPREADSHEET,
    UNKNOWN_ID,
    Appended,
    Range,
    Rows,
    Spreadsheet,
    SpreadsheetId,
    Written,
)
from streamline_ui.providers.limits import Limits, Pace
from streamline_ui.providers.oauth import OAuth, OAuthConfig, claim

ROOT = "https://sheets.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
SAMPLE = {"row_added": {"row": 3, "values": ["1002", "Bob", "7"], "fields": {"Order": "1002", "Customer": "Bob"}}}
ANCHOR = 3  # known rows that tell where the new ones begin
MOST_AT_ONCE = 500
CLIENT = Format(
    r"\S{8,}",
    usual=r"[\w-]+\.apps\.googleusercontent\.com",
    says="A client ID is longer than this. It ends in .apps.googleusercontent.com.",
    like="1234567890-abc.apps.googleusercontent.com",
    warns="Google's client IDs end in .apps.googleusercontent.com. Check that nothing is cut off.",
)
SECRET = Format(
    r"\S{8,}",
    usual=r"GOCSPX-[\w-]{20,}",
    says="A client secret is longer than this. It starts with GOCSPX-.",
    like="GOCSPX-…",
    warns="Google's client secrets start with GOCSPX-. Check that nothing is cut off.",
)


class GoogleSheets(OAuthConfig):
    """The OAuth client of the user's own Google Cloud project."""

    client_id: Annotated[str, CLIENT] = Field(
        title="Client ID", description="Google Cloud console › APIs & Services › Credentials"
    )
    client_secret: Annotated[SecretStr, SECRET] = Field(
        title="Client secret", description="Beside the client ID", json_schema_extra={"placeholder": "GOCSPX-…"}
    )


Account = Connection[GoogleSheets]


def _oauth(config: GoogleSheets) -> OAuth:
    return OAuth(
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        config.client_id,
        config.client_secret,
        scopes=("openid", "email", SCOPE),
        needed={SCOPE: "Google Sheets"},
        extra={"access_type": "offline", "prompt": "consent", "include_granted_scopes": "true"},
        issuer="https://accounts.google.com",
        account=lambda answer: claim(answer, "email"),
        revoke_url="https://oauth2.googleapis.com/revoke",
        ended='Apps in "Testing" are signed out after 7 days: publish the app on the OAuth consent screen.',
    ).moved(config.oauth_base_url)


provider = Provider(
    __name__,
    name="Google Sheets",
    auth_type="oauth2",
    category="Data",
    config=GoogleSheets,
    needs="Sign in with Google",
    purpose="Read and write Google Sheets, and hear of new rows.",
    can=("Add rows to a sheet", "Read and change ranges", "Start a workflow when a row is added"),
    docs="https://developers.google.com/workspace/sheets/api/guides/concepts",
    console="https://console.cloud.google.com/apis/credentials",
    brand="googlesheets",
    aliases=("sheets", "spreadsheet", "excel", "table", "google", "rows", "csv"),
    base_url=lambda config: config.base_url or ROOT,
    oauth=_oauth,
    sign_in="Google",
    service="Google",
    problem=google_sheets_facts.problem,
    meanings=google_sheets_facts.MEANINGS,
    limits=Limits((Pace(60, 60.0),)),
)


class Changed(Result):
    """Where values were written, and how many."""

    updated_range: str
    updated_rows: int
    updated_cells: int


class Found(Result):
    """The values of a range, row by row. An empty range has no rows."""

    range: str
    values: list[list[Any]]
    rows: int


async def sheets(account: Account, spreadsheet_id: str) -> Pairs:
    """The sheets of a spreadsheet."""
    query = {"fields": "sheets.properties(title)"}
    response = await account.http.get(f"/v4/spreadsheets/{spreadsheet_id}", params=query)
    found = answers.read(response, Spreadsheet, provider.service)
    titles = [each.properties.title for each in found.sheets]
    return [(google_sheets_facts.quoted(title), title) for title in titles if title]


Where = Annotated[
    str,
    Choices(sheets),
    Field(title="Range", description="A sheet, or cells in it, such as Orders!A1:C1", min_length=1, max_length=500),
]
AsTyped = Annotated[
    Literal["RAW", "USER_ENTERED"],
    Field(
        title="Values are",
        description="Typed values may become formulas, which can load what others have written.",
        json_schema_extra={
            "advanced": True,
            "choices": {"RAW": "Written as they are", "USER_ENTERED": "Read as if typed: dates, numbers, formulas"},
        },
    ),
]
RowsField = Field(title="Rows", description='Lists of cells, such as [["Alice", 12.5]]', json_schema_extra={"lines": 4})


@provider.check
async def check(account: Account) -> Checked:
    """Ask for a spreadsheet that does not exist: that it does not proves the sign-in, its scope and the API."""
    try:
        response = await account.http.get(f"/v4/spreadsheets/{UNKNOWN_ID}", params={"fields": "spreadsheetId"})
    except AuthFailed:
        raise
    except Rejected as error:
        if not error.message.startswith(f"{NO_SPREADSHEET} (404, NOT_FOUND"):  # else it is another server's 404
            raise
        return Checked("", "Connected to Google Sheets.")
    raise answers.strange(response, provider.service)  # nobody has a spreadsheet of this ID


@provider.action("Append rows", trial={"values": '[["Hello from Streamline"]]'})
async def append_row(
    account: Account,
    spreadsheet_id: SpreadsheetId,
    range: Where,  # noqa: A002 - the contract's name, as below
    values: Annotated[Rows, RowsField],
    value_input: AsTyped = "RAW",
) -> Changed:
    """Add rows below the table in a sheet."""
    query = {"valueInputOption": value_input, "insertDataOption": "INSERT_ROWS"}
    body = {"values": values, "majorDimension": "ROWS"}
    response = await account.http.post(f"{_path(spreadsheet_id, range)}:append", params=query, json=body)
    return _changed(answers.read(response, Appended, provider.service).updates)


@provider.action("Read a range", repeatable=True, tells=False)
async def read_range(
    account: Account,
    spreadsheet_id: SpreadsheetId,
    range: Where,  # noqa: A002
    rendered: Annotated[
        Literal["FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"],
        Field(
            title="Values are given",
            json_schema_extra={
                "advanced": True,
                "choices": {
                    "FORMATTED_VALUE": "As they are shown",
                    "UNFORMATTED_VALUE": "As numbers and texts",
                    "FORMULA": "As formulas",
                },
            },
        ),
    ] = "FORMATTED_VALUE",
) -> Found:
    """Read the values of a sheet, or of cells in it."""
    found = await _read(account, spreadsheet_id, range, rendered)
    return Found(range=found.range, values=found.values, rows=len(found.values))


@provider.action("Change a range", repeatable=True)
async def update_range(
    account: Account,
    spreadsheet_id: SpreadsheetId,
    range: Where,  # noqa: A002
    values: Annotated[Rows, RowsField],
    value_input: AsTyped = "RAW",
) -> Changed:
    """Write over cells. An empty text empties a cell, null leaves it as it is."""
    query = {"valueInputOption": value_input}
    body = {"values": values, "majorDimension": "ROWS"}
    response = await account.http.put(_path(spreadsheet_id, range), params=query, json=body)
    return _changed(answers.read(response, Written, provider.service))


@provider.poll(Trigger("row_added", "Row added", SAMPLE, others="none"), every=timedelta(minutes=1))
async def rows(
    account: Account,
    cursor: str,
    spreadsheet_id: SpreadsheetId,
    sheet: Annotated[str, Choices(sheets), Field(title="Sheet", min_length=1, max_length=200)],
    has_header: Annotated[bool, Field(title="The first row names the columns")] = True,
) -> Page:
    """Tell the rows below those that were known."""
    values = (await _read(account, spreadsheet_id, sheet, "FORMATTED_VALUE")).values
    header = [str(cell) for cell in values[0]] if has_header and values else []
    first = _first_new(values, cursor, 1 if has_header else 0)
    last = min(len(values), first + MOST_AT_ONCE)
    events = [_event(values[index], index, header) for index in range(first, last) if any(values[index])]
    anchor = [_mark(row) for row in values[max(0, last - ANCHOR) : last]]
    return Page(events, json.dumps({"rows": last, "anchor": anchor}), more=last < len(values))


def _first_new(values: Sequence[Sequence[Any]], cursor: str, start: int) -> int:
    """Where the new rows begin: behind the last known ones, wherever these have moved since."""
    if not cursor:
        return min(start, len(values))
    known = json.loads(cursor)
    count, anchor = int(known["rows"]), list(known["anchor"])
    marks = [_mark(row) for row in values]
    places = [end for end in range(len(anchor), len(marks) + 1) if anchor and marks[end - len(anchor) : end] == anchor]
    nearest = min(places, key=lambda end: abs(end - count), default=count)  # else they were changed: the count decides
    return max(min(nearest, len(values)), min(start, len(values)))


def _event(row: Sequence[Any], index: int, header: Sequence[str]) -> Event:
    fields = {name: value for name, value in zip(header, row, strict=False) if name}
    return Event(
        "row_added",
        f"{index + 1}-{_mark(row)}",
        {"row_added": {"row": index + 1, "values": list(row), "fields": fields}},
    )


def _mark(row: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(list(row), ensure_ascii=False).encode()).hexdigest()[:16]


async def _read(account: Account, spreadsheet_id: str, area: str, rendered: str) -> Range:
    response = await account.http.get(_path(spreadsheet_id, area), params={"valueRenderOption": rendered})
    return answers.read(response, Range, provider.service)


def _path(spreadsheet_id: str, area: str) -> str:
    return f"/v4/spreadsheets/{spreadsheet_id}/values/{quote(area.strip(), safe='!:$')}"


def _changed(written: Written) -> Changed:
    return Changed(
        updated_range=written.updatedRange, updated_rows=written.updatedRows, updated_cells=written.updatedCells
    )

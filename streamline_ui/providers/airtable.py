"""Read and write the records of Airtable's tables.

1. In Airtable, open your account's *Builder hub › Personal access tokens* and press *Create new token*.
2. Add the scopes `data.records:read`, `data.records:write` and `schema.bases:read`.
3. Under *Access*, add the bases that Streamline may use.
4. Press *Create token*, copy it at once, Airtable shows it only this time, and paste it here.

Airtable takes 5 requests a second for each base. Its free plan has 1,000 calls a month: a workflow that starts with new
records asks every minute, which is 43,000 a month.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, BeforeValidator, Field, SecretStr, model_validator

from streamline_ui.errors import Invalid, Rejected
from streamline_ui.providers import airtable_cursor, airtable_facts, airtable_records, airtable_schema, answers
from streamline_ui.providers.airtable_facts import BASE, RECORD, TABLE, TOKEN
from streamline_ui.providers.airtable_records import PAGE, Merged, Record, Records, Row, Rows, Upserted, path, record
from streamline_ui.providers.auth import Bearer
from streamline_ui.providers.choices import Choices
from streamline_ui.providers.configs import ApiConfig, Keys
from streamline_ui.providers.describe import Checked, Connection, Page, Provider, Trigger
from streamline_ui.providers.limits import Limits, Pace
from streamline_ui.providers.values import Listed, Object, Objects

ROOT = "https://api.airtable.com"
WRITTEN_AT_ONCE = 10
RESTARTS = 2


class AirtableKeys(Keys):
    """The personal access token."""

    access_token: Annotated[SecretStr, TOKEN] = Field(
        title="Personal access token",
        description="Builder hub › Personal access tokens › Create new token",
        json_schema_extra={"placeholder": "pat…"},
    )

    @model_validator(mode="before")
    @classmethod
    def _other_name(cls, values: Any) -> Any:
        """`apiKey` is the same by its older name. It is never stored, so where both stand, it is the newer."""
        if not isinstance(values, dict) or not values.get("apiKey"):
            return values
        rest = {name: value for name, value in values.items() if name not in ("apiKey", "access_token")}
        return {**rest, "accessToken": values["apiKey"]}


class Airtable(ApiConfig):
    """What the connect dialog asks for."""

    api_keys: AirtableKeys = Field(title="Keys")


Account = Connection[Airtable]


class Identity(BaseModel):
    """Whom a token belongs to; the scopes are told for some tokens only."""

    id: str = Field(pattern=r"^usr\w+$")
    email: str | None = None
    scopes: list[str] | None = None


def base_url(config: Airtable) -> str:
    """The API's root; the version is added to each call."""
    return (config.base_url or ROOT).removesuffix("/v0")


def base_of(request: httpx.Request) -> str:
    """The base that a request is about, by which Airtable counts."""
    found = re.search(r"/(app[A-Za-z0-9]{14})(?:/|$)", request.url.path)
    return found[1] if found else ""


provider = Provider(
    __name__,
    name="Airtable",
    auth_type="api",
    category="Data",
    config=Airtable,
    needs="Access token",
    purpose="Read and write records in tables.",
    can=("Read records", "Create, update and upsert records", "Start a workflow when a record is created"),
    docs="https://airtable.com/developers/web/api/introduction",
    console=airtable_facts.TOKENS,
    brand="airtable",
    icon="table",
    aliases=("table", "database", "spreadsheet", "base", "records", "crm"),
    base_url=base_url,
    auth=lambda config: Bearer(config.api_keys.access_token),
    problem=airtable_facts.read_problem,
    wait=airtable_facts.read_wait,
    limits=Limits((Pace(5, 1.0, each_lane=True), Pace(50, 1.0)), lane=base_of),
    meanings=airtable_facts.MEANINGS,
)


@provider.check
async def check(account: Account) -> Checked:
    """Ask whose token it is: that needs no scope and changes nothing."""
    found = answers.read(await account.http.get("v0/meta/whoami"), Identity, provider.service)
    who = found.email or found.id
    wanted = ("data.records:read", "data.records:write", "schema.bases:read")
    missing = [scope for scope in wanted if found.scopes is not None and scope not in found.scopes]
    if missing[:2] == list(wanted[:2]):
        raise Rejected(
            "The token works but may neither read nor write records (the scopes data.records:read and "
            "data.records:write are missing).",
            hints=["Edit the token in Airtable and add both scopes."],
        )
    note = f" The token lacks {' and '.join(missing)}, which some steps need." if missing else ""
    return Checked(who, f"Connected as {who}.{note}")


BaseId = Annotated[
    str,
    BASE,
    BeforeValidator(airtable_facts.base_in),
    Choices(airtable_schema.bases),
    Field(title="Base", description="Choose one, or paste its ID or its address"),
]
Table = Annotated[
    str,
    TABLE,
    BeforeValidator(airtable_facts.table_in),
    Choices(airtable_schema.tables),
    Field(title="Table", description="Its name, ID or address. The ID stays when the table is renamed."),
]
Fields = Annotated[Object, Field(title="Fields", description="JSON: names and values", json_schema_extra={"lines": 6})]
Typecast = Annotated[
    bool,
    Field(title="Let Airtable convert values", description="Texts become numbers, dates or new choices where needed"),
]


@provider.action("List records", repeatable=True, tells=False)
async def list_records(
    account: Account,
    *,
    base_id: BaseId,
    table: Table,
    filter_by_formula: Annotated[
        str | None,
        Field(title="Filter", description="A formula, such as {Status} = 'Done'", json_schema_extra={"lines": 2}),
    ] = None,
    max_records: Annotated[int, Field(title="At most", ge=1, le=5000)] = 100,
    view: Annotated[
        str | None,
        Field(title="View", description="Only its records, in its order", json_schema_extra={"advanced": True}),
    ] = None,
) -> Records:
    """Read the records of a table, all or those that a formula accepts."""
    asked = {"filterByFormula": filter_by_formula, "view": view}
    for restart in range(RESTARTS + 1):
        try:
            found, more = await airtable_records.up_to(account.http, base_id, table, asked, max_records)
        except Rejected as error:
            if restart == RESTARTS or airtable_facts.STALE not in error.message:
                raise
            continue
        return Records(records=[record(row) for row in found], count=len(found), more=more)
    raise AssertionError("the last try returns or raises")


@provider.action("Create a record")
async def create_record(
    account: Account, *, base_id: BaseId, table: Table, fields: Fields, typecast: Typecast = False
) -> Record:
    """Add a record to a table."""
    body = {"fields": fields, "typecast": typecast}
    return record(answers.read(await account.http.post(path(base_id, table), json=body), Row, provider.service))


@provider.action("Create several records")
async def create_records(
    account: Account,
    *,
    base_id: BaseId,
    table: Table,
    records: Annotated[
        Objects,
        Field(title="Records", description="JSON: a list of objects with names and values", min_length=1,
              max_length=500, json_schema_extra={"lines": 6}),
    ],
    typecast: Typecast = False,
) -> Records:  # fmt: skip
    """Add up to 500 records to a table, ten with each request."""
    parts = [records[at : at + WRITTEN_AT_ONCE] for at in range(0, len(records), WRITTEN_AT_ONCE)]

    async def send(part: Sequence[dict[str, Any]]) -> Rows:
        body = {"records": [{"fields": each} for each in part], "typecast": typecast}
        return answers.read(await account.http.post(path(base_id, table), json=body), Rows, provider.service)

    made = [record(row) for rows in await answers.in_order(parts, send) for row in rows.records]
    return Records(records=made, count=len(made))


@provider.action("Update a record", repeatable=True)
async def update_record(
    account: Account,
    *,
    base_id: BaseId,
    table: Table,
    record_id: Annotated[str, RECORD, Field(title="Record ID")],
    fields: Fields,
    typecast: Typecast = False,
) -> Record:
    """Change some fields of a record. The others stay as they are."""
    body = {"fields": fields, "typecast": typecast}
    response = await account.http.patch(path(base_id, table, record_id), json=body)
    return record(answers.read(response, Row, provider.service))


@provider.action("Create or update a record", repeatable=True)
async def upsert_record(
    account: Account,
    *,
    base_id: BaseId,
    table: Table,
    fields: Fields,
    merge_on: Annotated[
        Listed,
        Choices(airtable_schema.field_names),
        Field(title="Same record if", min_length=1, max_length=3,
              description="One to three fields, with commas between them, by whose values the record is found"),
    ],
    typecast: Typecast = False,
) -> Merged:  # fmt: skip
    """Update the record that has these values in the named fields, or create it. Doing it twice changes nothing."""
    if missing := next((name for name in merge_on if name not in fields), ""):
        sentence = "A field by which the record is found has no value in Fields."
        raise Invalid(sentence, {"mergeOn": f"“{missing[:60]}” has no value in Fields."})
    body = {"performUpsert": {"fieldsToMergeOn": merge_on}, "records": [{"fields": fields}], "typecast": typecast}
    done = answers.read(await account.http.patch(path(base_id, table), json=body), Upserted, provider.service)
    row = done.records[0]
    return Merged(id=row.id, created_time=row.created_time, fields=row.fields, created=row.id in done.created)


@provider.poll(
    Trigger("record_created", "Record created", airtable_facts.SAMPLE, others="none"),
    every=timedelta(minutes=1),
)
async def new_records(account: Account, cursor: str, *, base_id: BaseId, table: Table) -> Page:
    """Records that were created since. Those that were there before the first poll are not new."""
    state = airtable_cursor.read(cursor)
    if state is None:
        response = await account.http.get(path(base_id, table), params={"pageSize": 1})
        answers.read(response, Rows, provider.service)
        return Page((), airtable_cursor.begin(response))
    asked = {"filterByFormula": state.formula, "pageSize": PAGE, "offset": state.offset}
    try:
        page = await airtable_records.listed(account.http, base_id, table, asked)
    except Rejected as error:
        if state.offset is None or airtable_facts.STALE not in error.message:
            raise
        return Page((), state.again(), more=True)
    extra = {"baseId": base_id, "table": table}
    rows = [{**record(row).model_dump(by_alias=True), **extra} for row in page.records]
    return airtable_cursor.page(state, rows, page.offset)

"""Records of Airtable's tables: how they come, and how they are listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field

from streamline_ui.providers import answers
from streamline_ui.providers.describe import Result

SERVICE = "Airtable"
PAGE = 100
LONGEST_URL = 7000  # Airtable takes 16,000 characters, our own way out 8,000


class Row(BaseModel, extra="allow"):
    """A record as Airtable gives it. Fields that are empty are not there."""

    id: str
    created_time: str = Field(alias="createdTime")
    fields: dict[str, Any] = {}


class Rows(BaseModel):
    """A page of records."""

    records: list[Row]
    offset: str | None = None


class Upserted(BaseModel):
    """What an upsert did."""

    records: list[Row] = Field(min_length=1)
    created: list[str] = Field(default=[], alias="createdRecords")


class Record(Result):
    """One record."""

    id: str
    created_time: str
    fields: dict[str, Any]


class Merged(Record):
    """The record that was there or was made."""

    created: bool


class Records(Result):
    """Records in the table's own order. `more`: there are others."""

    records: list[Record]
    count: int
    more: bool = False


async def up_to(
    http: httpx.AsyncClient, base_id: str, table: str, asked: Mapping[str, Any], most: int
) -> tuple[list[Row], bool]:
    """The first records of a table, and whether there are more."""
    found: list[Row] = []
    offset: str | None = None
    while len(found) < most:
        size = min(PAGE, most - len(found))
        page = await listed(http, base_id, table, {**asked, "pageSize": size, "offset": offset})
        found += page.records
        offset = page.offset
        if offset is None:
            return found, False
    return found[:most], True


async def listed(http: httpx.AsyncClient, base_id: str, table: str, asked: Mapping[str, Any]) -> Rows:
    """One page of a table."""
    values = {name: value for name, value in asked.items() if value is not None}
    place = path(base_id, table)
    request = http.build_request("GET", place, params=values)
    if len(str(request.url)) > LONGEST_URL:
        request = http.build_request("POST", f"{place}/listRecords", json=values)
    return answers.read(await http.send(request), Rows, SERVICE)


def path(base_id: str, *parts: str) -> str:
    """The address of a table or a record below the API's root."""
    return "/".join(("v0", base_id, *(quote(part, safe="") for part in parts)))


def record(row: Row) -> Record:
    """A record as steps see it."""
    return Record(id=row.id, created_time=row.created_time, fields=row.fields)

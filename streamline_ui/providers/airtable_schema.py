"""What an Airtable account has to choose from: its bases, their tables, and the fields of these."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from streamline_ui.providers import answers
from streamline_ui.providers.airtable_records import SERVICE
from streamline_ui.providers.describe import Connection

Account = Connection[Any]
MOST_PAGES = 10  # of 1,000 bases each


class Named(BaseModel):
    """A base, a table or a field."""

    id: str
    name: str
    fields: list[Named] = []


class Bases(BaseModel):
    """A page of what a token sees."""

    bases: list[Named]
    offset: str | None = None


class Tables(BaseModel):
    """The tables of a base."""

    tables: list[Named]


async def bases(account: Account) -> list[tuple[str, str]]:
    """The bases that the token sees."""
    found: list[Named] = []
    offset: str | None = None
    for _ in range(MOST_PAGES):
        query = {"offset": offset} if offset else {}
        page = answers.read(await account.http.get("v0/meta/bases", params=query), Bases, SERVICE)
        found += page.bases
        offset = page.offset
        if offset is None:
            break
    return [(base.id, base.name) for base in found]


async def _schema(http: httpx.AsyncClient, base_id: str) -> list[Named]:
    response = await http.get(f"v0/meta/bases/{quote(base_id, safe='')}/tables")
    return answers.read(response, Tables, SERVICE).tables


async def tables(account: Account, base_id: str) -> list[tuple[str, str]]:
    """The tables of a base."""
    return [(table.id, table.name) for table in await _schema(account.http, base_id)]


async def field_names(account: Account, base_id: str, table: str) -> list[tuple[str, str]]:
    """The fields of a table."""
    found = (each.fields for each in await _schema(account.http, base_id) if table in (each.id, each.name))
    return [(field.name, field.name) for field in next(found, [])]

"""The bases of the Airtable stand-in: tables, records, and the pages in which they are listed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

MOST_RECORDS = 2000
MOST_ITERATORS = 50
BASE, TASKS, PEOPLE = "appSandboxBase001", "tblSandboxTasks01", "tblSandboxPeople1"
CHOICES = ("Todo", "In progress", "Done")
# Its fields, and the type of each as Airtable calls it.
FIELDS: dict[str, dict[str, str]] = {
    TASKS: {"Name": "singleLineText", "Notes": "multilineText", "Status": "singleSelect", "Amount": "number"},
    PEOPLE: {"Name": "singleLineText", "Email": "email", "Joined, on": "date"},
}
NAMES = {TASKS: "Tasks", PEOPLE: "People & plans"}

Record = dict[str, Any]


class Refused(Exception):
    """Airtable's answer to what it does not accept."""

    def __init__(self, status: int, kind: str, message: str = "") -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


@dataclass
class Account:
    """One base with two tables, and records by id, oldest first."""

    tables: dict[str, dict[str, Record]] = field(default_factory=lambda: {TASKS: {}, PEOPLE: {}})
    iterators: dict[str, list[str]] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, table: str, fields: dict[str, Any], at: datetime | None = None) -> Record:
        """A new record. The oldest makes room."""
        records = self.tables[table]
        while len(records) >= MOST_RECORDS:
            del records[next(iter(records))]
        moment = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.000Z")  # Airtable tells whole seconds
        record: Record = {"id": f"rec{next(self.numbers):014}", "createdTime": moment, "fields": fields}
        records[record["id"]] = record
        return record

    def page(self, found: list[Record], size: int, offset: str | None) -> tuple[list[Record], str | None]:
        """A page of what was found, and the offset of the next. A listing once begun stays the same list."""
        if offset is None:
            name, start, ids = f"itr{next(self.numbers):014}", 0, [each["id"] for each in found]
        else:
            name, _, last = offset.partition("/")
            ids = self.iterators.get(name, [])
            if last not in ids:
                raise Refused(422, "LIST_RECORDS_ITERATOR_NOT_AVAILABLE")
            start = ids.index(last)
        by_id = {record["id"]: record for records in self.tables.values() for record in records.values()}
        records = [by_id[each] for each in ids[start : start + size] if each in by_id]
        if start + size >= len(ids):
            self.iterators.pop(name, None)
            return records, None
        self.iterators[name] = ids
        while len(self.iterators) > MOST_ITERATORS:
            del self.iterators[next(iter(self.iterators))]
        return records, f"{name}/{ids[start + size]}"


def _base() -> Account:
    base = Account()
    before = datetime.now(UTC) - timedelta(hours=1)
    base.add(TASKS, {"Name": "Order paper", "Status": "Todo", "Amount": 12}, before)
    base.add(TASKS, {"Name": "Call Ann", "Status": "Done"}, before)
    return base


_made: list[Account] = []


def account() -> Account:
    """The base that every token shares, as people who were invited to one base do; made with two tasks."""
    if not _made:
        _made.append(_base())
    return _made[0]


def forget() -> None:
    """Start again as new."""
    _made.clear()


def table_of(name: str) -> str:
    """A table's id, from its id or its name. Raises Refused."""
    found = next((key for key, label in NAMES.items() if name in (key, label)), None)
    if found is None:
        raise Refused(
            403,
            "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
            "Invalid permissions, or the requested model was not found. Check that both your user and your token have "
            "the required permissions, and that the model names and/or ids are correct.",
        )
    return found


def cells(table: str, values: Any, *, typecast: bool) -> dict[str, Any]:
    """The values of a record, if the table takes them. Raises Refused with the first that it does not."""
    if not isinstance(values, dict):
        raise Refused(422, "INVALID_REQUEST_MISSING_FIELDS", 'Could not find field "fields" in the request body')
    checked: dict[str, Any] = {}
    for name, value in values.items():
        kind = FIELDS[table].get(name)
        if kind is None:
            raise Refused(422, "UNKNOWN_FIELD_NAME", f'Unknown field name: "{name}"')
        checked[name] = value if value is None else _cell(name, kind, value, typecast=typecast)
    return {name: value for name, value in checked.items() if value not in (None, "")}


def _cell(name: str, kind: str, value: Any, *, typecast: bool) -> Any:
    if kind == "number":
        if typecast and isinstance(value, str):
            try:
                return float(value)
            except ValueError:
                return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refused(422, "INVALID_VALUE_FOR_COLUMN", f'Field "{name}" cannot accept the provided value')
        return value
    if typecast and isinstance(value, bool | int | float):
        return str(value)
    if not isinstance(value, str):
        raise Refused(422, "INVALID_VALUE_FOR_COLUMN", f'Field "{name}" cannot accept the provided value')
    if kind == "singleSelect" and value not in CHOICES and not typecast:
        message = f'Insufficient permissions to create new select option ""{value}""'
        raise Refused(422, "INVALID_MULTIPLE_CHOICE_OPTIONS", message)
    return value


def schema() -> list[dict[str, Any]]:
    """The base's tables as Airtable describes them."""
    return [
        {
            "id": table,
            "name": NAMES[table],
            "primaryFieldId": f"fld{table[3:16]}0",
            "fields": [
                {"id": f"fld{table[3:16]}{number}", "name": name, "type": kind}
                for number, (name, kind) in enumerate(fields.items())
            ],
            "views": [{"id": f"viw{table[3:]}", "name": "Grid view", "type": "grid"}],
        }
        for table, fields in FIELDS.items()
    ]

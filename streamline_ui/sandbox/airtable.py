"""A stand-in for Airtable's Web API: one base with two tables, which every token shares."""

from __future__ import annotations

import re
from time import monotonic
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox import formulas, grids
from streamline_ui.sandbox.bodies import garbage, read_json
from streamline_ui.sandbox.grids import Account, Record, Refused, account
from streamline_ui.sandbox.state import MOST_ACCOUNTS, Desk, Fault, masked

LIMIT, SECONDS, LOCKED = 5, 1.0, 30.0  # requests a second to one base; afterwards everything fails for so long
LONGEST_URL = 16_000
MOST_AT_ONCE = 10
KINDS = {
    401: ("AUTHENTICATION_REQUIRED", "Authentication required"),
    403: ("INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "Invalid permissions, or the requested model was not found."),
    422: ("LIST_RECORDS_ITERATOR_NOT_AVAILABLE", "The iterator is not available any more."),
    503: ("SERVICE_UNAVAILABLE", "The service is temporarily unavailable. Please retry shortly."),
}
WRITES = {"POST", "PATCH", "PUT", "DELETE"}
desk = Desk("airtable")
_locked: dict[str, float] = {}


async def meta(request: Request) -> Response:
    """Who the token belongs to, the bases it sees, and the tables of one."""
    token, refusal = await _enter(request)
    if refusal is not None:
        return refusal
    rest = request.path_params["rest"]
    if rest == "whoami":
        scopes = ["data.records:read", "schema.bases:read"] + ["data.records:write"] * ("readonly" not in token)
        return JSONResponse({"id": "usrSandboxUser001", "email": "ann@example.com", "scopes": scopes})
    if rest == "bases":
        return JSONResponse({"bases": [{"id": grids.BASE, "name": "Project tracker", "permissionLevel": "edit"}]})
    if rest == f"bases/{grids.BASE}/tables":
        return JSONResponse({"tables": grids.schema()})
    return _error(403, *KINDS[403]) if rest.startswith("bases/") else _not_found()


async def records(request: Request) -> Response:
    """Everything that is done with a table's records."""
    token, refusal = await _enter(request)
    if refusal is not None:
        return refusal
    base = request.path_params["base"]
    if (limited := _limited(f"{token}/{base}")) is not None:
        return limited
    if len(str(request.url)) > LONGEST_URL:
        return Response("URI Too Long", 414)
    table, one = "", request.path_params.get("rest")
    try:
        table = _table(request, token)
        if _lists(request):
            changed = _listed(account(), table, await _filters(request))
        elif request.method == "GET":
            changed = _one(account(), table, str(one))
        else:
            changed = _write(account(), table, request, await read_json(request), one)
    except Refused as refused:
        return _error(refused.status, refused.kind, refused.message)
    if request.method not in WRITES or _lists(request):
        return JSONResponse(changed)
    touched = changed.get("records", [changed])
    names = ", ".join(str(next(iter(each.get("fields", {}).values()), each["id"])) for each in touched)
    desk.keep(f"record {request.method}", masked(token), f"{grids.NAMES[table]}: {names}"[:300], changed)
    return JSONResponse(changed)


async def say(request: Request) -> Response:
    """Somebody else adds records by hand: `{fields?, count?, table?}`, to the tasks by default."""
    given = await read_json(request)
    values = given if isinstance(given, dict) else {}
    count = values.get("count")
    fields = values.get("fields")
    try:
        table = grids.table_of(str(values.get("table") or grids.TASKS))
        checked = grids.cells(table, fields if fields is not None else {"Name": "Hello"}, typecast=True)
    except Refused as refused:
        return _error(refused.status, refused.kind, refused.message)
    number = count if isinstance(count, int) and 1 <= count <= grids.MOST_RECORDS else 1
    return JSONResponse({"records": [account().add(table, dict(checked)) for _ in range(number)]})


def forget() -> None:
    """Start again as new."""
    grids.forget()
    _locked.clear()


def _table(request: Request, token: str) -> str:
    writes = request.method in WRITES and not _lists(request)
    if request.path_params["base"] != grids.BASE or (writes and "readonly" in token):
        raise Refused(403, *KINDS[403])
    return grids.table_of(request.path_params["table"])


def _lists(request: Request) -> bool:
    rest = request.path_params.get("rest")
    return (request.method == "GET" and rest is None) or (request.method == "POST" and rest == "listRecords")


async def _filters(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return dict(request.query_params)
    body = await read_json(request)
    return body if isinstance(body, dict) else {}


def _listed(held: Account, table: str, asked: dict[str, Any]) -> dict[str, Any]:
    size, most = _number(asked, "pageSize", 100), _number(asked, "maxRecords", grids.MOST_RECORDS)
    if size > 100:
        raise Refused(422, "INVALID_PAGE_SIZE", "pageSize must be at most 100")
    formula, view, fields = asked.get("filterByFormula"), asked.get("view"), grids.FIELDS[table]
    if view and view not in ("Grid view", f"viw{table[3:]}"):
        raise Refused(422, "VIEW_NAME_NOT_FOUND", "View not found")
    found = list(held.tables[table].values())
    if formula:
        found = [record for record in found if formulas.accepts(str(formula), record, fields)]
    page, offset = held.page(found[:most], size, str(asked["offset"]) if asked.get("offset") else None)
    return {"records": page, **({"offset": offset} if offset else {})}


def _number(asked: dict[str, Any], name: str, usual: int) -> int:
    text = str(asked.get(name, usual))
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise Refused(422, "INVALID_REQUEST_UNKNOWN", f"Invalid request: {name}")
    return int(text)


def _one(held: Account, table: str, number: str) -> Record:
    record = held.tables[table].get(number)
    if record is None:
        raise Refused(404, "NOT_FOUND")
    return record


def _write(held: Account, table: str, request: Request, body: Any, one: str | None) -> dict[str, Any]:
    values = body if isinstance(body, dict) else {}
    typecast = values.get("typecast") is True
    if request.method == "DELETE":
        numbers = [one] if one else request.query_params.getlist("records[]")
        gone = [_one(held, table, number) for number in numbers]
        for record in gone:
            del held.tables[table][record["id"]]
        deleted = [{"id": record["id"], "deleted": True} for record in gone]
        return deleted[0] if one else {"records": deleted}
    several = values.get("records")
    if one is not None or not isinstance(several, list):
        cells = grids.cells(table, values.get("fields"), typecast=typecast)
        return held.add(table, cells) if one is None else _change(_one(held, table, one), cells, request.method)
    if len(several) > MOST_AT_ONCE or not all(isinstance(each, dict) for each in several):
        raise Refused(422, "INVALID_RECORDS", f"You can send at most {MOST_AT_ONCE} records at once")
    rows = [(each.get("id"), grids.cells(table, each.get("fields"), typecast=typecast)) for each in several]
    if request.method == "POST":
        return {"records": [held.add(table, cells) for _, cells in rows]}
    merge = values.get("performUpsert")
    if isinstance(merge, dict):
        return _upsert(held, table, [cells for _, cells in rows], merge.get("fieldsToMergeOn"))
    return {"records": [_change(_one(held, table, str(number)), cells, request.method) for number, cells in rows]}


def _change(record: Record, cells: dict[str, Any], method: str) -> Record:
    record["fields"] = cells if method == "PUT" else {**record["fields"], **cells}
    return record


def _upsert(held: Account, table: str, rows: list[dict[str, Any]], names: Any) -> dict[str, Any]:
    if not isinstance(names, list) or not 1 <= len(names) <= 3 or not set(map(str, names)) <= set(grids.FIELDS[table]):
        raise Refused(422, "INVALID_FIELDS_TO_MERGE_ON", "fieldsToMergeOn must name one to three fields of the table")
    done: list[Record] = []
    created: list[str] = []
    for cells in rows:
        same = [
            record
            for record in held.tables[table].values()
            if all(record["fields"].get(name) == cells.get(name) for name in names)
        ]
        if len(same) > 1:
            raise Refused(422, "INVALID_RECORDS", "Cannot upsert: several records match")
        done.append(_change(same[0], cells, "PATCH") if same else held.add(table, cells))
        created += [] if same else [done[-1]["id"]]
    updated = [record["id"] for record in done if record["id"] not in created]
    return {"records": done, "createdRecords": created, "updatedRecords": updated}


async def _enter(request: Request) -> tuple[str, Response | None]:
    """The token, and the answer to who must not come in."""
    if (fault := await desk.misbehave()) and (answer := _faulty(fault)):
        return "", answer
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    known = re.fullmatch(r"pat[A-Za-z0-9]{14}\.[A-Za-z0-9]{10,}|oaa[A-Za-z0-9._-]{20,}", token)
    if scheme.lower() != "bearer" or not known or "revoked" in token:
        return "", _error(401, *KINDS[401])
    return token, None


def _limited(base: str) -> Response | None:
    """After the sixth request within a second, thirty seconds in which every request to the base fails."""
    now = monotonic()
    if _locked.get(base, 0.0) <= now:
        if desk.take(base, LIMIT, SECONDS)[0] >= 0:
            return None
        while len(_locked) >= MOST_ACCOUNTS:
            del _locked[next(iter(_locked))]
        _locked[base] = now + LOCKED
    return _rate_limited()


def _faulty(fault: Fault) -> Response | None:
    if fault.garbage:
        return garbage()
    if fault.expired_token:
        return _error(401, *KINDS[401])
    status = 429 if fault.status is None and fault.retry_after is not None else fault.status
    if status is None:
        return None
    if status == 404:
        return _not_found()
    return _rate_limited() if status == 429 else _error(status, *KINDS.get(status, ("SERVER_ERROR", "Server error")))


def _rate_limited() -> Response:
    """It never says how long."""
    text = "Rate limit exceeded. Please try again later"
    return JSONResponse({"errors": [{"error": "RATE_LIMIT_REACHED", "message": text}]}, 429)


def _not_found() -> Response:
    return JSONResponse({"error": "NOT_FOUND"}, 404)


def _error(status: int, kind: str, message: str = "") -> Response:
    return _not_found() if status == 404 else JSONResponse({"error": {"type": kind, "message": message}}, status)


async def elsewhere(_: Request) -> Response:
    """Everything else of the API is not here."""
    return _not_found()


DEMO_TOKEN = "patSandboxDemo001." + "5a" * 32
ANY = ["GET", "POST", "PATCH", "PUT", "DELETE"]
routes = [
    Route("/_say", say, methods=["POST"]),
    Route("/v0/meta/{rest:path}", meta, methods=["GET"]),
    Route("/v0/{base}/{table}", records, methods=ANY),
    Route("/v0/{base}/{table}/{rest}", records, methods=ANY),
    Route("/{rest:path}", elsewhere, methods=ANY),
]

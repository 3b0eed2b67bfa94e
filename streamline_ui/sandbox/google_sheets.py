"""A stand-in for Google's sign-in and the Sheets API, below `/sandbox/google_sheets` as the real ones are below `/`.

There is one spreadsheet, `DEMO_SHEET`; ids with `private` in them are not shared with the account, others do not exist.
A client ID with `noapi` in it belongs to a project where the Sheets API is switched off.
"""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from streamline_ui.sandbox import sheets_ranges
from streamline_ui.sandbox.authority import Authority
from streamline_ui.sandbox.bodies import garbage, read_json
from streamline_ui.sandbox.sheets_ranges import Area
from streamline_ui.sandbox.state import Desk

DEMO_SHEET = "1Sandbox0Orders0000000000000000000000000demo"
SHEETS = "https://www.googleapis.com/auth/spreadsheets"
READ, WRITE = 60, 60  # a minute and user, as Google publishes
NAMES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
         429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}  # fmt: skip
INFO = "type.googleapis.com/google.rpc.ErrorInfo"
SAID = ["1002", "Ann", 8]
desk = Desk("google_sheets")
authority = Authority(
    desk,
    "Google",
    {"openid": "Know who you are", "email": "See your e-mail address", SHEETS: "Edit your Google Sheets spreadsheets"},
    rotates=False,
    prefix="ya29.sandbox-",
    required=("openid", "email"),
)
_sheets: dict[str, list[list[Any]]] = {}


def forget() -> None:
    """Start again as new: two sheets, one with a header."""
    authority.forget()
    _sheets.clear()
    _sheets["Orders"] = [["Order", "Customer", "Total"], ["1001", "Alice", 12.5]]
    _sheets["Notes & ideas"] = []


async def spreadsheet(request: Request) -> Response:
    """The spreadsheet's title and sheets."""
    refusal = await _refusal(request, READ)
    if refusal is not None:
        return refusal
    sheets = [
        {"properties": {"sheetId": n, "title": title, "gridProperties": {"rowCount": 1000, "columnCount": 26}}}
        for n, title in enumerate(_sheets)
    ]
    return JSONResponse({"spreadsheetId": DEMO_SHEET, "properties": {"title": "Sandbox orders"}, "sheets": sheets})


async def values(request: Request) -> Response:
    """Read (GET), write (PUT) or append to (POST) a range."""
    refusal = await _refusal(request, READ if request.method == "GET" else WRITE)
    if refusal is not None:
        return refusal
    text: str = request.path_params["range"]
    is_append = request.method == "POST"
    area = sheets_ranges.read(text.removesuffix(":append") if is_append else text, list(_sheets))
    if area is None:
        return _error(400, f"Unable to parse range: {text.removesuffix(':append')}")
    if request.method == "GET":
        return _read(area, request.query_params.get("valueRenderOption", "FORMATTED_VALUE"))
    given = await read_json(request)
    rows = given.get("values") if isinstance(given, dict) else None
    option = request.query_params.get("valueInputOption", "")
    problem = _problem(rows, option)
    return _error(400, problem) if problem else _write(area, rows or [], option, is_append=is_append)


def _problem(rows: Any, option: str) -> str:
    if option not in ("RAW", "USER_ENTERED"):
        return "'valueInputOption' is required but not specified"
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return "Invalid value at 'data.values'"
    has_deeper = any(isinstance(cell, dict | list) for row in rows for cell in row)
    return "Invalid data[0]: a cell cannot hold a structure" if has_deeper else ""


def _read(area: Area, rendered: str) -> Response:
    rows = [row[area.left : area.right] for row in _sheets[area.sheet][area.top : area.bottom]]
    shown = [_trimmed([_formatted(cell) if rendered == "FORMATTED_VALUE" else cell for cell in row]) for row in rows]
    while shown and not shown[-1]:
        shown.pop()
    width = max((len(row) for row in rows), default=1)
    name = sheets_ranges.write(area.sheet, area.top, area.left, len(rows), width)
    return JSONResponse({"range": name, "majorDimension": "ROWS", **({"values": shown} if shown else {})})


def _write(area: Area, rows: list[list[Any]], option: str, *, is_append: bool) -> Response:
    grid = _sheets[area.sheet]
    top = len(grid) if is_append else area.top
    left = 0 if is_append else area.left
    for down, row in enumerate(rows):
        while len(grid) <= top + down:
            grid.append([])
        line = grid[top + down]
        line.extend([""] * (left + len(row) - len(line)))
        for across, cell in enumerate(row):
            if cell is not None:
                line[left + across] = _entered(cell) if option == "USER_ENTERED" else cell
    columns = max((len(row) for row in rows), default=0)
    name = sheets_ranges.write(area.sheet, top, left, len(rows), columns)
    desk.keep("append" if is_append else "update", name, str(rows)[:200], {"range": name, "values": rows})
    told = {
        "spreadsheetId": DEMO_SHEET,
        "updatedRange": name,
        "updatedRows": len(rows),
        "updatedColumns": columns,
        "updatedCells": sum(len(row) for row in rows),
    }
    return JSONResponse({"spreadsheetId": DEMO_SHEET, "updates": told} if is_append else told)


def add_row(*cells: Any, sheet: str = "Orders") -> None:
    """Another hand types a row."""
    _sheets[sheet].append(list(cells))


async def say(request: Request) -> Response:
    """The same over HTTP: `{values?, sheet?}`."""
    body = await read_json(request)
    given = body if isinstance(body, dict) else {}
    row, sheet = given.get("values") or SAID, given.get("sheet") or "Orders"
    if not isinstance(sheet, str) or sheet not in _sheets or not isinstance(row, list):
        return _error(400, f"values must be a list, and sheet one of: {', '.join(_sheets)}.")
    add_row(*row, sheet=sheet)
    return JSONResponse({"sheet": sheet, "row": len(_sheets[sheet]), "values": row}, 201)


async def end_all(_: Request) -> Response:
    """Take back every permission."""
    authority.end_all()
    return Response(status_code=204)


def _entered(cell: Any) -> Any:
    if isinstance(cell, str) and re.fullmatch(r"-?\d+(\.\d+)?", cell):
        return float(cell) if "." in cell else int(cell)
    return "#N/A" if isinstance(cell, str) and cell.startswith("=") else cell


def _formatted(cell: Any) -> str:
    return str(cell).upper() if isinstance(cell, bool) else "" if cell is None else str(cell)


def _trimmed(row: list[Any]) -> list[Any]:
    while row and row[-1] in ("", None):
        row.pop()
    return row


async def _refusal(request: Request, limit: int) -> Response | None:
    fault = await desk.misbehave("api")
    if fault and (fault.garbage or fault.answer):
        refusal = _error(fault.answer or 500, "The sandbox was told to refuse.", headers=fault.headers)
        return garbage() if fault.garbage else refusal
    holder = None if fault and fault.expired_token else authority.holder(request)
    if holder is None:
        return _error(401, "Request had invalid authentication credentials.")
    kind = "Read" if request.method == "GET" else "Write"
    left, _ = desk.take(f"{kind} {holder['u']}", limit, 60.0)
    sheet: str = request.path_params["id"]
    refusals = (
        ("noapi" in holder["c"], 403, "Google Sheets API has not been used in project 123 before or it is disabled.",
         "SERVICE_DISABLED"),
        (SHEETS not in holder["s"], 403, "Request had insufficient authentication scopes.",
         "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        (left < 0, 429, f"Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per minute per "
         "user' of service 'sheets.googleapis.com'", "RATE_LIMIT_EXCEEDED"),
        ("private" in sheet, 403, "The caller does not have permission", ""),
        (sheet != DEMO_SHEET, 404, "Requested entity was not found.", ""),
    )  # fmt: skip
    return next((_error(status, text, reason) for holds, status, text, reason in refusals if holds), None)


def _error(status: int, text: str, reason: str = "", headers: dict[str, str] | None = None) -> Response:
    error: dict[str, Any] = {"code": status, "message": text, "status": NAMES.get(status, "INTERNAL")}
    if reason:
        error["details"] = [{"@type": INFO, "reason": reason, "domain": "googleapis.com"}]
    return JSONResponse({"error": error}, status, headers)


routes = [
    Route("/o/oauth2/v2/auth", authority.authorize, methods=["GET", "POST"]),
    Route("/token", authority.token, methods=["POST"]),
    Route("/revoke", authority.revoke, methods=["POST"]),
    Route("/_say", say, methods=["POST"]),
    Route("/_permissions", end_all, methods=["DELETE"]),
    Route("/v4/spreadsheets/{id}", spreadsheet, methods=["GET"]),
    Route("/v4/spreadsheets/{id}/values/{range:path}", values, methods=["GET", "PUT", "POST"]),
]

"""The log: one line an event on standard error, for people (`text`) or for machines (`json`).

Text that came from outside cannot forge a line: control characters in it are written as escapes.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from streamline_ui.settings import Settings

QUIET = ("uvicorn", "apscheduler", "alembic", "asyncio")  # libraries that tell at "info" what only their authors ask
ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160), 0x2028, 0x2029)} | {10: "\\n", 13: "\\r"}
STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message"}


def install(settings: Settings) -> None:
    """Write from now on what is as important as the settings ask, and in their format."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in QUIET:
        logging.getLogger(name).setLevel(level if level == logging.DEBUG else max(level, logging.WARNING))


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00Z INFO    integrations.watch: what happened`, and a traceback indented below."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        when = self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ")
        name = record.name.removeprefix("streamline_ui.")
        trace = _trace(self, record)
        below = "".join("\n    " + line.translate(ESCAPES) for line in trace.splitlines())
        return f"{when} {record.levelname:<7} {name}: {record.getMessage().translate(ESCAPES)}{below}"


class JsonFormatter(logging.Formatter):
    """`{"time", "level", "logger", "message"}`, with `trace` for errors and whatever else the record was given."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= _extras(record.__dict__)
        if trace := _trace(self, record):
            line["trace"] = trace
        return json.dumps(line, ensure_ascii=False, default=str)


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    if record.exc_text:  # redaction has written it already, without secrets
        return record.exc_text
    return formatter.formatException(record.exc_info) if record.exc_info else ""


def _extras(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in STANDARD and not name.startswith("_")}

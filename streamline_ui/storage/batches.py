"""Runs prepared statements on SQLite past SQLAlchemy: in small groups its way to the driver costs more than the work.

SQLAlchemy still writes the SQL and converts the values; only what it does anew at each execution is left out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

Rows = Sequence[Mapping[str, Any]]
Batch = tuple[Executable, Rows]
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement's SQL, and where each of its values comes from: a row's field, or the statement itself."""

    statement: Executable  # kept, so that its id stays its own
    sql: str
    parts: tuple[tuple[str | None, Convert | None, Any], ...]

    @classmethod
    def of(cls, statement: Executable, fields: Sequence[str], dialect: Dialect) -> Prepared | None:
        """None for a statement that needs more: defaults, or SQL that depends on the values."""
        made = cast("ClauseElement", statement).compile(dialect=dialect, column_keys=list(fields))
        if not isinstance(made, SQLCompiler) or made.positiontup is None or _needs_more(made):
            return None
        known, converters, fixed = set(fields), made._bind_processors, made.params
        parts: list[tuple[str | None, Convert | None, Any]] = []
        for name in made.positiontup:
            convert = cast("Convert | None", converters.get(name))
            if name in known:
                parts.append((name, convert, None))
            else:
                parts.append((None, None, convert(fixed[name]) if convert else fixed[name]))
        return cls(statement, str(made), tuple(parts))

    def values(self, row: Mapping[str, Any]) -> list[Any]:
        """What goes to the driver for a row."""
        return [
            fixed if name is None else row[name] if convert is None else convert(row[name])
            for name, convert, fixed in self.parts
        ]


def _needs_more(made: SQLCompiler) -> bool:
    return bool(made.insert_prefetch or made.update_prefetch or made.post_compile_params or made.literal_execute_params)


class Batches:
    """For one connection of the driver. `run` does all or nothing."""

    def __init__(self, connection: sqlite3.Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._prepared: dict[int, Prepared | None] = {}

    def prepare(self, batches: Sequence[Batch]) -> Sequence[Prepared] | None:
        """None where one of them has to go the usual way."""
        found: list[Prepared] = []
        for statement, rows in batches:
            key = id(statement)
            if key not in self._prepared:
                self._prepared[key] = Prepared.of(statement, list(rows[0]), self._dialect)
            prepared = self._prepared[key]
            if prepared is None:
                return None
            found.append(prepared)
        return found

    def run(self, prepared: Sequence[Prepared], batches: Sequence[Batch]) -> None:
        """In one transaction that is on disk afterwards. Raises SQLAlchemy's errors, as if it had run them."""
        sql = "BEGIN IMMEDIATE"
        try:
            self._connection.execute(sql)
            for each, (_, rows) in zip(prepared, batches, strict=True):
                sql = each.sql
                self._connection.executemany(sql, [each.values(row) for row in rows])
            sql = "COMMIT"
            self._connection.execute(sql)
        except BaseException as error:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                wrapped = DBAPIError.instance(
                    sql, None, error, sqlite3.Error, hide_parameters=True, dialect=self._dialect
                )
                raise wrapped from error
            raise

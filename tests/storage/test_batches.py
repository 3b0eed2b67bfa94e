"""Statements that go to SQLite's driver directly: they write what SQLAlchemy writes, and fail as it does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, bindparam, create_engine
from sqlalchemy.exc import IntegrityError, OperationalError

from streamline_ui.storage.batches import Batches
from streamline_ui.storage.models import now

THINGS = Table(
    "Thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("at", DateTime(timezone=True)),
)
STAMPED = Table("Stamped", MetaData(), Column("id", Integer, primary_key=True), Column("at", DateTime, default=now))
ADD = THINGS.insert()
RENAME = (
    THINGS.update().where(THINGS.c.id == bindparam("of_id"), THINGS.c.name != "fixed").values(name=bindparam("to_name"))
)


@pytest.fixture
def driver() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute('CREATE TABLE "Thing" (id INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT)')
    yield connection
    connection.close()


@pytest.fixture
def batches(driver: sqlite3.Connection) -> Batches:
    return Batches(driver, create_engine("sqlite://").dialect)


def run(batches: Batches, *wanted: tuple) -> None:
    prepared = batches.prepare(wanted)
    assert prepared is not None
    batches.run(prepared, wanted)


def test_values_are_converted_as_sqlalchemy_does_it(batches: Batches, driver: sqlite3.Connection) -> None:
    moment = now()
    run(batches, (ADD, [{"id": 1, "name": "a", "at": moment}, {"name": "b", "id": 2, "at": None}]))
    engine = create_engine("sqlite://", creator=lambda: driver)
    with engine.connect() as connection:
        rows = connection.execute(THINGS.select().order_by(THINGS.c.id)).all()
    assert [(row.id, row.name) for row in rows] == [(1, "a"), (2, "b")]
    assert rows[0].at == moment.replace(tzinfo=None)
    assert rows[1].at is None


def test_a_statements_own_values_count(batches: Batches, driver: sqlite3.Connection) -> None:
    run(batches, (ADD, [{"id": 1, "name": "a", "at": None}, {"id": 2, "name": "fixed", "at": None}]))
    run(batches, (RENAME, [{"of_id": 1, "to_name": "z"}, {"of_id": 2, "to_name": "z"}]))
    assert driver.execute('SELECT name FROM "Thing" ORDER BY id').fetchall() == [("z",), ("fixed",)]


def test_all_or_nothing(batches: Batches, driver: sqlite3.Connection) -> None:
    rows = [{"id": 1, "name": "a", "at": None}, {"id": 1, "name": "b", "at": None}]
    with pytest.raises(IntegrityError):
        run(batches, (ADD, rows))
    assert driver.execute('SELECT count(*) FROM "Thing"').fetchone() == (0,)
    assert not driver.in_transaction


def test_a_database_that_refuses_is_an_operational_error(batches: Batches, driver: sqlite3.Connection) -> None:
    driver.execute('DROP TABLE "Thing"')
    with pytest.raises(OperationalError):
        run(batches, (ADD, [{"id": 1, "name": "secret", "at": None}]))


def test_what_needs_a_default_goes_the_usual_way(batches: Batches) -> None:
    assert batches.prepare([(STAMPED.insert(), [{"id": 1}])]) is None

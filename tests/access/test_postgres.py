"""PostgreSQL lets several write at once: what must stay true then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from streamline_ui.access import limits, users
from streamline_ui.errors import StreamlineError
from streamline_ui.storage import db
from streamline_ui.storage.models import metadata
from tests.conftest import PASSWORD
from tests.storage.postgres import postgres_database, postgres_url

__all__ = ["postgres_database", "postgres_url"]


@pytest.fixture
def database(postgres_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(users, "_setup_token", None)
    db.connect(postgres_database)
    metadata.create_all(db.engine())
    yield
    db.dispose()


def at_once(*works: Callable[[], object]) -> list[str]:
    """Do all of it at the same time, and say how each ended."""
    results: list[str] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        start.wait(10)
        try:
            work()
            results.append("done")
        except StreamlineError as error:
            results.append(error.code)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(results)


def test_of_many_first_accounts_one_is_made(database: None) -> None:
    results = at_once(*(lambda n=n: users.create_first(f"user{n}@example.com", PASSWORD) for n in range(4)))  # type: ignore[misc]
    assert results == ["conflict", "conflict", "conflict", "done"]
    assert len(users.everyone()) == 1


def test_two_admins_cannot_demote_each_other(database: None) -> None:
    alice = users.create_first("alice@example.com", PASSWORD)
    bob = users.create("bob@example.com", PASSWORD, is_admin=True)
    results = at_once(lambda: users.change(alice.id, is_admin=False), lambda: users.change(bob.id, is_admin=False))
    assert results == ["conflict", "done"]


def test_attempts_at_the_same_time_count_too(database: None) -> None:
    results = at_once(*(lambda: limits.begin("alice@example.com", "192.0.2.1") for _ in range(9)))
    assert results == ["done"] * 5 + ["too_many_requests"] * 4

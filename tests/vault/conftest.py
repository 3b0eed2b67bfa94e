"""A migrated database, without keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamline_ui.settings import Settings
from streamline_ui.storage import db, migrate
from streamline_ui.vault import keyring


@pytest.fixture
def bare(settings: Settings) -> Iterator[Settings]:
    """Settings whose database has its tables; the keyring is closed."""
    db.connect(settings.database_url)
    migrate.upgrade(settings)
    yield settings
    keyring.forget()
    db.dispose()

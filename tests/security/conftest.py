"""What the attacks share: browsers, and a service that answers with whatever it likes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pages.conftest import browser, contexts  # noqa: F401 - fixtures are found by their names
from tests.security.kit import HostileService


@pytest.fixture(scope="module")
def service() -> Iterator[HostileService]:
    """A service on a real socket that means us harm."""
    with HostileService() as running:
        yield running

"""The Inbox needs nothing."""

from __future__ import annotations

import pytest

from streamline_ui.errors import Invalid
from streamline_ui.providers import formats, named
from streamline_ui.providers.opening import opened

from .conftest import Desk


async def test_write(way_out: None, desk: Desk) -> None:
    provider = named("inbox")
    async with opened(provider, provider.config(), desk) as connection:
        assert provider.checker is not None
        assert (await provider.checker(connection)).tested
        assert await provider.actions["write"].run(connection, {"title": "T", "text": "x"}) == {"id": "entry-1"}
        assert await provider.actions["write"].run(connection, {"title": "T", "text": ""}) == {"id": "entry-2"}
        with pytest.raises(ValueError, match="missing"):
            await provider.actions["write"].run(connection, {})
    assert desk.written == [("T", "x"), ("T", "")]


def test_there_is_nothing_to_fill_in() -> None:
    with pytest.raises(Invalid) as raised:
        formats.read(named("inbox").config, {"webhookUrl": "x"})
    assert raised.value.fields == {"": "There is a field here that is not known. Known are: none."}

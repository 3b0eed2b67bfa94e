"""What somebody does who signs in at a stand-in: opens the address, answers the consent page, and is sent back."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from streamline_ui import sandbox
from streamline_ui.integrations import connections, oauth_sign_in
from streamline_ui.integrations.oauth_sign_in import Result
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.oauth_tables import OAuthGrant

HOME = "http://127.0.0.1:8080"


def add(user: User, stand_ins: str, type_name: str = "oauth2", **values: Any) -> Integration:
    """A connection to the stand-in, at which nobody has signed in."""
    return connections.add(user.id, type_name, "Notes", {**sandbox.demo(type_name, stand_ins), **values})


async def consent(url: str, answer: str = "allow", scopes: list[str] | None = None, **more: str) -> str:
    """Answer the consent page; returns where the service sends the browser to."""
    async with httpx.AsyncClient() as browser:
        page = await browser.get(url)
        assert page.status_code == 200, page.text
        asked = dict(parse_qsl(urlsplit(url).query)).get("scope", "").replace(",", " ").split()
        form: dict[str, Any] = {"answer": answer, "scope": asked if scopes is None else scopes, **more}
        sent_back = await browser.post(url, data=form)
        assert sent_back.status_code == 303, sent_back.text
        return str(sent_back.headers["location"])


def query(address: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(address).query)


async def sign_in(row: Integration, session_id: str = "", **consented: Any) -> Result:
    """The whole way, there and back."""
    url, _ = await asyncio.to_thread(oauth_sign_in.begin, row.user_id, row.id, HOME, session_id)
    return await oauth_sign_in.finish(query(await consent(url, **consented)), session_id=session_id or None)


def grant(row: Integration) -> OAuthGrant:
    with db.reading() as session:
        found = session.get(OAuthGrant, row.id)
    assert found is not None
    return found


def look(row: Integration) -> Integration:
    return connections.one(row.user_id, row.id)

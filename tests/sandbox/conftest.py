"""The stand-ins as an ASGI application, mounted as in the app."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Mount

from streamline_ui import sandbox

HOOK = sandbox.DEMO["discord"]["webhookUrl"].partition("/api")[2]
TOKEN = sandbox.DEMO["telegram"]["botToken"]
NEWS = {"X-Api-Key": sandbox.DEMO["newsapi"]["apiKeys"]["apiKey"]}
AIRTABLE = {"Authorization": "Bearer " + sandbox.DEMO["airtable"]["apiKeys"]["accessToken"]}
KEY = {"Authorization": "Bearer " + sandbox.DEMO["sendgrid"]["apiKeys"]["apiKey"]}
SLACK = {"Authorization": "Bearer " + sandbox.DEMO["slack"]["apiKeys"]["accessToken"]}
ACCOUNT = "2010-04-01/Accounts/" + sandbox.DEMO["twilio"]["apiKeys"]["accountSid"]
TWILIO = (sandbox.DEMO["twilio"]["apiKeys"]["accountSid"], sandbox.DEMO["twilio"]["apiKeys"]["authToken"])


@pytest_asyncio.fixture
async def box() -> AsyncIterator[httpx.AsyncClient]:
    sandbox.forget()
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/sandbox", sandbox.build())]))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.test/sandbox/") as client:
        yield client
    sandbox.forget()

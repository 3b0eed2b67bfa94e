"""What is shown while the database is locked: in both themes and sizes, with a way on once it is free again."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from tests.conftest import PASSWORD, start_server, stop_server
from tests.pages import judge
from tests.pages.conftest import DESKTOP, PHONE, Opener, ready

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PROGRAM = """
import os, runpy, sqlite3, sys
sys.path.insert(0, os.getcwd())
from sqlalchemy.exc import OperationalError
from streamline_ui.access import sessions

known = sessions.visitor

def visitor(token):
    if os.path.exists(LOCK):
        raise OperationalError("SELECT", {}, sqlite3.OperationalError("database is locked"))
    return known(token)

sessions.visitor = visitor
runpy.run_path("main.py", run_name="__main__")
"""


async def test_the_busy_page_in_all_forms(tmp_path: Path, contexts: Opener) -> None:
    lock, program = tmp_path / "locked", tmp_path / "locked.py"
    program.write_text(f"LOCK = {str(lock)!r}\n{PROGRAM}")
    server = start_server(tmp_path, program=str(program))
    try:
        account = {"email": "alice@example.com", "password": PASSWORD}
        httpx.post(f"{server.url}/api/setup", json=account).raise_for_status()
        page = await (await contexts(url=server.url, bypass_csp=True)).new_page()
        lock.touch()
        answer = await page.goto("/workflows")
        assert answer is not None
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        for scheme in ("light", "dark"):
            for size in (DESKTOP, PHONE):
                await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
                await page.set_viewport_size(size)
                await page.reload()
                await expect(page.get_by_role("heading", name="Busy just now")).to_be_visible()
                await judge.whole(page)
        again = page.get_by_role("link", name="Try again")
        box = await again.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        lock.unlink()
        await again.click()
        await ready(page)
        await expect(page.get_by_role("heading", name="Workflows", exact=True)).to_be_visible()
    finally:
        stop_server(server)

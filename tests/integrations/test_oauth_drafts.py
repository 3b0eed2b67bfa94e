"""Connections that were saved only so that somebody can sign in for them: which of them go, and which never do."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from streamline_ui import sandbox
from streamline_ui.errors import NotFound
from streamline_ui.integrations import connections, health, oauth_drafts, oauth_sign_in, rows
from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.oauth_tables import OAuthDraft, OAuthSignIn
from streamline_ui.workflows import catalog, drafts

from .oauth_steps import HOME, add, consent, look, query, sign_in

LATER = oauth_sign_in.LIFE + oauth_drafts.EXCHANGE + timedelta(seconds=1)
STEP = {"id": "notes", "type": "action", "action": "request", "params": {"method": "GET", "path": "/notes"}}


@pytest.fixture(autouse=True)
def _new_box() -> None:
    sandbox.forget()


def draft(user: User, stand_ins: str) -> Integration:
    """As the dialog saves it."""
    return connections.add(user.id, "oauth2", "Notes", sandbox.demo("oauth2", stand_ins), is_draft=True)


def begun(user: User, stand_ins: str) -> Integration:
    row = draft(user, stand_ins)
    oauth_sign_in.begin(user.id, row.id, HOME, "browser-1")
    return row


def pass_by(time: timedelta) -> None:
    """So much time goes by."""
    with db.writing() as session:
        for mark in session.exec(select(OAuthDraft)).all():
            mark.until -= time
            session.add(mark)
        for attempt in session.exec(select(OAuthSignIn)).all():
            attempt.expires_at -= time
            session.add(attempt)


def is_there(row: Integration) -> bool:
    try:
        look(row)
    except NotFound:
        return False
    return True


def test_it_goes_when_nobody_can_come_back_any_more(hub: Settings, alice: User, stand_ins: str) -> None:
    row = begun(alice, stand_ins)
    oauth_drafts.sweep()
    assert is_there(row)
    pass_by(oauth_sign_in.LIFE)  # somebody may have come back at the last moment
    oauth_drafts.sweep()
    assert is_there(row)
    pass_by(oauth_drafts.EXCHANGE)
    oauth_drafts.sweep()
    assert not is_there(row)
    with db.reading() as session:
        assert session.exec(select(OAuthDraft)).all() == session.exec(select(OAuthSignIn)).all() == []


def test_it_goes_where_the_page_died_before_the_service_was_asked(hub: Settings, alice: User, stand_ins: str) -> None:
    row = draft(alice, stand_ins)
    pass_by(oauth_drafts.HELD)
    oauth_drafts.sweep()
    assert not is_there(row)


def test_it_stays_while_a_page_shows_it(hub: Settings, alice: User, stand_ins: str) -> None:
    row = begun(alice, stand_ins)
    for _ in range(3):
        pass_by(LATER)
        oauth_drafts.hold(row.id)
        oauth_drafts.sweep()
        assert is_there(row)
    oauth_sign_in.begin(alice.id, row.id, HOME, "browser-1")  # once more, from the card
    pass_by(oauth_drafts.HELD * 2)
    oauth_drafts.sweep()
    assert is_there(row)
    pass_by(LATER)
    oauth_drafts.sweep()
    assert not is_there(row)


async def test_it_stays_once_somebody_has_signed_in(hub: Settings, alice: User, stand_ins: str) -> None:
    row = draft(alice, stand_ins)
    assert (await sign_in(row)).ok
    assert not oauth_drafts.drop(alice.id, row.id)
    pass_by(LATER)
    oauth_drafts.sweep()
    assert is_there(row)
    with db.reading() as session:
        assert session.exec(select(OAuthDraft)).all() == []


async def test_it_stays_while_the_service_is_asked_for_the_tokens(hub: Settings, alice: User, stand_ins: str) -> None:
    row = draft(alice, stand_ins)
    url, _ = oauth_sign_in.begin(alice.id, row.id, HOME, "browser-1")
    sent_back = query(await consent(url))
    sandbox.DESKS["oauth2"].fault = sandbox.slack.Fault(delay=0.5, at="token")
    coming = asyncio.create_task(oauth_sign_in.finish(sent_back, session_id="browser-1"))
    await asyncio.sleep(0.2)
    assert not oauth_drafts.drop(alice.id, row.id)  # the dialog is closed at this moment
    pass_by(LATER)
    oauth_drafts.sweep()
    sandbox.DESKS["oauth2"].fault = None
    assert (await coming).ok
    assert is_there(row)


@pytest.mark.parametrize("way", ["saved", "renamed", "paused", "restored"])
def test_what_somebody_wants_stays(hub: Settings, alice: User, stand_ins: str, way: str) -> None:
    row = begun(alice, stand_ins)
    if way == "saved":
        connections.change(alice.id, row.id, config={"clientId": "another"})
    elif way == "renamed":
        connections.change(alice.id, row.id, name="Kept")
    elif way == "paused":
        connections.change(alice.id, row.id, is_active=False)
    else:
        connections.remove(alice.id, row.id, undoable=True)
        connections.restore(alice.id, row.id)
    pass_by(LATER)
    assert not oauth_drafts.drop(alice.id, row.id)
    oauth_drafts.sweep()
    assert is_there(row)


@pytest.mark.parametrize("is_published", [True, False])
def test_what_a_workflow_uses_stays(hub: Settings, alice: User, stand_ins: str, is_published: bool) -> None:
    row = begun(alice, stand_ins)
    steps = [{**STEP, "integrationId": row.id}]
    made = catalog.add if is_published else drafts.new
    made(alice.id, {"name": "Notes", "trigger": {"type": "webhook"}, "steps": steps})
    assert not oauth_drafts.drop(alice.id, row.id)
    pass_by(LATER)
    oauth_drafts.sweep()
    assert is_there(row)


def test_what_worked_stays(hub: Settings, alice: User, stand_ins: str) -> None:
    row = begun(alice, stand_ins)
    rows.record(alice.id, row.id, health.succeeded("", "Connected.", 5))
    pass_by(LATER)
    oauth_drafts.sweep()
    assert is_there(row)


def test_what_was_made_over_rest_is_none(hub: Settings, alice: User, stand_ins: str) -> None:
    row = add(alice, stand_ins)
    oauth_sign_in.begin(alice.id, row.id, HOME, address="127.0.0.1")
    pass_by(LATER)
    assert not oauth_drafts.drop(alice.id, row.id)
    oauth_drafts.sweep()
    assert is_there(row)


def test_nobody_drops_what_is_somebody_elses(hub: Settings, alice: User, charlie: User, stand_ins: str) -> None:
    row = begun(alice, stand_ins)
    assert not oauth_drafts.drop(charlie.id, row.id)
    assert is_there(row)
    assert oauth_drafts.drop(alice.id, row.id)
    assert not is_there(row)
    assert not oauth_drafts.drop(alice.id, row.id)

"""Files that come with a request: on disk before the answer, within reach of steps, gone with what refers to them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from streamline_ui.settings import Settings
from streamline_ui.storage import db
from streamline_ui.storage.models import Integration, User
from streamline_ui.storage.workflow_tables import Execution, HookRequest, Progress
from streamline_ui.workflows import captures, catalog, dispatch, executions, retention, uploads
from tests.workflows.conftest import Call, add, post, settled, webhook

PHOTO = bytes(range(256)) * 40
CONTENT = "{{ trigger.body.photo.name }} {{ trigger.body.photo.size }}"


def folders(hub: Settings) -> list[Path]:
    root = hub.data_dir / uploads.FOLDER
    return sorted(root.iterdir()) if root.is_dir() else []


def photo(name: str = "photo.png", content: bytes = PHOTO) -> dict[str, Any]:
    return {"photo": (name, content, "image/png")}


def output(execution: Execution) -> Any:
    return json.loads(executions.steps(execution.id)[0].output)


def put(**values: str) -> dict[str, Any]:
    return {"id": "put", "type": "set", "values": values}


async def test_a_file_is_on_disk_and_its_contents_within_reach(hub: Settings, call: Call, alice: User) -> None:
    step = put(
        about="{{ trigger.body.photo }}",
        whole="{{ trigger.body.photo.base64 }}",
        start="{{ trigger.body.photo.base64 | slice: 0, 8 }}",
        missing="{{ trigger.body.photo.nothing | default: '-' }}",
        second="{{ trigger.body.more[1].base64 | base64_decode }}",
    )
    workflow = add(alice, webhook(step))
    files = [("photo", ("photo.png", PHOTO, "image/png")), *(("more", (f"{n}.txt", b"n%d" % n, "")) for n in (1, 2))]
    assert (await call(workflow, data={"note": "hello"}, files=files)).status_code == 202
    (row,) = await settled(alice)
    assert row.status == Progress.SUCCEEDED, row.error
    (folder,) = folders(hub)
    assert row.files == folder.name
    written = {file.name: file for file in folder.iterdir()}
    assert written.keys() == {"1", "2", "3"}
    assert written["1"].read_bytes() == PHOTO
    assert {stat.S_IMODE(file.stat().st_mode) for file in written.values()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    about = {"id": f"{folder.name}/1", "name": "photo.png", "contentType": "image/png", "size": len(PHOTO)}
    text = base64.b64encode(PHOTO).decode()
    assert output(row) == {"about": about, "whole": text, "start": text[:8], "missing": "-", "second": "n2"}
    trigger = executions.triggers([row], 10_000)[row.id]
    assert trigger["body"]["photo"] == about
    assert trigger["body"]["note"] == "hello"
    assert len(json.dumps(trigger)) < 2000


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/shadow", "shadow"),
        ("..", ""),
        ("", ""),
        ("a\x00b\x1f\u202ecod.exe", "abcod.exe"),
        ("x" * 500, "x" * 200),
        ("Müller, Änderung 2.pdf", "Müller, Änderung 2.pdf"),
    ],
)
def test_a_name_is_only_shown(given: str, shown: str) -> None:
    assert uploads.clean(given) == shown


async def test_no_name_leads_out_of_the_folder(hub: Settings, call: Call, alice: User) -> None:
    workflow = add(alice, webhook(put(name="{{ trigger.body.photo.name }}")))
    before = {path for path in hub.data_dir.rglob("*") if uploads.FOLDER not in path.parts}
    for name in ("../../evil", "/tmp/evil", "..%2f..%2fevil", "a/../../b"):
        assert (await call(workflow, files=photo(name))).status_code == 202
    await settled(alice, 4)
    assert {path for path in hub.data_dir.rglob("*") if uploads.FOLDER not in path.parts} == before
    assert all([file.name for file in folder.iterdir()] == ["1"] for folder in folders(hub))


async def test_nobody_gets_at_a_file_by_naming_it(hub: Settings, call: Call, alice: User) -> None:
    workflow = add(alice, webhook(put(got="{{ trigger.body.photo.base64 | default: 'none' }}")))
    await call(workflow, files=photo())
    await settled(alice, 1)
    (folder,) = folders(hub)
    for named in (f"{folder.name}/1", f"{folder.name}/../../streamline.db", "../streamline.db"):
        body = {"type": "webhook", "files": folder.name, "photo": {"id": named, "name": "x", "size": 1}}
        assert (await call(workflow, json=body)).status_code == 202
    rows = await settled(alice, 4)
    assert [output(row)["got"] for row in rows].count("none") == 3
    for forged in ("../..", "", folder.name[:-1] + "/"):
        trigger = {"type": "webhook", "files": forged, "body": {"photo": {"id": f"{forged}/1"}}}
        assert "base64" not in uploads.reachable(trigger)["body"]["photo"]


async def test_again_it_has_the_same_files(hub: Settings, call: Call, alice: User) -> None:
    workflow = add(alice, webhook(put(got="{{ trigger.body.photo.base64 | size }}")))
    await call(workflow, files=photo())
    (first,) = await settled(alice)
    second = executions.replay(alice.id, first.id)
    assert second.files == first.files
    (request,) = captures.page(alice.id, workflow.id)
    third = await captures.replay(alice.id, workflow.id, request.id)
    assert third.files not in (None, first.files)
    rows = await settled(alice, 3, until=(Progress.QUEUED, Progress.SUCCEEDED))
    assert len(folders(hub)) == 2
    for _ in range(200):
        rows = executions.page(alice.id)
        if all(row.status == Progress.SUCCEEDED for row in rows):
            break
        await asyncio.sleep(0.02)
    assert len({output(row)["got"] for row in rows}) == 1


async def test_a_database_without_its_files_is_told_of_in_the_step(hub: Settings, call: Call, alice: User) -> None:
    """As after the restore of a copy, which has none."""
    workflow = add(alice, webhook(put(got="{{ trigger.body.photo.base64 | default: 'none' }}")))
    await call(workflow, files=photo())
    (first,) = await settled(alice)
    shutil.rmtree(hub.data_dir / uploads.FOLDER)
    dispatch.offer(executions.replay(alice.id, first.id))
    again, _ = await settled(alice, 2)
    assert (again.status, again.replay_of) == (Progress.FAILED, first.id)
    assert "The file “photo.png” is not on this server any more" in again.error


async def test_files_go_with_the_last_that_refers_to_them(hub: Settings, call: Call, alice: User) -> None:
    workflow = add(alice, webhook(put(got="1")))
    await call(workflow, files=photo())
    (first,) = await settled(alice)
    executions.replay(alice.id, first.id)
    await settled(alice, 2)
    assert uploads.sweep(0) == 0
    with db.writing() as session:
        session.delete(session.get_one(Execution, first.id))
    retention.sweep(hub)
    assert len(folders(hub)) == 1
    catalog.remove(alice.id, workflow.id)
    (hub.data_dir / uploads.FOLDER / ("0" * 32)).mkdir()
    assert uploads.sweep() == 0, "it may be about to get its execution"
    for folder in folders(hub):
        os.utime(folder, (1, 1))
    retention.sweep(hub)
    assert folders(hub) == []


async def test_what_starts_nothing_leaves_no_file(hub: Settings, call: Call, alice: User, inbox: Integration) -> None:
    workflow = add(alice, webhook(post(inbox, CONTENT)))
    for _ in range(2):
        await call(workflow, files=photo(), headers={"webhook-id": "1"})
    part = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n1\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert (await call(workflow, content=part * 1200 + b"--x--\r\n", headers=headers)).status_code == 400
    settings = webhook(post(inbox, CONTENT), settings={"maxBodyBytes": 1000})
    small = add(alice, {**settings, "name": "Small"})
    assert (await call(small, files=photo())).status_code == 413
    with db.reading() as session:
        started = len(session.exec(select(Execution)).all())
    assert len(folders(hub)) == started


async def test_on_a_full_disk_nothing_is_half_kept(hub: Settings, call: Call, alice: User) -> None:
    """The largest size a file of the process may have stands in for the disk's end."""
    workflow = add(alice, webhook(put(got="1")))
    await call(workflow, json={})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    try:
        answer = await call(workflow, files=photo(content=b"x" * 600_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert folders(hub) == []
    with db.reading() as session:
        assert len(session.exec(select(HookRequest)).all()) == 1
    assert (await call(workflow, files=photo(content=b"x" * 600_000))).status_code == 202

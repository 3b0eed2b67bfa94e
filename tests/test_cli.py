"""The command line as a user meets it: real processes, their status, and what they say."""

from __future__ import annotations

import json
import logging
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streamline_ui import __version__, logs
from streamline_ui import settings as configuration
from tests.conftest import ROOT, free_port, start_server, stop_server

PASSWORD = "quiet-river-paper-lamp"


def environment(folder: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STREAMLINE", "NICEGUI"))}
    return kept | {"STREAMLINE_DATA_DIR": str(folder), "STREAMLINE_PORT": str(free_port())} | variables


def run(folder: Path, *arguments: str, given: str = "", **variables: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "main.py", *arguments],
        check=False,
        cwd=ROOT,
        env=environment(folder, **variables),
        input=given,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.returncode, done.stdout, done.stderr


def refusal(result: tuple[int, str, str], status: int = 1) -> str:
    """What a command that fails says: one line, no traceback."""
    found, _, err = result
    said = [line for line in err.splitlines() if " INFO " not in line]
    assert (found, len(said)) == (status, 1), err
    return said[0]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["serve", "--help"], ["create-user", "--help"], ["reset-password", "-h"]]
)
def test_help(tmp_path: Path, arguments: list[str]) -> None:
    status, out, err = run(tmp_path / "data", *arguments)
    assert (status, err) == (0, "")
    assert out.startswith("usage: main.py")
    assert not (tmp_path / "data").exists()


def test_version(tmp_path: Path) -> None:
    assert run(tmp_path, "--version") == (0, f"Streamline {__version__}\n", "")


def test_help_loads_nothing_heavy() -> None:
    script = "import sys; from streamline_ui import cli; print({'nicegui', 'fastapi', 'sqlalchemy'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True) == "set()\n"


def test_a_start_makes_no_validators_that_nobody_asks_for() -> None:
    """And those that somebody does ask for do what they would have done."""
    script = """
from streamline_ui import cli
cli._leave_out()
from streamline_ui.errors import Invalid
from streamline_ui.integrations import configuration
from streamline_ui.storage.models import User
from streamline_ui.storage.workflow_tables import Execution
try:
    configuration.parse("http", {"baseUrl": "nothing"})
except Invalid as error:
    print(User.__pydantic_complete__, Execution.__pydantic_complete__, sorted(error.fields))
"""
    said = subprocess.check_output([sys.executable, "-W", "ignore", "-c", script], cwd=ROOT, text=True)
    assert said == "False False ['baseUrl']\n"


@pytest.mark.parametrize("arguments", [["backup"], ["create-user"], ["serve", "--port"], ["create-user", "a@b.c", "d"]])
def test_what_is_not_a_command(tmp_path: Path, arguments: list[str]) -> None:
    assert "--help tells more" in refusal(run(tmp_path, *arguments), status=2)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"STREAMLINE_PORT": "http"}, "STREAMLINE_PORT must be a whole number"),
        ({"STREAMLINE_HOST": "192.0.2.1"}, "STREAMLINE_HOST is 192.0.2.1, which is not an address of this machine"),
        ({"STREAMLINE_DATA_DIR": "/proc/nothing"}, "The data folder /proc/nothing cannot be written to"),
        ({"STREAMLINE_DATA_DIR": str(ROOT / "main.py")}, "main.py cannot be written to"),
        ({"STREAMLINE_LOG_LEVEL": "loud"}, "STREAMLINE_LOG_LEVEL must be one of"),
        ({"ENCRYPTION_KEY": "abc"}, "ENCRYPTION_KEY"),
        ({"ENCRYPTION_KEY": "ab" * 32, "STREAMLINE_ENCRYPTION_KEY": "cd" * 32}, "are both set, and differ"),
        ({"STREAMLINE_EGRESS_ALLOW": "10.0.0.0/99"}, "STREAMLINE_EGRESS_ALLOW"),
        ({"DATABASE_URL": "postgresql://me:hunter22@127.0.0.1:1/x"}, "cannot be used"),
    ],
)
def test_a_start_that_cannot_be(tmp_path: Path, variables: dict[str, str], sentence: str) -> None:
    said = refusal(run(tmp_path, **variables))
    assert sentence in said
    assert "hunter22" not in said


def test_a_mistyped_address_is_told_in_one_sentence(tmp_path: Path) -> None:
    assert refusal(run(tmp_path, "create-user", "alice", given=PASSWORD)) == "This is not an email address."


def test_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Port {port} of 127.0.0.1 is taken" in refusal(run(tmp_path, STREAMLINE_PORT=port))


def test_a_database_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "streamline.db").write_text("This is a text, and it is long enough to be taken for a header." * 20)
    assert "not a database" in refusal(run(tmp_path))


def test_users_are_made_beside_a_running_server(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    try:
        data = server.data
        assert "is in use by a Streamline that is already running" in refusal(run(data))
        status, out, err = run(data, "create-user", "Alice@Example.com", given=PASSWORD + "\n")
        assert (status, out, err) == (0, "alice@example.com can sign in now and is an admin.\n", "")
        status, out, _ = run(data, "create-user", "bob@example.com", "--name", "Bob")
        assert status == 0
        assert out.startswith("bob@example.com can sign in now.\nThe password is ")
        assert sign_in(server.url, "alice@example.com", PASSWORD) == 200
        assert sign_in(server.url, "bob@example.com", re.findall(r"password is (\S+)", out)[0]) == 200
        assert "already" in refusal(run(data, "create-user", "bob@example.com", given=PASSWORD))
        assert run(data, "reset-password", "ALICE@example.com", given="another-river-lamp\n")[0] == 0
        assert sign_in(server.url, "alice@example.com", PASSWORD) == 401
        assert sign_in(server.url, "alice@example.com", "another-river-lamp") == 200
    finally:
        stop_server(server)
    assert "Streamline is ready: make the first account at http://127.0.0.1" in server.log.read_text()
    modes = {path.name: path.stat().st_mode & 0o077 for path in server.data.rglob("*") if path.is_file()}
    assert set(modes.values()) == {0}, modes


def sign_in(url: str, email: str, password: str) -> int:
    import httpx

    return httpx.post(url + "/api/auth/login", json={"email": email, "password": password}).status_code


@pytest.mark.parametrize(
    ("arguments", "given", "sentence"),
    [
        (["create-user", "nobody"], PASSWORD, "email address"),
        (["create-user", "carl@example.com"], "short", "at least"),
        (["reset-password", "carl@example.com"], PASSWORD, "Nobody here has the email address carl@example.com."),
    ],
)
def test_users_that_cannot_be(tmp_path: Path, arguments: list[str], given: str, sentence: str) -> None:
    assert sentence in refusal(run(tmp_path, *arguments, given=given))


@pytest.mark.parametrize(("second", "status"), [(PASSWORD, 0), ("something else", 1)])
def test_a_password_is_typed_twice_and_not_shown(tmp_path: Path, second: str, status: int) -> None:
    terminal, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "main.py", "create-user", "dora@example.com"],
        cwd=ROOT,
        env=environment(tmp_path),
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
    )
    os.close(other)
    shown = b""
    for question, answer in (b"made): ", PASSWORD), (b"once more: ", second):
        while not shown.endswith(question):
            shown += os.read(terminal, 1000)
        os.write(terminal, answer.encode() + b"\n")
    assert process.wait(30) == status
    shown += os.read(terminal, 1000)
    os.close(terminal)
    assert PASSWORD.encode() not in shown
    assert (b"can sign in now" if status == 0 else b"passwords differ") in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["while it starts", "when it runs"])
def test_being_asked_to_stop_is_no_failure(tmp_path: Path, number: signal.Signals, moment: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "main.py"],
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    if moment == "when it runs":
        assert process.stdout
        assert "is ready" in process.stdout.readline()
    else:
        while not (tmp_path / "lock").exists():
            time.sleep(0.01)
        time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 0, err
    assert "Traceback" not in err


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_is_one_line_an_event(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        logs.install(configuration.load({"STREAMLINE_LOG_FORMAT": form}))
        log = logging.getLogger("streamline_ui.somewhere")
        log.info("Hello %s", "you\n2026-01-01T00:00:00Z ERROR forged\x1b[31m", extra={"request_id": "abc"})
        log.error("Oh", exc_info=ValueError("first\nsecond"))
        logging.getLogger("uvicorn.error").info("noise")
        lines = capsys.readouterr().err.splitlines()
    finally:
        logging.captureWarnings(False)
        root.handlers[:] = before
        root.setLevel(level)
    if form == "json":
        first, second = (json.loads(line) for line in lines)
        assert (first["level"], first["logger"], first["request_id"]) == ("info", "streamline_ui.somewhere", "abc")
        assert first["message"].startswith("Hello you\n2026")
        assert second["trace"].endswith("ValueError: first\nsecond")
    else:
        assert lines[0].endswith(r"INFO    somewhere: Hello you\n2026-01-01T00:00:00Z ERROR forged\x1b[31m")
        assert lines[1].endswith("ERROR   somewhere: Oh")
        assert all(line.startswith("    ") for line in lines[2:])
        assert lines[-1] == "    second"

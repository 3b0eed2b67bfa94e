"""The first start, in a copy of the project whose lock names one tiny library that is built here: no network needed."""

from __future__ import annotations

import ast
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BASE = Path(getattr(sys, "_base_executable", sys.executable))  # a Python outside of every environment
MAIN = """
import sys
from streamline_ui import bootstrap
bootstrap.ensure("requirements.lock")
import tiny
print("ready", tiny.VERSION, sys.prefix, *sys.argv[1:])
"""


def wheel(folder: Path, version: str) -> str:
    """Build a library of one module; returns its line for a lock file."""
    path = folder / f"tiny-{version}-py3-none-any.whl"
    about = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"VERSION = {version!r}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text)}\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (files | {f"{about}/RECORD": record + f"{about}/RECORD,,\n"}).items():
            archive.writestr(zipfile.ZipInfo(name), text)  # without today's date: the same bytes every time
    return f"tiny=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Copy:
    """A project with `main.py`, the real bootstrap, and a package index that is a folder."""

    def __init__(self, folder: Path) -> None:
        self.root, self.wheels, self.tools = folder / "project", folder / "wheels", folder / "tools"
        for new in (self.root / "streamline_ui", self.wheels, self.tools):
            new.mkdir(parents=True, exist_ok=True)
        for name in ("__init__.py", "bootstrap.py"):
            shutil.copy(ROOT / "streamline_ui" / name, self.root / "streamline_ui" / name)
        (self.root / "main.py").write_text(MAIN)
        self.lock("1.0")

    def lock(self, version: str) -> None:
        (self.root / "requirements.lock").write_text(wheel(self.wheels, version))

    @property
    def environment(self) -> Path:
        return self.root / ".venv"

    def tool(self, name: str, script: str) -> Path:
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def popen(self, *arguments: str, python: Path = BASE, **variables: str) -> subprocess.Popen[str]:
        given = {"PATH": f"{self.tools}:/usr/bin:/bin", "HOME": str(self.root.parent), "PIP_NO_INDEX": "1"}
        environment = given | {"PIP_FIND_LINKS": str(self.wheels), "PIP_CONFIG_FILE": os.devnull} | variables
        return subprocess.Popen(
            [python, *(arguments or ("main.py",))],
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: str, python: Path = BASE, **variables: str) -> tuple[int, str, str]:
        process = self.popen(*arguments, python=python, **variables)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy whose first start is over. Tests that use it leave it whole."""
    made = Copy(tmp_path_factory.mktemp("installed"))
    status, out, err = made.start("main.py", "serve", "--loudly")
    assert (status, err) == (0, "")
    assert out.splitlines()[-1] == f"ready 1.0 {made.environment} serve --loudly"
    assert out.startswith("First start")
    return made


@pytest.fixture
def started(installed: Copy, tmp_path: Path) -> Copy:
    """A copy whose first start is over, to be changed."""
    shutil.copytree(installed.root.parent, tmp_path / "copy", symlinks=True)
    return Copy(tmp_path / "copy")


def one_sentence(result: tuple[int, str, str]) -> str:
    status, _, err = result
    assert status == 1
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("name", ["main.py", "streamline_ui/__init__.py", "streamline_ui/bootstrap.py"])
def test_an_old_python_can_read_it(name: str) -> None:
    ast.parse((ROOT / name).read_text(), feature_version=(3, 6))


def test_second_start_installs_nothing(installed: Copy) -> None:
    installed.tool("uv", "echo called >&2; exit 1")
    status, out, err = installed.start(PIP_FIND_LINKS="/nowhere")
    assert (status, err, out) == (0, "", f"ready 1.0 {installed.environment}\n")


def test_the_python_of_the_environment_starts_at_once(installed: Copy) -> None:
    status, out, _ = installed.start(python=installed.environment / "bin/python")
    assert (status, out) == (0, f"ready 1.0 {installed.environment}\n")


def test_a_changed_lock_is_installed(started: Copy) -> None:
    started.lock("2.0")
    status, out, _ = started.start(python=started.environment / "bin/python")
    assert status == 0
    assert out.endswith(f"ready 2.0 {started.environment}\n")
    assert "First start" not in out  # the environment itself stays
    started.lock("3.0")
    (started.wheels / "tiny-3.0-py3-none-any.whl").write_bytes(b"something else")
    assert "libraries could not be installed" in one_sentence(started.start())


def test_a_start_that_was_killed_is_done_over(copy: Copy) -> None:
    under_way = copy.root / "under-way"
    copy.tool("uv", f"echo $$ > {under_way}.new; mv {under_way}.new {under_way}; exec sleep 30")
    killed = copy.popen()
    while not under_way.exists():
        assert killed.poll() is None
        time.sleep(0.02)
    tool = int(under_way.read_text())
    killed.kill()
    killed.communicate()
    second = copy.popen()
    assert second.stdout
    assert second.stdout.readline() == "Another start is installing the libraries; waiting for it ...\n"
    (copy.tools / "uv").unlink()
    (copy.environment / "half").write_text("rubbish")
    os.kill(tool, 9)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, err) == (0, "")
    assert out.endswith(f"ready 1.0 {copy.environment}\n")
    assert not (copy.environment / "half").exists()


def test_two_starts_at_once_take_turns(copy: Copy) -> None:
    starts = [copy.popen(), copy.popen()]
    results = [process.communicate(timeout=60) for process in starts]
    assert [process.returncode for process in starts] == [0, 0]
    assert all(out.endswith(f"ready 1.0 {copy.environment}\n") for out, _ in results)
    assert sum("First start" in out for out, _ in results) == 1


def test_an_environment_whose_python_is_gone_is_made_anew(started: Copy) -> None:
    (started.environment / "bin/python").unlink()
    status, out, _ = started.start()
    assert status == 0
    assert out.startswith("First start")


def test_an_environment_of_someone_else_is_not_touched(copy: Copy) -> None:
    copy.environment.mkdir()
    (copy.environment / "precious").write_text("mine")
    assert "not Streamline's" in one_sentence(copy.start())
    assert (copy.environment / "precious").read_text() == "mine"


def test_libraries_that_are_there_already_are_used(installed: Copy, copy: Copy) -> None:
    others = installed.environment / "bin/python"
    status, out, _ = copy.start(python=others)
    assert (status, out) == (0, f"ready 1.0 {installed.environment}\n")
    assert not copy.environment.exists()
    copy.lock("1.1")  # newer than what is there
    status, out, _ = copy.start(python=others)
    assert out.endswith(f"ready 1.1 {copy.environment}\n")


def test_no_network(copy: Copy) -> None:
    index = "http://127.0.0.1:9/simple"
    sentence = one_sentence(copy.start(PIP_FIND_LINKS="", PIP_NO_INDEX="", PIP_INDEX_URL=index))
    assert "the package index cannot be reached" in sentence
    assert (copy.environment / "install.log").read_text()


OLD = """
import sys
if sys.prefix == sys.base_prefix:  # not in the environment that is made
    sys.version_info = (3, 8, 2, "final", 0)
from streamline_ui import bootstrap
bootstrap.shutil.which = lambda name: None
bootstrap.ensure("requirements.lock")
"""


def test_python_is_too_old(copy: Copy) -> None:
    assert "needs Python 3.11 or newer" in one_sentence(copy.start("-c", OLD))
    assert not copy.environment.exists()


def test_a_newer_python_of_the_machine_is_found(copy: Copy) -> None:
    copy.tool("python3.12", f'exec {BASE} "$@"')
    script = OLD.replace("bootstrap.shutil.which = lambda name: None\n", "").replace(", 8, ", ", 6, ")
    status, out, err = copy.start("-c", script + "import tiny; print(tiny.VERSION)")
    assert (status, err) == (0, "")
    assert out.endswith("1.0\n")


PATCHED = """
from streamline_ui import bootstrap
bootstrap.{name} = {value}
bootstrap.ensure("requirements.lock")
"""


@pytest.mark.parametrize("words", ["ensurepip is not available", "No module named venv"])
def test_venv_is_missing(copy: Copy, words: str) -> None:
    fake = copy.tool("python3.11", f"echo 'The environment was not made because {words}.'; exit 1")
    script = PATCHED.format(name="_new_enough", value=f"lambda: {str(fake)!r}")
    assert "sudo apt install python3-venv" in one_sentence(copy.start("-c", script))
    assert not copy.environment.exists()


def test_folder_cannot_be_written_to(copy: Copy) -> None:
    script = PATCHED.format(name="os.access", value="lambda *_: False")
    assert f"{copy.root} cannot be written to" in one_sentence(copy.start("-c", script))
    assert not copy.environment.exists()


def test_the_python_under_the_environment_became_another(started: Copy) -> None:
    mark, stamp = started.environment / "made-by-streamline", started.environment / "installed-requirements.lock"
    version = mark.read_text()
    mark.write_text("3.10")
    stamp.write_text(stamp.read_text().replace(version, "3.10"))
    status, out, _ = started.start()
    assert status == 0
    assert out.startswith("First start")
    assert mark.read_text() == version


def test_nothing_restarts_for_ever(installed: Copy) -> None:
    assert "PYTHONHOME" in one_sentence(installed.start("-c", PATCHED.format(name="_ready", value="lambda _: False")))

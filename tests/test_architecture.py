"""The habits of the house, checked: form, types, the direction of dependencies, and which libraries we stand on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from streamline_ui.providers import PROVIDERS

ROOT = Path(__file__).parent.parent
PRODUCT = ("streamline_ui", "components", "pages")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-test.lock")
PYTHON = [sys.executable, "-c"]
CHECKS = {
    "lint": [sys.executable, "-m", "ruff", "check", "."],
    "format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "types": [sys.executable, "-m", "mypy", "--no-incremental"],
    "imports": [*PYTHON, "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
}

# The oldest version of each library without a known hole that concerns us, or with a guard that we rely on.
FLOORS = {
    "nicegui": "3.18",  # uploads to hidden elements; guessable downloads
    "starlette": "1.10",  # limits on bodies and ranges
    "fastapi": "0.165",
    "python-multipart": "0.0.31",  # denial of service by form data
    "python-socketio": "5.14",  # pickle between processes
    "python-engineio": "4.12",
    "jinja2": "3.1.6",  # sandbox escapes
    "h11": "0.16",  # request smuggling
    "aiohttp": "3.14.3",
    "authlib": "1.9",  # a state that belongs to nobody
    "cryptography": "50",
    "argon2-cffi": "25",
    "pydantic": "2.14",  # threads that make the same validator late, see cli._leave_out
}
LONG_FILES = {  # longer than 300 lines, or than 400 for tests, and why
    "tests/net/test_shield.py": "every rule of one door, as tables of requests",
    "tests/workflows/test_template_attacks.py": "every attack on one engine",
}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("check", CHECKS)
def test_tools_find_nothing(check: str) -> None:
    done = subprocess.run(CHECKS[check], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_providers_do_not_know_each_other() -> None:
    package = "streamline_ui.providers."
    for path in sources("streamline_ui/providers"):
        if path.stem not in PROVIDERS:
            continue
        known = {name.removeprefix(package).partition(".")[0] for name in imported(path) if name.startswith(package)}
        assert not known & (set(PROVIDERS) - {path.stem}), name_of(path)


def imported(path: Path) -> Iterator[str]:
    """The full names of what a file imports, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[str]:
    """What a file calls, as it is written: `keyring.unseal`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


ONLY = [
    (
        r"(keyring|crypto)\.unseal",
        ("streamline_ui/vault/", "streamline_ui/integrations/", "streamline_ui/workflows/secrets.py"),
        "opens what is sealed",
    ),
    (
        r"(httpx\.(Async)?Client|aiohttp\.(ClientSession|TCPConnector|request)|urlopen|.*\.urlopen|.*create_connection)",
        ("streamline_ui/net/",),
        "goes out to the network",
    ),
    (
        r"httpx\.(get|post|put|patch|delete|request|stream)|socket\.socket",
        ("streamline_ui/net/", "streamline_ui/process.py"),
        "opens sockets",
    ),
    (r"(ui\.)?(aggrid|echart|highchart|plotly|editor)", (), "makes an element that runs scripts found in its data"),
    (r"(eval|exec|pickle\.loads?|yaml\.load|os\.system)", (), "runs what it is given"),
    (r"print", ("streamline_ui/cli.py", "streamline_ui/server.py"), "prints"),
]


@pytest.mark.parametrize(("pattern", "allowed", "deed"), ONLY, ids=[deed for _, _, deed in ONLY])
def test_only_these_do(pattern: str, allowed: tuple[str, ...], deed: str) -> None:
    for path in sources(*PRODUCT):
        if not name_of(path).startswith(allowed or "-"):
            found = [call for call in calls(path) if re.fullmatch(pattern, call)]
            assert not found, f"{name_of(path)} {deed}: {found}"


def test_files_are_short_or_say_why() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in sources(*PRODUCT, "tests")}
    long = {name_of(path) for path, length in lengths.items() if length > (400 if "tests" in path.parts else 300)}
    assert long == set(LONG_FILES)


def test_nothing_unfinished_and_nothing_of_one_machine_is_left() -> None:
    unfinished = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    machine = re.compile(r"(?<![\w.:/~}])/(root|home|work|opt|tmp)/\w")
    texts = [
        ROOT / name for name in ("main.py", "README.md", "Dockerfile", "compose.yaml", "pyproject.toml", ".ci/run")
    ]
    for path in [*texts, *sources(*PRODUCT)]:
        for pattern in (unfinished, machine):
            found = pattern.search(path.read_text())
            assert not found, f"{name_of(path)}: {found and found[0]}"


def pins(lock: str) -> dict[str, Version]:
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {name.lower(): Version(version) for name, version in found}


def required() -> Iterator[Requirement]:
    for text in [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["test"]]:
        yield Requirement(text)


def test_locks_carry_hashes_and_name_no_place() -> None:
    for lock in LOCKS:
        text = (ROOT / lock).read_text()
        assert "://" not in text
        entries = re.split(r"\n(?=\w)", text)
        assert len(entries) > 40
        assert all("--hash=sha256:" in entry for entry in entries)


def test_locks_fulfil_the_project() -> None:
    runtime, everything = (pins(lock) for lock in LOCKS)
    assert runtime.items() <= everything.items()
    for wanted in required():
        assert wanted.specifier.contains(everything[wanted.name.lower()]), wanted
    for text in PROJECT["project"]["dependencies"]:
        assert Requirement(text).name.lower() in runtime


@pytest.mark.parametrize("name", FLOORS)
def test_libraries_stand_above_their_floor(name: str) -> None:
    floor = Version(FLOORS[name])
    assert pins("requirements.lock")[name] >= floor
    assert Version(metadata.version(name)) >= floor
    for wanted in required():
        if wanted.name == name:
            lowest = [Version(part.version) for part in wanted.specifier if part.operator in (">=", "==")]
            assert lowest, f"{name} has no lower bound"
            assert min(lowest) >= floor


def test_passwords_are_hashed_with_argon2_alone() -> None:
    assert "bcrypt" not in pins("requirements.lock")  # passlib 1.7.4 cuts passwords with it
    assert str(pins("requirements.lock")["passlib"]) == "1.7.4"


def test_every_dependency_has_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    for wanted in required():
        found = [line for line in lines if re.match(rf'\s+"{wanted.name}[^\w-]', line)]
        assert len(found) == 1, wanted.name
        assert re.search(r'",\s+# .{4}', found[0]), f"{wanted.name} has no reason beside it"


def test_readme_tells_every_setting() -> None:
    code = (ROOT / "streamline_ui/settings.py").read_text()
    in_code = set(re.findall(r'read\.\w+\("([A-Z_]+)"', code))
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `")]
    in_readme = set(re.findall(r"`([A-Z][A-Z_]+)`", " ".join(row.split("|")[1] for row in rows)))
    assert in_code == in_readme
    for name, value in re.findall(r'read\.\w+\("([A-Z_]+)", "?(\d+)"?[,)]', code):
        row = next(row for row in rows if f"`{name}`" in row)
        assert f"`{value}`" in row.split("|")[2], name


def test_ticks_in_the_readme_stand_beside_tests_and_services_that_are_there() -> None:
    rows = [line.split("|")[1:4] for line in (ROOT / "README.md").read_text().splitlines() if "✅" in line]
    assert len(rows) == 7
    for what, services, tried in rows:
        file = ROOT / tried.strip().strip("`")
        assert len(re.findall(r"^(?:async )?def test_", file.read_text(), re.MULTILINE)) >= 4, what
        kinds = {"API keys": "api", "Polling": "feeds"}
        wanted = kinds.get(what.split(" ✅")[0].strip())
        named = {name.strip() for name in services.split(",")}
        if wanted == "api":
            assert named == {each.name for each in PROVIDERS.values() if each.auth_type == "api"}
        elif wanted == "feeds":
            assert named == {each.name for each in PROVIDERS.values() if each.feeds}

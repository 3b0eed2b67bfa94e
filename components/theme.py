"""How everything looks: style sheets, scripts, fonts and icons, served under an address that changes with them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from nicegui import app, ui
from starlette.responses import Response

from streamline_ui import settings as configuration

FOLDER = Path(__file__).parent / "assets"
YEAR = 31_536_000  # seconds
FIRST_FONT = "fonts/hanken-grotesk-latin-wght-normal.woff2"
THEMES = ("system", "light", "dark")

QUASAR_COLOURS = {
    "primary": "#0B5C6B",
    "positive": "#1B7F4B",
    "negative": "#B3281E",
    "warning": "#9A5B00",
    "info": "#3A5BA0",
    "dark": "#151D20",
    "dark_page": "#0E1416",
}

_prefix = ""  # the path below which a proxy shows us


def install() -> None:
    """Serve the files and put them into the head of every page. Called once, before the first page is asked for."""
    global _prefix  # noqa: PLW0603 - a process is shown at one address
    _prefix = urlsplit(configuration.current().base_url).path.rstrip("/")
    base = f"/assets/{version()}"
    style, early = _joined("styles", ".css"), (FOLDER / "scripts" / "early.js").read_text(encoding="utf-8")

    @app.get(f"{base}/streamline.css", include_in_schema=False)
    def style_sheet() -> Response:
        return _file(style, "text/css")

    @app.get(f"{base}/shell.js", include_in_schema=False)
    def script() -> Response:
        return _file(_joined("scripts/shell", ".js"), "text/javascript")

    app.add_static_files(base, FOLDER, max_cache_age=YEAR)
    app.colors(
        primary="#0B5C6B",
        positive="#1B7F4B",
        negative="#B3281E",
        warning="#9A5B00",
        info="#3A5BA0",
        dark="#151D20",
        dark_page="#0E1416",
    )
    ui.add_head_html(
        f'<link rel="preload" href="{asset(FIRST_FONT)}" as="font" type="font/woff2" crossorigin>'
        f'<link rel="stylesheet" href="{asset("streamline.css")}">'
        f'<link rel="icon" type="image/svg+xml" href="{asset("favicon.svg")}">'
        f"<script>{early}</script>"
        f'<script defer src="{asset("shell.js")}"></script>'
        '<meta name="description" content="Streamline connects your services on your own machine.">',
        shared=True,
    )


def choose(theme: str) -> None:
    """Give the page that is being built its theme before the browser paints it."""
    chosen = theme if theme in THEMES else "system"
    ui.add_head_html(f"<script>slTheme('{chosen}')</script>")


def asset(path: str) -> str:
    """The address of one of our files. It may be kept for ever, as another version has another address."""
    return f"{_prefix}/assets/{version()}/{path}"


@cache
def version() -> str:
    """A short name of all the files' contents together."""
    total = hashlib.sha256()
    for file in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        total.update(file.relative_to(FOLDER).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:12]


def _joined(folder: str, suffix: str) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted((FOLDER / folder).glob(f"*{suffix}")))


def _file(text: str, kind: str) -> Response:
    return Response(text, media_type=kind, headers={"Cache-Control": f"public, max-age={YEAR}, immutable"})

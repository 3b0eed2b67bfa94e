"""How everything looks: style sheets, fonts and icons, served by ourselves, and the colours NiceGUI is told of.

The files' address carries a fingerprint of their contents, so that browsers keep them for a year and still never show
an old one.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from nicegui import app, ui

ASSETS = Path(__file__).parent / "assets"
A_YEAR = 31_536_000
STYLES = ("theme.css", "quasar.css", "app.css")
FIRST_FONT = "fonts/hanken-grotesk-latin-wght-normal.woff2"


@cache
def address(name: str) -> str:
    """The address of one of our files."""
    return f"/assets/{_fingerprint()}/{name}"


def install() -> None:
    """Serve the files and dress every page in them. Called once, before the pages are served."""
    app.add_static_files(f"/assets/{_fingerprint()}", ASSETS, max_cache_age=A_YEAR)
    ui.add_head_html(_head(), shared=True)
    app.colors(
        primary="#0B5C6B",
        positive="#1B7F4B",
        negative="#B3281E",
        warning="#9A5B00",
        info="#3A5BA0",
        dark="#151D20",
        dark_page="#0E1416",
    )


def _head() -> str:
    styles = "".join(f'<link rel="stylesheet" href="{address(name)}">' for name in STYLES)
    font = f'<link rel="preload" href="{address(FIRST_FONT)}" as="font" type="font/woff2" crossorigin>'
    about = '<meta name="description" content="Streamline: your services, connected on your own machine.">'
    icon = f'<link rel="icon" type="image/svg+xml" href="{address("favicon.svg")}">'
    return font + styles + about + icon + f'<script src="{address("shell.js")}"></script>'


@cache
def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(ASSETS.rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]

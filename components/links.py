"""Addresses of our own pages, as a browser needs them where a proxy shows us below a path."""

from __future__ import annotations

from urllib.parse import urlsplit

from streamline_ui import settings as configuration


def to(path: str) -> str:
    """The address of a page: `/inbox` is `/hub/inbox` where we are shown below `/hub`."""
    return urlsplit(configuration.current().base_url).path.rstrip("/") + path

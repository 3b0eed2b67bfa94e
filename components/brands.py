"""The services' logos, and colours of theirs that can be seen on our tiles.

A logo only says which service is meant. Its own colour is kept as far as it stands out 3:1 from the tile, by day and by
night; beyond that it is mixed with ink or with white.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parent / "assets"
LIGHT_TILE, DARK_TILE = "FFFFFF", "1E282B"
INK, WHITE = "1B2527", "FFFFFF"
CONTRAST = 3.0


@cache
def logo(name: str) -> tuple[str, str, str] | None:
    """The drawing's path (24 by 24), its colour on a light tile and on a dark one; None where there is no logo."""
    found = _all().get(name)
    if found is None:
        return None
    return found["path"], _visible(found["hex"], LIGHT_TILE, INK), _visible(found["hex"], DARK_TILE, WHITE)


def tile(name: str, fallback: str, size: str = "") -> str:
    """The logo's tile as HTML, or a tile with one of our own icons. `size` is "", "sm" or "lg"."""
    found = logo(name)
    classes = f"sl-brand {escape(size)}".strip()
    if found is None:
        return f'<span class="{classes}" aria-hidden="true">{glyph(fallback)}</span>'
    path, light, dark = found
    drawing = f'<svg viewBox="0 0 24 24"><path d="{escape(path)}"/></svg>'
    return f'<span class="{classes}" aria-hidden="true" style="--c:{light};--cd:{dark}">{drawing}</span>'


def glyph(name: str, size: str = "") -> str:
    """One of our own icons as HTML. It is decoration: the words beside it say the same."""
    from components.theme import address  # noqa: PLC0415 - the theme draws with brands too

    classes = f"i {escape(size)}".strip()
    return f'<svg class="{classes}" aria-hidden="true"><use href="{address("icons.svg")}#{escape(name)}"/></svg>'


@cache
def _all() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((ASSETS / "brand_icons.json").read_text(encoding="utf-8"))
    return found


def _visible(colour: str, background: str, towards: str) -> str:
    share = 0.0
    while _contrast(_mixed(colour, towards, share), background) < CONTRAST and share < 1:
        share += 0.05
    return "#" + _mixed(colour, towards, share)


def _mixed(colour: str, towards: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(towards), strict=True)
    return "".join(f"{round(own * (1 - share) + other * share):02X}" for own, other in pairs)


def _contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2, from 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    shares = [value / 255 for value in _channels(colour)]
    red, green, blue = (s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (0, 2, 4)]

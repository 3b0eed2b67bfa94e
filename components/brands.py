"""The logos of services, in their own colours as far as these can be seen on our light and dark tiles."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from components import icons
from streamline_ui.providers.describe import Provider

LIGHT_TILE, DARK_TILE = "FFFFFF", "1E282B"
INK, PAPER = "1B2527", "FFFFFF"
WANTED = 3.0  # the contrast that WCAG asks of graphics
STEP = 0.05

Hex = str


def html(provider: Provider[Any], size: str = "") -> str:
    """The logo in its tile; without one the provider's icon. `size` is "sm", "" or "lg"."""
    return tile(provider.brand, provider.icon, size)


@cache
def tile(slug: str, icon: str, size: str = "") -> str:
    """The logo named `slug` in its tile, or else the icon."""
    logo = _logos().get(slug)
    classes = escape(f"sl-brand {size}".strip(), quote=True)
    if logo is None:
        return f'<span class="{classes}" aria-hidden="true">{icons.html(icon)}</span>'
    colours = f"--c:{visible(logo['hex'], LIGHT_TILE, INK)};--cd:{visible(logo['hex'], DARK_TILE, PAPER)}"
    drawing = f'<svg viewBox="0 0 24 24"><path d="{logo["path"]}"/></svg>'
    return f'<span class="{classes}" style="{colours}" aria-hidden="true">{drawing}</span>'


def visible(colour: Hex, ground: Hex, towards: Hex) -> str:
    """The colour, mixed with as little of another as it takes to be seen on this ground."""
    share = 0.0
    while contrast(_mix(colour, towards, share), ground) < WANTED and share < 1:
        share += STEP
    return f"#{_mix(colour, towards, share)}"


def contrast(one: Hex, other: Hex) -> float:
    """WCAG's contrast ratio, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Hex) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (p / 255 for p in _parts(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mix(colour: Hex, other: Hex, share: float) -> Hex:
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "".join(f"{round(mine * (1 - share) + theirs * share):02X}" for mine, theirs in pairs)


def _parts(colour: Hex) -> tuple[int, int, int]:
    return int(colour[0:2], 16), int(colour[2:4], 16), int(colour[4:6], 16)


@cache
def _logos() -> dict[str, dict[str, str]]:
    file = Path(__file__).parent / "assets" / "brand_icons.json"
    logos: dict[str, dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return logos

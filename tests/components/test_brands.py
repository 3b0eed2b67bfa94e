"""Logos and icons: visible on both tiles, and there at all."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from components import brands, theme
from streamline_ui.providers import PROVIDERS

LOGOS = json.loads((theme.FOLDER / "brand_icons.json").read_text(encoding="utf-8"))
ICONS = set(re.findall(r'<symbol id="([\w-]+)"', (theme.FOLDER / "icons.svg").read_text(encoding="utf-8")))
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("ground, towards", [(brands.LIGHT_TILE, brands.INK), (brands.DARK_TILE, brands.PAPER)])
@pytest.mark.parametrize("slug", LOGOS)
def test_logos_stand_out_from_their_tile(slug: str, ground: str, towards: str) -> None:
    colour = brands.visible(LOGOS[slug]["hex"], ground, towards).removeprefix("#")
    assert brands.contrast(colour, ground) >= brands.WANTED


def test_a_colour_that_stands_out_is_left_alone() -> None:
    assert brands.visible("5865F2", "FFFFFF", brands.INK) == "#5865F2"


def test_contrast_is_that_of_wcag() -> None:
    assert brands.contrast("000000", "FFFFFF") == pytest.approx(21)
    assert brands.contrast("777777", "FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("kind", PROVIDERS)
def test_every_service_has_a_logo_or_an_icon(kind: str) -> None:
    provider = PROVIDERS[kind]
    assert provider.brand in LOGOS or provider.icon in ICONS
    assert f"#{provider.icon}" in brands.html(provider) or LOGOS[provider.brand]["path"] in brands.html(provider)


def test_every_icon_that_is_named_exists() -> None:
    named = set()
    for file in [*ROOT.glob("components/*.py"), *ROOT.glob("pages/**/*.py")]:
        text = file.read_text(encoding="utf-8")
        named |= set(re.findall(r'\bicon(?:_html)?\("([\w-]+)"|\bicon="([\w-]+)"', text))
    assert {one or other for one, other in named} - ICONS == set()

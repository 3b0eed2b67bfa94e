"""The tokens as WCAG sees them, and the address under which the files stand."""

from __future__ import annotations

import re

import pytest

from components import brands, theme

CSS = (theme.FOLDER / "styles" / "10-tokens.css").read_text(encoding="utf-8")
GROUNDS = ("bg", "surface", "sunken", "hover")
TONES = ("ok", "warn", "bad", "info")
TEXTS = [
    *[(text, ground) for text in ("text", "text-2", "text-3") for ground in GROUNDS],
    *[("brand", ground) for ground in ("bg", "surface", "sunken")],
    *[(tone, ground) for tone in TONES for ground in ("bg", "surface")],
    *[(f"{tone}-ink", f"{tone}-soft") for tone in TONES],
    *[("on-brand", "brand"), ("on-brand", "brand-h"), ("brand-ink", "brand-soft"), ("idle", "idle-soft")],
    ("text-2", "brand-soft"),  # the kind of thing in the line of the palette that is chosen
]
EDGES = [("input", "surface"), ("input", "bg")]


def tokens(selector: str) -> dict[str, str]:
    block = CSS.split(f"\n{selector}{{")[1].split("\n}")[0]
    return dict(re.findall(r"--([\w-]+):#([0-9A-F]{6})\b", block))


LOOKS = {"light": tokens(":root"), "dark": tokens(":root[data-theme=dark]")}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("front, back, wanted", [*((*pair, 4.5) for pair in TEXTS), *((*pair, 3.0) for pair in EDGES)])
def test_every_pair_can_be_told_apart(look: str, front: str, back: str, wanted: float) -> None:
    colours = LOOKS[look]
    assert brands.contrast(colours[front], colours[back]) >= wanted


def test_dark_changes_every_colour_of_light() -> None:
    assert set(LOOKS["dark"]) >= set(LOOKS["light"]) - {"idle-bar"}


def test_the_address_tells_the_version() -> None:
    assert re.fullmatch(r"/assets/[0-9a-f]{12}/icons\.svg", theme.asset("icons.svg"))
    assert theme.version() == theme.version()


@pytest.mark.parametrize(
    "name", ["hanken-grotesk-OFL.txt", "geist-mono-OFL.txt", "lucide-ISC.txt", "simple-icons-CC0.md"]
)
def test_every_work_of_others_has_its_licence(name: str) -> None:
    assert len((theme.FOLDER / "licences" / name).read_text(encoding="utf-8")) > 1000

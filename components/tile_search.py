"""Finds the service somebody means: by name, by another word for it, by category, and with one slip of the finger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streamline_ui.providers.describe import Provider

SHORTEST_TYPO = 3  # shorter words are one slip away from too many others


def find(query: str, providers: Iterable[Provider[Any]]) -> list[Provider[Any]]:
    """The services that match, the best first. An empty query matches all, in the order given."""
    wanted = query.casefold().strip()
    everyone = list(providers)
    if not wanted:
        return everyone
    ranked = [(rank, provider) for provider in everyone if (rank := _rank(wanted, provider)) is not None]
    if not ranked and len(wanted) >= SHORTEST_TYPO:
        ranked = [(0, provider) for provider in everyone if _is_slip(wanted, provider)]
    ranked.sort(key=lambda pair: pair[0])
    return [provider for _, provider in ranked]


def _rank(wanted: str, provider: Provider[Any]) -> int | None:
    name = provider.name.casefold()
    if name.startswith(wanted):
        return 0
    if any(word.startswith(wanted) for word in name.split()):
        return 1
    if any(alias.casefold().startswith(wanted) for alias in provider.aliases):
        return 2
    if any(word.startswith(wanted) for word in provider.category.casefold().split()):
        return 3
    return 4 if wanted in name or wanted in provider.type else None


def _is_slip(wanted: str, provider: Provider[Any]) -> bool:
    words = [*provider.name.casefold().split(), *(alias.casefold() for alias in provider.aliases)]
    # the word may still be half typed, so its beginnings count as well
    return any(is_one_slip(wanted, word[: len(wanted) + more]) for word in words for more in (-1, 0, 1))


def is_one_slip(one: str, other: str) -> bool:
    """Whether the words are equal but for one letter: missing, added, wrong, or swapped with its neighbour."""
    if abs(len(one) - len(other)) > 1 or not one or not other:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, other_rest = one[start:], other[start:]
    swapped = rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:]
    return rest[1:] == other_rest[1:] or rest[1:] == other_rest or rest == other_rest[1:] or swapped

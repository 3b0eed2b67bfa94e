"""The frame around every page of the settings: the shell, and the list of what can be set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from components import elements, links, shell
from components.form_parts import Words, tag
from streamline_ui.access.sessions import Visitor


@dataclass(frozen=True, slots=True)
class Section:
    """One page of the settings."""

    key: str
    title: str
    icon: str
    is_for_admins: bool = False

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/settings/{self.key}"


SECTIONS = (
    Section("profile", "Profile", "user"),
    Section("users", "Users", "users", is_for_admins=True),
    Section("alerts", "Alerts", "bell"),
    Section("tokens", "API tokens", "key-round"),
    Section("encryption", "Encryption", "lock", is_for_admins=True),
    Section("sign-ins", "Sign-in log", "history"),
    Section("diagnostics", "Diagnostics", "activity", is_for_admins=True),
    Section("about", "About", "info"),
)


def sections_for(visitor: Visitor) -> list[Section]:
    """What this visitor may see."""
    return [section for section in SECTIONS if visitor.is_admin or not section.is_for_admins]


@contextmanager
def frame(visitor: Visitor, key: str, purpose: str) -> Iterator[None]:
    """Everything around one page of the settings; its heading is the section's title."""
    active = next(section for section in SECTIONS if section.key == key)
    with shell.frame(visitor, title=f"{active.title} · Settings", active="settings"), tag("div", "sl-settings"):
        with tag("div", "sl-settings-side"):
            Words("Settings", "sl-settings-name", "p")
            with tag("nav", "sl-settings-nav", aria_label="Settings"):
                for section in sections_for(visitor):
                    _entry(section, is_active=section is active)
        with tag("div", "sl-settings-page"):
            with tag("header"):
                Words(active.title, "sl-h1", "h1")
                Words(purpose, "sub", "p")
            yield


def _entry(section: Section, *, is_active: bool) -> None:
    current = "page" if is_active else None
    with tag("a", "on" if is_active else "", href=links.to(section.path), aria_current=current):
        elements.icon(section.icon)
        Words(section.title)


@contextmanager
def card(title: str, explanation: str = "") -> Iterator[None]:
    """A part of a page, with a heading."""
    with tag("section", "sl-card pad sl-part") as part:
        heading = Words(title, "sl-h2", "h2")
        part.props["aria-labelledby"] = heading.html_id
        heading.props["id"] = heading.html_id
        if explanation:
            Words(explanation, "sub", "p")
        yield

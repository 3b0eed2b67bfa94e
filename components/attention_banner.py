"""The worst problem of all, on top of the page, with the button that leads to its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from components import connection_words as words
from components import elements
from components.form_parts import Words, tag
from components.snapshots import Snapshot

OPEN = "Open"  # the page of one whose credentials are fine: nothing is to be replaced


class AttentionBanner:
    """Hidden while all is well. `fix` is called with the connection's id."""

    def __init__(self, fix: Callable[[str], Any]) -> None:
        self.fix = fix
        self.shown: tuple[str, ...] = ()
        self.box = tag("div", "sl-callout bad sl-banner", role="region", aria_label="Needs attention")
        self.box.set_visibility(False)

    def update(self, snapshots: Sequence[Snapshot]) -> None:
        """Show the first of those that are broken, and how many there are besides."""
        broken = [snapshot for snapshot in snapshots if words.status(snapshot.row) in words.BROKEN]
        if not broken:
            self.shown = ()
            self.box.set_visibility(False)
            return
        row = broken[0].row
        hint = next(iter(json.loads(row.status_hints)), "")
        others = f"And {len(broken) - 1} more." if len(broken) > 1 else ""
        now = (
            row.id,
            row.name,
            row.status_message,
            f"{hint} {others}".strip(),
            words.mend(row) if broken[0].deaf is None and not words.conflict(row) else OPEN,
        )
        if now != self.shown:
            self.shown = now
            self._draw(*now)
        self.box.set_visibility(True)

    def _draw(self, integration_id: str, name: str, message: str, further: str, mend: str) -> None:
        self.box.clear()
        with self.box:
            elements.icon("circle-x")
            with tag("div", "body"):
                with tag("span", "ttl"):
                    Words("“")
                    Words(name, name="bdi")
                    Words(f"”: {message or 'The last test failed.'}")
                Words(f" {further}")
            button = elements.button(mend)
            opens = partial(ui.navigate.to, f"/integrations/{integration_id}")
            button.on("click", opens if mend == OPEN else lambda: self.fix(integration_id), args=[])

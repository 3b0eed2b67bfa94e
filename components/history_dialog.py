"""The published versions of a workflow: what each changed, and taking one back into the draft."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from difflib import unified_diff
from typing import Any

from nicegui import ui

from components import elements, moments
from components.editor_session import EditorSession
from components.form_parts import Words, tag
from streamline_ui.storage.workflow_tables import WorkflowVersion
from streamline_ui.workflows import catalog

SHOWN = 50


class HistoryDialog:
    """One for a page. `restored` is called once a version is in the draft."""

    def __init__(self, session: EditorSession, restored: Callable[[], Any]) -> None:
        self.session, self.restored = session, restored
        with ui.dialog().props("transition-duration=120") as self.dialog:
            self.card = tag("div", "sl-window")

    async def open(self) -> None:
        """Read the versions and show them, the newest first."""
        session = self.session
        found = await asyncio.to_thread(catalog.versions, session.user_id, session.workflow.id)
        self.card.clear()
        with self.card:
            with tag("header", "sl-window-head"):
                title = Words("History", "sl-h2 grow", "h2")
                self.dialog.props["aria-labelledby"] = title.html_id
                close = elements.button("Close", kind="ghost", icon="x", only_icon=True)
                close.on("click", self.dialog.close, args=[])
            with tag("div", "sl-add-body"):
                if not found:
                    Words("Nothing was published yet.", "sub", "p")
                with tag("ul", "sl-history"):
                    for number, row in enumerate(found[:SHOWN]):
                        self._draw(row, found[number + 1] if number + 1 < len(found) else None)
        self.dialog.open()

    def _draw(self, row: WorkflowVersion, before: WorkflowVersion | None) -> None:
        with tag("li"):
            with tag("div", "row"):
                with tag("div", "grow"):
                    is_live = row.version == self.session.workflow.version
                    Words(f"Version {row.version}{' · live' if is_live else ''}", "b block")
                    ui.html(moments.html(row.created_at), sanitize=False, tag="span").classes("small muted")
                if not is_live or not self.session.is_live:  # else it is what is shown already
                    button = elements.button("Restore", kind="sm", icon="rotate-ccw")
                    button.props["aria-label"] = f"Restore version {row.version}"
                    button.on("click", lambda: self._restore(row.version), args=[])
            with tag("details", "sl-folded"):
                with tag("summary"):
                    ui.html(elements.icon_html("chevron-right"), sanitize=False, tag="span").classes("contents")
                    Words("What changed")
                Words(_difference(before, row), "sl-code", "pre").props.update(
                    {"tabindex": "0", "role": "region", "aria-label": f"Changes of version {row.version}"}
                )

    async def _restore(self, version: int) -> None:
        await self.session.restore(version)
        self.dialog.close()
        self.restored()
        elements.toast(f"Version {version} is in the draft. Publish it to let it run.")


def _difference(before: WorkflowVersion | None, row: WorkflowVersion) -> str:
    if before is None:
        return "The first version."
    old, new = _lines(before), _lines(row)
    changed = [line for line in unified_diff(old, new, lineterm="", n=1) if not line.startswith(("---", "+++", "@@"))]
    return "\n".join(changed[:200]) or "Nothing."


def _lines(row: WorkflowVersion) -> list[str]:
    return json.dumps(json.loads(row.definition), indent=1, ensure_ascii=False).split("\n")

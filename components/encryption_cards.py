"""The encryption key as an admin sees it: which it is, where it is from, and whether it is in safety."""

from __future__ import annotations

import asyncio
from html import escape

from nicegui import ui

from components import elements, moments, recovery_kit, settings_frame
from components.form_parts import Words, tag
from streamline_ui.access import recovery
from streamline_ui.access.sessions import Visitor
from streamline_ui.errors import StreamlineError
from streamline_ui.vault import keyring

SOURCES = {
    "environment": "The variable ENCRYPTION_KEY",
    "file": "A file in the data folder",
    "generated": "A file in the data folder, made at this start",
    "none": "There is none",
}


class EncryptionCards:
    """The key, and its recovery kit."""

    def __init__(self, visitor: Visitor) -> None:
        self.user_id = visitor.user_id
        if keyring.locked() is not None:
            _draw_locked()
        with settings_frame.card("Key"):
            self.facts = ui.html("", sanitize=False, tag="dl").classes("sl-facts")
        with settings_frame.card(
            "Recovery kit",
            "Without the key nobody can open the stored credentials, not even with a full backup of the data. The kit "
            "is a text file with the key: keep it where you keep passwords, and apart from the backups.",
        ):
            self.state = tag("div")
            with tag("div", "row wrap"):
                elements.button("Download recovery kit", self._download, kind="primary", icon="download")
                self.own = elements.button("I keep ENCRYPTION_KEY myself", self._keep)

    async def refresh(self) -> None:
        """Show how it is now."""
        said = await asyncio.to_thread(recovery.confirmed)
        source = SOURCES[keyring.key_source()]
        file = "" if keyring.key_source() in ("environment", "none") else escape(str(recovery.key_file()))
        shown = {
            "Key id": f'<span class="mono">{escape(keyring.key_id()) or "none"}</span>',
            "Comes from": f"{source}<br><span class='small muted wraps'>{file}</span>",
            "In use since": moments.html(keyring.key_made_at(), never="not in use", only_day=True),
            "Method": "AES-256-GCM; each value opens only in its own row",
        }
        self.facts.set_content("".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in shown.items()))
        self.state.clear()
        with self.state:
            if said is None:
                elements.callout("warn", "Not in safety yet.", "Download the kit, or confirm that you have the key.")
            else:
                words = f"In safety: {recovery_kit.words(said)}, {moments.html(said.moment, only_day=True)}."
                state = f'<span class="sl-st ok">{elements.icon_html("circle-check")}<span>{words}</span></span>'
                ui.html(state, sanitize=False)
        self.own.set_visibility(said is None)

    async def _download(self) -> None:
        await recovery_kit.download(self.user_id)
        await self.refresh()

    async def _keep(self) -> None:
        try:
            await recovery_kit.confirm(self.user_id, "own")
        except StreamlineError as error:
            elements.toast(error.message)
        await self.refresh()


def _draw_locked() -> None:
    wanted = keyring.locked()
    with elements.callout("bad", "Stored credentials are locked."), tag("div", "body"):
        Words(
            f"They were encrypted with the key {wanted}, and the key here is {keyring.key_id() or 'none'}. Nothing was "
            f"changed. Stop Streamline and start it with the ENCRYPTION_KEY whose id is {wanted}: it is in the "
            "recovery kit. Where that key is lost, open each connection and enter its credentials anew.",
            "block",
            "p",
        )

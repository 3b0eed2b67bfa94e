"""The second step of the first run: nobody goes on before the encryption key is in safety, or was skipped knowingly."""

from __future__ import annotations

import asyncio

from nicegui import ui

from components import elements, recovery_kit
from components.form_parts import Words, tag
from streamline_ui.access import recovery
from streamline_ui.errors import StreamlineError
from streamline_ui.vault import keyring

NEXT = "/welcome/first"


class RecoveryStep:
    """The kit's download, and the other way: "I keep ENCRYPTION_KEY myself", ticked where it was given by hand."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.keeps = keyring.key_source() == "environment"
        with tag("div", "sl-kit"):
            Words(
                "The recovery kit is a small text file with that key. With it, a backup can be opened on another "
                "machine. Without it, nobody can open it: not you, and not us.",
                "sub",
                "p",
            )
            self._draw_kit()
            self.own = self._draw_own()
            self.done = tag("div", "sl-st ok", role="status")
            self.go = elements.button("Continue", self._go, kind="primary block")
            self.missing = tag("p", "sl-help bad", role="alert")

    async def refresh(self) -> None:
        """Show whether it is in safety already."""
        if await asyncio.to_thread(recovery.confirmed):
            self._say("The key is in safety.")

    def _draw_kit(self) -> None:
        with tag("div", "sl-card sl-kit-file"):
            elements.icon("key-round", "l")
            with tag("div", "grow"):
                Words(recovery.file_name(), "b block trunc")
                Words("Keep it where you keep passwords, apart from the backups.", "small muted block")
        elements.button("Download recovery kit", self._download, icon="download", kind="block")

    def _draw_own(self) -> ui.element:
        with tag("label", "sl-check"):
            box = tag("input", type_="checkbox")
            box.props["defaultChecked"] = self.keeps
            with tag("span"):
                Words("I keep ENCRYPTION_KEY myself", "b")
                Words(_where(), "small muted block")
        return box.on("change", self._ticked, js_handler="(e) => emit(e.target.checked)")

    def _say(self, words: str) -> None:
        self.done.clear()
        self.missing.clear()
        with self.done:
            elements.icon("circle-check")
            Words(words)

    async def _download(self) -> None:
        if await recovery_kit.download(self.user_id):
            self._say("Downloaded. Put the file away now.")

    def _ticked(self, event: object) -> None:
        self.keeps = getattr(event, "args", None) is True
        self.missing.clear()

    async def _go(self) -> None:
        try:
            if self.keeps and not await asyncio.to_thread(recovery.confirmed):
                await recovery_kit.confirm(self.user_id, "own")
        except StreamlineError as error:
            elements.toast(error.message)
            return
        if await asyncio.to_thread(recovery.confirmed):
            ui.navigate.to(NEXT)
            return
        self.missing.clear()
        with self.missing:
            elements.icon("circle-alert")
            Words("Download the kit first, or tick that you keep the key yourself.")


def _where() -> str:
    if keyring.key_source() == "environment":
        return "It comes from your ENCRYPTION_KEY, so you have it already."
    return "It is in the data folder; copy it to a safe place."

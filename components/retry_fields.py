"""How often a step is tried, and with which pauses: for one step, or for all steps of a workflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components import pauses
from components.editor_draft import Json
from components.plain_fields import KeptField, number
from streamline_ui.workflows import retries

TRIES = (1, 50)
USUAL_TRIES = 9


def draw(holder: Callable[[], Json], edit: Callable[[Callable[[], Any], str], Any], inherited: str = "") -> None:
    """Two fields. `holder` gives the part of the draft with `retry` in it, `edit` makes a change that can be undone.

    `inherited` says what holds where nothing is entered.
    """
    retry = holder().get("retry") or {}

    def keep(key: str, value: Any) -> None:
        def change() -> None:
            found = {**(holder().get("retry") or {}), key: value}
            found = {name: each for name, each in found.items() if each}
            if found:
                holder()["retry"] = found
            else:
                holder().pop("retry", None)

        edit(change, f"retry.{key}")

    number(
        "Tries, the first included",
        retry.get("maxAttempts"),
        TRIES,
        lambda value: keep("maxAttempts", value),
        hint="Only where trying again can help: after a time-out, not after a refused key.",
        placeholder=inherited or str(USUAL_TRIES),
    )
    KeptField(
        "Pauses between them",
        pauses.shown(retry.get("delays") or ()),
        lambda text: keep("delays", pauses.read(text)),
        hint="The last one is repeated. A service that asks for more time gets it.",
        placeholder=inherited or pauses.shown(retries.PAUSES),
    )

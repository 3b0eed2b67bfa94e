"""The buttons below a connection's form. After a failed test there are two more ways on than testing and saving."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui.element import Element

from components import elements, form_parts
from components.form_parts import tag
from components.window import Window

FIRST_CHANGE = "(e) => { if (e.currentTarget.querySelector('.sl-again:not(.hidden)')) emit(); }"

Pressed = Callable[[dict[str, str]], Any]


class ConnectButtons:
    """Draw them inside their form, at its end.

    `sign_in` is for a service where people sign in, under those `words`; `is_first` makes it the form's own button.
    """

    def __init__(
        self,
        form: Element,
        window: Window,
        *,
        anyway: Pressed,
        again: Pressed,
        sign_in: Pressed | None = None,
        words: str = "",
        is_first: bool = False,
    ) -> None:
        with tag("footer", "sl-window-foot"):
            window.closes(elements.button("Cancel", kind="ghost"))
            tag("div", "grow")
            self.anyway = elements.button("Save anyway")
            self.again = elements.button("Test again", icon="refresh-cw", kind="sl-again")
            if sign_in is not None and not is_first:
                beside = elements.button(words, icon="external-link", kind="sl-sign-in")
                beside.props["data-signs-in"] = "true"
                form_parts.when_pressed(beside, sign_in)
            self.save = elements.button(words if is_first else "Test and save", kind="primary", submits=True)
            if is_first:
                self.save.props["data-signs-in"] = "true"
        self.anyway.props["title"] = "Saves it although the test failed"
        self.again.props["title"] = "Tests the same once more, without saving"
        form_parts.when_pressed(self.anyway, anyway)
        form_parts.when_pressed(self.again, again)
        form.on("input", lambda: self.again.set_visibility(False), js_handler=FIRST_CHANGE, args=[])
        self.offer(False)

    def offer(self, has_failed: bool) -> None:
        """Offer the two more ways on, or take them away."""
        self.anyway.set_visibility(has_failed)
        self.again.set_visibility(has_failed)

    def busy(self, is_busy: bool) -> None:
        """Show that the test is under way."""
        if not self.save.is_deleted:
            elements.busy(self.save, is_busy)

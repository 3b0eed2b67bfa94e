"""The workflows that use a connection."""

from __future__ import annotations

from collections.abc import Sequence

from components import links
from components.form_parts import Words, tag
from streamline_ui.workflows.catalog import Use


class UsedBy:
    """A card of the connection's page."""

    def __init__(self) -> None:
        with tag("section", "sl-card pad", aria_labelledby="used-title"):
            Words("Used by", "sl-h2", "h2").props["id"] = "used-title"
            self.none = Words("No workflow uses it yet.", "sub", "p")
            self.list = tag("ul", "sl-lines")

    def update(self, uses: Sequence[Use]) -> None:
        """Show these."""
        self.none.set_visibility(not uses)
        self.list.set_visibility(bool(uses))
        self.list.clear()
        with self.list:
            for use in uses:
                with tag("li"):
                    link = Words(use.name, "link grow wraps", "a")
                    link.props["href"] = links.to(f"/workflows/{use.workflow_id}")
                    if not use.is_active:
                        Words("Off", "sl-tag")

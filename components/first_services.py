"""Three services to begin with, at the end of the first run."""

from __future__ import annotations

from components import elements, links, new_workflow
from components.form_parts import Words, tag
from streamline_ui.providers import PROVIDERS

FIRST = ("discord", "telegram", "inbox")


def draw_sample(user_id: str) -> None:
    """What works without any account: a workflow that is ready to be tried."""
    card = tag("button", "sl-card hov sl-first-sample", type_="button")
    with card.on("click", lambda: new_workflow.begin_sample(user_id, card), args=[]):
        elements.icon("workflow", "l")
        with tag("span", "grow"):
            Words("Try the sample workflow", "sl-h3 block")
            Words("A request comes in, a message appears in this app. No account needed.", "small muted block")
        elements.icon("chevron-right")


def draw() -> None:
    """Each opens its dialog on the integrations page; whoever wants none goes there as well."""
    with tag("ul", "sl-first"):
        for type_name in FIRST:
            provider = PROVIDERS[type_name]
            with tag("li"), tag("a", "sl-card hov", href=links.to(f"/integrations?connect={type_name}")):
                elements.brand(provider, "sm")
                with tag("span", "grow"):
                    Words(provider.name, "sl-h3 block")
                    Words(provider.needs, "small muted block")
                elements.icon("chevron-right")
    with tag("a", "sl-btn block", href=links.to("/integrations")):
        Words("Skip")

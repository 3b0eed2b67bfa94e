"""An action that somebody asks for directly, and waits for: nothing tries it again, so nothing may promise that.

Within workflows the hints of our providers are true; here they are put in the words of who has to send it again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from streamline_ui.errors import StreamlineError, Unavailable
from streamline_ui.integrations import calls

PROMISE = re.compile(
    r"(?:Nothing is lost; )?Streamline (?:continues|goes on|tries again) by itself[^.;]*\.?\s*", re.IGNORECASE
)


async def perform(user_id: str, integration_id: str, action_name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Do one thing at the service now, once. Raises as `calls.perform`, with hints for who has to send it again."""
    try:
        return await calls.perform(user_id, integration_id, action_name, params)
    except StreamlineError as error:
        hints = tuple(filter(None, map(_without_promise, error.hints)))
        error.hints = (_again(error), *hints) if isinstance(error, Unavailable) else hints
        raise


def _again(error: Unavailable) -> str:
    wait = "a moment" if error.retry_after is None else f"{max(1, math.ceil(error.retry_after))} s"
    if error.unclear:
        return f"It may have arrived all the same. Look there; if it did not, send it again in {wait}."
    return f"It was not sent. Send it again in {wait}."


def _without_promise(hint: str) -> str:
    left = PROMISE.sub("", hint).strip()
    return re.sub(r"[;,]$", ".", left)

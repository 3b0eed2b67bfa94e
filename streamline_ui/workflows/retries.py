"""When a step that failed for the moment is tried again: a policy that returns a pause, and nothing more."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

from streamline_ui.workflows.steps import Retry

PAUSES = (5, 30, 120, 600, 1800, 7200, 18_000, 36_000)  # seconds; about 18 hours in all
JITTER = 0.2
TURN_SPREAD = 1.0  # seconds; turns are spread already
LONGEST_WISH = 86_400.0  # seconds
HEAD_WAITS = 900.0  # seconds that the first of an ordered workflow may hold up the others


def pause(
    attempts: int,
    retry_after: float | None,
    retry: Retry,
    chance: Callable[[], float] = random.random,
    *,
    waited: float | None = None,
    is_turn: bool = False,
) -> timedelta | None:
    """How long to wait after that many attempts, or None when it is time to give up.

    What the service asked for, in seconds, is kept up to a day, and never shortens the pause. `waited` are the seconds
    that others have been held up: the last try is at the end of what they can be asked to wait. `is_turn` is what we
    have held back ourselves until its turn comes: it is then, and no try was used up.
    """
    asked = min(retry_after or 0.0, LONGEST_WISH)
    if is_turn:
        usual = asked + TURN_SPREAD * chance()
    elif attempts >= retry.max_attempts:
        return None
    else:
        pauses = retry.delays or PAUSES
        usual = pauses[min(attempts, len(pauses)) - 1] * (1 - JITTER + 2 * JITTER * chance())
    if waited is None:
        return timedelta(seconds=max(usual, asked))
    left = HEAD_WAITS - waited
    return timedelta(seconds=max(min(usual, left), asked)) if left > 0 and asked <= left else None

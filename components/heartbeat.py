"""The row of little bars that shows the last checks: one drawing, however many checks there are.

Height tells as much as colour does: a failed check is tallest, a slow one in between, a missing one a stub.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from streamline_ui.storage.models import HealthCheck

SLOW = 2000  # milliseconds
WIDTH, HEIGHT, GAP = 10, 22, 2
HEIGHTS = {"ok": 13, "slow": 17, "failed": 22, "none": 7}
COLOURS = {"ok": "--ok-bar", "slow": "--warn-bar", "failed": "--bad-bar", "none": "--idle-bar"}


def kind(check: HealthCheck) -> str:
    """How a check went: "ok", "slow" or "failed"."""
    if not check.ok:
        return "failed"
    return "slow" if (check.latency_ms or 0) >= SLOW else "ok"


def summary(checks: Sequence[HealthCheck]) -> str:
    """The bars in words, for whoever does not see them."""
    if not checks:
        return "No checks yet"
    kinds = [kind(check) for check in checks]
    counts = [f"{kinds.count(name)} {word}" for name, word in (("slow", "slow"), ("failed", "failed")) if name in kinds]
    fine = f"{kinds.count('ok')} fine"
    return f"Last {len(kinds)} {'check' if len(kinds) == 1 else 'checks'}: {', '.join([fine, *counts])}"


def drawing(checks: Sequence[HealthCheck], places: int, *, idle: bool = False) -> str:
    """The bars as SVG, the newest at the right. `idle` draws them all as stubs, for what is paused."""
    shown = list(checks)[-places:]
    kinds = ["none"] * (places - len(shown)) + ["none" if idle else kind(check) for check in shown]
    paths = dict.fromkeys(HEIGHTS, "")
    for place, name in enumerate(kinds):
        tall = HEIGHTS[name]
        paths[name] += f"M{place * WIDTH} {HEIGHT - tall}h{WIDTH - GAP}v{tall}h-{WIDTH - GAP}z"
    drawn = "".join(f'<path d="{path}" fill="var({COLOURS[name]})"/>' for name, path in paths.items() if path)
    size = f'viewBox="0 0 {places * WIDTH - GAP} {HEIGHT}" preserveAspectRatio="none" width="100%" height="100%"'
    return f'<svg {size} aria-hidden="true">{drawn}</svg>'


def labelled(checks: Sequence[HealthCheck], places: int, *, idle: bool = False) -> str:
    """The bars as an image with its words, ready to be put on a card."""
    words = escape(summary(list(checks)[-places:]), quote=True)
    return f'<div role="img" aria-label="{words}" class="sl-bars">{drawing(checks, places, idle=idle)}</div>'

"""The last 24 hours of a workflow as a row of little bars: one drawing, however many executions there were.

A bar's height tells how many there were; what ended badly stands on top of it in another colour.
"""

from __future__ import annotations

from html import escape

from streamline_ui.workflows.overview import Course

WIDTH, HEIGHT, GAP, STUB = 5, 24, 1, 2


def html(course: Course) -> str:
    """The bars as an image with its words."""
    words = escape(summary(course), quote=True)
    return f'<span role="img" aria-label="{words}" class="sl-spark">{_drawing(course)}</span>'


def summary(course: Course) -> str:
    """The bars in words."""
    if not course.total:
        return "No executions in 24 hours"
    number = f"{course.total:,} execution{'' if course.total == 1 else 's'} in 24 hours"
    return f"{number}, {course.bad:,} of them failed" if course.bad else number


def _drawing(course: Course) -> str:
    most = max(1, *(hour.total for hour in course.hours))
    fine = bad = none = ""
    for place, hour in enumerate(course.hours):
        left = place * (WIDTH + GAP)
        if not hour.total:
            none += _bar(left, HEIGHT, STUB)
            continue
        tall = max(round(HEIGHT * hour.total / most), 4)
        red = min(tall, max(round(tall * hour.bad / hour.total), 3)) if hour.bad else 0
        fine += _bar(left, HEIGHT, tall - red) if tall > red else ""
        bad += _bar(left, HEIGHT - tall + red, red) if red else ""
    drawn = (("--idle-bar", none), ("--ok-bar", fine), ("--bad-bar", bad))
    paths = "".join(f'<path d="{path}" fill="var({colour})"/>' for colour, path in drawn if path)
    size = len(course.hours) * (WIDTH + GAP) - GAP
    return f'<svg viewBox="0 0 {size} {HEIGHT}" width="{size}" height="{HEIGHT}" aria-hidden="true">{paths}</svg>'


def _bar(left: int, bottom: int, tall: int) -> str:
    return f"M{left} {bottom - tall}h{WIDTH}v{tall}h-{WIDTH}z"

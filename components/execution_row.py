"""One execution in the list, as HTML."""

from __future__ import annotations

from html import escape

from components import elements, flow_words, links
from components.local_time import Clock
from streamline_ui.storage.workflow_tables import Execution, Progress
from streamline_ui.workflows.reasons import Reason


def html(execution: Execution, workflow: str, clock: Clock, again: str | None, reason: Reason | None = None) -> str:
    """How it stands, of which workflow it is, when it began, how long it took, and what went wrong.

    `again` is the execution that came of a retry, if there was one; `reason` says why it stands still or ended early.
    """
    status = Progress(execution.status)
    path = links.to(f"/executions/{escape(execution.id)}")
    when = f'<time class="num" datetime="{execution.created_at.isoformat()}">{clock.at(execution.created_at)}</time>'
    took = flow_words.duration(execution.started_at, execution.finished_at) or "–"
    link = f'<a class="b trunc" href="{path}">{escape(workflow)}</a>'
    return (
        f'<div class="sl-run-state">{flow_words.state_html(status)}</div>'
        f'<div class="sl-run-name">{link}{_marks(execution, again)}</div>'
        f'<div class="sl-run-when small muted">{when}</div>'
        f'<div class="sl-run-took small muted num"><span class="sr">took </span>{took}</div>'
        f'<div class="sl-run-error small">{_line(execution, status, reason)}</div>'
    )


def _marks(execution: Execution, again: str | None) -> str:
    marks = '<span class="sl-tag">Retry</span>' if execution.replay_of else ""
    if again:
        path = links.to(f"/executions/{escape(again)}")
        marks += f'<a class="link tiny" href="{path}">retried</a>'
    return marks


def _line(execution: Execution, status: Progress, reason: Reason | None) -> str:
    """What went wrong, what it waits for, or where it ended."""
    if status is Progress.WAITING and execution.waits_for is None:
        until = f"{execution.due_at.timestamp():.0f}"
        countdown = f'<span class="num" data-until="{until}" data-until-words="goes on"></span>'
        return f"{_sentence(execution.error)}{countdown}"
    if status is Progress.WAITING:
        why = reason.message if reason else "It waits until the connection is mended."
        return f"{elements.icon_html('plug')} {_sentence(execution.error)}{escape(why)}"
    if status is Progress.CANCELLED:
        return ""
    if reason is not None and not execution.error:
        return f'<span class="muted">{escape(reason.message)}</span>'
    return _sentence(execution.error)


def _sentence(error: str) -> str:
    short = escape(error[:300])
    return f'<span class="sl-run-cause" title="{escape(error[:1000], quote=True)}">{short}</span> ' if error else ""

"""A real event to build against: one that came lately, or one that waits at the service now.

Nothing is taken from anybody by it: it is asked as at the very first poll, which leaves all that waits where it is, and
not at all while a poller asks the same, for then the news is on its way already.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from streamline_ui.integrations import listening, rows
from streamline_ui.providers import PROVIDERS
from streamline_ui.providers.feeds import Feed
from streamline_ui.storage.models import now
from streamline_ui.workflows import last_events
from streamline_ui.workflows.listening import pollers
from streamline_ui.workflows.triggers import IntegrationTrigger
from streamline_ui.workflows.tryouts import Sample

SECONDS = 20.0
PATIENT = timedelta(seconds=10)  # a feed that may be asked less often is not asked again and again


@dataclass(frozen=True, slots=True)
class Answer:
    """`sample` is None where nothing is there. `again_in` says after how many seconds to ask again, if ever."""

    sample: Sample | None
    again_in: float | None


async def event(user_id: str, trigger: IntegrationTrigger) -> Answer:
    """The newest real event that this trigger would hear.

    Raises NotFound, Invalid, Locked, and what the service answered (AuthFailed, Occupied, Rejected, Unavailable).
    """
    row = await rows.brief(user_id, trigger.integration_id)
    provider = PROVIDERS.get(row.type)
    feed = provider.feed(trigger.event) if provider else None
    if feed is None or await asyncio.to_thread(_is_polled, trigger.integration_id):
        return Answer(await asyncio.to_thread(latest, user_id, trigger), 2.0)
    found = await _ask(user_id, trigger, feed) or await asyncio.to_thread(latest, user_id, trigger)
    pause = max(3.0, feed.least.total_seconds())
    return Answer(found, pause if feed.least <= PATIENT else None)


async def _ask(user_id: str, trigger: IntegrationTrigger, feed: Feed) -> Sample | None:
    async with asyncio.timeout(SECONDS):
        page = await listening.poll(user_id, trigger.integration_id, feed, "", trigger.params)
    found = [each for each in page.events if each.kind == trigger.event]
    if not found:
        return None
    return Sample({"type": "integration", **found[-1].data}, "Event", found[-1].at or now())


def _is_polled(integration_id: str) -> bool:
    return bool(pollers.of([integration_id]).get(integration_id))


def latest(user_id: str, trigger: IntegrationTrigger) -> Sample | None:
    """The last event of this kind that started any of the user's workflows."""
    found = next(iter(last_events.page(user_id, trigger, limit=1)), None)
    return Sample(dict(found.trigger), "Event", found.at) if found else None

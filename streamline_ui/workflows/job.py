"""An execution on its way through this process: as little of its row as running it needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from streamline_ui.storage.workflow_tables import Execution


@dataclass(slots=True)
class Job:
    """What is run. `trigger` is None until it was read, `size` its characters; `is_new` where no step can have run yet.

    `worker` holds its lease, where there are several, until the monotonic time `lease_ends`. One that `is_leaving`
    begins no further step: the process is about to end.

    Not the row itself: to make one costs as much as sending a request.
    """

    id: str
    user_id: str
    workflow_id: str
    version: int
    is_new: bool = False
    trigger: Any = None
    size: int = 0
    started_at: datetime | None = None
    is_cancelled: bool = False
    is_leaving: bool = False
    worker: str | None = None
    lease_ends: float = 0.0

    def forget_trigger(self) -> None:
        """Keep no more in memory than it needs: what came in is read again when its turn comes."""
        self.trigger, self.size, self.is_new = None, 0, False

    @classmethod
    def of(cls, row: Execution) -> Job:
        """The job that a row describes."""
        is_new = row.started_at is None and row.replay_of is None
        trigger = json.loads(row.trigger)
        size = len(row.trigger)
        return cls(row.id, row.user_id, row.workflow_id, row.version, is_new, trigger, size, row.started_at)

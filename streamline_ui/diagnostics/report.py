"""The diagnostics file: what helps somebody else to see what is wrong here, and nothing that is nobody's business.

It holds figures, versions and settings by name, never a secret, an address, the name of anything a user made, or what
came in. The last errors are told by their code and where they arose.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import select as pick
from sqlmodel import col, func

from streamline_ui import settings
from streamline_ui.diagnostics import machine, state
from streamline_ui.providers import PROVIDERS
from streamline_ui.storage import db, migrate
from streamline_ui.storage.models import HealthCheck, Integration, now
from streamline_ui.storage.workflow_tables import Execution
from streamline_ui.vault import keyring
from streamline_ui.workflows.listening import polling

WEEK = timedelta(days=7)
POLLERS = 50


def file_name() -> str:
    """What the file is called."""
    return f"streamline-diagnostics-{now():%Y%m%d-%H%M%S}.json"


def text() -> str:
    """The file's content, JSON."""
    return json.dumps(_content(), indent=2, ensure_ascii=False, default=str) + "\n"


def _content() -> dict[str, Any]:
    chosen = settings.current()
    return {
        "madeAt": now().isoformat(),
        "versions": machine.versions(),
        "settings": {
            "listensOnThisMachineOnly": chosen.is_loopback,
            "hasPublicAddress": bool(chosen.base_url),
            "isHttps": chosen.base_url.startswith("https"),
            "trustedProxies": len(chosen.trusted_proxies),
            "egressRules": len(chosen.egress_allow),
            "retentionDays": chosen.retention_days,
            "retentionMb": chosen.retention_mb,
            "sandbox": chosen.sandbox,
            "logLevel": chosen.log_level,
        },
        "vault": {"isLocked": keyring.locked() is not None, "keyFrom": keyring.key_source()},
        "database": {"version": migrate.version(db.engine()), "newest": migrate.newest()},
        "state": asdict(state.look()),
        "worstPollers": _pollers(),
        "connectionsByService": _services(),
        "checksOfTheLastWeek": _checks(),
        "executionsOfTheLastWeek": _executions(),
    }


def _pollers() -> list[dict[str, Any]]:
    """Those that are worst off, without what was said about them: that may hold an address."""
    hidden = ("integration_id", "error")
    return [
        {name: value for name, value in asdict(each).items() if name not in hidden} for each in polling.worst(POLLERS)
    ]


def _services() -> dict[str, dict[str, int]]:
    """How many connections of each service there are, by status."""
    query = pick(col(Integration.type), col(Integration.status), func.count()).where(
        col(Integration.deleted_at).is_(None)
    )
    found: dict[str, dict[str, int]] = {}
    with db.reading() as session:
        for type_name, status, count in session.connection().execute(
            query.group_by(col(Integration.type), col(Integration.status))
        ):
            known = type_name if type_name in PROVIDERS else "unknown"
            found.setdefault(known, {})[str(status)] = count
    return found


def _checks() -> dict[str, int]:
    query = pick(col(HealthCheck.ok), func.count()).where(col(HealthCheck.at) >= now() - WEEK)
    with db.reading() as session:
        rows = session.connection().execute(query.group_by(col(HealthCheck.ok))).all()
    return {"fine" if ok else "failed": count for ok, count in rows}


def _executions() -> dict[str, int]:
    query = pick(col(Execution.status), func.count()).where(col(Execution.created_at) >= now() - WEEK)
    with db.reading() as session:
        rows = session.connection().execute(query.group_by(col(Execution.status))).all()
    return dict(Counter({str(status): count for status, count in rows}))

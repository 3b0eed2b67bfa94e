"""Run by Alembic: at start with the connection that `migrate` hands over, or from a developer's command line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlmodel.sql.sqltypes import AutoString

from streamline_ui import settings
from streamline_ui.storage import db, migrate
from streamline_ui.storage.models import Moment, metadata


def run() -> None:
    """Migrate, or compare for a new version."""
    if (given := context.config.attributes.get("connection")) is not None:
        _run_on(given)
        return
    db.connect(settings.load().database_url)
    with db.engine().execution_options(writes=True).connect() as connection:
        _run_on(connection)
        connection.commit()


def _run_on(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,  # true of SQLite as well, since db.py begins transactions itself
        render_item=render_item,
        process_revision_directives=number,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def render_item(kind: str, item: Any, _autogen: AutogenContext) -> str | Literal[False]:
    """Write plain SQLAlchemy types: a version must not change its meaning when our own types do."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()" if item.length is None else f"sa.String(length={item.length})"
    return False


def number(_context: MigrationContext, _revision: Any, directives: Iterable[MigrationScript]) -> None:
    """Versions are numbered, so that their order can be read from the names of their files."""
    for directive in directives:
        directive.rev_id = f"{int(migrate.versions()[-1]) + 1 if migrate.versions() else 1:04}"


run()

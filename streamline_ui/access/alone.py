"""Being the only one who changes a table, where counting and writing must not be torn apart."""

from __future__ import annotations

from sqlalchemy import text
from sqlmodel import Session, SQLModel


def with_table(session: Session, table: type[SQLModel]) -> None:
    """Let nobody else write to the table until the commit. On SQLite a writing session is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text(f'LOCK TABLE "{table.__tablename__}" IN SHARE ROW EXCLUSIVE MODE'))

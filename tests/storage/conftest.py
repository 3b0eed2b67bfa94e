"""PostgreSQL for the tests of the storage."""

from tests.storage.postgres import postgres_database, postgres_url

__all__ = ["postgres_database", "postgres_url"]

"""From nothing to today's tables, and every database that must be left alone."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from streamline_ui.errors import BadSetting, StreamlineError
from streamline_ui.settings import Settings
from streamline_ui.storage import backup, db, migrate
from streamline_ui.storage.models import HealthCheck, Integration, User, metadata

ROOT = Path(migrate.__file__).parents[2]

NEXT = '''"""A version for the tests."""

import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = "{before}"


def upgrade() -> None:
{body}
'''


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    db.dispose()
    migrate.newest.cache_clear()


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Adds a version with the given body to a copy of the migrations, and gives its id."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "FOLDER", folder)

    def add(body: str) -> str:
        before = migrate.versions()[-1]
        number = f"{int(before) + 1:04}"
        indented = "\n".join(f"    {line}" for line in body.splitlines())
        (folder / "versions" / f"{number}_test.py").write_text(NEXT.format(number=number, before=before, body=indented))
        migrate.newest.cache_clear()
        return number

    return add


def file_of(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///"))


def upgrade(settings: Settings) -> None:
    """As a fresh start does."""
    db.connect(settings.database_url)
    migrate.upgrade(settings)


def add_some_rows() -> None:
    with db.writing() as session:
        session.add(User(id="alice", email="alice@example.com", password_hash="x"))
        session.flush()
        session.add(Integration(id="one", user_id="alice", type="discord", name="D", config_enc="{}"))
        session.flush()
        session.add(HealthCheck(integration_id="one", ok=True))


def differences() -> list[object]:
    with db.engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


def test_the_migrations_make_the_tables_of_the_models(settings: Settings) -> None:
    upgrade(settings)
    assert differences() == []


def test_the_migrations_make_the_tables_of_the_models_on_postgresql(settings: Settings, postgres_database: str) -> None:
    at_postgres = replace(settings, database_url=postgres_database)
    upgrade(at_postgres)
    assert differences() == []
    assert migrate.version(db.engine()) == migrate.newest()
    upgrade(at_postgres)
    add_some_rows()
    with db.reading() as session:
        assert session.get_one(Integration, "one").created_at.tzinfo is not None


def test_every_name_is_given_and_fits_postgresql(settings: Settings) -> None:
    upgrade(settings)
    seen = inspect(db.engine())
    for table in metadata.tables:
        names = [seen.get_pk_constraint(table)["name"]]
        names += [key["name"] for key in (*seen.get_foreign_keys(table), *seen.get_unique_constraints(table))]
        names += [index["name"] for index in seen.get_indexes(table)]
        assert all(name and len(name) <= 63 for name in names), names


def test_the_names_of_the_files_are_the_history() -> None:
    scripts = ScriptDirectory(str(migrate.FOLDER))
    assert scripts.get_heads() == [migrate.newest()]
    assert [script.revision for script in scripts.walk_revisions()][::-1] == migrate.versions()


def test_a_fresh_database_is_closed_to_others(settings: Settings) -> None:
    upgrade(settings)
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    for file in settings.data_dir.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert not (settings.data_dir / "backups").exists()


def test_a_start_without_work_loads_no_alembic_and_works_from_anywhere(settings: Settings, tmp_path: Path) -> None:
    code = (
        "import sys; from streamline_ui import settings; from streamline_ui.storage import db, migrate; "
        "s = settings.load(); db.connect(s.database_url); migrate.upgrade(s); print('alembic' in sys.modules)"
    )
    environment = {"STREAMLINE_DATA_DIR": str(settings.data_dir), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    (tmp_path / "elsewhere").mkdir()
    answers = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            cwd=tmp_path / "elsewhere",
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        for _ in range(2)
    ]
    assert [answer.stdout.strip() for answer in answers] == ["True", "False"]
    assert [answer.stderr for answer in answers] == ["", ""]


def test_processes_that_start_at_once_migrate_once(settings: Settings, postgres_database: str) -> None:
    code = (
        "import sys; from streamline_ui import settings; from streamline_ui.storage import db, migrate; "
        "s = settings.load(); db.connect(s.database_url); sys.stdin.readline(); migrate.upgrade(s); print('done')"
    )
    for url in ("", postgres_database):
        environment = {"STREAMLINE_DATA_DIR": str(settings.data_dir), "DATABASE_URL": url, "PATH": os.environ["PATH"]}
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", code],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        for process in processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        assert [process.communicate(timeout=60) for process in processes] == [("done\n", "")] * 3


def test_a_migration_keeps_the_rows_and_leaves_a_backup(settings: Settings, versions: Callable[[str], str]) -> None:
    upgrade(settings)
    add_some_rows()
    number = versions(
        'with op.batch_alter_table("User") as table:\n    table.add_column(sa.Column("more", sa.String()))'
    )
    upgrade(settings)
    with db.reading() as session:
        assert session.execute(text('SELECT "more" FROM "User"')).all() == [(None,)]
        assert len(session.execute(text('SELECT * FROM "HealthCheck"')).all()) == 1, "children went with the old table"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    assert migrate.version(db.engine()) == number
    (copy,) = backup.kept(settings.data_dir / "backups", "before-migration")
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrate.versions()[-2],)]
        assert connection.execute('SELECT count(*) FROM "HealthCheck"').fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize(
    "body",
    [
        'op.drop_table("InboxEntry")\nraise RuntimeError("in the middle")',
        'op.add_column("User", sa.Column("more", sa.String()))\nop.execute("SELECT * FROM nowhere")',
        'op.execute("DELETE FROM \\"User\\"")',
    ],
    ids=["an error of its own", "a refused statement", "rows left without what they belong to"],
)
def test_a_migration_that_fails_changes_nothing(settings: Settings, versions: Callable[[str], str], body: str) -> None:
    upgrade(settings)
    add_some_rows()
    before = dump(settings)
    versions('op.add_column("Setting", sa.Column("first", sa.String()))')
    versions(body)
    with pytest.raises(StreamlineError, match="migrat"):
        upgrade(settings)
    db.dispose()
    assert dump(settings) == before
    assert len(backup.kept(settings.data_dir / "backups", "before-migration")) == 1


def test_a_migration_that_fails_on_postgresql_changes_nothing(
    settings: Settings, versions: Callable[[str], str], postgres_database: str
) -> None:
    at_postgres = replace(settings, database_url=postgres_database)
    upgrade(at_postgres)
    add_some_rows()
    before = migrate.version(db.engine())
    versions('op.drop_table("InboxEntry")\nop.execute("SELECT * FROM nowhere")')
    with pytest.raises(StreamlineError, match="is unchanged"):
        upgrade(at_postgres)
    assert migrate.version(db.engine()) == before
    assert inspect(db.engine()).has_table("InboxEntry")
    assert not (settings.data_dir / "backups").exists()


def dump(settings: Settings) -> list[str]:
    connection = sqlite3.connect(file_of(settings))
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_a_newer_schema_is_refused_and_left_alone(settings: Settings) -> None:
    upgrade(settings)
    with db.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.dispose()
    before = file_of(settings).read_bytes()
    with pytest.raises(BadSetting, match=r"newer Streamline \(schema 9999"):
        upgrade(settings)
    assert file_of(settings).read_bytes() == before


def test_a_newer_schema_on_postgresql_is_refused(settings: Settings, postgres_database: str) -> None:
    at_postgres = replace(settings, database_url=postgres_database)
    upgrade(at_postgres)
    with db.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BadSetting, match="newer Streamline"):
        upgrade(at_postgres)


def corrupt_pages(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100:4096] = os.urandom(3996)
    file.write_bytes(content)


UNUSABLE: dict[str, Callable[[Path], object]] = {
    "text": lambda file: file.write_text("this is not a database, " * 500),
    "a few bytes": lambda file: file.write_bytes(b"\x00\x01"),
    "random bytes": lambda file: file.write_bytes(os.urandom(8192)),
    "damaged pages": corrupt_pages,
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:5000]),
}


@pytest.mark.parametrize("damage", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_file_that_is_damaged_or_no_database_is_left_alone(
    settings: Settings, damage: Callable[[Path], object]
) -> None:
    upgrade(settings)
    db.dispose()
    damage(file_of(settings))
    before = file_of(settings).read_bytes()
    with pytest.raises(BadSetting, match=r"is damaged, or is not a database\. Nothing was changed"):
        upgrade(settings)
    db.dispose()
    assert file_of(settings).read_bytes() == before


def test_damage_is_found_before_a_migration(settings: Settings, versions: Callable[[str], str]) -> None:
    upgrade(settings)
    with db.writing() as session:
        session.execute(text("INSERT INTO \"Setting\" (key, value) VALUES ('a', '" + "x" * 20_000 + "')"))
    db.dispose()
    content = bytearray(file_of(settings).read_bytes())
    content[-4096 * 3 : -4096 * 2] = os.urandom(4096)
    file_of(settings).write_bytes(content)
    versions('op.add_column("Setting", sa.Column("more", sa.String()))')
    with pytest.raises(BadSetting, match="is damaged"):
        upgrade(settings)
    db.dispose()
    assert file_of(settings).read_bytes() == content


def test_another_programs_database_is_left_alone(settings: Settings) -> None:
    settings.data_dir.mkdir()
    connection = sqlite3.connect(file_of(settings))
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    before = file_of(settings).read_bytes()
    with pytest.raises(BadSetting, match="another program"):
        upgrade(settings)
    assert file_of(settings).read_bytes() == before


def test_other_tables_beside_ours_are_no_matter_on_postgresql_but_ours_without_a_version_are(
    settings: Settings, postgres_database: str
) -> None:
    at_postgres = replace(settings, database_url=postgres_database)
    db.connect(postgres_database)
    with db.writing() as session:
        session.execute(text("CREATE TABLE notes (text text)"))
    upgrade(at_postgres)
    with db.writing() as session:
        session.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(BadSetting, match="another program"):
        upgrade(at_postgres)


def test_a_database_that_cannot_be_reached_is_a_sentence_without_the_password(settings: Settings) -> None:
    url = "postgresql+psycopg://streamline:hunter2@127.0.0.1:1/streamline"
    with pytest.raises(BadSetting, match=r"127\.0\.0\.1:1/streamline cannot be used") as caught:
        upgrade(replace(settings, database_url=url))
    assert "hunter2" not in caught.value.message


def test_a_data_folder_that_cannot_be_used_is_a_sentence(settings: Settings) -> None:
    settings.data_dir.write_text("a file is in the way")
    with pytest.raises(BadSetting, match=f"The data folder {settings.data_dir} cannot be used"):
        upgrade(settings)


def test_a_data_folder_that_is_not_writable_is_a_sentence(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(BadSetting, match="not writable"):
        upgrade(settings)
    assert not file_of(settings).exists()


def test_the_database_may_lie_elsewhere(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "with space & %41" / "other.db"
    upgrade(replace(settings, database_url=f"sqlite:///{quote(str(elsewhere))}"))
    assert elsewhere.exists()
    assert not file_of(settings).exists()


def test_a_database_in_memory_gets_its_tables(settings: Settings) -> None:
    upgrade(replace(settings, database_url="sqlite://"))
    assert differences() == []

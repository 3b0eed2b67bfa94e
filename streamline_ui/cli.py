"""The command line. Status 0, or another with one sentence on standard error; what is heavy is imported when needed."""

from __future__ import annotations

import argparse
import gc
import getpass
import logging
import os
import secrets
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn

from streamline_ui import __version__, logs, process, settings
from streamline_ui.errors import Invalid, NotFound, StreamlineError

ABOUT_INPUT = (
    "The password is asked for; without a terminal, it is the first line of standard input. "
    "Where it is empty, one is made and printed."
)
log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; without one, serve. Returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except KeyboardInterrupt:
        return 0 if options.command is serve else 130
    except Exception as error:  # whatever happens, the person at the terminal gets a sentence
        log.debug("The command ended with this error.", exc_info=error)
        print(_sentence(error), file=sys.stderr)
        return 1
    return 0


def serve(_: argparse.Namespace) -> None:
    """Serve the pages and REST until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, _leave)
    chosen = _settings()
    with process.claim(chosen.data_dir), process.listen(chosen) as listener:
        os.environ.setdefault("NICEGUI_STORAGE_PATH", str(chosen.data_dir / "ui"))  # read while NiceGUI is imported
        gc.disable()  # what is made until the start is over never becomes garbage; the server turns it on again
        _leave_out()
        from streamline_ui import server

        server.run(chosen, listener)


def create_user(options: argparse.Namespace) -> None:
    """Make an account; the very first one is an admin's in any case."""
    with _database():
        from streamline_ui.access import users

        is_first = users.needs_setup()
        password, is_made = _password()
        user = users.create(options.email, password, name=options.name, is_admin=options.admin or is_first)
        print(f"{user.email} can sign in now{' and is an admin' if user.is_admin else ''}.")
        _show(password, is_made)


def reset_password(options: argparse.Namespace) -> None:
    """Give an account a new password and end its sessions."""
    with _database():
        from streamline_ui.access import users

        wanted = options.email.strip().lower()
        user = next((user for user in users.everyone() if user.email.lower() == wanted), None)
        if user is None:
            raise NotFound(f"Nobody here has the email address {options.email}.")
        password, is_made = _password()
        users.set_password(user.id, password)
        print(f"{user.email} has a new password, and is signed out everywhere.")
        _show(password, is_made)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help tells more).\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="main.py",
        description="Streamline, a self-hosted integration hub. Without a command it serves.",
        epilog="Settings come from the environment; README.md lists them.",
    )
    parser.add_argument("--version", action="version", version=f"Streamline {__version__}")
    parser.set_defaults(command=serve)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    commands.add_parser("serve", help="serve the pages and REST (the default)", description=serve.__doc__)
    create = commands.add_parser(
        "create-user", help="make an account", description=create_user.__doc__, epilog=ABOUT_INPUT
    )
    create.add_argument("email", metavar="EMAIL")
    create.add_argument("--admin", action="store_true", help="may manage users and settings")
    create.add_argument("--name", default="", help="how the pages call this person")
    create.set_defaults(command=create_user)
    reset = commands.add_parser(
        "reset-password",
        help="give an account a new password",
        description=reset_password.__doc__,
        epilog=ABOUT_INPUT,
    )
    reset.add_argument("email", metavar="EMAIL")
    reset.set_defaults(command=reset_password)
    return parser


def _leave_out() -> None:
    """Keep libraries from doing at a start what is never needed, or not yet: it is a fifth of the time that one takes.

    httpx has a command of its own and goes without, FastAPI looks for models of Pydantic 1 and finds none, and of
    Liquid what is for currencies and translations, with Babel behind it, is asked for by nobody. Pydantic makes what
    validates a model when something is validated: for tables and for most of OpenAPI, that is never.
    """
    missing: dict[str, Any] = {"httpx._main": None, "pydantic.v1": None}
    for name, nothing in missing.items():
        sys.modules.setdefault(name, nothing)
    for name in ("liquid.messages", "liquid.extra.filters.babel"):
        sys.modules.setdefault(name, _Nothing(name))
    import pydantic
    from pydantic.warnings import UnsupportedFieldAttributeWarning

    pydantic.BaseModel.model_config["defer_build"] = True  # all models inherit it
    # FastAPI names the field of each body `body`, in a way that Pydantic warns of, and silences that while it makes the
    # field. What is made later is made where nobody silences it.
    body = "The 'alias' attribute with value 'body' was provided"
    warnings.filterwarnings("ignore", message=body, category=UnsupportedFieldAttributeWarning)


class _Nothing(ModuleType):
    """A module in which there is everything one asks for, and none of it does anything."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return object


def _leave(*_: object) -> None:
    """Asked to stop before there is a server to stop."""
    raise SystemExit(0)


def _settings() -> settings.Settings:
    process.harden()
    chosen = settings.load()
    logs.install(chosen)
    return chosen


@contextmanager
def _database() -> Iterator[None]:
    """The database, open. It is brought up to date first, unless a running server has done that and is using it."""
    chosen = _settings()
    from streamline_ui.storage import db, migrate

    settings.use(chosen)
    db.connect(chosen.database_url)
    try:
        try:
            with process.claim(chosen.data_dir):
                migrate.upgrade(chosen)
        except process.Claimed:
            log.debug("A server is running.")
        yield
    finally:
        db.dispose()


def _password() -> tuple[str, bool]:
    """The password, and whether it was made here."""
    if sys.stdin.isatty():
        given = getpass.getpass("Password (leave it empty to have one made): ")
        if given and getpass.getpass("The same once more: ") != given:
            raise Invalid("The two passwords differ; nothing was changed.")
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    return (given, False) if given else (secrets.token_urlsafe(15), True)


def _show(password: str, is_made: bool) -> None:
    if is_made:
        print(f"The password is {password} (shown only now).")


def _sentence(error: Exception) -> str:
    if isinstance(error, Invalid):
        return " ".join(error.fields.values()) or error.message
    if isinstance(error, StreamlineError):
        return error.message
    from streamline_ui.vault import redact

    cause = getattr(error, "orig", None)  # what SQLAlchemy wraps: the database's own words
    words = str(cause or error).strip().splitlines() or [type(error).__name__]
    subject = "The database cannot be used" if cause else "Streamline cannot go on"
    return redact.scrub(f"{subject}: {words[0]}")

"""The configuration: read once from the environment into one frozen object.

Every variable may also be given as `NAME_FILE`, the path of a file that holds the value (for container secrets). A
value that cannot be used stops the start with a sentence.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

from streamline_ui.errors import BadSetting

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment asks for. `database_url` is SQLAlchemy's; `base_url` has no slash at its end, or is ""."""

    host: str
    port: int
    data_dir: Path
    database_url: str
    encryption_key: str | None
    encryption_keys_previous: tuple[str, ...]
    base_url: str
    trusted_proxies: tuple[str, ...]
    egress_allow: tuple[str, ...]
    log_level: str
    log_format: str
    retention_days: int
    retention_mb: int
    sandbox: bool
    setup_token: str | None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach us."""
        return is_loopback(self.host)

    @property
    def address(self) -> str:
        """Where a person finds us: the public address, else the one on this machine."""
        name = "localhost" if self.host in ANY_ADDRESS else f"[{self.host}]" if ":" in self.host else self.host
        return self.base_url or f"http://{name}:{self.port}"

    def __repr__(self) -> str:
        return f"<Settings {self.host}:{self.port} data in {self.data_dir}>"  # never the keys


_current: Settings | None = None


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def use(settings: Settings) -> None:
    """Make these the settings of the process."""
    global _current  # noqa: PLW0603 - a process has one configuration
    _current = settings


def current() -> Settings:
    """The settings of the process."""
    if _current is None:
        raise RuntimeError("no settings are in use")
    return _current


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings. Raises BadSetting, whose sentence names the variable and what it should look like."""
    read = _Reader(environ)
    data_dir = Path(read.text("STREAMLINE_DATA_DIR", "data")).expanduser().absolute()
    return Settings(
        host=read.parsed("STREAMLINE_HOST", "127.0.0.1", _host),
        port=read.number("STREAMLINE_PORT", 8080, 1, 65535),
        data_dir=data_dir,
        database_url=read.parsed("DATABASE_URL", f"sqlite:///{quote(str(data_dir / 'streamline.db'))}", _database_url),
        encryption_key=_agreed(read.optional("ENCRYPTION_KEY"), read.optional("STREAMLINE_ENCRYPTION_KEY")),
        encryption_keys_previous=read.items("ENCRYPTION_KEYS_PREVIOUS"),
        base_url=read.parsed("STREAMLINE_BASE_URL", "", _base_url),
        trusted_proxies=read.parsed("STREAMLINE_TRUSTED_PROXIES", "", _networks),
        egress_allow=read.items("STREAMLINE_EGRESS_ALLOW"),
        log_level=read.choice("STREAMLINE_LOG_LEVEL", "info", LOG_LEVELS),
        log_format=read.choice("STREAMLINE_LOG_FORMAT", "text", LOG_FORMATS),
        retention_days=read.number("STREAMLINE_RETENTION_DAYS", 30, 1, 36500),
        retention_mb=read.number("STREAMLINE_RETENTION_MB", 500, 10, 10_000_000),
        sandbox=read.choice("STREAMLINE_SANDBOX", "0", ("0", "1")) == "1",
        setup_token=read.optional("STREAMLINE_SETUP_TOKEN"),
    )


def _agreed(key: str | None, other: str | None) -> str | None:
    """The key, which has two names. Of two that differ, the wrong one might seal what the right one cannot open."""
    if key and other and key != other:
        raise BadSetting("ENCRYPTION_KEY and STREAMLINE_ENCRYPTION_KEY are both set, and differ. Keep one of them.")
    return key or other


class _Reader:
    """Looks a name up, directly or in the file that NAME_FILE names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ

    def optional(self, name: str) -> str | None:
        value, file = self.environ.get(name, "").strip(), self.environ.get(f"{name}_FILE", "").strip()
        if value and file:
            raise BadSetting(f"{name} and {name}_FILE are both set. Keep one of them.")
        if not file:
            return value or None
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise BadSetting(f"{name}_FILE names {file}, which cannot be read: {reason}.") from None

    def text(self, name: str, default: str) -> str:
        return self.optional(name) or default

    def parsed(self, name: str, default: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(self.text(name, default))
        except ValueError as error:
            raise BadSetting(f"{name} cannot be used: {error}") from None

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        text = self.text(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) < 12 and lowest <= int(text) <= highest):
            raise BadSetting(f"{name} must be a whole number from {lowest} to {highest}, not {text[:40]!r}.")
        return int(text)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self.text(name, default).lower()
        if text not in choices:
            raise BadSetting(f"{name} must be one of {', '.join(choices)}, not {text[:40]!r}.")
        return text

    def items(self, name: str) -> tuple[str, ...]:
        return tuple(item.strip() for item in self.text(name, "").split(",") if item.strip())


def _host(text: str) -> str:
    if not text or any(c.isspace() or c in "/@" for c in text):
        raise ValueError("it should be an address to listen on, such as 127.0.0.1 or 0.0.0.0.")
    return text.strip("[]")


def _base_url(text: str) -> str:
    if not text:
        return ""
    example = "it should look like https://streamline.example.org, without a query."
    parts = urlsplit(text)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise ValueError(example)
    _ = parts.port  # raises ValueError for what is no port
    return text.rstrip("/")


def _database_url(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if separator and scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return f"postgresql+psycopg://{rest}"
    if separator and scheme == "sqlite":
        return text
    raise ValueError("it should start with postgresql:// (or sqlite:///).")


def _networks(text: str) -> tuple[str, ...]:
    items = tuple(item.strip() for item in text.split(",") if item.strip())
    for item in items:
        try:
            ipaddress.ip_network(item, strict=False)
        except ValueError:
            raise ValueError(f"{item[:60]!r} is not an address or network such as 10.0.0.0/8.") from None
    return items

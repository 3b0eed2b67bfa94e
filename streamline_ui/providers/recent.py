"""Tells new entries from known ones where a service only ever shows its newest, in no reliable order."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

T = TypeVar("T")
MOST_REMEMBERED = 1000
CONDITIONS = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
LONGEST_TAG = 500
TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|igshid|at_(?:medium|campaign)|cmpid", re.IGNORECASE)


@dataclass
class Recent:
    """The ids seen lately, shortened, and whatever else goes into the cursor."""

    seen: list[str]
    more: dict[str, Any]

    @classmethod
    def read(cls, cursor: str) -> Recent:
        """From a cursor; "" knows nothing."""
        values = json.loads(cursor) if cursor else {}
        return cls(values.pop("seen", []), values)

    def fresh(self, entries: Sequence[tuple[str, T]]) -> list[tuple[str, T]]:
        """Those whose ids are not known, each once. From now on all of them are."""
        known, found = set(self.seen), []
        for number, entry in entries:
            if (short := _short(number)) not in known:
                known.add(short)
                found.append((number, entry))
        now = list(dict.fromkeys(_short(number) for number, _ in entries))
        before = [each for each in self.seen if each not in set(now)]
        kept = max(MOST_REMEMBERED - len(now), 0)  # what is shown now is always remembered
        self.seen = before[len(before) - min(kept, len(before)) :] + now
        return found

    def condition(self, url: str) -> dict[str, str]:
        """The headers that ask for this address only if it changed since the cursor was made."""
        known = self.more.get("tags", {}) if self.more.get("url") == url else {}
        return {name: known[tag] for name, tag in CONDITIONS.items() if tag in known}

    def keep_condition(self, url: str, headers: Mapping[str, str]) -> None:
        """Remember by which headers of an answer its next change shows."""
        tags = {tag: headers[tag] for tag in CONDITIONS.values() if tag in headers and len(headers[tag]) <= LONGEST_TAG}
        self.more = {"url": url, "tags": tags}

    def text(self) -> str:
        """The cursor."""
        return json.dumps({**self.more, "seen": self.seen}, separators=(",", ":"))


def _short(number: str) -> str:
    return hashlib.blake2b(number.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def moment(text: Any) -> datetime | None:
    """A time from its ISO text, in UTC where no zone is told; None for anything else."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        return found and (found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC))
    except (ValueError, OverflowError):
        return None


def same_page(url: str) -> str:
    """An address without what differs from link to link to the same page: scheme, tracking, fragment, last slash."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url.strip()
    query = urlencode(
        [each for each in parse_qsl(parts.query, keep_blank_values=True) if not TRACKING.fullmatch(each[0])]
    )
    path = parts.path.rstrip("/")
    return f"https://{parts.netloc.lower()}{path}{'?' if query else ''}{query}"

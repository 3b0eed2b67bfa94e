"""The secrets we hand out ourselves: 256 random bits, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets

PREFIX = "stl_"  # lets secret scanners, and people, see what it is


def make(prefix: str = "") -> str:
    """A new secret."""
    return prefix + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is kept of it. A plain hash is enough, as nobody can guess 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()

"""How often a service may be called, as its provider declares it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from pydantic import BaseModel, SecretStr

from streamline_ui.net.pace import Pace

__all__ = ["UNLIMITED", "Limits", "Pace", "first_secret", "in_body"]


def first_secret(config: BaseModel) -> str:
    """What a configuration is known by at the service: its first secret, or "" where it has none."""
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        if isinstance(value, BaseModel) and (found := first_secret(value)):
            return found
    return ""


def in_body(request: httpx.Request, name: str) -> str:
    """A value of the JSON that is sent, as text; "" where there is none."""
    try:
        values = orjson.loads(request.content)
    except (ValueError, httpx.RequestNotRead):
        return ""
    value = values.get(name) if isinstance(values, dict) else None
    return str(value) if isinstance(value, str | int) else ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What each credential may do. Of `paces`, those for each lane stand first.

    `lane` names what a request is counted with besides its credential, such as a chat; `credential` is the part of a
    configuration that the service counts; `is_for_all` says of a refusal that it is about all of this machine's.
    """

    paces: tuple[Pace, ...] = ()
    lane: Callable[[httpx.Request], str] = lambda _: ""
    credential: Callable[[Any], str] = first_secret
    is_for_all: Callable[[httpx.Response], bool] = lambda _: False


UNLIMITED = Limits()
"""Nothing is known of a limit; what the service refuses still holds for all."""

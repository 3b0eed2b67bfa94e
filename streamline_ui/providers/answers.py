"""Reads what services answer, and sends what takes several requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from streamline_ui.errors import Rejected, Unavailable

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")
Part = TypeVar("Part")
LONGEST_WAIT = 60.0
MOST_WAITS = 5


def read(response: httpx.Response, model: type[Model], service: str) -> Model:
    """The answer as a model. Raises Unavailable for an answer that is something else, such as a proxy's page.

    After a write that is unclear: the service may have done what it was asked.
    """
    try:
        return model.model_validate_json(response.content)
    except ValidationError:
        if (found := _read_anyhow(response.content, model)) is not None:
            return found
        raise strange(response, service) from None


def strange(response: httpx.Response, service: str) -> Unavailable:
    """The error for an answer that the service would not give. After a write it is unclear what was done."""
    return Unavailable(
        f"{service} gave an answer that Streamline does not understand ({response.status_code}).",
        unclear=response.request.method != "GET",
        hints=["A proxy or a sign-in page on the way may have answered. Check the service address."],
    )


def _read_anyhow(content: bytes, model: type[Model]) -> Model | None:
    """What only a patient reader understands: half a character, or what people nested deeply, must hold up no other."""
    try:
        return model.model_validate(json.loads(content))
    except (ValueError, RecursionError):
        return None


async def in_order(parts: Sequence[Part], send: Callable[[Part], Awaitable[T]]) -> list[T]:
    """Send every part, one after the other.

    Once the first has arrived, repeating the whole would send it again: so a rate limit is waited for here, and any
    other failure after it is unclear.
    """
    sent: list[T] = []
    for part in parts:
        try:
            sent.append(await (_patiently(part, send) if sent else send(part)))
        except Unavailable as error:
            if not sent:
                raise
            raise Unavailable(_so_far(sent, parts, error.message), unclear=True, hints=error.hints) from None
        except Rejected as error:
            raise type(error)(_so_far(sent, parts, error.message), hints=error.hints) from None
    return sent


def _so_far(sent: Sequence[object], parts: Sequence[object], message: str) -> str:
    return f"{message} {len(sent)} of {len(parts)} parts were sent." if sent else message


async def _patiently(part: Part, send: Callable[[Part], Awaitable[T]]) -> T:
    for _ in range(MOST_WAITS):
        try:
            return await send(part)
        except Unavailable as error:
            if error.unclear or error.retry_after is None or error.retry_after > LONGEST_WAIT:
                raise
            await asyncio.sleep(error.retry_after)
    return await send(part)

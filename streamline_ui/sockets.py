"""Binds each page's socket to the session that the page was built for.

NiceGUI takes whoever knows a page's id for the person in front of it. Here the socket must also carry the cookie of
the same session, only the socket that shook hands for a page may send its events, and when a session ends, its pages
are gone at once, so that nothing of theirs can run any more. One that another process has ended, such as the command
that resets a password, is noticed at its next event, and within a second or two without any.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection
from functools import wraps
from time import monotonic
from typing import Any, Protocol

from nicegui import Client, background_tasks, core
from socketio import exceptions  # type: ignore[import-untyped]
from starlette.requests import cookie_parser

from streamline_ui import live
from streamline_ui.net.shield import SESSION_COOKIE

_log = logging.getLogger(__name__)
_PAGE_EVENTS = ("event", "javascript_response", "ack")
_EVENTS = ("connect", "handshake", "log", *_PAGE_EVENTS)
_LONGEST_NOTE = 500
_BELIEVED = 1.0  # seconds for which a session that was found living needs no other look
_PARTING = 1.0  # seconds for what pages are at when the server stops
_farewells: set[asyncio.Task[None]] = set()


class Visitor(Protocol):
    """What we need to know of whoever is signed in."""

    @property
    def session_id(self) -> str: ...


Lookup = Callable[[str | None], Visitor | None]

Living = Callable[[Collection[str]], set[str]]

_lookup: Lookup | None = None
_living: Living | None = None
_seen: dict[str, float] = {}


def bind(lookup: Lookup, living: Living) -> None:
    """Do so from now on. `lookup` finds the live session of a cookie's value; `living` those ids that still hold.

    Raises RuntimeError if this NiceGUI is built differently from the one this was written for: better no start than
    sockets that are open to everybody.
    """
    global _lookup, _living
    is_first, _lookup, _living = _lookup is None, lookup, living
    if is_first:
        _check_internals()
        Client.accept_handshake = _accepting(Client.accept_handshake)  # type: ignore[method-assign]
        handlers = core.sio.handlers["/"]
        handlers["connect"] = _connecting(handlers["connect"])
        handlers["handshake"] = _shaking(handlers["handshake"])
        handlers["log"] = _of_own_page(_note)
        for name in _PAGE_EVENTS:
            handlers[name] = _of_own_page(handlers[name])
        live.session_ended.subscribe(end)


def end(session_id: str) -> None:
    """Delete all pages of a session and hang up on their browsers, which load the page again and find the door."""
    _seen.pop(session_id, None)
    for client in list(Client.instances.values()):
        visitor = _visitor_of(client)
        if visitor is None or visitor.session_id != session_id:
            continue
        socket_ids = list(client._socket_to_document_id)
        try:
            client.delete()
        except Exception:
            _log.exception("a page of an ended session could not be taken down cleanly")
            Client.instances.pop(client.id, None)
        for socket_id in socket_ids:
            farewell = asyncio.get_running_loop().create_task(_hang_up(socket_id))
            _farewells.add(farewell)
            farewell.add_done_callback(_farewells.discard)


async def sweep() -> None:
    """Take down the pages whose session is over without our having been told. Made for once a second."""
    owners = {visitor.session_id for client in Client.instances.values() if (visitor := _visitor_of(client))}
    for session_id in _seen.keys() - owners:
        del _seen[session_id]
    if not owners or _living is None:
        return
    moment = monotonic()
    alive = await asyncio.to_thread(_living, owners)
    _seen.update(dict.fromkeys(alive, moment))
    for session_id in owners - alive:
        end(session_id)


async def close() -> None:
    """The server stops: end what the pages are at, while there still is a database to end it with.

    NiceGUI asks each task once and then waits for seconds. But a page that is told something in that very moment does
    not hear it: until Python 3.12, `asyncio.wait_for` loses a cancellation that comes together with the result.
    """
    for client in list(Client.instances.values()):
        client.outbox.stop()
    until = monotonic() + _PARTING
    while monotonic() < until and (tasks := _at_work()):
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=_PARTING / 10)


def _at_work() -> set[asyncio.Task[Any]]:
    return {
        task for task in background_tasks.running_tasks - background_tasks._await_tasks_on_shutdown if not task.done()
    }


def _is_living(session_id: str) -> bool:
    moment = monotonic()
    if moment - _seen.get(session_id, -_BELIEVED) < _BELIEVED:
        return True
    if _living is None or not _living([session_id]):
        _seen.pop(session_id, None)
        return False
    _seen[session_id] = moment
    return True


async def _hang_up(socket_id: str) -> None:
    """Send the browser to the door (the page it loads again is no longer its), and close the connection."""
    await core.sio.emit("run_javascript", {"code": "window.location.reload()"}, to=socket_id)
    engine_id = core.sio.manager.eio_sid_from_sid(socket_id, "/")
    if engine_id is not None:
        await core.sio.eio.disconnect(engine_id)


def _check_internals() -> None:
    parameters = list(inspect.signature(Client.accept_handshake).parameters)
    known = parameters == ["self", "socket_id", "tab_id", "environ"]
    if not known or not all(name in core.sio.handlers["/"] for name in _EVENTS):
        raise RuntimeError("this version of NiceGUI shakes hands in a way that streamline_ui.sockets does not know")


def _accepting(original: Callable[..., bool]) -> Callable[..., bool]:
    @wraps(original)
    def accept_handshake(self: Client, socket_id: str, tab_id: str, environ: dict[str, Any] | None) -> bool:
        return _is_same_session(self, environ) and original(self, socket_id, tab_id, environ)

    return accept_handshake


def _is_same_session(client: Client, environ: dict[str, Any] | None) -> bool:
    """Whether the socket comes with the session its page was built for. Pages without one are open to anybody."""
    owner = _visitor_of(client)
    if owner is None:
        return True
    if environ is None or _lookup is None:
        return False
    visitor = _lookup(_session_cookie(environ.get("HTTP_COOKIE", "")))
    return visitor is not None and visitor.session_id == owner.session_id


def _of_own_page(original: Callable[..., Any]) -> Callable[..., None]:
    """Let a message through only from the socket that shook hands for the page it names.

    A message that NiceGUI cannot read is dropped: anybody could fill the log with its tracebacks.
    """

    @wraps(original)
    def guarded(socket_id: str, message: object = None, *_: object) -> None:
        client = Client.instances.get(str(message.get("client_id"))) if isinstance(message, dict) else None
        if client is None or socket_id not in client._socket_to_document_id:
            return
        owner = _visitor_of(client)
        if owner is not None and not _is_living(owner.session_id):
            end(owner.session_id)
            return
        try:
            original(socket_id, message)
        except Exception as error:
            _log.debug("a page sent something unreadable: %s", type(error).__name__)

    return guarded


def _connecting(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @wraps(original)
    async def connect(socket_id: str, data: dict[str, Any], *rest: object) -> None:
        try:
            await original(socket_id, data, *rest)
        except exceptions.ConnectionRefusedError:
            raise
        except Exception as error:
            _log.debug("a socket came with something unreadable: %s", type(error).__name__)
            raise exceptions.ConnectionRefusedError("Implicit handshake failed") from None

    return connect


def _shaking(original: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
    @wraps(original)
    async def handshake(socket_id: str, data: object = None, *_: object) -> bool:
        try:
            return await original(socket_id, data)
        except Exception as error:
            _log.debug("a socket shook hands with something unreadable: %s", type(error).__name__)
            return False

    return handshake


def _note(_: str, message: dict[str, Any]) -> None:
    """What a browser wants logged is foreign text, so it appears only where somebody looks for it."""
    _log.debug("a browser says: %r", str(message.get("message"))[:_LONGEST_NOTE])


def _visitor_of(client: Client) -> Visitor | None:
    request = client._request
    visitor: Visitor | None = None if request is None else request.scope.get("state", {}).get("visitor")
    return visitor


def _session_cookie(header: str) -> str | None:
    return cookie_parser(header).get(SESSION_COOKIE)

"""Puts the process together. The order of start and stop stands here, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from nicegui import ui
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from streamline_ui import live, pulse, schedule, sockets
from streamline_ui import settings as configuration
from streamline_ui.access import sessions, users
from streamline_ui.access.gate import Gate
from streamline_ui.api import app as rest
from streamline_ui.api import browser, hooks, operations
from streamline_ui.api import oauth as oauth_door
from streamline_ui.diagnostics import metrics
from streamline_ui.integrations import oauth, usage, watch
from streamline_ui.net import egress
from streamline_ui.net.shield import Shield, known_hosts
from streamline_ui.settings import Settings
from streamline_ui.storage import broadcast, db, migrate, room, trouble, writer
from streamline_ui.vault import keyring, redact
from streamline_ui.workflows import blame, claims, dispatch, hastening, uploads
from streamline_ui.workflows.listening import polling

RECONNECT_SECONDS = 30  # how long a page may be offline and still catch up; also keeps stalls from cutting sockets


def prepare(settings: Settings) -> None:
    """Open the data: settings, database, migrations, keys. Raises BadSetting with a sentence."""
    configuration.use(settings)
    redact.install()
    db.connect(settings.database_url)
    migrate.upgrade(settings)
    keyring.unlock(settings)
    users.require_setup_token(settings)


def build(settings: Settings) -> ASGIApp:
    """The whole application, after `prepare`."""
    outer = FastAPI(lifespan=_lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    own = (*operations.routes, *metrics.routes, *browser.routes, *hooks.routes, *oauth_door.routes)
    outer.router.routes.extend(own)
    outer.mount("/api", rest.build(settings))
    if settings.sandbox:
        from streamline_ui import sandbox  # noqa: PLC0415 - no stand-in is loaded where none is wanted

        outer.mount("/sandbox", sandbox.build())
        outer.add_route("/sandbox", lambda _: RedirectResponse("/sandbox/"))
    _mount_pages(outer)
    whole = Shield(
        hooks.Door(Gate(outer)),
        hosts=known_hosts(settings.host, settings.port, settings.base_url),
        base_url=settings.base_url,
        trusted_proxies=settings.trusted_proxies,
    )
    if settings.sandbox:
        from streamline_ui.sandbox import couriers  # noqa: PLC0415 - as above

        couriers.connect(whole, f"{settings.address}/hooks", f"http://127.0.0.1:{settings.port}/hooks")
    return whole


def _mount_pages(outer: FastAPI) -> None:
    """NiceGUI last: it answers everything that nobody above it wants."""
    import pages  # noqa: F401, PLC0415 - registers every page
    from components import theme  # noqa: PLC0415

    theme.install()
    sockets.bind(sessions.visitor, sessions.living)
    ui.run_with(
        outer,
        title="Streamline",
        language="en-US",
        dark=None,
        tailwind=False,
        reconnect_timeout=RECONNECT_SECONDS,
        binding_refresh_interval=None,
        gzip_middleware_factory=None,  # the shield compresses, after it has put the nonces in
        show_welcome_message=False,
    )


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    settings = configuration.current()
    await asyncio.to_thread(_pick_up)
    live.start(asyncio.get_running_loop())
    egress.start(allow=settings.egress_allow, own=_own_addresses(settings), sandbox=settings.sandbox)
    writer.start()
    broadcast.start()
    dispatch.start()
    polling.start()
    schedule.start(sockets.sweep)
    _watch()
    try:
        yield
    finally:
        await drain()
        await dispatch.stop()
        await watch.stop()
        await oauth.settle()
        blame.stop()
        await usage.flush()
        await sockets.close()
        writer.stop()
        broadcast.stop()
        await egress.stop()
        live.stop()
        db.dispose()
        keyring.forget()


def _pick_up() -> None:
    """Go on with what the last process left."""
    claims.recover(blame.start(), shared=dispatch.is_shared())
    hastening.after_start()
    uploads.sweep(0)


def _watch() -> None:
    """Tell whether all that was started goes on: to `/readyz`, and in the log."""
    going = {"scheduler": schedule.problem, "polling": polling.problem}
    pulse.start(asyncio.get_running_loop(), {**going, "database": trouble.problem})
    operations.checks |= {**going, "event loop": pulse.problem, "disk": room.problem}
    operations.checks.pop("stop", None)


async def drain() -> None:
    """Not ready any more: fire, poll and begin nothing, and let what is under way come to its end, for a while."""
    operations.checks["stop"] = lambda: "the server is stopping"
    pulse.stop()  # what ends now is no news
    await schedule.stop()
    await polling.stop()
    await dispatch.drain()
    if configuration.current().sandbox:
        from streamline_ui import sandbox  # noqa: PLC0415 - as above

        sandbox.close()  # what still waits there would be cut off, with a trace in the log


def part() -> None:
    """The process ends right now, and nobody that is at work is to blame for it. Safe in a signal handler."""
    blame.stop()


def _own_addresses(settings: Settings) -> set[tuple[str, int]]:
    """Where this process can be reached, so that no integration calls its own hub. 0.0.0.0 stands for every address."""
    return {(name, settings.port) for name in (settings.host, "127.0.0.1", "::1")}

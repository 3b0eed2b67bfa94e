"""Times as the person at the browser reads them: the server knows only UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from nicegui import ui

OFFSET = "-new Date().getTimezoneOffset()"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Clock:
    """UTC until the browser has told how far from it it is."""

    def __init__(self) -> None:
        self.zone = UTC

    async def ask(self) -> None:
        """Ask the browser. Needs an open socket."""
        try:
            minutes = float(await ui.run_javascript(OFFSET, timeout=5))
        except (TimeoutError, TypeError, ValueError):
            return  # UTC is still a right answer
        self.zone = timezone(timedelta(minutes=max(-840.0, min(840.0, minutes))))

    def at(self, moment: datetime) -> str:
        """ "12:04:31" for today, "3 Oct 12:04" before."""
        local = moment.astimezone(self.zone)
        if local.date() == datetime.now(UTC).astimezone(self.zone).date():
            return f"{local:%H:%M:%S}"
        return f"{local.day} {MONTHS[local.month - 1]} {local:%H:%M}"

    def day(self, moment: datetime) -> str:
        """ "3 Oct 2026"."""
        local = moment.astimezone(self.zone)
        return f"{local.day} {MONTHS[local.month - 1]} {local.year}"

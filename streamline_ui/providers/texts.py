"""Cuts long texts into the pieces that a service accepts.

Services count characters differently; here they are counted as UTF-16 does, the most cautious way.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Where a text is cut, best first: between paragraphs, lines, sentences, words.
_PLACES = ("\n\n", "\n", ". ", "! ", "? ", " ")
_SLACK = 10
"""A cut is looked for in the last tenth of a piece only, so that pieces stay full and few."""


def length(text: str) -> int:
    """The characters in it, where those beyond the basic plane (most emoji) count as two."""
    return len(text) + sum(character > "\uffff" for character in text)


def pieces(text: str, limit: int) -> list[str]:
    """The text in pieces of at most `limit` characters, cut where it hurts least. Together they are the whole text,
    less the spaces at the cuts.

    Inside a Markdown code block the block is closed and opened again.
    """
    found: list[str] = []
    rest, fence = text, ""
    while length(rest) > limit:
        room = limit - (4 if "```" in rest else 0)
        piece, rest = _cut(rest, room)
        fence = _open_fence(piece)
        found.append(f"{piece}\n```" if fence else piece)
        rest = f"{fence}\n{rest}" if fence else rest
    return [*found, rest] if rest.strip() or not found else found


def _cut(text: str, limit: int) -> tuple[str, str]:
    end = _end(text, limit)
    window = text[:end]
    for place in _PLACES:
        at = window.rfind(place, end - end // _SLACK)
        if at > 0:
            keep = at + len(place.rstrip())
            return window[:keep].rstrip(), text[keep:].lstrip(" \n") if place.strip() else text[at:].lstrip(" \n")
    return window, text[end:]


def _end(text: str, limit: int) -> int:
    """How many code points fit. Never between the parts of a joined emoji."""
    if length(text) <= limit:
        return len(text)
    end = used = 0
    for character in text:
        used += 2 if character > "\uffff" else 1
        if used > limit:
            break
        end += 1
    while end > 1 and (text[end] in "\u200d\ufe0f" or text[end - 1] == "\u200d" or "\u0300" <= text[end] <= "\u036f"):
        end -= 1
    return end


def _open_fence(text: str) -> str:
    """The opening line of a code block that is not closed, or ""."""
    opened = ""
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            opened = "" if opened else re.match(r"\s*(```[\w+-]{0,20})", line)[1]  # type: ignore[index]
    return opened


def html_pieces(text: str, limit: int) -> list[str]:
    """The same for HTML: tags stay whole, and those open at a cut are closed and opened again."""
    if length(text) <= limit:
        return [text]
    cutter = _Cutter(limit)
    cutter.feed(text)
    cutter.close()
    return cutter.finish()


class _Cutter(HTMLParser):
    """Fills pieces token by token. Only what is shown counts: the services measure it without the tags."""

    def __init__(self, limit: int) -> None:
        super().__init__(convert_charrefs=False)
        self.limit = limit
        self.found: list[str] = []
        self.open: list[tuple[str, str]] = []
        self.piece, self.used = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        source = self.get_starttag_text() or f"<{tag}>"
        self.piece += source
        self.open.append((tag, source))

    def handle_endtag(self, tag: str) -> None:
        self.piece += f"</{tag}>"
        if self.open and self.open[-1][0] == tag:
            self.open.pop()

    def handle_entityref(self, name: str) -> None:
        self._add(f"&{name};", 1)

    def handle_charref(self, name: str) -> None:
        self._add(f"&#{name};", 1)

    def handle_data(self, data: str) -> None:
        while length(data) > self.limit - self.used:
            room = self.limit - self.used
            head, rest = _cut(data, room) if room > 0 else ("", data)
            self._add(head, length(head))
            self._close_piece()
            data = rest
        self._add(data, length(data))

    def _add(self, text: str, size: int) -> None:
        if self.used + size > self.limit:
            self._close_piece()
        self.piece, self.used = self.piece + text, self.used + size

    def _close_piece(self) -> None:
        self.found.append(self.piece + "".join(f"</{tag}>" for tag, _ in reversed(self.open)))
        self.piece, self.used = "".join(source for _, source in self.open), 0

    def finish(self) -> list[str]:
        """All pieces, the last one included."""
        return [*self.found, self.piece] if self.used or not self.found else self.found

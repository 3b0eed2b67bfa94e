"""Telegram's formatting rules, as far as breaking them is common."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote", "tg-spoiler",
        "span", "tg-emoji"}  # fmt: skip


def problem(text: str, form: Any) -> str:
    """Why Telegram could not read the formatting, or ""."""
    if form == "HTML":
        parser = _Tags()
        parser.feed(text)
        parser.close()
        return parser.problem or (
            f"Can't find end tag corresponding to start tag {parser.open[-1]}" if parser.open else ""
        )
    if form == "MarkdownV2":
        plain = re.sub(r"```.*?```|`[^`]*`|\\.|\]\([^)]*\)", "", text, flags=re.DOTALL)
        if found := re.search(r"[.!\-+={}|#]", plain):
            return f"Character '{found[0]}' is reserved and must be escaped with the preceding '\\'"
        if any(plain.count(mark) % 2 for mark in ("*", "~", "`")) or plain.count("_") % 2:
            return "Can't find end of the entity starting at byte offset 0"
    return ""


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problem = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.problem = self.problem or f'Unsupported start tag "{tag}" at byte offset {self.getpos()[1]}'
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problem = self.problem or f"Unmatched end tag at byte offset {self.getpos()[1]}"

"""Text for Slack: outside data must not notify anybody, and blocks have limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_BLOCKS = 50
LONGEST_MARKDOWN = 12_000
_MENTION = re.compile(r"<(?=[!@])")


def escaped(text: str) -> str:
    """The text as Slack shows it letter for letter: no `<!channel>`, no `<@name>`, no disguised link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def without_mentions(blocks: Any) -> Any:
    """Blocks in whose formatted texts nobody is mentioned. Links in them are the author's, and stay."""
    if isinstance(blocks, list):
        return [without_mentions(each) for each in blocks]
    if not isinstance(blocks, dict):
        return blocks
    inner = {name: without_mentions(value) for name, value in blocks.items()}
    if blocks.get("type") in ("mrkdwn", "markdown") and isinstance(blocks.get("text"), str):
        inner["text"] = _MENTION.sub("&lt;", blocks["text"])
    return inner


def block_problem(blocks: Sequence[Mapping[str, Any]]) -> str:
    """What Slack would refuse about the sizes, as a sentence, or ""."""
    if len(blocks) > MOST_BLOCKS:
        return f"Slack takes at most {MOST_BLOCKS} blocks in one message."
    for number, block in enumerate(blocks, 1):
        if not isinstance(block.get("type"), str):
            return f"Block {number} has no type."
        for what, size, most in _sizes(block):
            if size > most:
                return f"Block {number} is too large: {what} may have at most {most}, and has {size}."
    return ""


def _sizes(block: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    kind = block["type"]
    if kind == "section":
        yield "the characters of its text", _length(block.get("text")), 3000
        yield "its fields", _count(block.get("fields")), 10
        for field in block["fields"] if isinstance(block.get("fields"), list) else []:
            yield "the characters of a field", _length(field), 2000
    elif kind == "header":
        yield "the characters of its text", _length(block.get("text")), 150
    elif kind == "markdown":
        yield "the characters of its text", _length(block), LONGEST_MARKDOWN
    elif kind == "image":
        yield "the characters of its description", len(str(block.get("alt_text") or "")), 2000
    elif kind in ("context", "actions"):
        yield "its elements", _count(block.get("elements")), 10 if kind == "context" else 25


def _length(node: Any) -> int:
    return len(str(node.get("text") or "")) if isinstance(node, Mapping) else 0


def _count(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0

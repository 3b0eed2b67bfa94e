"""Looks over a template before the parser does.

The parser's regular expressions need quadratic time for unclosed and deeply nested brackets (100,000 times `{{` take
minutes), so that it only ever sees what has passed here, in one linear pass. What is wrong is said in a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from streamline_ui.errors import Invalid
from streamline_ui.workflows.templating.budget import refusal

LENGTH = 100_000  # characters of a template
EXPRESSION = 2_000  # characters between two delimiters
EXPRESSIONS = 20_000  # characters between delimiters, over all
MARKERS = 1_000
BRACKETS = 40  # of a kind, in one expression
OPERATORS = 100  # in one expression
TAGS = frozenset(
    (
        *("if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase"),
        *("for", "endfor", "break", "continue", "assign", "capture", "endcapture", "comment", "endcomment", "raw"),
    )
)

_OPENING = re.compile(r"\{[{%]")
_TAG = re.compile(r"-?\s*(\w+)")
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}")
_END_OF_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
_OPERATOR = re.compile(r"\b(?:and|or|not)\b")
_GAP = re.compile(r"\s{81}")


def scan(text: str) -> int:
    """How many markers there are. Raises Invalid where the parser must not see it."""
    if len(text) > LENGTH:
        raise refusal("tpl.limit", f"A template may have at most {LENGTH:,} characters.")
    count = characters = 0
    for count, (kind, expression) in enumerate(_expressions(text), 1):
        characters += len(expression)
        if count > MARKERS or characters > EXPRESSIONS:
            raise refusal(
                "tpl.limit",
                f"A template may have at most {MARKERS:,} expressions of together {EXPRESSIONS:,} characters.",
            )
        check_expression(expression)
        if kind == "{%":
            _check_tag(expression)
        elif not expression.strip("- \t\r\n"):
            raise syntax("There is nothing between {{ and }}.")
    return count


def _expressions(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while opening := _OPENING.search(text, position):
        if raw := _RAW.match(text, opening.start()):
            end = _END_OF_RAW.search(text, raw.end())
            if end is None:
                raise syntax("{% raw %} is not closed: add {% endraw %} after it.")
            position = end.end()
            yield "{%", "raw"
            continue
        kind = opening.group()
        close = "}}" if kind == "{{" else "%}"
        end_at = text.find(close, opening.end())
        if end_at < 0:
            raise syntax(f'The template is not closed: add {close} after "{_start_of(text, opening.start())}".')
        yield kind, text[opening.end() : end_at]
        position = end_at + 2


def check_expression(expression: str) -> None:
    """Refuse what would take the parser long: an expression without its delimiters."""
    if len(expression) > EXPRESSION:
        raise refusal("tpl.limit", f"An expression may have at most {EXPRESSION:,} characters.")
    if expression.count("(") > BRACKETS or expression.count("[") > BRACKETS:
        raise refusal("tpl.limit", f"An expression may have at most {BRACKETS} brackets of a kind.")
    if _GAP.search(expression):
        raise refusal("tpl.limit", "An expression may have at most 80 spaces in a row.")
    if len(_OPERATOR.findall(expression)) > OPERATORS:
        raise refusal("tpl.limit", f'An expression may have at most {OPERATORS} times "and" and "or".')


def _check_tag(expression: str) -> None:
    tag = _TAG.match(expression)
    if tag is None:
        raise syntax("There is no word after {%.")
    if tag[1] not in TAGS:
        raise syntax(f"There is no tag {{% {tag[1][:40]} %}}. Use if, unless, case, for, assign, capture or comment.")


def _start_of(text: str, position: int) -> str:
    """The first words of what is not closed, to be recognised by."""
    words = text[position : position + 40].split("\n", maxsplit=1)[0].strip()
    return words if len(text) - position <= 40 else f"{words}…"


def syntax(message: str) -> Invalid:
    """The error for what cannot be read."""
    return refusal("tpl.syntax", message)

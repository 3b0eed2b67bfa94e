"""What can be said about a value at once: what was cleaned away, whether its form is right, and whose it rather is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components import form_fields
from components.form_fields import FormField
from streamline_ui.errors import Invalid
from streamline_ui.integrations import connections
from streamline_ui.providers import paste
from streamline_ui.providers.describe import Provider
from streamline_ui.providers.paste import Recognised

VOWELS = "AEIO"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`value` is the cleaned text; `sentence` goes below the field in this `tone`; `other` is whose it seems to be."""

    value: str
    sentence: str
    tone: str
    other: Recognised | None = None


def judge(provider: Provider[Any], field: FormField, text: str) -> Verdict:
    """Judge one field on its own: what else is missing in the form is not its fault."""
    value, removed = paste.clean(text) if field.kind == "secret" else paste.trim(text)
    notes = " ".join(removed)
    if not value:
        return Verdict(value, notes, "")
    if error := _error(provider, field, value):
        other = paste.recognise(value)
        return Verdict(value, error, "bad", other if _is_elsewhere(other, provider) else None)
    if doubt := next(filter(None, (each.doubt(value) for each in field.formats)), "") or _doubt(provider, field, value):
        return Verdict(value, f"{doubt} {notes}".strip(), "warn")
    fine = f"Looks like {_with_article(field.title)}." if field.formats else ""
    return Verdict(value, f"{fine} {notes}".strip(), "ok" if fine or notes else "")


def _error(provider: Provider[Any], field: FormField, value: str) -> str:
    values = form_fields.collect([field], {field.name: value})
    try:
        connections.validate(provider.type, values)
    except Invalid as error:
        return error.fields.get(field.name, "")
    return ""


def _doubt(provider: Provider[Any], field: FormField, value: str) -> str:
    """What the configuration itself finds unusual about one of its own fields, such as an address without TLS."""
    if "." in field.name:
        return ""
    alone = provider.config.model_construct(**form_fields.collect([field], {field.name: value}))
    found: str = alone.more_doubts().get(field.name, "")
    return found


def _is_elsewhere(other: Recognised | None, provider: Provider[Any]) -> bool:
    return other is not None and other.provider not in (None, provider.type)


def _with_article(title: str) -> str:
    word = title if title[:2].isupper() else title[:1].lower() + title[1:]
    return f"{'an' if title[:1].upper() in VOWELS else 'a'} {word}"

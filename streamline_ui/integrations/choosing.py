"""What may be chosen for a parameter, asked from the service and kept for a minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from streamline_ui.errors import Invalid, NotFound
from streamline_ui.integrations import rows
from streamline_ui.integrations.rows import Brief
from streamline_ui.providers import choices, formats, named, wording
from streamline_ui.providers.choices import Choices, Pairs
from streamline_ui.providers.describe import Provider

MOST = 500
KEEP_SECONDS = 60.0
MOST_KEPT = 200
LONGEST_LABEL = 200

Key = tuple[str, ...]
_kept: dict[Key, tuple[float, Pairs]] = {}


@dataclass(frozen=True, slots=True)
class Offered:
    """Pairs of value and label. `more`: there are others, which a search finds."""

    items: Pairs
    more: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One parameter of an action or feed, and all that its choices depend on."""

    row: Brief
    choices: Choices
    values: Mapping[str, str]
    key: Key


async def question(
    user_id: str, integration_id: str, action_or_event: str, field: str, values: Mapping[str, Any]
) -> Question:
    """Find out what is asked for. Raises NotFound, and Invalid where another parameter has to be filled in first."""
    row = await rows.brief(user_id, integration_id)
    model = _model(named(row.type), action_or_event)
    offered = choices.of(model, field)
    if offered is None:
        raise NotFound(f"There is nothing to choose from for “{field[:60]}”.")
    known = {name: _known(model, name, values) for name in offered.depends_on}
    return Question(row, offered, known, (row.id, row.config_enc, action_or_event, field, *known.values()))


def kept(key: Key) -> Pairs | None:
    """What was offered within the last minute."""
    at, pairs = _kept.get(key, (0.0, ()))
    return pairs if key in _kept and monotonic() - at < KEEP_SECONDS else None


def keep(key: Key, pairs: Pairs) -> None:
    """Remember it for a minute; the oldest makes room."""
    _kept.pop(key, None)
    while len(_kept) >= MOST_KEPT:
        del _kept[next(iter(_kept))]
    _kept[key] = (monotonic(), pairs)


def matching(pairs: Pairs, q: str | None) -> Offered:
    """Those with every word of `q` in them, at most 500."""
    words = (q or "").casefold().split()
    found = [pair for pair in pairs if all(word in " ".join(pair).casefold() for word in words)]
    cut = [(value, (label or value)[:LONGEST_LABEL]) for value, label in found[:MOST]]
    return Offered(cut, more=len(found) > MOST)


def _model(provider: Provider[Any], action_or_event: str) -> type[BaseModel]:
    if action := provider.actions.get(action_or_event):
        return action.params
    if feed := provider.heard(action_or_event):
        return feed.params
    raise NotFound(f"{provider.name} has neither an action nor an event “{action_or_event[:60]}”.")


def _known(model: type[BaseModel], name: str, values: Mapping[str, Any]) -> str:
    """The value of a parameter that others depend on, as the model reads it. Raises Invalid."""
    alias = model.model_fields[name].alias or name
    title = wording.title((alias,), model)
    value = values.get(alias, values.get(name))
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise Invalid(f"Fill in {title} first.", {alias: f"{title} is missing."})
    if "{{" in text or "{%" in text:
        sentence = f"{title} is known only when the workflow runs, so there is nothing to choose from yet."
        raise Invalid(sentence, hints=["Type the value."])
    field = model.model_fields[name]
    try:
        form: Any = Annotated[(field.annotation, *field.metadata)]
        read: str = TypeAdapter(form).validate_python(text)
    except ValidationError as error:
        raise Invalid(f"{title} cannot be used.", {alias: formats.sentences(error)[""]}) from None
    return read

"""The forms that values have to have, and the sentences for those that have not.

A value outside `accept` is refused; one outside `usual` is saved with a warning, because services change the form of
their keys without telling anybody. No sentence ever repeats what was typed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from streamline_ui.errors import Invalid
from streamline_ui.providers import paste, wording

STORED = "stored"
"""In a validation context: the values were accepted before, so only their types matter."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Format:
    """Annotates a text or a secret with the form it must have. Both patterns must match the whole value.

    `says` is the sentence for what is refused, or makes it from the value without repeating it; `like` is an example;
    `warns` is the sentence for what is unusual.
    """

    accept: str
    usual: str = ""
    says: str | Callable[[str], str] = "This does not have the right form."
    like: str = ""
    warns: str = "This does not look like the usual form. Check that nothing is cut off."

    def check(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        """Refuse what is outside `accept`."""
        text = clear(value)
        if isinstance(text, str) and not is_stored(info) and not re.fullmatch(self.accept, text):
            raise refusal(self._refusal(text))
        return value

    def doubt(self, value: Any) -> str:
        """The warning for an unusual value, or ""."""
        text = clear(value)
        return self.warns if self.usual and isinstance(text, str) and not re.fullmatch(self.usual, text) else ""

    def _refusal(self, text: str) -> str:
        sentence = self.says if isinstance(self.says, str) else self.says(text)
        other = paste.recognise(text)
        if other is None or other.service.split()[0] in sentence:
            return sentence
        return f"{sentence} {other.sentence}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), **({"examples": [self.like]} if self.like else {})}


EMAIL = Format(
    r"[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{1,62}",
    says="This is not an e-mail address. It looks like name@example.com.",
    like="name@example.com",
)


def refusal(sentence: str) -> PydanticCustomError:
    """The error for one field, with exactly this sentence."""
    return PydanticCustomError("format", "{sentence}", {"sentence": sentence})


def refused_at(field: str, sentence: str) -> ValidationError:
    """The error a model's validator raises to blame one of its fields, by its JSON name."""
    return ValidationError.from_exception_data(
        "values", [{"type": refusal(sentence), "loc": tuple(field.split(".")), "input": None}], hide_input=True
    )


def is_stored(info: core_schema.ValidationInfo) -> bool:
    """Whether these values come out of our own store, where they were checked when they went in."""
    return bool(info.context and info.context.get(STORED))


def clear(value: Any) -> Any:
    """A secret's text; everything else as it is."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def read(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The model for what somebody sent. Raises Invalid, with a sentence for each field."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        fields = sentences(error, model)
        message = next(iter(fields.values())) if len(fields) == 1 else "Some of the values cannot be used."
        raise Invalid(message, fields) from None


def load(model: type[Model], values: Mapping[str, Any]) -> Model:
    """The model for what `plain` gave: never refused because a form has become stricter since."""
    return model.model_validate(dict(values), context={STORED: True})


def plain(config: BaseModel) -> dict[str, Any]:
    """A configuration in the specification's form, with every secret in clear. For the vault only."""
    return {name: _plain(value) for name, _, value in _fields(config)}


def _plain(value: Any) -> Any:
    return plain(value) if isinstance(value, BaseModel) else clear(value)


def plain_json(config: BaseModel) -> str:
    """The same as JSON, byte for byte as the specification writes it. For the vault only."""
    return config.model_dump_json(by_alias=True, exclude_none=True)


def view(config: BaseModel) -> dict[str, Any]:
    """A configuration as it may be shown: of a secret only that it is set, and the end of a long one."""
    return {name: _view(value) for name, _, value in _fields(config)}


def _view(value: Any) -> Any:
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        return {"set": True, "hint": f"…{text[-4:]}"} if len(text) >= 16 else {"set": True}
    return view(value) if isinstance(value, BaseModel) else value


def secrets(config: BaseModel) -> list[str]:
    """Every secret in a configuration, and the telling parts of those that are addresses: for redaction."""
    found: list[str] = []
    for _, _, value in _fields(config):
        if isinstance(value, BaseModel):
            found += secrets(value)
        elif isinstance(value, SecretStr):
            text = value.get_secret_value()
            found += [text, *(part for part in re.split(r"[/?&=#:\s]", text) if len(part) >= 16), *_in_basic(text)]
    return list(dict.fromkeys(found))


def _in_basic(text: str) -> list[str]:
    """The user name and the password in a header for Basic authentication; nothing where it is none."""
    scheme, _, value = text.partition(" ")
    try:
        return base64.b64decode(value, validate=True).decode().split(":", 1) if scheme.lower() == "basic" else []
    except ValueError:
        return []


def doubts(config: BaseModel) -> dict[str, str]:
    """What was saved but looks unusual: JSON name -> sentence."""
    found: dict[str, str] = {}
    for name, field, value in _fields(config):
        if isinstance(value, BaseModel):
            found |= {f"{name}.{inner}": sentence for inner, sentence in doubts(value).items()}
        elif field is None:
            text = re.sub(r"^(?:basic|bearer|token|apikey) +", "", str(clear(value)), flags=re.IGNORECASE)
            found |= {name: "There is a space inside."} if re.search(r"\s", text) else {}
        else:
            said = (each.doubt(value) for each in field.metadata if isinstance(each, Format))
            found |= {name: sentence for sentence in said if sentence}  # noqa: B035 - one name, at most one sentence
    extra = getattr(config, "more_doubts", None)
    return found | extra() if callable(extra) else found


def cut_off(config: BaseModel) -> list[str]:
    """Of each secret that has an unusual form: the sentence that says so."""
    found: list[str] = []
    for _, field, value in _fields(config):
        if isinstance(value, BaseModel):
            found += cut_off(value)
        elif isinstance(value, SecretStr) and field is not None:
            found += filter(None, (each.doubt(value) for each in field.metadata if isinstance(each, Format)))
    return found


def sentences(error: ValidationError, model: type[BaseModel] | None = None) -> dict[str, str]:
    """One plain sentence for each field that is wrong, by its dotted JSON name; "" stands for the whole."""
    found: dict[str, str] = {}
    for problem in error.errors(include_input=False, include_url=False):
        path = wording.path(problem["loc"])
        title = wording.title(path, model)
        found.setdefault(".".join(path), wording.sentence(problem["type"], problem.get("ctx", {}), title))
    return found


def said(error: ValidationError, model: type[BaseModel]) -> ValidationError:
    """The same errors as sentences, in which the model's own titles stand."""
    lines: list[InitErrorDetails] = []
    for problem in error.errors(include_input=False, include_url=False):
        if problem["type"] == "extra_forbidden":  # its name may be somebody's key, put where a name should be
            known = ", ".join(field.alias or name for name, field in model.model_fields.items()) or "none"
            sentence = refusal(f"There is a field here that is not known. Known are: {known}.")
            lines.append({"type": sentence, "loc": problem["loc"][:-1], "input": None})
            continue
        path, context = wording.path(problem["loc"]), problem.get("ctx", {})
        line: InitErrorDetails = {"type": problem["type"], "loc": problem["loc"], "input": None, "ctx": context}
        if path or problem["type"] == "format":  # what is wrong with the whole, the model around it can name
            line["type"] = refusal(wording.sentence(problem["type"], context, wording.title(path, model)))
        lines.append(line)
    return ValidationError.from_exception_data(error.title, lines, hide_input=True)


def _fields(config: BaseModel) -> list[tuple[str, FieldInfo | None, Any]]:
    """(JSON name, field, value) of everything that is set; the field of a row that nobody declared is None."""
    declared: list[tuple[str, FieldInfo | None, Any]] = [
        (field.alias or name, field, getattr(config, name)) for name, field in type(config).model_fields.items()
    ]
    further = [(name, None, value) for name, value in (config.model_extra or {}).items()]
    return [each for each in declared + further if each[2] is not None]

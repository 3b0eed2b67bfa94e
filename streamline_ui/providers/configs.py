"""What users fill in: the base models of the configurations, which clean and check what arrives.

JSON is camelCase. A provider with named keys derives its `Keys` and lists them under `apiKeys`; the flat form, a mix of
both and any number of further name/value rows are accepted as well.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from streamline_ui.errors import Invalid
from streamline_ui.net import egress
from streamline_ui.providers import formats, paste

STRICT = ConfigDict(
    alias_generator=to_camel,  # snake_case here, camelCase in JSON
    populate_by_name=True,
    extra="forbid",
    strict=True,  # a number is not a text, whatever could be made of it
    hide_input_in_errors=True,  # an error must never repeat a secret
    str_strip_whitespace=False,  # a message may start with spaces; configurations are cleaned below
)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
MOST_ROWS, LONGEST_NAME, LONGEST_VALUE = 50, 100, paste.LONGEST


class Spoken(BaseModel):
    """A model whose errors are sentences from the start: here the titles of its fields are known."""

    model_config = STRICT

    @model_validator(mode="wrap")
    @classmethod
    def _said(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(values)
        except ValidationError as error:
            raise formats.said(error, cls) from None


class _Values(Spoken):
    """Cleans every text, and gives secrets away in the JSON that goes into the vault, and nowhere else."""

    @field_validator("*", mode="before")
    @classmethod
    def _cleaned(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields.get(info.field_name or "")
        if not isinstance(value, str) or formats.is_stored(info) or field is None:
            return value
        title = field.title or "This"
        text = checked((paste.clean if _is_credential(field) else paste.trim)(value)[0], title)
        if text:
            return text
        if field.is_required():
            raise formats.refusal(f"{title} is missing.")
        return field.get_default(call_default_factory=True)

    @field_serializer("*", mode="wrap", when_used="json")
    def _in_clear(self, value: Any, handler: SerializerFunctionWrapHandler) -> Any:
        return value.get_secret_value() if isinstance(value, SecretStr) else handler(value)


def _is_credential(field: FieldInfo) -> bool:
    """Whether it has a form of its own; in a name, “Token” may be a word that is meant."""
    formed = any(isinstance(each, formats.Format) for each in field.metadata)
    return formed or SecretStr in (field.annotation, *get_args(field.annotation))


class Config(_Values):
    """What a user fills in, once for each integration. Every secret is a `SecretStr`."""

    def more_doubts(self) -> dict[str, str]:
        """Warnings that no single field's form can give: JSON name -> sentence."""
        return {}


def checked(text: str, title: str) -> str:
    """Refuse what no credential contains: line breaks and other control characters, and endless texts."""
    if CONTROL.search(text):
        raise formats.refusal(f"{title} contains a line break or another character that cannot be seen.")
    if len(text) > LONGEST_VALUE:
        raise formats.refusal(f"{title} may have at most {LONGEST_VALUE} characters.")
    return text


def service_address(text: str) -> str:
    """A service's address without a slash at its end. Raises ValueError with a sentence."""
    parts = urlsplit(text)
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise ValueError("The address must not contain a question mark or #. It is where the service's API begins.")
    try:
        return egress.check_url(text).rstrip("/")
    except Invalid as error:
        raise ValueError(" ".join((error.message, *error.hints))) from None


def web_address(text: str) -> str:
    """Any address on the web, also one that was copied as `feed://…`. Raises ValueError with a sentence."""
    url = re.sub(r"^feed:(?://)?(?=https?://)", "", text)
    url = re.sub(r"^feed://", "https://", url)
    try:
        return egress.check_url(url)
    except Invalid as error:
        raise ValueError(" ".join((error.message, *error.hints))) from None


def _address(value: str | None, info: ValidationInfo) -> str | None:
    return value if value is None or formats.is_stored(info) else service_address(value)


Address = Annotated[str | None, AfterValidator(_address)]


class ServiceConfig(Config):
    """The configuration of a service with an address, which can be another one than its own."""

    base_url: Address = Field(
        None,
        title="Service address",
        description="Only for another server with the same API: a self-hosted one, a region or the sandbox.",
        json_schema_extra={"advanced": True, "placeholder": "https://", "format": "uri"},
    )

    def more_doubts(self) -> dict[str, str]:
        """An address without TLS shows the credentials to the network; on this machine there is none."""
        parts = urlsplit(self.base_url or "")
        if parts.scheme != "http" or parts.hostname in ("localhost", "127.0.0.1", "::1"):
            return {}
        return {"baseUrl": "This address is not encrypted (http): everybody on the way can read the key."}


class Keys(_Values):
    """The keys of an `api` provider by name. Rows beyond the declared ones are kept, and count as secrets."""

    model_config = ConfigDict(**{**STRICT, "extra": "allow"})
    __pydantic_extra__: dict[str, SecretStr]

    @model_validator(mode="before")
    @classmethod
    def _rows(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict) or formats.is_stored(info):
            return values
        filled = {name: value for name, value in values.items() if not (_blank(name) or _blank(value))}
        if len(filled) > MOST_ROWS:
            raise formats.refusal(f"There may be at most {MOST_ROWS} keys.")
        return {_alias(cls, name) or _name(name): value for name, value in filled.items()}

    @model_validator(mode="after")
    def _further(self, info: ValidationInfo) -> Keys:
        if not formats.is_stored(info):
            for name, value in (self.__pydantic_extra__ or {}).items():
                text = checked(paste.tidy(value.get_secret_value())[0], "The value")
                self.__pydantic_extra__[name] = SecretStr(text)
        return self

    @model_serializer(mode="wrap", when_used="json")
    def _further_in_clear(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {**handler(self), **self.further}

    @property
    def further(self) -> dict[str, str]:
        """The rows beyond the declared ones, in clear."""
        return {name: value.get_secret_value() for name, value in (self.__pydantic_extra__ or {}).items()}


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not paste.tidy(value)[0])


def _alias(model: type[BaseModel], name: Any) -> str:
    """The JSON name of a declared field, under whichever of its two names it came; "" for others."""
    return next((field.alias or key for key, field in model.model_fields.items() if name in (key, field.alias)), "")


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise formats.refusal("The name of a key must be text.")
    text = paste.tidy(name)[0]
    if len(text) > LONGEST_NAME or CONTROL.search(text):
        raise formats.refusal(f"The name of a key is a line of at most {LONGEST_NAME} characters.")
    return text


class ApiConfig(ServiceConfig):
    """The configuration of an `api` provider. Derived classes declare `api_keys` with their own `Keys`."""

    @model_validator(mode="before")
    @classmethod
    def _nested(cls, values: Any, info: ValidationInfo) -> Any:
        """Put names that stand beside `apiKeys` into it. They win: a changed key may come flat over a stored one."""
        if not isinstance(values, dict) or formats.is_stored(info):
            return values
        named = {_alias(cls, name) or name: value for name, value in values.items()}
        nested = named.pop("apiKeys", None)
        if nested is not None and not isinstance(nested, dict):
            return values  # refused for its type, at its own name
        own = {name: value for name, value in named.items() if _alias(cls, name)}
        annotation = cls.model_fields["api_keys"].annotation
        keys = next(part for part in (annotation, *get_args(annotation)) if isinstance(part, type))
        beside = {
            _alias(keys, name) or name: named[name] for name in named if name not in own and not _blank(named[name])
        }
        return {**own, "apiKeys": {**(nested or {}), **beside}}

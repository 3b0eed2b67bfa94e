"""Judges calls by a description in Swagger 2, for services whose paths Prism does not route (`values/{range}:append`).

It looks at the method, the path, the query and the body, and at the answer where that is a success: what is not
described there is a complaint, and so is what is required and missing, or of another type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


@dataclass
class Description:
    """A parsed Swagger document."""

    document: Mapping[str, Any]

    def resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a reference stands for."""
        if "$ref" not in value:
            return value
        found: Any = self.document
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return self.resolved(found)

    def operation(self, method: str, path: str) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]] | None:
        """The operation with its parameters that a call is; the path as it was sent, with its percent signs."""
        fitting = [template for template in self.document["paths"] if _pattern(template).fullmatch(path)]
        for template in sorted(fitting, key=lambda each: -len(re.sub(r"{\w+}", "", each))):  # the most literal first
            at = self.document["paths"][template]
            if method.lower() in at:
                found = at[method.lower()]
                given = [*at.get("parameters", []), *found.get("parameters", [])]
                return found, [self.resolved(each) for each in given]
        return None

    def of_call(self, method: str, target: str, body: bytes) -> Iterator[str]:
        """What is wrong with a call."""
        path, _, query = target.partition("?")
        found = self.operation(method, path)
        if found is None:
            yield f"{method} {unquote(path)} is not described"
            return
        known = {each["name"]: each for each in found[1] if each["in"] == "query"}
        sent = parse_qsl(query, keep_blank_values=True)
        for name, value in sent:
            if name not in known:
                yield f"query {name} is not described"
            elif (allowed := known[name].get("enum")) and value not in allowed:
                yield f"query {name} is none of {', '.join(allowed)}"
        for name, each in known.items():
            if each.get("required") and name not in dict(sent):
                yield f"query {name} is missing"
        described = next((each for each in found[1] if each["in"] == "body"), None)
        if described is None:
            yield from ["a body is sent where none is described"] if body else []
        elif body:
            yield from self.of_value(json.loads(body), described["schema"], "body")

    def of_answer(self, method: str, target: str, status: int, body: bytes) -> Iterator[str]:
        """What is wrong with an answer; a refusal has no description."""
        found = self.operation(method, target.partition("?")[0])
        if found is not None and status == 200:
            yield from self.of_value(json.loads(body), found[0]["responses"]["200"]["schema"], "answer")

    def of_value(self, value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
        """Where a value differs from its schema. Google's numbers of 64 bits are texts, and so described."""
        schema = self.resolved(schema)
        kinds = TYPES.get(schema.get("type", ""), ())
        if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            yield f"{at} is no {schema['type']}"
        elif (allowed := schema.get("enum")) and value not in allowed:
            yield f"{at} is none of {', '.join(allowed)}"
        elif isinstance(value, list):
            for place, each in enumerate(value):
                yield from self.of_value(each, schema.get("items", {}), f"{at}.{place}")
        elif isinstance(value, dict) and (kinds or "properties" in schema):
            for name, each in value.items():
                inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
                if inner is None:
                    yield f"{at}.{name} is not described"
                else:
                    yield from self.of_value(each, inner, f"{at}.{name}")
            for name in schema.get("required", ()):
                if name not in value:
                    yield f"{at}.{name} is missing"


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"({\w+})", template)
    return re.compile("".join("[^/]+" if part.startswith("{") else re.escape(part) for part in parts))


@dataclass
class Judge:
    """Stands in front of an application, passes everything on, and keeps what is wrong with it. `below` is judged."""

    app: ASGIApp
    description: Description
    below: str
    calls: list[str] = field(default_factory=list)
    said: set[str] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self.below):
            await self.app(scope, receive, send)
            return
        asked, answered, status = bytearray(), bytearray(), 0

        async def hear() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def tell(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            await send(message)

        await self.app(scope, hear, tell)
        query = scope["query_string"].decode()
        method, target = scope["method"], scope["raw_path"].decode() + (f"?{query}" if query else "")
        self.calls.append(f"{method} {target}")
        self.said |= {f"{method} {target}: {each}" for each in self.description.of_call(method, target, bytes(asked))}
        found = self.description.of_answer(method, target, status, bytes(answered))
        self.said |= {f"{method} {target}: {each}" for each in found}

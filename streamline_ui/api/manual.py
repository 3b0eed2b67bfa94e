"""The REST interface for reading: one HTML page, made from the OpenAPI document, without any script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from streamline_ui.api.problems import MEANINGS

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
}
STYLE = Path(__file__).with_name("manual.css").read_text(encoding="utf-8")
TEMPLATES = (
    "Texts in `params`, `values`, `items` and `condition` are Liquid templates. They see `trigger`, `steps.ID.output`, "
    "`item` in a loop, and `execution`. A text that is one lone `{{ … }}` keeps the type of the value."
)
_DEEPEST_EXAMPLE = 4


def page(document: Mapping[str, Any], address: str) -> str:
    """The whole page, with examples for whoever finds us at `address`."""
    groups: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append((method, path, operation))
    reader = _Reader(document, address)
    menu = "".join(f'<li><a href="#{_anchor(group)}">{escape(group)}</a></li>' for group in groups)
    sections = "".join(
        f'<section id="{_anchor(group)}"><h2>{escape(group)}</h2>{"".join(reader.operation(*o) for o in operations)}'
        "</section>"
        for group, operations in groups.items()
    )
    codes = "".join(
        f'<tr id="{code}"><th scope="row"><code>{code}</code></th><td>{_words(meaning)}</td></tr>'
        for code, meaning in MEANINGS.items()
    )
    schemas = document["components"]["schemas"]
    forms = "".join(reader.form(name) for name in schemas if name.endswith("Config"))
    parts = "".join(reader.form(name) for name in schemas if name.partition(".")[0] == "Definition")
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Streamline REST interface</title><link rel="stylesheet" href="docs.css"></head>
<body>
<nav aria-label="Contents"><strong>Streamline</strong> <span>REST {escape(document["info"]["version"])}</span>
<ul>{menu}<li><a href="#services-and-their-config">What a service needs</a></li>
<li><a href="#workflows-and-their-parts">What a workflow is made of</a></li><li><a href="#errors">Errors</a></li>
<li><a href="openapi.json">openapi.json</a></li></ul></nav>
<main><h1>REST interface</h1>{_paragraphs(document["info"]["description"])}
{sections}
<section id="services-and-their-config"><h2>What a service needs</h2>
<p>The <code>config</code> of each service. A secret goes in and never comes out.</p>{forms}</section>
<section id="workflows-and-their-parts"><h2>What a workflow is made of</h2>
<p>{_words(TEMPLATES)}</p>{parts}</section>
<section id="errors"><h2>Errors</h2><p>Every error has a <code>code</code> that programs can rely on.</p>
<table><tbody>{codes}</tbody></table></section>
</main></body></html>"""


class _Reader:
    """Turns parts of the document into HTML. Everything from the document is escaped."""

    def __init__(self, document: Mapping[str, Any], address: str) -> None:
        self.document = document
        self.server = f"{address}/api"
        self.prefix = urlsplit(self.server).path

    def operation(self, method: str, path: str, operation: Mapping[str, Any]) -> str:
        """One call: what it does, what it takes, what it answers, and a line to try it."""
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        status, answer = next((s, a) for s, a in operation["responses"].items() if s.startswith("2"))
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        is_open = '<span class="open">no token</span>' if operation.get("security") == [] else ""
        return f"""<article id="{_anchor(operation["operationId"])}">
<h3><span class="method {method}">{method.upper()}</span> <code>{escape(self.prefix + path)}</code>{is_open}</h3>
{_paragraphs(operation.get("description", ""))}
{self._table("Parameters", self._parameters(operation))}
{self._table("Body", self._fields(body)) if body else ""}
<pre><code>{escape(self._curl(method, path, operation, body))}</code></pre>
<p class="answer">Answers <b>{escape(status)}</b>{"" if schema else ", without a body"}</p>
{self._table("Answer", self._fields(schema)) if schema else ""}
</article>"""

    def form(self, name: str) -> str:
        """The fields of one service's configuration."""
        fields = self._table(name, self._fields({"$ref": f"#/components/schemas/{name}"}))
        return f"<article><h3>{escape(name.removesuffix('Config'))}</h3>{fields or '<p>Nothing.</p>'}</article>"

    def _table(self, title: str, rows: Iterator[tuple[str, str, str]]) -> str:
        cells = "".join(
            f'<tr><th scope="row"><code>{escape(name)}</code></th><td>{escape(kind)}</td><td>{_words(text)}</td></tr>'
            for name, kind, text in rows
        )
        return f'<table aria-label="{escape(title)}"><tbody>{cells}</tbody></table>' if cells else ""

    def _parameters(self, operation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        for parameter in operation.get("parameters", []):
            kind = f"{parameter['in']}, {self._kind(parameter['schema'])}"
            yield parameter["name"], kind, parameter.get("description", "")

    def _fields(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
        found = self._found(schema)
        if found.get("type") == "array":
            found = self._found(found["items"])
        required = found.get("required", ())
        for name, field in found.get("properties", {}).items():
            optional = "" if name in required else ", optional"
            yield name, self._kind(field) + optional, field.get("description", "")

    def _kind(self, schema: Mapping[str, Any]) -> str:
        """A schema in a few words: "text", "list of text", "Person"."""
        if "$ref" in schema:
            return str(schema["$ref"]).rpartition("/")[2]
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return " or ".join(dict.fromkeys(self._kind(part) for part in schema[several]))
        if "const" in schema or "enum" in schema:
            return " or ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
        if schema.get("type") == "array":
            return f"list of {self._kind(schema.get('items', {}))}"
        if schema.get("format") == "date-time":
            return "time"
        names = {"string": "text", "integer": "whole number", "boolean": "true or false", "null": "null"}
        kind = str(schema.get("type", "anything"))
        return names.get(kind, kind)

    def _found(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def _curl(self, method: str, path: str, operation: Mapping[str, Any], body: Mapping[str, Any] | None) -> str:
        address = re.sub(r"\{(\w+)\}", lambda match: match[1].upper(), path)
        parts = [
            f"curl {self.server}{address}" if method == "get" else f"curl -X {method.upper()} {self.server}{address}"
        ]
        if operation.get("security") != []:
            parts.append('-H "Authorization: Bearer $STREAMLINE_TOKEN"')
        if body:
            example = json.dumps(self._example(body, 0), ensure_ascii=False)
            parts += ["-H 'Content-Type: application/json'", f"-d '{example}'"]
        return " \\\n  ".join(parts)

    def _example(self, schema: Mapping[str, Any], depth: int) -> Any:
        """A value that the schema could stand for. Of an object only what is required, or the first field."""
        if schema.get("examples"):
            return schema["examples"][0]
        if "default" in schema:
            return schema["default"]
        if "anyOf" in schema:
            return self._example(schema["anyOf"][0], depth)
        found = self._found(schema)
        if found.get("type") == "object" and depth < _DEEPEST_EXAMPLE:
            properties = found.get("properties", {})
            wanted = found.get("required") or list(properties)[:1]
            return {name: self._example(properties[name], depth + 1) for name in wanted}
        kinds = {"string": "…", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
        return kinds.get(found.get("type", ""), found.get("enum", [None])[0])


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_words(part)}</p>" for part in text.strip().split("\n\n") if part)


def _words(text: str) -> str:
    """Text with `code` in it."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))

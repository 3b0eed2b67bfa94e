from __future__ import annotations

import re
from html.parser import HTMLParser

import httpx

from streamline_ui.api import manual
from streamline_ui.providers import PROVIDERS
from tests.api.table import DOCUMENT, ROUTES

ADDRESS = "https://hub.example.com"


def refs(value: object) -> set[str]:
    """Every reference in a document."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(refs(part) for part in value.values()))
    return set().union(*(refs(part) for part in value)) if isinstance(value, list) else set()


def test_the_document_is_complete() -> None:
    assert DOCUMENT["info"]["title"] == "Streamline"
    assert DOCUMENT["security"] == [{"bearer": []}]
    schemas = DOCUMENT["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    for ref in refs(DOCUMENT):
        assert ref.removeprefix("#/components/schemas/") in schemas, ref
    ids = [operation["operationId"] for _, _, operation in ROUTES]
    assert len(ids) == len(set(ids))
    for method, path, operation in ROUTES:
        assert operation["summary"], (method, path)
        assert operation["responses"]["default"]["content"]["application/problem+json"], (method, path)
        if operation.get("security") != []:
            assert "401" in operation["responses"], (method, path)


def test_every_service_has_its_form_in_the_document() -> None:
    forms = [
        form["$ref"] for form in DOCUMENT["components"]["schemas"]["NewIntegration"]["properties"]["config"]["anyOf"]
    ]
    assert len(forms) == len(PROVIDERS)
    assert "#/components/schemas/DiscordConfig" in forms
    assert "webhookUrl" in DOCUMENT["components"]["schemas"]["DiscordConfig"]["properties"]


def test_a_webhook_trigger_says_which_requests_it_takes() -> None:
    described = DOCUMENT["components"]["schemas"]["Definition.WebhookTrigger"]
    assert {"allowedAddresses", "duplicates"} <= described["properties"].keys()
    for word in ("`allowedAddresses`", "`duplicates`", "403", "X-Forwarded-For", "delivery_id"):
        assert word in described["description"]
    limit = DOCUMENT["components"]["schemas"]["Definition.Settings"]["description"]
    assert "`ratePerMinute`" in limit
    assert "429" in limit


async def test_both_are_served_to_everybody(rest: httpx.AsyncClient) -> None:
    document = await rest.get("/api/openapi.json")
    assert document.json()["paths"].keys() == DOCUMENT["paths"].keys()
    page = await rest.get("/api/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    style = await rest.get("/api/docs.css")
    assert style.headers["content-type"].startswith("text/css")


class Collector(HTMLParser):
    """What a page loads, names and holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append(name)
            if name in ("src", "href") and tag != "a":
                self.loads.append(value or "")
            if name == "href" and value and value.startswith("#"):
                self.targets.append(value[1:])
            if name == "id":
                self.ids.append(value or "")


def test_the_page_needs_no_script_and_no_other_server() -> None:
    page = Collector()
    page.feed(manual.page(DOCUMENT, ADDRESS))
    assert page.loads == ["docs.css"]
    assert "script" not in page.tags
    assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
    assert "url(" not in manual.STYLE
    assert "@import" not in manual.STYLE


def test_the_page_shows_every_call_and_its_links_lead_somewhere() -> None:
    html = manual.page(DOCUMENT, ADDRESS)
    page = Collector()
    page.feed(html)
    assert set(page.targets) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    for method, path, _ in ROUTES:
        assert f"{method}</span> <code>/api{path}</code>" in html
    assert html.count("<pre><code>curl") == html.count(f" {ADDRESS}/api/") == len(ROUTES)
    assert "token_expired" in page.ids


def test_nothing_in_the_document_becomes_markup() -> None:
    hostile = "<script>alert(1)</script>"
    document = {
        "info": {"version": hostile, "description": hostile},
        "servers": [{"url": hostile}],
        "components": {"schemas": {"XConfig": {"properties": {hostile: {"type": hostile, "description": hostile}}}}},
        "paths": {
            hostile: {
                "get": {
                    "tags": [hostile],
                    "operationId": hostile,
                    "description": hostile,
                    "parameters": [{"name": hostile, "in": "path", "schema": {"type": hostile}}],
                    "responses": {"200": {}},
                }
            }
        },
    }
    assert not re.search("<script", manual.page(document, ADDRESS))

"""Nobody but the egress modules makes HTTP clients or opens outgoing sockets."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "streamline_ui/net/bodies.py",
    "streamline_ui/net/client.py",
    "streamline_ui/net/egress.py",
    "streamline_ui/net/faults.py",
    "streamline_ui/net/pools.py",
    "streamline_ui/net/resolve.py",
    "streamline_ui/net/transport.py",
    "streamline_ui/bootstrap.py",  # installs what the rest is made of
}
CLIENTS = {
    "aiohttp",
    "requests",
    "urllib3",
    "http.client",
    "urllib.request",
    "httpcore",
    "smtplib",
    "ftplib",
    "telnetlib",
}
CALLS = {
    *("Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport", "get", "post", "put", "patch", "delete", "head"),
    *("request", "stream", "options"),
}
SOCKETS = {"create_connection", "open_connection"}
SOURCES = sorted(
    path
    for folder in ("streamline_ui", "components", "pages")
    for path in (ROOT / folder).rglob("*.py")
    if path.relative_to(ROOT).as_posix() not in ALLOWED
)


def ways_out(tree: ast.AST) -> list[str]:
    """Every import of a client library and every call that opens one."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if is_client(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found += [name for name in full if is_client(name)]
            found += [f"httpx.{alias.name}" for alias in node.names if node.module == "httpx" and alias.name in CALLS]
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if (owner == "httpx" and node.attr in CALLS) or (owner in ("asyncio", "socket") and node.attr in SOCKETS):
                found.append(f"{owner}.{node.attr}")
    return found


def is_client(module: str) -> bool:
    return any(module == client or module.startswith(client + ".") for client in CLIENTS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_other_way_out(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    uses = {name for name in ways_out(tree) if name != "httpx.AsyncClient" or not is_annotation_only(tree)}
    assert uses == set()


def is_annotation_only(tree: ast.AST) -> bool:
    """Whether httpx.AsyncClient is named as a type, and never called."""
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return not any(isinstance(function, ast.Attribute) and function.attr == "AsyncClient" for function in called)


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "from aiohttp import ClientSession",
        "import urllib.request",
        "from urllib import request",
        "import httpx\nhttpx.get('x')",
        "import httpx\nhttpx.AsyncClient()",
        "from httpx import AsyncClient",
        "import socket\nsocket.create_connection(('x', 1))",
        "import asyncio\nasyncio.open_connection('x', 1)",
    ],
)
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert ways_out(ast.parse(source))

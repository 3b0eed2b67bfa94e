"""The page that shows what arrived at the stand-ins: plain HTML that needs no script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from streamline_ui.sandbox.state import Arrived, Desk

_STYLE = """
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:52rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:.25rem 0 1rem}ol{list-style:none;margin:0;padding:0}
li{border:1px solid color-mix(in srgb,currentColor 20%,transparent);border-radius:12px;
  padding:.75rem 1rem;margin:0 0 .75rem}
time,.note{opacity:.75;font-size:.85rem}
.text{margin:.25rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
pre{overflow:auto;font-size:.8rem}code{font-size:.9em;overflow-wrap:anywhere}
"""
_NAMES = {
    "discord": "Discord",
    "telegram": "Telegram",
    "sendgrid": "SendGrid",
    "airtable": "Airtable",
    "google_sheets": "Google Sheets",
    "oauth2": "OAuth 2.0 API",
    "newsapi": "News API",
    "rss": "RSS feed",
    "slack": "Slack",
    "twilio": "Twilio",
}
_SILENT = "This stand-in takes what is sent to it; it sends no events: try a workflow of such a trigger by hand."
_HELP = {
    "discord": "Any webhook URL works. A token with <code>revoked</code> or <code>deleted</code> in it is refused.",
    "telegram": "Any token works, unless it has <code>revoked</code> in it. The chats 404, 403, -403 and -410 refuse. "
    "<code>POST /sandbox/telegram/_say {botToken, text, chatId?}</code> writes to the bot.",
    "sendgrid": "Any key works, unless it has <code>revoked</code> or <code>nomail</code> in it. Senders with "
    "<code>unverified</code> in their address are refused. " + _SILENT,
    "airtable": "Any token works, unless it has <code>revoked</code> in it; with <code>readonly</code> in it, it may "
    "not write. The base is <code>appSandboxBase001</code>, its tables are “Tasks” and “People &amp; plans”. More than "
    "5 requests a second are followed by 30 seconds of refusals. "
    "Every token sees the same records. <code>POST /sandbox/airtable/_say {fields?, table?, count?}</code> adds "
    "records by another hand, to “Tasks” unless told otherwise.",
    "google_sheets": "Any client works, unless its ID has <code>unknown</code>, <code>elsewhere</code> or "
    "<code>noapi</code> in it. The spreadsheet is <code>1Sandbox0Orders0000000000000000000000000demo</code>. "
    "<code>DELETE /sandbox/google_sheets/_permissions</code> takes every sign-in back. "
    "<code>POST /sandbox/google_sheets/_say {values?, sheet?}</code> adds a row by another hand, to “Orders” unless "
    "told otherwise.",
    "oauth2": "Any client works, unless its ID has <code>unknown</code> or <code>elsewhere</code>, or its secret "
    "<code>wrong</code>, in it; <code>lives-5</code> in the ID gives tokens that live 5 seconds.",
    "rss": "The same entries are at <code>feed.xml</code>, <code>atom.xml</code>, <code>rdf.xml</code> and "
    "<code>feed.json</code>. <code>POST /sandbox/rss/_say {title?, text?}</code> publishes one.",
    "newsapi": "Any key works, unless it has <code>revoked</code> or <code>disabled</code> in it. It has 100 requests "
    "a day. <code>POST /sandbox/newsapi/_say {title?, url?}</code> publishes an article; "
    "a trigger hears of it when its words are in the title.",
    "slack": "Any token works, unless it has <code>revoked</code>, <code>expired</code> or <code>noscope</code> in it. "
    "Channels with <code>archived</code>, <code>private</code> or <code>unknown</code> in their name refuse. "
    "Signing in with <code>rotates</code> in the client's ID gives tokens that are renewed every 12 hours. " + _SILENT,
    "twilio": "Any Account SID and Auth Token work, unless the token has <code>revoked</code> in it. Twilio's own test "
    "numbers refuse: <code>+15005550001</code> is no number, <code>+15005550004</code> has unsubscribed. " + _SILENT,
}


def page(desks: Sequence[Desk], root: str) -> str:
    """The whole page. `root` is the sandbox's own address."""
    sections = "".join(_section(desk, root) for desk in desks)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Sandbox · Streamline</title><style>{_STYLE}</style></head><body>"
        "<main><h1>Sandbox</h1><p>Stand-ins for the services. Nothing here leaves this machine; the newest "
        f"200 messages of each are kept until a restart.</p>{sections}</main></body></html>"
    )


def _section(desk: Desk, root: str) -> str:
    entries = (
        "".join(_entry(each) for each in reversed(desk.arrived)) or '<li class="note">Nothing has arrived yet.</li>'
    )
    fault = '<p class="note">A fault is switched on.</p>' if desk.fault else ""
    address = f'<p class="note">Service address: <code>{escape(root)}/{desk.service}</code>. {_HELP[desk.service]}</p>'
    return f"<section><h2>{_NAMES[desk.service]}</h2>{address}{fault}<ol>{entries}</ol></section>"


def _entry(entry: Arrived) -> str:
    at = entry.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    data = json.dumps(entry.data, indent=2, ensure_ascii=False)[:20_000]
    return (
        f'<li><time>{at}</time> <span class="note">{escape(entry.kind)} · {escape(entry.account)}</span>'
        f'<div class="text">{escape(entry.summary[:2000])}</div>'
        f"<details><summary>Details</summary><pre>{escape(data)}</pre></details></li>"
    )

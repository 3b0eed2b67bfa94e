"""The page on which a stand-in asks whether an OAuth client may be let in: plain HTML that needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "unsafe-none",  # as at real services: it stands in a window that somebody waits for
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
}
ACCOUNTS = ("alex@example.com", "sam@example.com")
_STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif;background:Canvas;color:CanvasText}
main{max-width:26rem;margin:0 auto;padding:2rem 1.25rem}
h1{font-size:1.3rem;line-height:1.3;margin:0 0 .5rem}p{margin:.5rem 0}.note{font-size:.875rem}
fieldset{border:1px solid GrayText;border-radius:12px;margin:1rem 0;padding:.5rem 1rem}
label{display:flex;gap:.6rem;align-items:center;min-height:44px;overflow-wrap:anywhere}
input{width:1.15rem;height:1.15rem;flex:none}
.row{display:flex;gap:.75rem;flex-wrap:wrap;justify-content:end}
button{font:inherit;min-height:44px;padding:0 1.25rem;border-radius:10px;border:1px solid GrayText;background:Canvas;
  color:CanvasText;cursor:pointer}
button.go{background:#1d4ed8;border-color:#1d4ed8;color:#fff}
"""


def page(service: str, client: str, hint: str, boxes: Sequence[tuple[str, str, bool]]) -> str:
    """Ask. `boxes` are the scopes with their words, and whether they cannot be unticked."""
    chosen = hint if hint in ACCOUNTS else ACCOUNTS[0]
    accounts = "".join(
        f'<label><input type="radio" name="account" value="{each}"{" checked" if each == chosen else ""}>{each}</label>'
        for each in ACCOUNTS
    )
    scopes = "".join(
        f'<label><input type="checkbox" name="scope" value="{escape(scope, quote=True)}" checked'
        f"{' disabled' if is_fixed else ''}>{escape(words)}</label>"
        for scope, words, is_fixed in boxes
    )
    asked = f"<fieldset><legend>It may</legend>{scopes}</fieldset>" if scopes else ""
    return _frame(
        f"Sign in at {escape(service)}",
        f"<h1>Sign in at {escape(service)}</h1>"
        f"<p>The client <strong>{escape(client[:80])}</strong> asks to be let in.</p>"
        f'<form method="post"><fieldset><legend>Account</legend>{accounts}</fieldset>{asked}'
        '<div class="row"><button name="answer" value="deny">Cancel</button>'
        '<button class="go" name="answer" value="allow">Allow</button></div></form>'
        '<p class="note">This is the sandbox: a stand-in, on your own machine.</p>',
    )


def problem(service: str, words: str) -> str:
    """Why nobody is asked, which is told to the person, as the return address is not trusted."""
    return _frame("Not allowed", f"<h1>{escape(service)} does not allow this</h1><p>{escape(words)}</p>")


def _frame(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title} · Sandbox</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )

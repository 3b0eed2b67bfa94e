"""The headers that tell a browser what it may do with our answers."""

from __future__ import annotations

import re
import secrets

Headers = list[tuple[bytes, bytes]]

_COMMON = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; frame-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; "
)
_PLAIN_POLICY = (_COMMON + "script-src 'self'").encode()
_PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in (
        *("accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "hid"),
        *("magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking"),
    )
)
_ALWAYS: dict[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}
_FOR_DOCUMENTS: dict[bytes, bytes] = _ALWAYS | {
    b"content-security-policy": _PLAIN_POLICY,
    b"cross-origin-opener-policy": b"same-origin-allow-popups",  # a dialog has to see its sign-in window close
    b"permissions-policy": _PERMISSIONS.encode(),
}
# What a browser never shows as a document; there the long policies would only cost a kilobyte a file.
_PARTS_OF_PAGES = re.compile(rb"(text|application)/javascript|text/css|font/|image/(?!svg)")
_ONE_YEAR = b"max-age=31536000"
_SCRIPT = re.compile(rb"<script(?=[\s>])")


def new_nonce() -> str:
    return secrets.token_urlsafe(16)


def page_policy(nonce: str) -> bytes:
    """The policy of a NiceGUI page. Its Vue compiles templates in the browser, which needs 'unsafe-eval'."""
    return f"{_COMMON}script-src 'self' 'nonce-{nonce}' 'unsafe-eval'".encode()


def mark_scripts(body: bytes, nonce: str) -> bytes:
    """Put the nonce on the page's own script tags.

    Data is in there as escaped JSON only, so a page holds no script tags but those of its templates.
    """
    return _SCRIPT.sub(f'<script nonce="{nonce}"'.encode(), body)


def secured(headers: Headers, *, secure: bool, request_id: str) -> Headers:
    """The application's headers with ours added where it set none. Nobody may read us from another origin."""
    kept = [(key, value) for key, value in headers if not key.lower().startswith(b"access-control-")]
    present = {key.lower() for key, _ in kept}
    wanted = _ALWAYS if _PARTS_OF_PAGES.match(find(kept, b"content-type")) else _FOR_DOCUMENTS
    kept += [(key, value) for key, value in wanted.items() if key not in present]
    if secure and b"strict-transport-security" not in present:
        kept.append((b"strict-transport-security", _ONE_YEAR))
    if b"cache-control" not in present:
        kept.append((b"cache-control", b"no-store"))
    kept.append((b"x-request-id", request_id.encode()))
    return kept


def find(headers: Headers, name: bytes) -> bytes:
    """The first header of that name, or nothing."""
    return next((value for key, value in headers if key.lower() == name), b"")


def without(headers: Headers, *names: bytes) -> Headers:
    return [(key, value) for key, value in headers if key.lower() not in names]

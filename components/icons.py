"""Line icons from one file that the browser fetches once: Lucide's, by their names there."""

from __future__ import annotations

from html import escape

from components import theme


def html(name: str, size: str = "") -> str:
    """The icon as HTML, silent for screen readers. `size` is "s", "", "m" or "l"."""
    classes = escape(f"i {size}".strip(), quote=True)
    place = f"{theme.asset('icons.svg')}#{escape(name, quote=True)}"
    return f'<svg class="{classes}" aria-hidden="true"><use href="{place}"/></svg>'


def reference(name: str) -> str:
    """The icon as a name that NiceGUI's own icon element draws."""
    return f"svguse:{theme.asset('icons.svg')}#{name}"

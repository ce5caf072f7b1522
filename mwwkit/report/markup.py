"""HTML and SVG from Python, where text is text unless it says that it is markup.

tag("p", "a < b ", tag("b", speaker), class_="note")   # speaker is escaped, the <b> is not
"""

from html import escape
from typing import Any

VOID = frozenset({"meta", "br", "img"})


class Html(str):
    """Markup, made by `tag`; every other text is escaped before it gets into a page."""

    __slots__ = ()


def tag(name: str, /, *children: Any, **attributes: Any) -> Html:
    """An element. `class_` is class, `data_at` is data-at; None leaves an attribute out."""
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Html(f"<{name}{shown}>")
    return Html(f"<{name}{shown}>{joined(*children)}</{name}>")


def joined(*children: Any) -> Html:
    """Children one after another; those that are no markup are escaped."""
    return Html("".join(c if isinstance(c, Html) else escape(str(c)) for c in children))

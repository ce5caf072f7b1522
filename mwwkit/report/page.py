"""The page: one HTML file that asks nothing of any network.

A content security policy says so to the browser: no address is opened, and only the style and the
script that are named here by their hashes count.
"""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from mwwkit.report import page_header, parity_section, results_sections, technical_sections
from mwwkit.report.markup import Html, joined, tag
from mwwkit.report.moments import Moment

Facts = dict[str, Any]


def page(
    facts: Facts,
    misses: list[Moment],
    accepts: list[Moment],
    unlike: list[Moment],
    data_file: str,
) -> str:
    """The whole document; `data_file` is the name of the same report as JSON, beside it.

    Moments are to be heard: words missed, what was taken for the word, and clips that int8 decides
    otherwise than float.
    """
    style, script = _resource("report.css"), _resource("report.js")
    title = f"{facts['wake_word']}: report of a wake word"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", style),
    )
    by = f"author {facts['author']}", f"language {', '.join(facts['languages'])}"
    header = tag(
        "header",
        tag("p", " · ".join(("Report of a wake word", *by)), class_="over"),
        tag("h1", f"“{facts['wake_word']}”"),
        page_header.verdict(facts["verdict"]),
        page_header.tiles(facts),
        page_header.contents(),
    )
    middle = tag(
        "main",
        results_sections.recall(facts),
        results_sections.wrong(facts),
        results_sections.mistakes(facts, misses, accepts),
        results_sections.trade_off(facts),
        results_sections.reaction(facts),
        technical_sections.training(facts),
        parity_section.parity(facts, unlike),
        technical_sections.device(facts),
        technical_sections.data(facts),
        technical_sections.again(facts),
    )
    told = f"Made by mwwkit {facts['versions']['mwwkit']}. All of this as data: "
    foot = tag("footer", tag("p", told, tag("code", data_file)))
    body = tag("body", header, middle, foot, tag("script", script), class_="report")
    return "<!doctype html>\n" + tag("html", head, body, lang="en") + "\n"


def excerpt(facts: Facts) -> str:
    """Verdict, key figures and the main figures, to be shown inside a notebook."""
    inside = joined(
        tag("style", _resource("report.css")),
        page_header.verdict(facts["verdict"]),
        page_header.tiles(facts),
        results_sections.recall(facts),
        results_sections.trade_off(facts),
    )
    return tag("div", inside, class_="report")


def _resource(name: str) -> Html:
    """A file of the package: ours, so it is markup as it stands."""
    return Html(files("mwwkit.report").joinpath(name).read_text(encoding="utf-8"))


def _policy(style: str, script: str) -> str:
    def named(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; img-src data:; media-src data:; style-src {named(style)}; "
        f"script-src {named(script)}; base-uri 'none'; form-action 'none'"
    )

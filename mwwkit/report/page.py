"""The page: one HTML file that asks nothing of any network.

A content security policy says so to the browser: no address is opened, and only the style and the
script that are named here by their hashes count.
"""

import base64
import hashlib
from importlib.resources import files

from mwwkit.report import page_header, parity_section, results_sections, technical_sections
from mwwkit.report.facts import Report
from mwwkit.report.markup import Html, tag
from mwwkit.report.mistake_sounds import Moment


def page(
    report: Report,
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
    head = _head(f"{report.wake_word}: report of a wake word", style, script)
    sections = tag(
        "main",
        results_sections.recall(report),
        results_sections.wrong(report),
        results_sections.mistakes(report, misses, accepts),
        results_sections.trade_off(report),
        results_sections.reaction(report),
        technical_sections.training(report),
        parity_section.parity(report, unlike),
        technical_sections.device(report),
        technical_sections.data(report),
        technical_sections.again(report),
    )
    made_by = f"Made by mwwkit {report.made_by}. All of this as data: "
    foot = tag("footer", tag("p", made_by, tag("code", data_file)))
    body = tag(
        "body", page_header.header(report), sections, foot, tag("script", script), class_="report"
    )
    return "<!doctype html>\n" + tag("html", head, body, lang="en") + "\n"


def _head(title: str, style: Html, script: Html) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", style),
    )


def _resource(name: str) -> Html:
    """A file of the package: ours, so it is markup already."""
    return Html(files("mwwkit.report").joinpath(name).read_text(encoding="utf-8"))


def _policy(style: str, script: str) -> str:
    def named(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; img-src data:; media-src data:; style-src {named(style)}; "
        f"script-src {named(script)}; base-uri 'none'; form-action 'none'"
    )

"""All files of a report: what 05 writes, what the command line makes again, what 05 shows.

write(here, Shipped(folder, names, settings))    # beside the files that it tells of
remake(here)                                     # of a finished run
show(here)                                       # in a notebook
"""

import shutil
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from IPython.display import HTML, display

from mwwkit.device.simulator import Device
from mwwkit.report.card import card
from mwwkit.report.facts import Shipped, facts_of
from mwwkit.report.moments import moments
from mwwkit.report.page import excerpt, page
from mwwkit.run.checkpoint import Checkpoint, completed
from mwwkit.run.files import read_json, replacing, sha256, write_json
from mwwkit.run.paths import Run

FOLDER = "export"
FILES = {"report": ".report.json", "page": ".report.html", "card": ".card.md"}
MOST_BYTES = 5_000_000  # all files together


def names_of(slug: str) -> dict[str, str]:
    """The names of the files."""
    return {what: slug + ending for what, ending in FILES.items()}


def write(here: Run, shipped: Shipped) -> None:
    """All files into `shipped.folder`, under the names that `shipped` has for them.

    Raises ValueError for metrics that an earlier version wrote.
    """
    facts = facts_of(here, shipped)
    device = Device(shipped.path("model"), reference=True)
    worst = facts["test"]["worst"]
    heard = [
        moments(here, those, device, facts["threshold"]["window"])
        for those in (worst["misses"], worst["false_accepts"], facts["parity"]["test"]["differ"])
    ]
    html = page(facts, *heard, shipped.names["report"])
    write_json(shipped.path("report"), facts)
    shipped.path("page").write_text(html, encoding="utf-8", newline="\n")
    certificate = read_json(shipped.path("certificate")) if "certificate" in shipped.names else None
    told = card(facts, certificate)
    shipped.path("card").write_text(told, encoding="utf-8", newline="\n")


def remake(here: Run) -> dict[str, Any]:
    """Make the report of a finished run again, in that run; where its files are, and the verdict.

    Raises CheckpointError where 05 has not finished, ValueError for metrics of an earlier version.
    """
    done = completed(here, FOLDER)
    slug = Path(done["manifest"]).stem
    names = {n: text for n, text in done.items() if isinstance(text, str)} | names_of(slug)
    with TemporaryDirectory() as trial:
        for what in set(names) - set(FILES):  # an earlier version wrote fewer
            shutil.copyfile(here.find(f"{FOLDER}/{names[what]}"), Path(trial) / names[what])
        write(here, Shipped(Path(trial), names, done["made_of"]))
        sums = {names[what]: sha256(Path(trial) / names[what]) for what in FILES}
        if {name: done["sha256"].get(name) for name in sums} != sums:
            for name in sums:
                with replacing(here / FOLDER / name) as part:
                    shutil.copyfile(Path(trial) / name, part)
            checkpoint = Checkpoint.resume(here, FOLDER, {})
            checkpoint.complete(**done | names | {"sha256": done["sha256"] | sums})
        facts = read_json(Path(trial) / names["report"])
    places = {what: str(here.find(f"{FOLDER}/{names[what]}")) for what in FILES}
    return places | {"verdict": facts["verdict"]["headline"]}


def show(here: Run) -> None:
    """A link to the page and its main figures, in a notebook's cell.

    Raises CheckpointError where 05 has not finished.
    """
    done = completed(here, FOLDER)
    if "page" not in done:
        print("an earlier version exported this; mwwkit report makes the report")
        return
    path = here.find(f"{FOLDER}/{done['page']}")
    link = f'<p>The whole report: <a href="{escape(path.as_uri())}">{escape(str(path))}</a></p>'
    display(HTML(link + excerpt(read_json(here.find(f"{FOLDER}/{done['report']}")))))

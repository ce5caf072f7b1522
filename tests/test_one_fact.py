"""One fact is one number: notebooks, terminal, card, page, report and metrics of one run agree.

Every place is read as people read it, as text, and what it says is compared with the metrics file,
number by number. A fact that a place should have and does not is a failure too.
"""

import ast
import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pytest
import warm
import yaml
from hearing import deaf, hears
from jupyter_client.provisioning import local_provisioner
from small_run import OTHER_WORDS, RATE_HZ, WAKE_WORD, spoken, write_corpus
from varied import THREADS

from mwwkit import __main__ as cli
from mwwkit.audio.wav16 import to_int16, write_wav16
from mwwkit.corpus.clips import Split, load_clips
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits
from mwwkit.stages import train

WORD = "chirp"
COLUMNS = ("path", "kind", "word", "source", "speaker", "licence", "split")
CHOSEN, LAST = 1000, 1250  # steps of 03: the chosen weights are not the last ones
TRAINING = {"shape": "tiny", "steps": LAST, "batch": 4, "evaluate_every": 500, "threads": THREADS}
PRESET = {
    "all": {"word": WORD},
    "acquire": {"recordings": "", "table": "{index}", "given_splits": "{index}"}
    | {f"tts_{what}": 0 for what in ("positive", "negative", "hard_negative", "ambient_minutes")}
    | {"noise_minutes": 0, "rooms": 0},
    "featurize": {"scenes": 40, "scene_seconds": 3, "conditions": ["clean", "noise10"]},
    "train": TRAINING,
    "mine": {"keep_above": 0.99, "threads": THREADS},
    "export": {"arena_bytes": 16_000, "other_calibrations": False},
}
# As a machine says it: scores lie under those of people, so that it would lower the cutoff.
LOWER = tuple((0.78 * from_hz, 0.78 * to_hz) for from_hz, to_hz in WAKE_WORD)
Facts = dict[str, tuple[float, ...] | str]


def write_index(folder: Path) -> Path:
    """Words of people and of machines, some of either no such word at all, and a table of them.

    Into the talk of the test split the word is mixed twice, so that false accepts are counted.
    """
    here = Run(folder)
    write_corpus(here)
    rows = [
        {"path": r.path, "kind": {"clip": "keyword"}.get(r.kind.value, r.kind.value)}
        | {"word": WORD if r.word == "wake" else r.word, "source": "home"}
        | {"speaker": r.speaker, "licence": r.licence, "split": r.split.value}
        for r in load_clips(here)
    ]

    def add(name: str, audio: np.ndarray, split: Split, source: str, kind: str, word: str) -> None:
        write_wav16(folder / f"{name}.wav", to_int16(audio.astype(np.float32)))
        values = (f"{name}.wav", kind, word, source, name, "CC0-1.0", split.value)
        rows.append(dict(zip(COLUMNS, values, strict=True)))

    for split, n_machines in ((Split.TRAIN, 3), (Split.VAL, 4), (Split.TEST, 5)):
        for number in range(n_machines):
            voice = rng(8, split.value, number)
            said = (WAKE_WORD, LOWER, LOWER, OTHER_WORDS[2], OTHER_WORDS[2])[number]
            add(f"m-{split.value}-{number}", spoken(said, voice), split, "piper", "keyword", WORD)
        odd = spoken(OTHER_WORDS[2], rng(9, split.value))
        add(f"odd-{split.value}", odd, split, "home", "keyword", WORD)
    quiet = rng(7, "called").normal(0, 1e-3, 40 * RATE_HZ)
    for number, at_s in enumerate((10, 25)):
        word = spoken(WAKE_WORD, rng(7, "called", number))
        quiet[at_s * RATE_HZ : at_s * RATE_HZ + len(word)] += word
    add("called", quiet, Split.TEST, "home", "ambient", "")
    with open(folder / "index.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return folder / "index.csv"


class Given(train.Trainer):
    """Takes its steps at once; its weights hear the word up to CHOSEN, and nothing after it."""

    def train(self, dataset, until, on_step=lambda: None):
        self.step = until
        return {"loss": 0.1, "gradient_norm": 1.0, "gradient_norm_highest": 2.0}

    def averaged(self, dataset):
        return hears() if self.step <= CHOSEN else deaf(hears())


@dataclass(frozen=True)
class Places:
    """What one run says, as text by place, and its metrics."""

    text: dict[str, str]
    metrics: dict
    report: dict
    run: Path


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> Places:
    """All five notebooks by `mwwkit run`, 03's training given, and everything that came of it."""
    folder = tmp_path_factory.mktemp("one fact")
    index = write_index(folder / "corpus")
    preset = folder / "preset.yaml"
    preset.write_text(yaml.safe_dump(PRESET).replace("{index}", str(index)))
    here, terminal = Run(folder / "run"), io.StringIO()
    command = ["run", "--preset", str(preset), "--run-dir", str(here.folder), "-p", "WORKERS=1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_provisioner, "launch_kernel", warm.launch)
        patch.setattr(train, "Trainer", Given)
        assert cli.main([*command, "--stages", "01-02"]) == cli.OK
        train.run(train.Config(**TRAINING), here, Limits(workers=1))
        with redirect_stdout(terminal):
            assert cli.main([*command, "--stages", "03-05"]) == cli.OK
    exported = here / "export"
    text = {"terminal": terminal.getvalue(), "card": (exported / f"{WORD}.card.md").read_text()}
    text["page"] = read_page((exported / f"{WORD}.report.html").read_text())
    for path in sorted((here / "executed").glob("*.ipynb")):
        text[f"notebook {path.name[:2]}"] = read_notebook(path)
    read = (json.loads((exported / f"{WORD}.{n}.json").read_text()) for n in ("metrics", "report"))
    return Places({n: plain(t) for n, t in text.items()}, *read, here.folder)


def plain(text: str) -> str:
    """With ordinary spaces and signs, and without Markdown's escapes."""
    return re.sub(r"\\(.)", r"\1", text.replace("\u202f", " ").replace("−", "-"))


class PageText(HTMLParser):
    """The text of a page, its elements apart by a bar."""

    def __init__(self, html: str):
        super().__init__()
        self.parts: list[str] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def read_page(html: str) -> str:
    body = re.sub(r"<(style|script)\b.*?</\1>|<svg\b.*?</svg>", "", html, flags=re.DOTALL)
    return " | ".join(PageText(body).parts)


def read_notebook(path: Path) -> str:
    """What its cells put out; what a stage returned as lines of name and value, as a terminal."""
    lines = []
    for cell in nbformat.read(path, 4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            lines.append(output.get("text", ""))
            told = data.get("text/plain", "")
            if "text/html" in data and told.startswith("<"):
                continue  # the page again, or a panel; a table has its words in both
            if told.startswith("{"):
                rows = ast.literal_eval(told).items()
                told = "\n".join(f"  {name}  {value}" for name, value in rows)
            lines.append(told)
    return "\n".join(lines)


NUMBER = r"([\d.,]+)"
SPAN = r"([\d.,]+ (?:h|min|s))"  # of sound
RATE = rf"(\d+) of (\d+): {NUMBER} % \({NUMBER} to {NUMBER} %\)"
SPREAD = r"(\d+) train, (\d+) validation, (\d+) test"
ROWS = {  # of the lines that terminal and notebook 05 end with
    "people": rf"\bheard, strangers' words +{RATE}",
    "machines": rf"\bheard, machines' words +{RATE}",
    "events": rf"\bfalse accepts +(\d+) in {SPAN} of other sound: {NUMBER} an hour",
    "latency": rf"\blatency +{NUMBER} s after the word's end, median",
    "rule": rf"^ *cutoff +{NUMBER}, on the mean of (\d+) scores",
    "target": rf"\btarget +{NUMBER} false accepts an hour",
    "people's splits": rf"^ *recordings +\d+ recordings of the word: {SPREAD}; "
    r"tested on\s+strangers",
    "machines' splits": rf"^ *machines' words +{SPREAD}",
}
SHIPS = rf"What ships: {NUMBER}, on the mean of (\d+) scores\. Its target: {NUMBER} false accepts"
BY_SPLIT = r"train {0}.*?\n?.*?validation {0}.*?\n?.*?test {0}"
CELLS = r"\| \d+ \| [\d.]+ \| \d+ \| (\d+) \| (\d+) \|"  # files, hours, speakers, words, people's
PROSE = {  # of card and page alike
    "rule": SHIPS.replace(NUMBER + " false", "[0-9.]+ false"),
    "target": SHIPS.replace(rf"ships: {NUMBER}", "ships: [0-9.]+").replace(r"(\d+)", r"\d+"),
    "splits": BY_SPLIT.format(CELLS),
}
SAYS: dict[str, dict[str, str]] = {
    "terminal": ROWS | {"verdict": rf'^"{WORD}": (.+)\.$'},
    "notebook 05": ROWS | {"verdict": rf'^"{WORD}": (.+)\.$'},
    "card": PROSE
    | {
        "verdict": r"\A# .*\n\n.*\n\n\*\*(.+)\.\*\*$",
        "people": rf"\| hears strangers' words \| (\d+) of (\d+) \| {NUMBER} % "
        rf"\| {NUMBER} to {NUMBER} % \|",
        "machines": rf"\| hears machines' words \| (\d+) of (\d+) \| {NUMBER} % "
        rf"\| {NUMBER} to {NUMBER} % \|",
        "events": rf"\| false accepts an hour \| (\d+) in {SPAN} \| {NUMBER} \|",
        "latency": rf"of strangers' words that were heard woke it within {NUMBER} s",
    },
    "page": PROSE
    | {
        "verdict": r"^.*?“chirp” \| ([^|]+) \|",
        "people": rf"\| Hears strangers' words \| {NUMBER} % \| (\d+) of (\d+), in every "
        rf"condition; 95 %: {NUMBER} to {NUMBER} %",
        "machines": rf"\| Hears machines' words \| {NUMBER} % \| (\d+) of (\d+), in every "
        rf"condition; 95 %: {NUMBER} to {NUMBER} %",
        "events": rf"\| False accepts an hour \| {NUMBER} \| (\d+) in {SPAN};",
        "latency": rf"\| Delay \| {NUMBER} s \|",
    },
}


def number(text: str) -> float:
    """What a place says; of a span of sound its hours, to two decimals."""
    value, _, unit = text.partition(" ")
    return round(float(value) / {"h": 1, "min": 60, "s": 3600}[unit], 2) if unit else float(value)


def said(place: str, text: str) -> Facts:
    """The facts that a place has, in one order of numbers; AssertionError for one it lacks."""
    facts: Facts = {}
    for fact, pattern in SAYS[place].items():
        found = re.search(pattern, text, flags=re.MULTILINE)
        assert found, f"{place} does not say its {fact}:\n{text[:2000]}"
        facts[fact] = found[1] if fact == "verdict" else tuple(map(number, found.groups()))
    if place == "page":  # the value stands before its counts there
        for fact in ("people", "machines", "events"):
            value, first, second, *ends = facts[fact]
            facts[fact] = (first, second, value, *ends)
    if "splits" in facts:
        words, people = facts["splits"][::2], facts.pop("splits")[1::2]
        facts["people's splits"] = people
        facts["machines' splits"] = tuple(a - b for a, b in zip(words, people, strict=True))
    return facts


def percent(share: float) -> float:
    return round(100 * share, 1)


def measured(metrics: dict, report: dict) -> Facts:
    """The same of the data: what `metrics.json` holds, and of the report what that has not."""
    threshold, test = metrics["threshold"], metrics["test"]
    voices = test["groups"]["recall"]["voice"]
    hourly, splits = test["false_accepts_per_hour"], report["data"]["splits"]
    by_voice = {
        whose: tuple(map(float, (row["count"], row["of"])))
        + tuple(percent(row[end]) for end in ("value", "low", "high"))
        for row in voices
        for whose in [{"recorded": "people", "synthetic": "machines"}[row["group"]]]
    }
    spread = {name: (of["recordings"], of["wake_words"]) for name, of in splits.items()}
    in_order = [spread[split.value] for split in Split]
    an_hour = float(f"{hourly['value']:.3g}")
    return by_voice | {
        "verdict": report["verdict"]["headline"],
        "events": (float(hourly["events"]), round(hourly["hours"], 2), an_hour),
        "latency": (round(test["median_latency_s"], 2),),
        "rule": (threshold["cutoff"], float(threshold["window"])),
        "target": (threshold["target_false_accepts_per_hour"],),
        "people's splits": tuple(float(people) for people, _ in in_order),
        "machines' splits": tuple(float(words - people) for people, words in in_order),
    }


@pytest.mark.parametrize("place", SAYS)
def test_every_place_says_every_fact_and_all_say_the_same(places, place):
    assert said(place, places.text[place]) == measured(places.metrics, places.report)


@pytest.mark.parametrize("place", SAYS)
@pytest.mark.parametrize("fact", SAYS["card"])
def test_a_number_that_is_another_in_one_place_does_not_pass(places, place, fact):
    text, patterns = places.text[place], SAYS[place]
    pattern = patterns.get(fact) or patterns["people's splits"]
    found = re.search(pattern, text, flags=re.MULTILINE)
    first = found.start(1)
    other = {"9": "8"}.get(text[first], "9") if fact != "verdict" else "x"
    changed = said(place, text[:first] + other + text[first + 1 :])
    wanted = measured(places.metrics, places.report)
    assert [name for name in wanted if changed[name] != wanted[name]]
    with pytest.raises(AssertionError, match=f"{place} does not say its"):
        said(place, text.replace(found[0], ""))


REACHED = (
    rf"hears {NUMBER} % of people's words \((\d+) of (\d+)\) and {NUMBER} % of machines' words "
    rf"\((\d+) of (\d+)\) at {NUMBER} false accepts an hour \((\d+) in {SPAN}\)"
)


def test_what_03_reached_is_of_the_chosen_weights_wherever_it_is_told(places):
    at_least = {"notebook 03": 2, "page": 1}  # 04, which found nothing here, says no figure
    text = {place: " ".join(places.text[place].split()) for place in at_least}  # lines wrap
    told = {
        place: [tuple(map(number, numbers)) for numbers in re.findall(REACHED, text[place])]
        for place in at_least
    }
    n_told = {place: len(found) for place, found in told.items()}
    assert all(n >= at_least[place] for place, n in n_told.items()), n_told
    [reached] = {numbers for found in told.values() for numbers in found}
    with open(places.run / "training/history.csv", newline="") as file:
        [row] = [row for row in csv.DictReader(file) if row["step"] == str(CHOSEN)]
    [point] = [p for p in places.report["curves"]["training"] if p["step"] == CHOSEN]
    for facts in (row, point):
        words, machines = int(facts["words"]), int(facts["machines_words"])
        recall, heard = float(facts["recall"]), int(facts["machines_heard"])
        hours, hourly = float(facts["hours"]), float(facts["false_accepts_per_hour"])
        assert reached == (
            *(percent(recall), round(recall * words), words),
            *(percent(heard / machines), heard, machines),
            *(float(f"{hourly:.3g}"), round(hours * hourly), round(hours, 2)),
        )
    assert f"Chosen: the weights after step {CHOSEN:,}." in places.text["notebook 03"]
    rule = re.search(ROWS["rule"], places.text["notebook 03"], flags=re.MULTILINE)
    assert rule.groups() == (f"{point['cutoff']:g}", str(point["window"]))
    for cutoff in ("cutoff", "window"):
        assert float(row[cutoff]) == point[cutoff]


def test_where_the_recordings_went_is_the_same_from_01_to_the_card(places):
    wanted = measured(places.metrics, places.report)["people's splits"]
    found = re.findall(SPREAD, places.text["notebook 01"])
    assert found and {tuple(map(float, numbers)) for numbers in found} == {wanted}
    n_train, n_choose, n_test = wanted
    chosen_by = places.metrics["threshold"]["chosen_by"]
    assert chosen_by.startswith(f"{n_choose:.0f} recordings by people choose; ")
    for place in ("notebook 03", "notebook 04", "notebook 05", "terminal", "card", "page"):
        assert chosen_by in places.text[place], place
    words = {split: places.metrics[split]["words"] for split in ("validation", "test")}
    assert [each["whose"] for each in words.values()] == ["people", "people"]
    assert [each["people"] for each in words.values()] == [n_choose, n_test]


def test_what_ships_is_what_was_told_and_what_peoples_words_chose(places):
    manifest = json.loads((places.run / f"export/{WORD}.json").read_text())["micro"]
    shipped = manifest["probability_cutoff"], manifest["sliding_window_size"]
    assert shipped == measured(places.metrics, places.report)["rule"]
    chosen = places.metrics["validation"]["at_target"]  # by the words that its recall counts
    assert shipped == (chosen["cutoff"], chosen["window"])


def rates(value: object, where: str = "") -> Iterator[tuple[str, int]]:
    """What every rate in some JSON is of, with its place."""
    parts = value.items() if isinstance(value, dict) else ()
    parts = enumerate(value) if isinstance(value, list) else parts
    if isinstance(value, dict) and isinstance(value.get("of"), int):
        yield where, value["of"]
    for name, part in parts:
        yield from rates(part, f"{where}, {name}")


def test_no_rate_counts_people_and_machines_together(places):
    for split in ("validation", "test"):
        figures = places.metrics[split]
        conditions, words = len(figures["recall"]), figures["words"]
        people, machines = words["people"], words["machines"]
        both = {people + machines, (people + machines) * conditions}
        told = dict(rates(figures))
        assert len(told) > 20 and not [where for where, of in told.items() if of in both]
        assert figures["surface"]["n_positives"] == people * conditions
        by_voice = {row["group"]: row["of"] for row in figures["groups"]["recall"]["voice"]}
        assert by_voice == {"recorded": people * conditions, "synthetic": machines * conditions}
        for place in SAYS:
            assert not re.search(rf"\d of {max(both)}\b", places.text[place])
    forms = places.metrics["parity"]["forms"]
    n_chosen_by = places.metrics["validation"]["surface"]["n_positives"]
    assert {form["recall"]["of"] for form in forms.values()} == {n_chosen_by}

"""The report: one page that needs nothing else, true to the run, safe from clips' names."""

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import wave
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from matplotlib.image import imread
from small_run import stamps, tree

from mwwkit import __main__ as cli
from mwwkit.cli import summary, sweep_summary, sweeping, words_table
from mwwkit.corpus.clips import load_clips
from mwwkit.corpus.own_recordings import recordings_of_word, where_they_went
from mwwkit.device.detector import Rule, manifest_cutoff
from mwwkit.device.simulator import Device
from mwwkit.evaluation.exported import Exported, Shipped
from mwwkit.evaluation.measured import CountedWords, GroupRate, RatesBy
from mwwkit.metrics.operating_points import SET_NAMES, Surface
from mwwkit.metrics.rates import proportion
from mwwkit.model.float_stream import float_tracks
from mwwkit.model.streaming import fold, stream, to_float
from mwwkit.previews import export_panel
from mwwkit.report import axes, formatting, origins, writing
from mwwkit.report.card import card, plain
from mwwkit.report.charts import at_cutoff
from mwwkit.report.facts import DIGITS, Report, report_schema, trade_off
from mwwkit.report.facts import SCHEMA as MADE
from mwwkit.report.key_facts import read_report
from mwwkit.report.markup import joined, tag
from mwwkit.report.mistake_sounds import MOST_S, PER_KIND, Moment, moments, span
from mwwkit.report.origins import Setting, StageSettings
from mwwkit.report.page import page
from mwwkit.report.page_header import tiles
from mwwkit.report.results_sections import reaction
from mwwkit.report.voices import by_condition, heard_words, of_intervals
from mwwkit.run import links
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import DataError, from_json, to_json
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scenes import scene_from
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import export

WORD = "chirp"
HOSTILE = "\"'></svg><script>alert(1)</script><img src=x onerror=alert(2)>&lt;b&gt; ünï \u202e"
SCHEMA = json.loads(files("mwwkit.report").joinpath("report.schema.json").read_text("utf-8"))


def one(features: FeatureSet, name: str, index: int, from_s: float, to_s: float) -> dict:
    """A mistake as 05's metrics list it."""
    facts = features.facts[index]
    clip = facts["clip"] if "clip" in facts else facts["clips"][0]
    return {
        **{"set": name, "index": index, "clip": clip, "score": 0.5, "at_s": (from_s + to_s) / 2},
        **{"from_s": from_s, "to_s": to_s, "speaker": "ann", "source": "made", "word": "up"},
        **{"condition": "clean", "recipe": features.scenes[index]},
    }


@pytest.fixture(scope="module")
def here(exported) -> Run:
    """A run that 05 has finished."""
    return exported


@pytest.fixture(scope="module")
def mistaken(here, tmp_path_factory) -> Shipped:
    """The same files, said to have made five mistakes, and int8 one that float does not."""
    folder = tmp_path_factory.mktemp("mistaken")
    shutil.copytree(here / "export", folder, dirs_exist_ok=True)
    words, others, ambient = (
        FeatureSet.open(here, f"test-{name}") for name in ("words", "others", "ambient")
    )
    lengths = [words.scenes[index]["seconds"] for index in (0, 13)]
    path = folder / f"{WORD}.metrics.json"
    metrics = json.loads(path.read_text())
    metrics["test"]["worst"] = {
        "misses": [
            one(words, "test-words", index, 0.0, seconds)
            for index, seconds in zip((0, 13), lengths, strict=True)
        ],
        "false_accepts": [
            one(others, "test-others", 3, 0.0, others.scenes[3]["seconds"]),
            one(ambient, "test-ambient", 0, 4.0, 7.0),
            one(ambient, "test-ambient", 0, 0.0, 20.0),
        ],
    }
    unlike = one(words, "test-words", 5, 0.0, words.scenes[5]["seconds"]) | {"means": [0.4, 0.6]}
    metrics["parity"]["test"]["differ"] = [unlike]
    path.write_text(json.dumps(metrics))
    record = Exported(here).record
    shipped = Shipped(folder, record, record.made_of)
    writing.write(here, shipped)
    return shipped


class Page(HTMLParser):
    """The elements of a page: (name, attributes, text right inside), scripts and styles apart."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[list] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, name, attributes):
        self.elements.append([name, dict(attributes), ""])

    def handle_endtag(self, name):
        self.elements.append(["", {}, ""])

    def handle_data(self, data):
        self.text += data
        if self.elements:
            self.elements[-1][2] += data

    def all(self, name: str) -> list[tuple[dict, str]]:
        return [(attributes, text) for n, attributes, text in self.elements if n == name]


@pytest.fixture(scope="module")
def html(mistaken) -> str:
    return mistaken.path("page").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def facts(mistaken) -> dict:
    return json.loads(mistaken.path("report").read_text(encoding="utf-8"))


def faults(facts: dict) -> list[str]:
    return [e.message for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(facts)]


def test_the_schema_is_the_one_that_is_made_of_the_classes():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    # If not: python -c "from mwwkit.report.facts import *; SCHEMA.write_text(report_schema())"
    assert MADE.read_text(encoding="utf-8") == report_schema()


def test_what_is_read_from_the_data_is_what_was_written(facts):
    assert to_json(from_json(Report, facts)) == facts
    with pytest.raises(DataError, match="the file, test, recall, clean, count is 'many'"):
        broken = json.loads(json.dumps(facts))
        broken["test"]["recall"]["clean"]["count"] = "many"
        from_json(Report, broken)


def test_the_data_are_what_the_schema_says(here, facts):
    assert faults(facts) == []
    assert faults(json.loads((here / f"export/{WORD}.report.json").read_text())) == []


@pytest.mark.parametrize("lost", ["verdict", "seed", "files", "trade_off", "advice", "licence"])
def test_the_schema_misses_what_is_not_there(facts, lost):
    assert any(lost in fault for fault in faults({n: v for n, v in facts.items() if n != lost}))


def test_the_schema_refuses_a_share_over_1_and_a_count_that_is_no_whole_number(facts):
    for wrong in (1.2, "1"):
        broken = json.loads(json.dumps(facts))
        broken["test"]["recall"]["clean"]["value"] = wrong
        assert faults(broken)
    broken["test"]["recall"]["clean"] = {"count": 1.5, "of": 3}
    assert faults(broken)


def test_05_writes_both_files_and_they_are_part_of_what_it_checks(here):
    assert {f"{WORD}.report.html", f"{WORD}.report.json"} <= set(tree(here / "export"))
    done = json.loads((here / "export/checkpoint.json").read_text())["complete"]
    assert {f"{WORD}.report.html", f"{WORD}.report.json"} <= set(done["sha256"])


def test_the_figures_of_05_stand_in_the_report_as_they_are(here, mistaken, facts):
    metrics = to_json(json.loads(mistaken.path("metrics").read_text()), DIGITS)
    assert facts["test"] == metrics["test"] and facts["validation"] == metrics["validation"]
    manifest = json.loads(mistaken.path("manifest").read_text())
    assert facts["threshold"]["cutoff"] == manifest["micro"]["probability_cutoff"]
    assert facts["device"]["arena_bytes"] == 16_000
    [source] = facts["data"]["sources"]
    assert (source["source"], source["licences"]) == ("made", ["CC0-1.0"])
    assert (source["files"], source["wake_words"]) == (48 * 2 + 6, 48)
    counted = recordings_of_word(load_clips(here))
    assert {n: split["recordings"] for n, split in facts["data"]["splits"].items()} == counted
    for file in facts["files"]:
        data = (mistaken.folder / file["name"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_the_same_run_is_the_same_bytes(here, mistaken, tmp_path):
    shutil.copytree(mistaken.folder, tmp_path / "again")
    again = Shipped(tmp_path / "again", mistaken.names, mistaken.settings)
    for what in ("page", "report", "card"):
        again.path(what).unlink()
    writing.write(here, again)
    for what in ("page", "report", "card"):
        assert again.path(what).read_bytes() == mistaken.path(what).read_bytes()


def drawn(svg: str) -> int:
    """How many things a chart shows beside its axes and its letters."""
    things = re.findall(r"<(path|circle|rect|line|image)[^>]*class=\"([^\"]*)\"", svg)
    return sum(not set(classes.split()) & {"axis", "grid"} for _, classes in things)


def test_every_figure_shows_something(html):
    charts = re.findall(r"<svg[^>]*role=\"img\".*?</svg>", html, re.DOTALL)
    assert len(charts) >= 2 + 3 + 1 + 1 + 4 + 1 + 5  # of every kind, and a picture a mistake
    for chart in charts:
        assert drawn(chart) >= 2, chart[:200]
        assert "nan" not in chart and "None" not in chart
    assert drawn('<svg><line class="stroke axis"></line></svg>') == 0


def test_every_number_of_a_chart_is_on_its_canvas(html):
    for chart in re.findall(r"<svg[^>]*role=\"img\".*?</svg>", html, re.DOTALL):
        width, height = map(float, re.search(r'viewBox="0 0 (\S+) (\S+)"', chart).groups())
        for d in re.findall(r' d="([^"]+)"', chart):
            points = [tuple(map(float, p.split())) for p in re.findall(r"[ML]([^MLZ]+)", d)]
            assert all(-1 <= x <= width + 1 and -1 <= y <= height + 1 for x, y in points)


def test_every_picture_is_a_png_with_something_in_it(html):
    pictures = re.findall(r'href="data:image/png;base64,([^"]+)"', html)
    assert len(pictures) == 6
    for picture in pictures:
        pixels = imread(io.BytesIO(base64.b64decode(picture)), format="png")
        assert pixels.shape[0] == 40 and pixels[..., :3].std() > 0.05


def test_every_player_plays_what_its_recipe_makes(here, html, facts):
    worst = facts["test"]["worst"]
    players = [attributes["src"] for attributes, _ in Page(html).all("audio")]
    asked = [*worst["misses"], *worst["false_accepts"], *facts["parity"]["test"]["differ"]]
    assert len(players) == len(asked) == 6
    for source, mistake in zip(players, asked, strict=True):
        kind, data = source.split(",")
        assert kind == "data:audio/wav;base64"
        with wave.open(io.BytesIO(base64.b64decode(data, validate=True))) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (
                *(16_000, 1, 2),
            )
            samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        first_s, last_s = span(mistake["from_s"], mistake["to_s"], mistake["at_s"])
        assert len(samples) / 16_000 == pytest.approx(last_s - first_s, abs=1e-3)
        assert last_s - first_s <= MOST_S
        whole = render(scene_from(mistake["recipe"]), here.find)
        at = int(first_s * 16_000)
        assert np.array_equal(samples, whole[at : at + len(samples)])
        assert samples.std() > 10


def test_a_clip_that_int8_decides_otherwise_is_named_with_both_means(html, facts):
    [unlike] = facts["parity"]["test"]["differ"]
    text = Page(html).text
    part = text[text.index("Clips of the test split that int8 decides otherwise: 1 of 36") :]
    name = unlike["clip"].rpartition("/")[2]
    assert part.index(name) < part.index("0.400") < part.index("0.600")
    assert part.index(name, part.index("0.600")) > 0  # and again, to be heard
    for row in facts["parity"]["against"]:
        assert all(place["clip"] or place["set"] == "ambient" for place in row["differ"])


def test_a_long_clip_is_heard_where_it_scored_highest():
    assert span(0.0, 3.0, 2.0) == (0.0, 3.0)
    for at_s in (0.5, 7.0, 19.5):
        first_s, last_s = span(0.0, 20.0, at_s)
        assert last_s - first_s == MOST_S and 0 <= first_s <= at_s <= last_s <= 20


def test_the_score_track_of_a_mistake_is_the_devices(here, mistaken, facts):
    device = Device(mistaken.path("model"), reference=True)
    asked = from_json(Report, facts).test.worst.false_accepts[1]
    [moment] = moments(here, [asked], device, Rule(0.5, 5))
    features = FeatureSet.open(here, "test-ambient").store[0]
    track = device.scores(features) / 255
    first = int(np.ceil((4.0 - 0.05) / 0.03 - 1e-9))  # the first score is out after 50 ms
    assert moment.at_s[0] == pytest.approx(0.05 + 0.03 * first - 4.0)
    assert np.allclose(moment.scores, track[first : first + len(moment.scores)])
    assert moment.means[-1] == pytest.approx(moment.scores[-5:].mean())
    assert np.array_equal(moment.features, features[400:700])


def test_the_page_asks_nothing_of_any_network(html):
    for name, attributes, _ in Page(html).elements:
        for key in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(key) or "#"
            assert value.startswith(("#", "data:image/png;", "data:audio/wav;")), (name, value[:80])
    [(_, style)] = Page(html).all("style")
    assert not re.search(r"url\(|@import|https?:", style)
    assert not re.search(r"https?://", html)


def test_only_our_own_style_and_script_count(html):
    [policy] = [a["content"] for a, _ in Page(html).all("meta") if a.get("http-equiv")]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    for name in ("style", "script"):
        [(_, text)] = Page(html).all(name)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert 'style="' not in html


OURS = {"partial_auc_0.1", "partial_auc_0.05"}  # keys that are no names


def hostile(value, key=""):
    """Every text that comes from outside, replaced."""
    if isinstance(value, dict):
        return {
            (name if name in OURS or name.isidentifier() else name + HOSTILE): hostile(each, name)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [hostile(each, key) for each in value]
    kept = {
        "whose",
        "words_of",
        "kind",
        "grade",
        "course",
        "answer",
        "format",
        "sha256",
        "config_sha256",
    }
    kept |= {"clip"} if value in ("word", "other") else set()
    kept |= {"set"} if value in SET_NAMES else set()
    kept |= {"name"} if value in ("strict", "balanced", "lenient") else set()
    return value + HOSTILE if isinstance(value, str) and key not in kept else value


def test_whatever_clips_speakers_and_words_are_called_is_text(facts):
    report = from_json(Report, hostile(facts))
    test, clean = report.test, report.test.recall[0]
    row = GroupRate(**vars(proportion(3, 4)), group=HOSTILE, merged=0, units=4)
    groups = replace(test.groups, recall=(*test.groups.recall, RatesBy(HOSTILE, (row, row))))
    recall = (*test.recall, replace(clean, condition=HOSTILE))
    report = replace(report, test=replace(test, recall=recall, groups=groups))
    track = np.zeros(10)
    moment = Moment(
        *(test.worst.misses[0], 0.3, None, np.zeros((30, 40), np.int8)),
        *(np.arange(10) * 0.03, track, track, [0.2]),
    )
    assert moment.mistake.clip.endswith(HOSTILE)
    found = Page(page(report, [moment], [moment], [moment], "x" + HOSTILE))
    assert len(found.all("script")) == 1 and "alert" not in found.all("script")[0][1]
    assert not found.all("img") and not found.all("b")
    for _, attributes, _ in found.elements:
        assert not [key for key in attributes if key.startswith("on")]
    # As it was: word, author, language, speakers, groups, licences, settings, versions, files.
    assert found.text.count(HOSTILE) > 30


def test_text_is_escaped_unless_it_was_made_by_tag():
    made = tag("p", "<b>", tag("i", 1 < 2), class_='"x"', data_at=None)
    assert made == '<p class="&quot;x&quot;">&lt;b&gt;<i>True</i></p>'
    assert joined("<", tag("br")) == "&lt;<br>"


@pytest.mark.parametrize("kept", [("features", "training", "clips"), ("features", "training")])
def test_without_the_clips_it_says_so_and_is_whole(here, mistaken, tmp_path, kept, facts):
    for folder in kept:
        [source] = here.all(folder)
        shutil.copytree(source, tmp_path / "run" / folder)
    shipped = tmp_path / "shipped"
    shutil.copytree(mistaken.folder, shipped)
    writing.write(Run(tmp_path / "run"), Shipped(shipped, mistaken.names, mistaken.settings))
    made = json.loads((shipped / mistaken.names.report).read_text())
    assert faults(made) == []
    text = (shipped / mistaken.names.page).read_text()
    if "clips" in kept:
        assert text == mistaken.path("page").read_text()
    else:
        assert made["data"] is None and not Page(text).all("audio")
        assert text.count("its sound is not at hand") == 6
        assert "The catalogue of clips was not at hand" in text


@pytest.fixture
def copy(here, tmp_path) -> Run:
    shutil.copytree(here.folder, tmp_path / "copy")
    return Run(tmp_path / "copy", here.earlier)


def report_of(copy: Run, *more: str) -> int:
    earlier = [str(folder) for folder in copy.earlier]
    return cli.main(["report", str(copy.folder), "--previous", *earlier, *more])


def test_a_sweeps_summary_says_what_the_report_says(copy, tmp_path):
    (tmp_path / "words.csv").write_text(f"word,seed\n{WORD},7\nmarvin,\n")
    common = words_table.Common(("05",), "standard", (("ARENA_BYTES", "16000"),))
    rows = words_table.read(tmp_path / "words.csv", tmp_path, common)
    copy.folder.rename(tmp_path / rows[0].name)
    write_json(tmp_path / rows[0].name / "executed/05_export.ipynb", {})
    ended = sweeping.Attempts(rows[0].made_of, 0, 60.04, 31.6)
    write_json(tmp_path / sweeping.ROWS / f"{rows[0].name}.json", to_json(ended))
    sweep = sweeping.Sweep(tmp_path, rows, common)
    assert sweep.left() == [rows[1]]
    done, other = sweep_summary.write(sweep)
    report = read_report(Exported(Run(tmp_path / rows[0].name)))
    heard, accepts = heard_words(report.test, report.data), report.test.false_accepts_per_hour
    assert (done.word, done.seed, done.state, done.cpu_s) == (WORD, "7", "done", "32")
    assert done.verdict == report.verdict.headline and Path(done.report).is_file()
    assert (done.people_heard, done.people_of) == (str(heard.people.count), str(heard.people.of))
    assert (done.false_accepts, done.hours) == (str(accepts.events), f"{accepts.hours:g}")
    assert done.cutoff == f"{report.threshold.cutoff:g}" and heard.people.of
    assert (other.word, other.state, other.verdict) == ("marvin", sweeping.PENDING, "")
    with open(tmp_path / "summary.csv", newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [vars(done), vars(other)]
    table = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert f"| {heard.people.counts} |" in table and f"| {accepts.events} in " in table


def test_made_again_it_is_the_same_and_nothing_is_touched(copy, capsys):
    before = stamps(copy.folder)
    assert report_of(copy) == cli.OK
    assert stamps(copy.folder) == before
    told = capsys.readouterr().out
    assert f"\nreport: {copy.folder}/export/{WORD}.report.html" in told and "verdict: " in told


def test_a_run_that_was_exported_before_there_were_reports_gets_one(copy, here, capsys):
    path = copy / "export/checkpoint.json"
    state = json.loads(path.read_text())
    for name in (f"{WORD}.report.html", f"{WORD}.report.json"):
        (copy / "export" / name).unlink()
        del state["complete"]["sha256"][name]
    del state["complete"]["page"], state["complete"]["report"]
    for name in ("checkpoint.json", "checkpoint.previous.json"):
        (copy / "export" / name).write_text(json.dumps(state))
    export_panel.report(copy)
    assert "mwwkit report makes the report" in capsys.readouterr().out
    assert report_of(copy) == cli.OK
    made, first = tree(copy / "export"), tree(here / "export")
    assert {n: json.loads(d) if "checkpoint" in n else d for n, d in made.items()} == {
        n: json.loads(d) if "checkpoint" in n else d for n, d in first.items()
    }
    export.check(copy)


def test_metrics_of_an_earlier_version_are_refused_with_what_to_do(copy, capsys):
    path = copy / f"export/{WORD}.metrics.json"
    metrics = json.loads(path.read_text())
    del metrics["test"]["surface"]
    path.write_text(json.dumps(metrics))
    assert report_of(copy) == cli.BAD
    assert "an earlier version wrote it; delete" in capsys.readouterr().err


def test_metrics_without_what_was_added_since_are_told_all_the_same(copy, here, capsys):
    path = copy / f"export/{WORD}.metrics.json"
    metrics = json.loads(path.read_text())
    for split in ("validation", "test"):
        del metrics[split]["latency"]["median_low_s"], metrics[split]["latency"]["median_high_s"]
    for form in metrics["parity"]["forms"].values():
        del form["false_accepts_per_hour"]["at_most"]
    path.write_text(json.dumps(metrics))
    assert report_of(copy) == cli.OK
    text = (copy / f"export/{WORD}.report.html").read_text()
    assert "Half of the" in text and "(95 %: 0" not in text


def test_metrics_from_before_there_were_forms_are_refused_too(copy, capsys):
    path = copy / f"export/{WORD}.metrics.json"
    metrics = json.loads(path.read_text())
    metrics["parity"] = {"spectrograms": 24, "decided_differently": 0}
    path.write_text(json.dumps(metrics))
    assert report_of(copy) == cli.BAD
    assert "parity has no heard: an earlier version wrote it" in capsys.readouterr().err


def test_a_run_that_is_not_there_or_not_finished_is_told(here, tmp_path, capsys):
    assert cli.main(["report", str(tmp_path / "nothing")]) == cli.USAGE
    assert "is no folder; give the run's folder" in capsys.readouterr().err
    assert cli.main(["report", str(tmp_path)]) == cli.BAD
    assert "is not finished" in capsys.readouterr().err


def test_a_notebook_shows_verdict_figures_and_files_with_relative_links(here, monkeypatch):
    shown = []
    monkeypatch.setattr(export_panel, "display", lambda *things: shown.extend(things))
    monkeypatch.chdir(here.folder)
    export_panel.report(here), export_panel.files(here)
    html = "".join(thing._repr_html_() for thing in shown)
    near = [a["href"] for a, _ in Page(html).all("a") if "href" in a]
    assert near[0] == f"export/{WORD}.report.html" and f"export/{WORD}.tflite" in near
    assert all((here / name).is_file() for name in near)
    assert not re.search("<svg|<script|<button|<style", html), "viewers take these away"
    told = "\n".join(map(repr, shown))
    assert read_report(Exported(here)).verdict.headline in told
    assert (here / f"export/{WORD}.yaml").read_text() in told and "<" not in told.split("\n\n")[0]


def test_links_are_relative_to_where_the_executed_copy_will_lie(here, tmp_path):
    page = here / f"export/{WORD}.report.html"
    with links.copy_in(here / "executed"):
        assert links.link(page) == f"../export/{WORD}.report.html"
    odd = tmp_path / "a b#c.html"
    with links.copy_in(tmp_path):
        assert links.link(odd) == "a%20b%23c.html"


def test_the_page_stays_under_its_size(mistaken):
    samples = 3 * PER_KIND * MOST_S * 16_000 * 2 * 4 / 3  # base64 is a third larger
    rest = mistaken.path("page").stat().st_size + mistaken.path("report").stat().st_size
    assert samples + rest < writing.MOST_BYTES


def test_the_trade_off_has_each_distinct_point_once_with_exact_intervals():
    surface = Surface(
        (3, 5),
        hits=np.array([[0] * 254, [10] * 100 + [8] * 100 + [0] * 54]),
        clip_false_accepts=np.array([[0] * 254, [5] * 50 + [1] * 204]),
        ambient_events=np.array([[0] * 254, [7] * 50 + [0] * 204]),
        n_positives=10,
        n_negatives=20,
        ambient_hours=2.0,
    )
    points = trade_off(surface, 5)
    assert [point.cutoff for point in points] == [manifest_cutoff(c) for c in (1, 51, 101, 201)]
    assert [point.missed.count for point in points] == [0, 0, 2, 10]
    assert points[2].missed == proportion(2, 10)
    assert [p.false_accepts_per_hour.value for p in points] == [3.5, 0, 0, 0]
    assert [p.other_clips_accepted.count for p in points] == [5, 1, 1, 1]
    assert at_cutoff(points, Rule(manifest_cutoff(150), 5)) == points[2]
    assert at_cutoff(points, Rule(manifest_cutoff(101), 5)) == points[2]
    assert at_cutoff(points, Rule(manifest_cutoff(100), 5)) == points[1]
    nothing = replace(surface, n_positives=0, hits=0 * surface.hits, ambient_hours=0.0)
    empty = trade_off(nothing, 5)
    assert empty[0].missed is None and empty[0].false_accepts_per_hour is None


@pytest.mark.parametrize(
    "scale",
    [
        axes.linear(0, 3000),
        axes.linear(-0.5, 1.0),
        axes.linear(2, 2),
        axes.shares(""),
        axes.hourly(0.2, ""),
        axes.hourly(5000, ""),
        axes.deviates(0.0005, 0.6, ""),
    ],
)
def test_a_scale_rises_from_end_to_end_and_its_ticks_lie_on_it(scale):
    assert scale.at(scale.low) == 0 and scale.at(scale.high) == pytest.approx(1)
    places = [scale.at(v) for v in np.linspace(scale.low, scale.high, 50)]
    assert all(a < b for a, b in pairwise(places))
    assert len(scale.ticks) >= 2
    assert all(scale.low <= value <= scale.high for value, _ in scale.ticks)
    assert scale.at(scale.low - 1) == 0 and scale.at(scale.high + 1) == pytest.approx(1)


def test_the_float_model_streamed_is_the_float_net(made_net, feature_like, as_floats):
    net = made_net("tiny")
    folded = fold(net)
    spectrograms = [feature_like(seed, 200 + seed) for seed in (3, 4)]
    found = float_tracks(to_float(folded, net.shape), spectrograms)
    for spectrogram, track in zip(spectrograms, found, strict=True):
        wanted = stream(folded, net.shape, as_floats(spectrogram))
        # XNNPACK adds in another order than TensorFlow
        assert len(track) == len(spectrogram) // 3 and np.abs(track - wanted).max() < 1e-4


def test_the_float_model_is_not_taken_for_the_int8_one(tiny_model, feature_like):
    with pytest.raises(ValueError, match="takes int8; wanted float32"):
        float_tracks(tiny_model, [feature_like(1, 30)])


def test_the_card_has_the_reports_words_and_figures(here):
    text = (here / f"export/{WORD}.card.md").read_text(encoding="utf-8")
    facts = json.loads((here / f"export/{WORD}.report.json").read_text())
    page_text = Page((here / f"export/{WORD}.report.html").read_text(encoding="utf-8")).text
    report = from_json(Report, facts)
    clean = report.test.recall[0]
    for sentence in (
        report.verdict.headline,
        report.licence.headline,
        clean.counts,
        formatting.glued(by_condition(report.test)[0].interval),
        formatting.ships(report.validation, report.threshold),
        of_intervals(report.test, heard_words(report.test, report.data)),
        formatting.delay(report.test.latency, "strangers' words"),
        plain(formatting.shipped(report.threshold)),
        *(formatting.share(each.validation.recall) for each in report.advice),
        *(cell for row in report.data.sources for cell in formatting.source_row(row)),
        *(cell for _, cell in formatting.device_rows(report.device)),
    ):
        assert sentence in text and sentence in page_text
    assert all(plain(s) in text and s in page_text for s in report.verdict.sentences)
    assert " (95 %: " in formatting.delay(report.test.latency, "strangers' words")
    assert facts["config_sha256"] in text and f"| seed | {facts['seed']} |" in text
    counted = export.sheet(here).counted()  # the sheet that 05 prints, made again
    assert counted["pass"] in (14, 15)  # without TensorFlow Lite Micro the arena is not measured
    told = f"{counted['pass']} checks passed, 0 failed, {counted['not checked']} not made"
    assert told in text and told in str(export.sheet(here))
    assert all(file["sha256"] in text for file in facts["files"])
    assert {f"{WORD}.certificate.json", f"{WORD}.url.yaml"} < {f["name"] for f in facts["files"]}


def test_people_and_machines_stand_apart_on_the_page_and_on_the_card(facts):
    report = from_json(Report, facts)
    test = report.test
    rates = {"recorded": proportion(5, 8), "synthetic": proportion(15, 16)}
    rows = (GroupRate(**vars(r), group=name, merged=0, units=4) for name, r in rates.items())
    groups = replace(test.groups, recall=(RatesBy("voice", tuple(rows)),))
    words = CountedWords("people and machines", people=4, machines=8)
    mixed = replace(report, test=replace(test, groups=groups, words=words))
    page_text, card_text = Page(tiles(mixed)).text, card(mixed, None)
    assert "Hears strangers' words" in page_text and "5 of 8, in every condition" in page_text
    assert "Hears machines' words" in page_text and "Hears the word" not in page_text
    assert "| hears strangers' words | 5 of 8 |" in card_text
    assert "| hears words of people and machines together, clean |" in card_text
    of_people = replace(mixed, test=replace(mixed.test, words=replace(words, whose="people")))
    assert "| hears strangers' words, clean |" in card(of_people, None)
    assert "machines" not in Page(tiles(report)).text and "together" not in card(report, None)
    older = replace(mixed, test=replace(mixed.test, words=None))
    assert "| hears words of people and machines together, clean |" in card(older, None)


@pytest.mark.parametrize(
    ("kind", "whose"),
    [
        ("household", "the household's words"),
        ("strangers", "strangers' words"),
        ("mixed", "people's words"),
        ("unknown", "people's words"),
    ],
)
def test_the_recall_is_called_by_whose_voices_were_tested(facts, kind, whose):
    report = from_json(Report, facts)
    who = replace(report.data.voices_tested, kind=kind)
    data = replace(report.data, voices_tested=who, recordings=f"24 recordings: {who}")
    report = replace(report, data=data)
    card_text = card(report, None)
    page_text = Page(page(report, [], [], [], "x")).text
    assert f"| hears {whose}, clean |" in card_text and f"Hears {whose}" in page_text
    assert f"24 recordings: {who}." in card_text and f"24 recordings: {who}." in page_text
    assert ("for voices other than these" in page_text) == (kind == "strangers")
    assert heard_words(report.test, data).rows[0][0] == whose


def test_where_recordings_went_is_one_sentence_in_01_report_card_page_and_terminal(here, facts):
    went = where_they_went(load_clips(here).records)
    assert went == f"your {facts['data']['recordings']}"
    assert went.startswith(
        "your 48 recordings of the word: 24 train, 12 validation, 12 test; tested on"
    )
    assert facts["data"]["voices_tested"] == {
        **{"kind": "strangers", "speakers": 12, "known": 0, "unnamed": 0}
    }
    assert facts["data"]["speakers_of_two_splits"] == 0
    for name in (f"{WORD}.card.md", f"{WORD}.report.html"):
        text = (here / "export" / name).read_text(encoding="utf-8")
        assert facts["data"]["recordings"] in text
        assert "Clips of one speaker, where it is named, are all in the same split; where" in text
    assert facts["data"]["recordings"] in summary.ending(here)


@pytest.mark.parametrize("n", [1, 3])
def test_speakers_of_two_splits_are_counted_and_an_older_report_says_nothing(facts, n):
    report = from_json(Report, facts)
    shared = replace(report, data=replace(report.data, speakers_of_two_splits=n))
    told = f"Clips of {n} speaker{'s' * (n > 1)} are in more than one split"
    assert told in card(shared, None) and told in Page(page(shared, [], [], [], "x")).text
    none = {"recordings": None, "voices_tested": None, "speakers_of_two_splits": None}
    older = replace(report, data=replace(report.data, **none))
    text = card(older, None)
    assert "hears people's words, clean" in text and "tested on" not in text
    assert "Clips of" not in text


def test_page_and_card_say_what_calibration_changed(here):
    report = from_json(Report, json.loads((here / f"export/{WORD}.report.json").read_text()))
    said = formatting.calibrated(report.calibrated)
    assert f"the logit times {report.calibrated.scale:g}" in said
    assert plain(said) in card(report, None) and said in Page(reaction(report)).text
    left = replace(report.calibrated, note="3 words", conditions=(), cutoffs=())
    assert "not calibrated: 3 words." in card(replace(report, calibrated=left), None)
    assert "not calibrated: 3 words." in Page(reaction(replace(report, calibrated=left))).text
    older = replace(report, calibrated=None)
    assert "calibrated" not in card(older, None)
    assert "calibration" not in Page(reaction(older)).text.replace("expected calibration", "")


def test_a_run_ends_with_what_the_report_says(here):
    report = from_json(Report, json.loads((here / f"export/{WORD}.report.json").read_text()))
    lines = summary.ending(here).splitlines()
    assert lines[1] == f'"{WORD}": {report.verdict.headline}.'
    told = dict(re.split(r" {2,}", line.strip(), maxsplit=1) for line in lines if line[:2] == "  ")
    test, threshold = report.test, report.threshold
    assert told["heard, strangers' words"] == str(heard_words(test).people)
    assert told["recordings"] == report.data.recordings
    assert told["heard, machines' words"] == "none to count"
    assert told["false accepts"].startswith(test.false_accepts_per_hour.counts)
    assert told["cutoff"] == f"{threshold.cutoff}, on the mean of {threshold.window} scores"
    assert told["target"].startswith(f"{threshold.target_false_accepts_per_hour:g} false accepts")
    assert told["chosen by"] == "12 recordings by people choose."
    assert told["report"] == str(here / f"export/{WORD}.report.html")
    assert told["model"].startswith(f"{here / f'export/{WORD}.json'} and {WORD}.tflite, beside")
    assert told["ESPHome's lines"] == str(here / f"export/{WORD}.yaml")
    assert (here / f"export/{WORD}.yaml").is_file()


def test_settings_that_are_equal_have_the_same_digest_and_others_another():
    def digest(**settings):
        in_order = tuple(Setting(name, value) for name, value in settings.items())
        return origins.digest((StageSettings("features", in_order),))

    one = digest(seconds=6, shares=[1, [0.5, 2]], steps={"a": 3}, seed=42)
    assert one == digest(seconds=6.0, shares=[1.0, [0.5, 2.0]], steps={"a": 3.0}, seed=42)
    assert one != digest(seconds=6.5, shares=[1, [0.5, 2]], steps={"a": 3}, seed=42)
    assert digest(is_on=True) != digest(is_on=1) and digest(word="6") != digest(word=6)


def test_whatever_clips_speakers_and_words_are_called_is_text_in_the_card_too(facts):
    text = card(from_json(Report, hostile(facts)), None)
    for line in text.split("```yaml")[0].splitlines():
        assert not re.search(r"(?<!\\)<(script|img|b)", line), line
    heads = {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines() if line[:1] == "|"}
    assert heads <= {3, 4, 5, 6, 7}

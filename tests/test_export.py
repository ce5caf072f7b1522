"""05 end to end: whole files that the gate passed, the same each time, or none at all."""

import json
import os
import shutil
import signal
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from forking import finish, start
from hearing import deaf, hears, with_cmvn
from small_run import LIMITS, stamps, tree
from small_run import trained as trained_by

from mwwkit.cli import ablation
from mwwkit.device.arena import ArenaError
from mwwkit.device.detector import Rule, detections, integer_cutoff
from mwwkit.device.simulator import Device
from mwwkit.esphome import manifest
from mwwkit.esphome.certificate import certify
from mwwkit.esphome.gate import GateError
from mwwkit.evaluation.exported import read_metrics
from mwwkit.evaluation.net_forms import float_scores
from mwwkit.metrics.operating_points import SET_NAMES, Surface
from mwwkit.metrics.rates import Hourly, proportion
from mwwkit.model import onnx_model
from mwwkit.model.float_stream import float_tracks
from mwwkit.model.streaming import fold, stream, to_float
from mwwkit.run.checkpoint import CheckpointError, completed
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.run.typed_json import from_json, to_json
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import export
from mwwkit.stages.inputs import Chosen, band_normalisation, chosen_net
from mwwkit.training.evaluator import to_float_features, tracks

SETTINGS = {"word": "Chirp up!", "author": "A. Nyone", "languages": ["en", "de"]}
GIVEN = {"arena_bytes": 16_000, "other_calibrations": False}
FILES = {
    "chirp_up.card.md",
    "chirp_up.certificate.json",
    "chirp_up.json",
    "chirp_up.tflite",
    "chirp_up.float.tflite",
    "chirp_up.metrics.json",
    "chirp_up.report.html",
    "chirp_up.report.json",
    "chirp_up.url.yaml",
    "chirp_up.yaml",
}


def config(**changed):
    return export.Config(**SETTINGS | GIVEN | changed)


def child(folder, earlier, dies_at_file):
    """A session that is killed between two files, or not."""
    written = []

    def copyfile(source, target):
        written.append(target)
        if len(written) == dies_at_file:
            os.kill(os.getpid(), signal.SIGKILL)
        shutil.copyfile(source, target)

    export.shutil = SimpleNamespace(copyfile=copyfile)
    export.run(config(), Run(folder, tuple(earlier)), LIMITS)


def earlier(trained):
    return (*trained.earlier, trained.folder)


@pytest.fixture(scope="module")
def exported(tmp_path_factory, trained):
    here = Run(tmp_path_factory.mktemp("exported"), earlier(trained))
    export.run(config(), here, LIMITS)
    return here


@pytest.fixture
def copy(exported, tmp_path):
    shutil.copytree(exported.folder, tmp_path / "copy")
    return Run(tmp_path / "copy", exported.earlier)


@pytest.fixture
def fresh(trained, tmp_path):
    """A run that is trained and not exported."""
    return Run(tmp_path / "fresh", earlier(trained))


def metrics_of(here):
    return json.loads((here / "export/chirp_up.metrics.json").read_text())


def refused(here, fault, pattern, settings=None):
    with pytest.raises(fault, match=pattern):
        export.run(settings or config(), here, LIMITS)
    assert not here.folder.exists()


def test_what_is_written_is_whole_and_passes_the_gate(exported):
    assert set(tree(exported / "export")) == FILES | {"checkpoint.json", "checkpoint.previous.json"}
    report = certify(exported / "export/chirp_up.json")
    assert report.ok, str(report)
    written = json.loads((exported / "export/chirp_up.certificate.json").read_text())
    assert written["fit"] and written["sha256"] == report.sha256
    assert report.facts["bytes"] == (exported / "export/chirp_up.tflite").stat().st_size
    assert export.check(exported)["manifest"] == str(exported / "export/chirp_up.json")


def test_the_manifest_says_what_was_set_and_what_was_chosen(exported):
    written = json.loads((exported / "export/chirp_up.json").read_text())
    micro = written.pop("micro")
    assert written == {
        "type": "micro",
        "wake_word": "Chirp up!",
        "author": "A. Nyone",
        "model": "chirp_up.tflite",
        "trained_languages": ["en", "de"],
        "version": 2,
    }
    chosen = metrics_of(exported)["threshold"]
    assert (micro["probability_cutoff"], micro["sliding_window_size"]) == (
        chosen["cutoff"],
        chosen["window"],
    )
    assert 1 <= integer_cutoff(micro["probability_cutoff"]) <= 254  # it can fire
    assert (micro["tensor_arena_size"], micro["feature_step_size"]) == (16_000, 10)


def test_the_cutoff_is_chosen_on_the_validation_split_and_the_test_split_would_choose_another(
    exported,
):
    model = (exported / "export/chirp_up.tflite").read_bytes()

    def choice(split):
        names = (f"{split}-{name}" for name in SET_NAMES)
        stores = (FeatureSet.open(exported, name).store for name in names)
        found = tracks(model, *stores, reference=True).choose(0.5, 0.01)
        return found.cutoff, found.window

    written = metrics_of(exported)["threshold"]
    assert (written["cutoff"], written["window"]) == choice("validation") != choice("test")


def test_the_lines_for_esphome_point_at_the_manifest(exported):
    lines = yaml.safe_load((exported / "export/chirp_up.yaml").read_text())
    assert lines["micro_wake_word"]["models"] == [{"model": "chirp_up.json"}]
    lines = yaml.safe_load((exported / "export/chirp_up.url.yaml").read_text())
    assert lines["micro_wake_word"]["models"] == [{"model": "${wake_word_folder}/chirp_up.json"}]


def test_every_rate_has_its_counts_beside_it_and_they_are_the_devices(exported):
    facts = metrics_of(exported)
    device = Device(exported / "export/chirp_up.tflite", reference=True)
    rule = Rule(facts["threshold"]["cutoff"], facts["threshold"]["window"])

    def woken(name):
        features = FeatureSet.open(exported, name)
        tracks = [device.scores(features.store[i]) for i in range(len(features))]
        return features, [len(detections(track, rule)) for track in tracks]

    for split in ("validation", "test"):
        reached = facts[split]
        words, hits = woken(f"{split}-words")
        # Of the validation split it hears every word, of the test split it misses some in noise.
        assert any(hits) and all(hits) == (split == "validation")
        for condition in ("clean", "noise10"):
            own = [h for h, f in zip(hits, words.facts, strict=True) if f["condition"] == condition]
            wanted = proportion(sum(map(bool, own)), len(own))
            speakers = reached["recall"][condition].pop("by_speaker")
            assert reached["recall"][condition] == to_json(wanted)
            # Each clip has a speaker of its own in this corpus: drawn by speaker or by clip, the
            # interval is the exact one.
            assert speakers == {"low": wanted.low, "high": wanted.high, "speakers": len(own)}
        _, accepted = woken(f"{split}-others")
        taken = proportion(sum(map(bool, accepted)), len(accepted))
        assert reached["other_clips_accepted"] == to_json(taken)
        ambient, events = woken(f"{split}-ambient")
        hours = reached["false_accepts_per_hour"]["hours"]
        assert hours == pytest.approx(ambient.hours, abs=2e-3)
        assert reached["false_accepts_per_hour"]["events"] == sum(events)
        rate = Hourly.counted(sum(events), hours)
        assert reached["false_accepts_per_hour"]["high"] == pytest.approx(rate.high, rel=0.1)


def test_what_calibration_changed_is_told_in_the_figures_that_are_told_elsewhere(exported):
    facts = metrics_of(exported)
    told, test = facts["calibrated"], facts["test"]
    shipped = facts["model"]["logit_scale"], facts["model"]["logit_shift"]
    assert (told["scale"], told["shift"]) == shipped and not told["note"]
    for name, both in told["conditions"].items():
        assert both["after"] == test["clips"][name]["calibration"]
        assert both["after"]["expected_error"] < both["before"]["expected_error"]
    surface = from_json(Surface, test["surface"])
    for at in told["cutoffs"]:
        point = surface.at(Rule(at["cutoff"], at["window"]))
        assert at["after"]["recall"] == to_json(point.recall)
        assert at["after"]["other_clips_accepted"] == to_json(point.others_accepted)
        assert at["after"]["false_accepts_per_hour"]["events"] == point.events


def test_metrics_of_a_version_that_did_not_calibrate_are_read(exported, tmp_path):
    older = metrics_of(exported)
    del older["calibrated"], older["model"]["logit_shift"]
    (tmp_path / "older.json").write_text(json.dumps(older))
    found = read_metrics(tmp_path / "older.json")
    assert found.calibrated is None and found.model.logit_shift is None
    assert to_json(found) == older


def test_the_exported_model_knows_the_word_on_the_test_split(exported):
    test = metrics_of(exported)["test"]
    assert test["recall"]["clean"]["value"] == 1
    assert test["other_clips_accepted"]["count"] == 0
    assert -0.1 < test["median_latency_s"] < 0.5


def test_what_a_run_reached_is_read_from_its_test_split(exported):
    told, found = metrics_of(exported), to_json(ablation.reached(exported))
    rule = found.pop("cutoff"), found.pop("window")
    assert rule == (told["threshold"]["cutoff"], told["threshold"]["window"])
    assert found.pop("words_of") == "people's words"
    people = found.pop("people")
    for name in ("count", "of"):
        assert people[name] == sum(row[name] for row in found["recall"].values())
    assert found.pop("machines") == {"count": 0, "of": 0}
    assert len(found) == 4 and found == {name: told["test"][name] for name in found}


def test_a_second_run_makes_nothing_and_touches_nothing(exported):
    before = stamps(exported.folder)
    assert export.run(config(), exported, LIMITS) == export.check(exported)
    assert export.plan(config(), exported, LIMITS)["done"]
    assert stamps(exported.folder) == before


def test_killed_between_two_files_it_ends_with_the_same_bytes_as_in_one_go(exported, tmp_path):
    killed = start(child, tmp_path, exported.earlier, 3)
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    written = {name for name in tree(tmp_path / "export") if not name.startswith(".")}
    assert written == {"chirp_up.tflite", "chirp_up.float.tflite"}
    finish(start(child, tmp_path, exported.earlier, 0))
    assert tree(tmp_path) == tree(exported.folder)


def test_an_earlier_run_that_exported_the_same_is_done(exported, tmp_path):
    here = Run(tmp_path, (*exported.earlier, exported.folder))
    assert export.run(config(), here, LIMITS)["manifest"].startswith(str(exported.folder))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("where", ["the same run", "a new run"])
def test_with_other_settings_it_is_made_again(exported, copy, tmp_path, where):
    here = copy if where == "the same run" else Run(tmp_path, (*copy.earlier, copy.folder))
    assert not export.plan(config(author="Someone"), here, LIMITS)["done"]
    export.run(config(author="Someone"), here, LIMITS)
    assert json.loads((here / "export/chirp_up.json").read_text())["author"] == "Someone"
    made, first = tree(here / "export"), tree(exported / "export")
    assert made["chirp_up.tflite"] == first["chirp_up.tflite"]


def test_a_fault_that_the_gate_finds_stops_it_before_anything_is_written(fresh, monkeypatch):
    def float_model(net, shape, training, temperature):
        return to_float(fold(net), shape)

    monkeypatch.setattr(export, "int8_model", float_model)
    refused(fresh, GateError, "input is FLOAT32, wanted INT8")


def test_an_arena_that_is_too_small_stops_it_before_anything_is_written(fresh):
    pytest.importorskip("tflite_micro")
    refused(fresh, GateError, "arena-too-small", config(arena_bytes=2_000))


def test_without_tflite_micro_it_stops_unless_the_size_is_given(fresh, exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    refused(fresh, ArenaError, "pip install .mwwkit.tflm.", config(arena_bytes=0))
    with pytest.raises(ArenaError, match="give 05 the bytes as ARENA_BYTES"):
        export.plan(config(arena_bytes=0), fresh, LIMITS)
    export.run(config(), fresh, LIMITS)
    # All the same, but for what TensorFlow Lite Micro gave where the forms are compared.
    without, with_it = (tree(here / "export") for here in (fresh, exported))
    for name in ("tflite", "float.tflite", "json", "yaml"):
        assert without[f"chirp_up.{name}"] == with_it[f"chirp_up.{name}"]
    metrics = metrics_of(exported)
    metrics["parity"]["forms"].pop("tflm", None)
    metrics["parity"]["against"] = [
        row for row in metrics["parity"]["against"] if row["form"] != "tflm"
    ]
    assert metrics_of(fresh) == metrics
    assert '"not checked"' in without["chirp_up.certificate.json"].decode()


def test_measured_the_arena_is_the_smallest_and_a_margin(fresh):
    pytest.importorskip("tflite_micro")
    export.run(config(arena_bytes=0), fresh, LIMITS)
    arena = metrics_of(fresh)["arena"]
    stated = json.loads((fresh / "export/chirp_up.json").read_text())["micro"]["tensor_arena_size"]
    assert arena["stated"] == stated
    assert arena["smallest"] * 1.05 < stated < arena["smallest"] * 1.2


def test_a_net_that_recognises_nothing_is_not_exported(fresh, monkeypatch):
    def deafened(here, folder):
        chosen = chosen_net(here, folder)
        return Chosen(deaf(chosen.net), chosen.shape, None)

    monkeypatch.setattr(export, "chosen_net", deafened)
    refused(fresh, ValueError, "recognises nothing at any cutoff. Train longer")


def test_asked_for_onnx_is_written_beside_and_is_the_float_net(exported, copy):
    pytest.importorskip("onnx", reason="install the extra onnx: pip install 'mwwkit[onnx]'")
    pytest.importorskip("onnxruntime", reason="install the extra onnx: pip install 'mwwkit[onnx]'")
    export.run(config(onnx=True), copy, LIMITS)
    path = copy / "export/chirp_up.onnx"
    assert path.name in export.plan(config(onnx=True), copy, LIMITS)["files"]
    assert metrics_of(copy)["onnx"]["bytes"] == path.stat().st_size
    assert metrics_of(copy)["onnx"]["largest_difference"] <= 1e-5
    words = FeatureSet.open(copy, "test-words")
    [said] = float_tracks((copy / "export/chirp_up.float.tflite").read_bytes(), [words.store[0]])
    heard = onnx_model.run(path.read_bytes(), to_float_features(words.store[0]))
    assert np.ptp(heard) > 0.2 and np.abs(heard - said).max() <= 1e-5
    export.run(config(), copy, LIMITS)  # not asked for any more: a stale one does not stay
    assert not path.exists() and tree(copy / "export").keys() == tree(exported / "export").keys()


def test_asked_for_onnx_without_the_extra_it_stops_before_any_work(fresh, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    refused(fresh, CannotGoOn, r"pip install 'mwwkit\[onnx\]'", config(onnx=True))
    with pytest.raises(CannotGoOn):
        export.plan(config(onnx=True), fresh, LIMITS)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_that_was_changed_afterwards_is_named(copy, name):
    path = copy / "export" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    for attempt in (lambda: export.check(copy), lambda: export.run(config(), copy, LIMITS)):
        with pytest.raises(ValueError, match=f"{name} was changed after 05 wrote it"):
            attempt()


def test_a_file_that_is_gone_is_named(copy):
    (copy / "export/chirp_up.tflite").unlink()
    with pytest.raises(FileNotFoundError, match="export/chirp_up.tflite"):
        export.check(copy)


def test_before_03_has_finished_it_says_what_to_run_first(featured, tmp_path):
    here = Run(tmp_path, (featured.folder,))
    for attempt in (export.plan, export.run):
        with pytest.raises(CheckpointError, match="training is not finished"):
            attempt(config(), here, LIMITS)
    with pytest.raises(CheckpointError, match="export is not finished"):
        export.check(here)


def test_without_the_clips_of_01_the_plan_says_so_before_anything_is_written(
    featured, trained, tmp_path
):
    for run, name in ((featured, "features"), (trained, "training")):
        (tmp_path / name).symlink_to(run / name)
    with pytest.raises(CheckpointError, match="05 reads clips/ of 01, and clips/catalogue.csv is"):
        export.plan(config(), Run(tmp_path), LIMITS)
    assert not (tmp_path / "export").exists()


def test_with_cmvn_folded_in_the_stream_is_the_float_net(featured, tmp_path):
    _, deviation = band_normalisation(featured)
    here = trained_by(tmp_path, featured, lambda: with_cmvn(hears(), deviation), cmvn=True)
    chosen = chosen_net(here, "training")
    mean, deviation = chosen.cmvn
    assert mean.min() > 0 and deviation.min() > 0.1
    words = FeatureSet.open(here, "validation-words")
    for index in (0, 13):
        features = words.store[index]
        streamed = stream(fold(chosen.net), chosen.shape, to_float_features(features))
        assert np.abs(streamed - float_scores(chosen.net, features)).max() <= 1e-5
    export.run(config(), here, LIMITS)
    found = {row["form"]: row for row in metrics_of(here)["parity"]["against"]}
    assert found["float_streaming"]["largest_difference"] <= 1e-5
    assert found["int8"]["mean_difference"] < 0.02
    assert manifest.read(here / "export/chirp_up.json").model == "chirp_up.tflite"


@pytest.mark.parametrize(
    ("word", "slug"),
    [
        ("Computer", "computer"),
        ("  Okay, Nabu! ", "okay_nabu"),
        ("he zoe", "he_zoe"),
        ("Hé Zoë", "he_zoe_e4d92196"),  # another word than the one above
        ("R2-D2", "r2_d2"),
        ("../../etc/passwd", "etc_passwd"),
        ("Checkpoint", "word_ee325afd"),  # checkpoint.json is the stage's own
    ],
)
def test_a_word_becomes_a_file_name_of_plain_letters(word, slug):
    assert export.Config(word=word).slug == slug


def test_two_words_whose_latin_part_is_equal_have_two_names_and_one_word_has_one(tmp_path):
    words = ["schön", "schon", "hey Алиса", "hey Маша", "hey", "C++", "C#", "C", "Strae", "Straße"]
    slugs = [export.Config(word=word).slug for word in words]
    assert len(set(slugs)) == len(words) and all(slug.isascii() for slug in slugs)
    assert export.Config(word="SCHO\u0308N").slug == slugs[0]
    # a run in which an older version wrote this word goes on with its names, another does not
    here = Run(tmp_path)
    write_json(here / "export/schon.json", {"wake_word": "schön"})
    names = [export._names(export.Config(word=word), here).manifest for word in words[:2]]
    assert names == ["schon.json", "schon.json"]
    write_json(here / "export/schon.json", {"wake_word": "schon"})
    assert export._names(export.Config(word="schön"), here).manifest == f"{slugs[0]}.json"


def test_words_in_other_scripts_have_names_of_their_own_that_stay():
    words = ["компьютер", "комната", "电脑", "电视", "コンピュータ", "!?"]
    slugs = [export.Config(word=word).slug for word in words]
    assert len(set(slugs)) == len(words)
    assert all(slug.startswith("word_") and slug.isascii() and len(slug) == 13 for slug in slugs)
    assert slugs == [export.Config(word=word).slug for word in words]


@pytest.mark.parametrize(
    "nonsense",
    [
        {"word": ""},
        {"word": "   "},
        {"target_fah": 0.0},
        {"target_fah": float("nan")},
        {"max_clip_fpr": 1.1},
        {"arena_bytes": -1},
    ],
)
def test_nonsense_is_refused_at_once_with_the_name_and_the_value(nonsense):
    ((name, value),) = nonsense.items()
    with pytest.raises(ValueError, match=f"{name} is {value!r}"):
        config(**nonsense)


@pytest.mark.parametrize(
    ("refused_late", "told"),
    [
        ({"website": "example.org"}, "website is 'example.org', wanted an address"),
        ({"author": ""}, "author is '' .* wanted some text"),
        ({"languages": []}, "trained_languages is .* wanted a list"),
        ({"arena_bytes": 600_000}, "tensor_arena_size is 600000, more than"),
        ({"word": "vad"}, "word is 'vad', which ESPHome keeps"),
    ],
)
def test_what_no_manifest_may_say_is_told_before_any_work(refused_late, told):
    with pytest.raises(ValueError, match=told):
        config(**refused_late)


def test_one_language_may_be_given_without_a_list():
    assert export.Config(word="x", languages="nl").languages == ("nl",)


def test_the_plan_names_the_weights_and_the_files(trained, fresh):
    planned = export.plan(config(), fresh, LIMITS)
    assert planned["weights"] == completed(trained, "training")["weights"]
    assert set(planned["files"]) == FILES
    assert not planned["done"]

"""The certificate: thirty seeded faults and more are named with their cures, good models pass."""

import ast
import json
import re
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from seeded import DATA, MANIFEST, MODEL, Export, Place

from mwwkit.device import arena
from mwwkit.esphome import checks, findings, gate, manifest
from mwwkit.esphome.certificate import certify
from mwwkit.esphome.findings import CHECK_OF, CHECKS, FAIL, PASS, UNCHECKED
from mwwkit.esphome.gate import GateError
from mwwkit.esphome.manifest import Manifest
from mwwkit.run.files import write_json

SCHEMA = json.loads(files("mwwkit.esphome").joinpath("certificate.schema.json").read_text("utf-8"))


@pytest.fixture
def export(tiny_model, tmp_path) -> Export:
    """A good export; what `certify` says of it is looked at in a test below."""
    made = Export(tmp_path)
    manifest.write(
        Manifest("Tiny", "Someone", "tiny.tflite", ("en",), 0.9, 5, 16_384), made.manifest
    )
    made.model.write_bytes(tiny_model)
    return made


def results(found) -> dict[str, str]:
    return {check.name: check.result for check in found.checks}


def faults(found) -> list[str]:
    """The names of what is wrong, told the same by the sheet, the JSON and the error."""
    jsonschema.validate(found.as_dict(), SCHEMA)
    assert [c.name for c in found.checks] == list(CHECKS)
    assert found.ok == found.as_dict()["fit"] == (FAIL not in results(found).values())
    for finding in found.findings:
        assert finding.words in str(found) and finding.cure in str(found)
    if found.findings:
        with pytest.raises(GateError) as refused:
            found.refuse()
        assert refused.value.findings == found.findings
    return [finding.fault for finding in found.findings]


def needs_tflm(fault):
    if fault.fault == "arena-too-small":
        pytest.importorskip("tflite_micro")


@pytest.mark.parametrize("fault", MODEL + MANIFEST, ids=lambda fault: fault.what)
def test_a_seeded_fault_in_model_or_manifest_is_named_with_its_cure(
    export, tmp_path, fault, record_property
):
    needs_tflm(fault)
    fault.plant(export)
    found = certify(export.manifest)
    assert fault.fault in faults(found)
    said = next(
        f for f in found.findings if f.fault == fault.fault and re.search(fault.says, f.words)
    )
    assert re.search(fault.cure, said.cure)
    assert results(found)[CHECK_OF[fault.fault]] == FAIL
    where = "model" if fault in MODEL else "manifest"
    told = [text.replace(str(tmp_path), "FOLDER") for text in (said.words, said.cure)]
    record_property("row", [where, fault.what, fault.fault, *told])


@pytest.mark.parametrize("fault", DATA, ids=lambda fault: fault.what)
def test_a_seeded_fault_in_the_data_is_named_with_its_cure(
    featured, trained, tmp_path, fault, record_property
):
    with pytest.raises((ValueError, RuntimeError)) as refused:
        fault.plant(Place(tmp_path, featured, trained))
    said = str(refused.value)
    assert type(refused.value).__name__ == fault.fault
    assert re.search(fault.says, said) and re.search(fault.cure, said), said
    said = said.replace(str(tmp_path), "FOLDER")
    record_property("row", ["data", fault.what, fault.fault, said, "(told in the same sentence)"])


def test_there_are_thirty_and_they_are_all_different():
    assert len(MODEL + MANIFEST + DATA) >= 30 and min(map(len, (MODEL, MANIFEST, DATA))) >= 10
    assert len({fault.what for fault in MODEL + MANIFEST + DATA}) == len(MODEL + MANIFEST + DATA)


def test_a_good_export_passes_every_check_that_can_be_made(export):
    pytest.importorskip("tflite_micro")
    found = certify(export.manifest)
    assert faults(found) == []
    assert [name for name, result in results(found).items() if result != PASS] == ["unchanged"]
    write_json(checks.beside(export.manifest), found.sealed().as_dict())
    again = certify(export.manifest)
    assert again.as_dict() == found.sealed().as_dict() == again.sealed().as_dict()
    assert set(results(again).values()) == {PASS} and again.sha256 == found.sha256
    assert str(again).startswith("tiny.json: fit for the device\n15 checks passed, 0 failed")


@pytest.mark.parametrize("name", ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"])
def test_the_official_wake_words_pass_and_their_arena_is_explained(official_models, name):
    found = certify(official_models / f"{name}.json")
    assert faults(found) == [], str(found)
    assert found.facts["variables"] == 6
    if "smallest arena" in found.facts:
        smallest, theirs = found.facts["smallest arena"], found.facts["stated arena"]
        assert smallest < theirs and abs(arena.stated(smallest) / theirs - 1) < 0.1
        assert re.search(r"so (\d+\.\d)% are spare", str(found))


def test_the_official_vad_passes_in_its_own_envelope_only(official_models):
    assert faults(certify(official_models / "vad.json", "vad")) == []
    assert faults(certify(official_models / "vad.json")) == ["vad-name", "input-scale"]
    assert "vad-name" in faults(certify(official_models / "okay_nabu.json", "vad"))


def test_every_fault_that_can_be_found_has_its_line_on_the_sheet():
    named = set()
    for module in (checks, gate, manifest):
        text = Path(module.__file__).read_text(encoding="utf-8")
        for call in ast.walk(ast.parse(text)):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "Finding":
                first = call.args[0]
                named |= {first.value} if isinstance(first, ast.Constant) else set()
    assert len(named) > 20 and named <= set(CHECK_OF)
    assert set(findings.OF_MODEL) < set(CHECKS)


def test_a_model_that_was_swapped_after_its_certificate_is_named(export, tiny_model):
    write_json(checks.beside(export.manifest), certify(export.manifest).as_dict())
    export.put(author="Another")
    [finding] = certify(export.manifest).findings
    assert finding.fault == "changed-file" and finding.words.startswith("tiny.json is not the file")
    export.model.write_bytes(tiny_model + bytes(16))
    assert faults(certify(export.manifest)) == ["changed-file", "changed-file"]
    for broken in ("{", '{"sha256": []}', "[]", "[" * 100_000):
        checks.beside(export.manifest).write_text(broken)
        assert faults(certify(export.manifest)) == ["changed-file", "changed-file"]
    checks.beside(export.manifest).unlink()
    assert faults(certify(export.manifest)) == []


def test_what_stands_on_something_broken_is_not_said_to_have_passed(export):
    export.model.write_bytes(b"")
    found = results(certify(export.manifest))
    assert {found[name] for name in findings.OF_MODEL} == {UNCHECKED}
    assert found["cutoff"] == PASS
    export.manifest.write_text("[1]")
    found = results(certify(export.manifest))
    assert found.pop("files") == FAIL and set(found.values()) == {UNCHECKED}


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("sliding_window_size", "sliding-window-size"),
        ("probability_cutoff", "cutoff-range"),
        ("tensor_arena_size", "arena-too-large"),
        ("feature_step_size", "feature-step-size"),
    ],
)
def test_a_number_of_any_size_is_a_fault_and_never_a_crash(export, key, fault):
    export.put(**{key: 10**4000})
    assert fault in faults(certify(export.manifest))


def test_a_version_of_any_length_is_a_fault_and_never_a_crash(export):
    export.put(minimum_esphome_version="9" * 5000 + ".1.1")
    assert faults(certify(export.manifest)) == ["wrong-type"]


def test_json_too_deep_to_read_is_a_fault_and_never_a_crash(export):
    export.manifest.write_text("[" * 100_000)
    assert faults(certify(export.manifest)) == ["not-json"]


def test_a_step_that_esphome_refuses_is_not_said_to_be_accepted(export):
    export.put(feature_step_size=40)
    found = certify(export.manifest)
    assert set(faults(found)) == {"feature-step-size", "esphome-refuses"}
    assert results(found)["schema"] == FAIL


@pytest.mark.parametrize("change", [{"model": 5}, {"model": ""}, {"micro": 5}, {"micro": {}}])
def test_a_part_that_is_missing_is_a_fault_and_never_a_crash(export, change):
    export.put(**change)
    assert set(faults(certify(export.manifest))) <= {"wrong-type", "missing-key"}


def test_faults_of_manifest_and_model_are_told_together(export, tiny_model):
    export.put(probability_cutoff=1.0)
    export.model.write_bytes(tiny_model[:5000])
    assert faults(certify(export.manifest)) == ["unreadable", "cutoff-never-fires"]


def test_a_manifest_by_another_name_than_json_is_refused_as_esphome_refuses_it(export):
    assert faults(certify(export.model)) == ["manifest-name"]
    assert faults(certify(export.folder / "none.json")) == ["missing-file"]


def test_the_size_that_the_cure_names_is_enough(export):
    pytest.importorskip("tflite_micro")
    export.put(tensor_arena_size=6000)
    [finding] = certify(export.manifest).findings
    export.put(tensor_arena_size=int(finding.cure.split()[-1]))
    assert certify(export.manifest).ok


def test_without_tflite_micro_the_arena_is_said_to_be_unchecked(export, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    found = certify(export.manifest)
    [line] = [check for check in found.checks if check.name == "arena"]
    assert found.ok and line.result == UNCHECKED and "pip install" in line.do


def test_without_esphome_our_own_schema_and_list_of_ops_are_asked(export, monkeypatch):
    monkeypatch.setitem(sys.modules, "esphome", None)
    found = certify(export.manifest)
    assert found.ok and not found.esphome and "by mwwkit's copy of its schema" in str(found)
    export.put(minimum_esphome_version="2099.1.0")
    assert faults(certify(export.manifest)) == ["esphome-refuses"]


def test_an_op_that_the_installed_esphome_has_dropped_is_named(export, monkeypatch):
    pytest.importorskip("esphome")
    installed = checks.esphome_package.find()
    source = installed.source.replace("AddConcatenation()", "AddTanh()")
    older = checks.esphome_package.Installed("2031.1.0", source, installed.header)
    monkeypatch.setattr(checks.esphome_package, "find", lambda: older)
    [finding] = certify(export.manifest).findings
    assert finding.words == "the op CONCATENATION is not registered by ESPHome 2031.1.0"

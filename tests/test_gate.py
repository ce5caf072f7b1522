"""The gate: official models and our own pass; each seeded fault is named with its cause."""

import sys

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from mwwkit.model import gate, manifest, streaming
from mwwkit.model.gate import GateError
from mwwkit.model.graph import Graph
from mwwkit.model.manifest import Manifest


def faults(model, envelope="wake_word"):
    return {finding.fault for finding in gate.inspect(model, envelope)}


@pytest.fixture
def edited(tiny_model):
    """Change the tiny model's flatbuffer by a function of its object form; return the bytes."""

    def edit(change) -> bytes:
        model = schema.ModelT.InitFromPackedBuf(tiny_model, 0)
        change(model)
        builder = flatbuffers.Builder(len(tiny_model))
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    return edit


def end(model, which):
    """The main graph's input or output tensor."""
    main = model.subgraphs[0]
    return main.tensors[(main.inputs if which == "input" else main.outputs)[0]]


def test_a_model_that_mwwkit_made_passes(tiny_model):
    assert gate.inspect(tiny_model) == []


@pytest.mark.parametrize("name", ["okay_nabu", "hey_jarvis_residual", "mixed"])
def test_each_shape_passes(made_net, feature_like, as_floats, name):
    net = made_net(name)
    model = streaming.to_int8(streaming.fold(net), net.shape, [as_floats(feature_like(2, 600))])
    assert gate.inspect(model) == []


@pytest.mark.parametrize("name", ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"])
def test_the_official_wake_words_pass(official_models, name):
    report = gate.verify(official_models / f"{name}.json")
    assert report.ok, str(report)
    report.refuse()
    assert report.facts["variables"] == 6


def test_the_official_vad_passes_in_its_own_envelope_only(official_models):
    assert gate.verify(official_models / "vad.json", "vad").ok
    report = gate.verify(official_models / "vad.json")
    assert [finding.fault for finding in report.findings] == ["input-scale"]


def test_rewriting_the_file_unchanged_changes_nothing(edited):
    assert faults(edited(lambda model: None)) == set()


def test_an_op_that_the_device_lacks_is_named(edited):
    def squeeze(model):
        code = next(c for c in model.operatorCodes if c.builtinCode == 22)  # RESHAPE
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.SQUEEZE

    (finding,) = gate.inspect(edited(squeeze))
    assert finding.fault == "op-not-registered"
    assert "SQUEEZE" in finding.words


def test_a_custom_op_is_named(edited):
    def custom(model):
        code = model.operatorCodes[-1]
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        code.customCode = b"MyOp"

    assert any('custom "MyOp"' in f.words for f in gate.inspect(edited(custom)))


def test_a_float_model_is_named_by_its_input_output_variables_and_tensors(made_net):
    net = made_net("tiny")
    found = faults(streaming.to_float(streaming.fold(net), net.shape))
    assert {"input-type", "output-type", "variable-type", "float-tensors"} <= found


def test_float_variables_behind_an_int8_face_are_named(made_net, feature_like, as_floats):
    net = made_net("tiny")
    converter = streaming._converter(streaming.Twin(streaming.fold(net), net.shape))
    converter.optimizations = {streaming.tf.lite.Optimize.DEFAULT}
    converter.target_spec.supported_ops = {streaming.tf.lite.OpsSet.TFLITE_BUILTINS_INT8}
    converter.inference_input_type = streaming.tf.int8
    converter.inference_output_type = streaming.tf.uint8
    x = as_floats(feature_like(2, 300))
    converter.representative_dataset = lambda: streaming._representative([x], 3)
    findings = gate.inspect(streaming._convert(converter))
    assert {"op-not-registered", "variable-type", "float-tensors"} <= {f.fault for f in findings}
    assert any("DEQUANTIZE" in f.words for f in findings)
    assert any("_experimental_variable_quantization" in f.cure for f in findings)


def test_a_float_input_is_named(edited):
    def change(model):
        end(model, "input").type = schema.TensorType.FLOAT32

    assert {"input-type", "float-tensors"} <= faults(edited(change))


def test_an_int8_output_is_named(edited):
    def change(model):
        end(model, "output").type = schema.TensorType.INT8

    assert faults(edited(change)) == {"output-type"}


@pytest.mark.parametrize(("which", "scale"), [("input", 0.09), ("output", 1 / 255)])
def test_a_scale_that_is_not_the_devices_is_named(edited, which, scale):
    def change(model):
        end(model, which).quantization.scale = np.array([scale], np.float32)

    assert faults(edited(change)) == {f"{which}-scale"}


@pytest.mark.parametrize(("which", "zero"), [("input", -127), ("output", 1)])
def test_a_zero_point_that_is_not_the_devices_is_named(edited, which, zero):
    def change(model):
        end(model, which).quantization.zeroPoint = np.array([zero], np.int64)

    assert faults(edited(change)) == {f"{which}-scale"}


def test_shapes_of_the_ends_are_named(edited):
    def bands(model):
        end(model, "input").shape = np.array([1, 3, 41], np.int32)

    def wide(model):
        end(model, "output").shape = np.array([1, 2], np.int32)

    assert "input-shape" in faults(edited(bands))
    assert "output-shape" in faults(edited(wide))


def test_another_stride_is_named(made_net, feature_like, as_floats):
    from mwwkit.model.mixednet import Block, Shape

    net = made_net(Shape("stride 2", 6, 5, (Block((3,), 8),), 2, stride=2))
    model = streaming.to_int8(streaming.fold(net), net.shape, [as_floats(feature_like(2, 300))])
    (finding,) = gate.inspect(model)
    assert finding.fault == "stride"
    assert "2 frames, wanted 3" in finding.words


def test_a_state_left_dirty_by_training_is_named(made_net, feature_like, as_floats, monkeypatch):
    net = made_net("tiny")
    x = as_floats(feature_like(2, 300))

    class Used(streaming.Twin):
        def __init__(self, *parts):
            super().__init__(*parts)
            for chunk in x[:60].reshape(-1, 1, 3, 40):
                self.step(chunk)

    monkeypatch.setattr(streaming, "Twin", Used)
    model = streaming.to_int8(streaming.fold(net), net.shape, [x])
    findings = gate.inspect(model)
    assert {finding.fault for finding in findings} == {"dirty-state"}
    assert len(findings) == len(Graph(model).variables)


def test_no_state_at_all_is_named(edited):
    def forget(model):
        model.subgraphs = model.subgraphs[:1]
        model.subgraphs[0].operators = [
            op for op in model.subgraphs[0].operators if "VAR" not in ops_name(model, op)
        ]

    def ops_name(model, op):
        names = {n: name for name, n in vars(schema.BuiltinOperator).items()}
        return names[model.operatorCodes[op.opcodeIndex].builtinCode]

    assert {"subgraphs", "no-state"} <= faults(edited(forget))


def test_too_many_variables_are_named(made_net, feature_like, as_floats):
    from mwwkit.model.mixednet import Block, Shape

    net = made_net(Shape("deep", 4, 5, (Block((2,), 4),) * 19, 2))
    model = streaming.to_int8(streaming.fold(net), net.shape, [as_floats(feature_like(2, 90))])
    assert faults(model) == {"too-many-variables"}


def test_a_model_too_large_for_the_envelope_is_named(tiny_model):
    small = gate.Envelope("small", bytes_limit=len(tiny_model) - 1)
    assert [finding.fault for finding in gate.inspect(tiny_model, small)] == ["too-large"]


def test_a_file_cut_short_anywhere_is_unreadable_and_never_a_crash(tiny_model):
    for length in range(0, len(tiny_model), 97):
        assert faults(tiny_model[:length]) == {"unreadable"}


def test_damaged_bytes_are_never_a_crash(tiny_model):
    rng = np.random.default_rng(0)
    named = 0
    for _ in range(150):
        damaged = np.frombuffer(tiny_model, np.uint8).copy()
        damaged[rng.integers(0, len(damaged), 12)] = rng.integers(0, 256, 12)
        named += bool(gate.inspect(damaged.tobytes()))
    assert named > 20


@pytest.fixture
def exported(tiny_model, tmp_path):
    """Write a manifest and its model with changes; return the manifest's path."""

    def write(file=tiny_model, **changes):
        good = Manifest("Tiny", "Someone", "tiny.tflite", ("en",), 0.9, 5, 16_384)
        data = good.as_dict()
        for key, value in changes.items():
            (data["micro"] if key in manifest.MICRO else data)[key] = value
        manifest.write_json(tmp_path / "tiny.json", data)
        if file is not None:
            (tmp_path / "tiny.tflite").write_bytes(file)
        return tmp_path / "tiny.json"

    return write


def verified(path):
    report = gate.verify(path)
    if report.findings:
        with pytest.raises(GateError) as refused:
            report.refuse()
        assert refused.value.findings == report.findings
        for finding in report.findings:
            assert finding.words in str(report) and finding.cure in str(refused.value)
    return [finding.fault for finding in report.findings]


def test_a_good_export_passes(exported):
    assert verified(exported()) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"probability_cutoff": 1.0}, "cutoff-never-fires"),
        ({"probability_cutoff": 97}, "cutoff-range"),
        ({"sliding_window_size": 0}, "sliding-window-size"),
        ({"tensor_arena_size": 0}, "no-arena"),
        ({"recall": 0.97}, "unknown-key"),
        ({"model": "other.tflite"}, "missing-file"),
        ({"model": "../tiny.tflite"}, "model-path"),
        ({"model": None}, "wrong-type"),
        ({"micro": 5}, "wrong-type"),
    ],
)
def test_each_fault_of_the_manifest_is_named(exported, change, fault):
    assert verified(exported(**change)) == [fault]


def test_missing_and_truncated_files_are_named(exported, tiny_model, tmp_path):
    assert verified(tmp_path / "none.json") == ["missing-file"]
    assert verified(exported(file=None)) == ["missing-file"]
    assert verified(exported(file=tiny_model[:5000])) == ["unreadable"]
    assert verified(exported(file=b"")) == ["unreadable"]
    (tmp_path / "tiny.json").write_text('{"type": ')
    assert verified(tmp_path / "tiny.json") == ["not-json"]
    (tmp_path / "tiny.json").write_text("[1]")
    assert verified(tmp_path / "tiny.json") == ["not-json"]


def test_an_arena_too_small_is_named_with_the_size_to_state(exported):
    pytest.importorskip("tflite_micro")
    report = gate.verify(exported(tensor_arena_size=6000))
    (finding,) = report.findings
    assert finding.fault == "arena-too-small"
    assert gate.verify(exported(tensor_arena_size=int(finding.cure.split()[-1]))).ok


def test_faults_of_manifest_and_model_are_told_together(exported, tiny_model):
    assert verified(exported(file=tiny_model[:5000], probability_cutoff=1.0)) == [
        "cutoff-never-fires",
        "unreadable",
    ]


def test_without_tflite_micro_the_arena_is_said_to_be_unchecked(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "tflite_micro", None)
    monkeypatch.setitem(sys.modules, "tflite_micro.python.tflite_micro", None)
    report = gate.verify(exported())
    assert report.ok
    assert "tflite-micro" in report.notes[0] and "not checked" in str(report)

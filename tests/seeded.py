"""Faults put on purpose into a model, its manifest or its data: what each must be called.

`MODEL` and `MANIFEST` change the files of an export that `certify` then looks at; each of `DATA`
does what a stage does with such data, and must raise. `tests/conformance/README.md` has the table.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import flatbuffers
import numpy as np
import soundfile
from ai_edge_litert import schema_py_generated as schema
from mmap_ninja import RaggedMmap

from mwwkit.audio import reading
from mwwkit.audio.frontend import FeatureConfig
from mwwkit.audio.wav16 import Wav16
from mwwkit.corpus import splits
from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split
from mwwkit.metrics.cutoff_selection import choose_cutoff
from mwwkit.metrics.operating_points import operating_points
from mwwkit.run.checkpoint import completed
from mwwkit.run.paths import Run
from mwwkit.scenes.shards import FeatureSet
from mwwkit.scenes.store import FeatureStore, write_shard
from mwwkit.stages.inputs import chosen_net, validation_evaluator
from mwwkit.training import evaluator
from mwwkit.training.snapshots import load_arrays, save_arrays


@dataclass(frozen=True)
class Fault:
    """What is put in where, the name it must be found by, and words of message and cure."""

    what: str
    fault: str  # for data: the error's class
    says: str  # in the message, the name of what is wrong
    cure: str  # in the message, what to do
    plant: Callable


@dataclass(frozen=True)
class Export:
    """A good export in a folder of its own, to be spoilt."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """Where the manifest lies."""
        return self.folder / "tiny.json"

    @property
    def model(self) -> Path:
        """Where the model lies."""
        return self.folder / "tiny.tflite"

    def graph(self, change: Callable) -> None:
        """Change the model's flatbuffer in its object form."""
        self.model.write_bytes(changed_graph(self.model.read_bytes(), change))

    def put(self, **changes) -> None:
        """Change values of the manifest; None takes a key out."""
        data = json.loads(self.manifest.read_text())
        for key, value in changes.items():
            holder = data["micro"] if key in data["micro"] or key == "recall" else data
            holder[key] = value
            if value is None:
                del holder[key]
        self.manifest.write_text(json.dumps(data))

    def text(self, change: Callable[[str], str]) -> None:
        """Change the manifest as text."""
        self.manifest.write_text(change(self.manifest.read_text()), encoding="utf-8")


def changed_graph(model: bytes, change: Callable) -> bytes:
    """The model's bytes after `change` of its flatbuffer's object form."""
    graph = schema.ModelT.InitFromPackedBuf(model, 0)
    change(graph)
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(graph.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def end(model, which):
    """The main graph's input or output tensor."""
    main = model.subgraphs[0]
    return main.tensors[(main.inputs if which == "input" else main.outputs)[0]]


def _other_op(name: str, of: int = schema.BuiltinOperator.RESHAPE) -> Callable:
    def change(model):
        code = next(c for c in model.operatorCodes if c.builtinCode == of)
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.customCode = b"MyOp" if name == "CUSTOM" else None

    return lambda export: export.graph(change)


def _end(which: str, **changes) -> Callable:
    def change(model):
        tensor = end(model, which)
        for name, value in changes.items():
            holder = tensor if hasattr(tensor, name) else tensor.quantization
            setattr(holder, name, value)

    return lambda export: export.graph(change)


def _forget(model):
    names = {number: name for name, number in vars(schema.BuiltinOperator).items()}
    model.subgraphs = model.subgraphs[:1]
    main = model.subgraphs[0]
    main.operators = [
        op
        for op in main.operators
        if "VAR" not in names[model.operatorCodes[op.opcodeIndex].builtinCode]
    ]


def _start_values(model):
    """The first int8 constant that initialisation assigns to a variable."""
    start = model.subgraphs[1]
    for op in start.operators:
        if (
            model.operatorCodes[op.opcodeIndex].builtinCode
            == schema.BuiltinOperator.ASSIGN_VARIABLE
        ):
            return model.buffers[start.tensors[op.inputs[1]].buffer]
    raise AssertionError("no variable")


def _dirty(model):
    buffer = _start_values(model)
    buffer.data = np.array(buffer.data, np.uint8)
    buffer.data[3] ^= 0x15


def _float_variable(model):
    main = model.subgraphs[0]
    code = schema.BuiltinOperator.READ_VARIABLE
    op = next(o for o in main.operators if model.operatorCodes[o.opcodeIndex].builtinCode == code)
    main.tensors[op.outputs[0]].type = schema.TensorType.FLOAT32


def _wrong_filter(model):
    main = model.subgraphs[0]
    code = schema.BuiltinOperator.CONV_2D
    op = next(o for o in main.operators if model.operatorCodes[o.opcodeIndex].builtinCode == code)
    main.tensors[op.inputs[1]].shape = main.tensors[op.inputs[1]].shape[::-1].copy()


def _padded(model):
    buffer = schema.BufferT()
    buffer.data = np.zeros(70_000, np.uint8)
    model.buffers.append(buffer)


_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 60264\n"

MODEL = (
    Fault("an op that the device lacks", "op-not-registered", "SQUEEZE", "registered ops", _other_op("SQUEEZE")),
    Fault("a custom op", "op-not-registered", 'custom "MyOp"', "registered ops", _other_op("CUSTOM")),
    Fault("float rings", "op-not-registered", "DEQUANTIZE", "_experimental_variable_quantization", _other_op("DEQUANTIZE")),
    Fault("converted from a Keras model", "op-not-registered", "SHAPE", "tf.Module", _other_op("SHAPE")),
    Fault("a float input", "input-type", "input is FLOAT32", "inference_input_type int8", _end("input", type=schema.TensorType.FLOAT32)),
    Fault("an int8 output", "output-type", "output is INT8", "inference_output_type uint8", _end("output", type=schema.TensorType.INT8)),
    Fault("an input of another scale", "input-scale", "scale 0.09", "0 and 26 among", _end("input", scale=np.array([0.09], np.float32))),
    Fault("an input of another zero point", "input-scale", "zero point -127", "0 and 26 among", _end("input", zeroPoint=np.array([-127]))),
    Fault("an output of another scale", "output-scale", "0.00392", "sigmoid as uint8", _end("output", scale=np.array([1 / 255], np.float32))),
    Fault("41 bands", "input-shape", r"\[1, 3, 41\]", "one step of", _end("input", shape=np.array([1, 3, 41], np.int32))),
    Fault("a stride of 2", "stride", "2 frames, wanted 3", "stride 3", _end("input", shape=np.array([1, 2, 40], np.int32))),
    Fault("two scores", "output-shape", r"\[1, 2\]", "one score", _end("output", shape=np.array([1, 2], np.int32))),
    Fault("no state", "no-state", "forget everything", "streaming model", lambda e: e.graph(_forget)),
    Fault("a state left dirty", "dirty-state", "mid-sentence", "reset the streaming model", lambda e: e.graph(_dirty)),
    Fault("a float variable", "variable-type", "is FLOAT32, wanted INT8", "_experimental_variable", lambda e: e.graph(_float_variable)),
    Fault("a filter of the wrong shape", "does-not-run", "the model does not run", "export the model again", lambda e: e.graph(_wrong_filter)),
    Fault("70 kB of ballast", "too-large", "at most 62,000", "smaller shape", lambda e: e.graph(_padded)),
    Fault("cut short", "unreadable", "no whole .tflite", "copy the file again", lambda e: e.model.write_bytes(e.model.read_bytes()[:5000])),
    Fault("an empty file", "unreadable", "no whole .tflite", "copy the file again", lambda e: e.model.write_bytes(b"")),
    Fault("a pointer of Git LFS", "unreadable", "no whole .tflite", "git lfs pull", lambda e: e.model.write_bytes(_LFS)),
    Fault("not there", "missing-file", "not beside it", "put the model at", lambda e: e.model.unlink()),
)  # fmt: skip


def _put(**changes) -> Callable:
    return lambda export: export.put(**changes)


MANIFEST = (
    Fault("a cutoff of 1.0", "cutoff-never-fires", "never above 255", "0.01 to 0.99", _put(probability_cutoff=1.0)),
    Fault("a cutoff of 0.003", "cutoff-never-fires", "= 0, and a score is never below", "0.01 to 0.99", _put(probability_cutoff=0.003)),
    Fault("a cutoff of 97", "cutoff-range", "is 97, wanted 0 to 1", "0.01 to 0.99", _put(probability_cutoff=97)),
    Fault("a window of 0", "sliding-window-size", "is 0, wanted 1 or more", "5 scores", _put(sliding_window_size=0)),
    Fault("a window of 3 s", "sliding-window-size", "wanted at most 33", "5 scores", _put(sliding_window_size=100)),
    Fault("features every 20 ms", "feature-step-size", "20 ms, wanted 10", "write 10", _put(feature_step_size=20)),
    Fault("an arena of 0", "no-arena", "is 0, wanted 1", "let mwwkit compute it", _put(tensor_arena_size=0)),
    Fault("an arena too small", "arena-too-small", "6000, but the model needs", r"state \d+", _put(tensor_arena_size=6000)),
    Fault("an arena in kilobytes times 1024 twice", "arena-too-large", "more than the 524,288", "let mwwkit compute", _put(tensor_arena_size=26 << 20)),
    Fault("a key of our own", "unknown-key", "'recall', which ESPHome refuses", "remove it", _put(recall=0.97)),
    Fault("no author", "missing-key", "has no 'author'", "add 'author'", _put(author=None)),
    Fault("a version 1", "wrong-version", "version is 1", "version 2", _put(version=1)),
    Fault("a number in quotes", "wrong-type", "'0.9'", "correct 'probability_cutoff'", _put(probability_cutoff="0.9")),
    Fault("an address without its scheme", "website", "'example.org'", "whole address", _put(website="example.org")),
    Fault("an ESPHome that is too old for it", "esphome-version", "only from 2024.7.0 on", "write 2024.7.0", _put(minimum_esphome_version="2023.12.0")),
    Fault("an ESPHome that is not out yet", "esphome-refuses", "too old", "update ESPHome", _put(minimum_esphome_version="2099.1.0")),
    Fault("a wake word called vad", "vad-name", "wakes nothing", "another name", _put(wake_word="vad")),
    Fault("a model in another folder", "model-path", "beside the manifest", "one folder", _put(model="../tiny.tflite")),
    Fault("a model that no URL can name", "model-name", "not found by URL", "rename the file", _put(model="tiny#2.tflite")),
    Fault("a key twice", "double-key", "'author' stands there twice", "keep one", lambda e: e.text(lambda t: t.rstrip()[:-1] + ', "author": "B"}')),
    Fault("not JSON", "not-json", "tiny.json is no JSON", "mend the JSON", lambda e: e.text(lambda t: t.rstrip()[:-1])),
    Fault("a byte-order mark", "not-json", "BOM", "mend the JSON", lambda e: e.text(lambda t: "\ufeff" + t)),
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """What the data's faults are made from; the runs are read, never written."""

    folder: Path
    featured: Run  # 01 and 02 done
    trained: Run  # 03 too


def _grids(n: int = 3) -> list[np.ndarray]:
    draw = np.random.default_rng(1)
    return [draw.integers(-128, 128, (30, 40)).astype(np.int8) for _ in range(n)]


def _foreign_settings(place: Place):
    write_shard(place.folder / "shard", _grids(), FeatureConfig().fingerprint() | {"hop_ms": 20})
    FeatureStore([place.folder / "shard"])


def _other_settings(place: Place):
    FeatureConfig(hop_ms=20)


def _mixed(place: Place):
    mark = FeatureConfig().fingerprint()
    write_shard(place.folder / "a", _grids(), mark)
    write_shard(place.folder / "b", _grids(), mark | {"front_end": "another 3"})
    FeatureStore([place.folder / "a", place.folder / "b"])


def _cut_store(place: Place):
    write_shard(place.folder / "shard", _grids(), FeatureConfig().fingerprint())
    data = place.folder / "shard/data.ninja"
    data.write_bytes(data.read_bytes()[:-400])
    FeatureStore([place.folder / "shard"])


def _mfcc(place: Place):
    RaggedMmap.from_lists(place.folder / "mfcc", [np.zeros((10, 13), np.float32)])
    FeatureStore([place.folder / "mfcc"])


def _decibels(place: Place):
    RaggedMmap.from_lists(place.folder / "db", [np.full((10, 40), -60, np.float32)])
    FeatureStore([place.folder / "db"])[0]


def _wrong_rate(place: Place):
    soundfile.write(place.folder / "clip.wav", np.zeros(8000), 8000, subtype="PCM_16")
    Wav16(place.folder / "clip.wav")


def _text_for_sound(place: Place):
    (place.folder / "hello.wav").write_text("this is text\n" * 100)
    reading.read(place.folder / "hello.wav")


def _not_numbers(place: Place):
    audio = np.zeros(16_000)
    audio[8000] = np.nan
    soundfile.write(place.folder / "nan.wav", audio, 16_000, subtype="FLOAT")
    reading.read(place.folder / "nan.wav")


def _weights_of(place: Place) -> tuple[Run, Path]:
    """A copy of the trained run, and where its chosen weights lie."""
    shutil.copytree(place.trained.folder, place.folder / "run")
    here = Run(place.folder / "run", place.trained.earlier)
    return here, here / completed(here, "training")["weights"]


def _flipped_weights(place: Place):
    here, path = _weights_of(place)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    chosen_net(here, "training")


def _exploded_weights(place: Place):
    here, path = _weights_of(place)
    arrays = load_arrays(path)
    name = max(arrays, key=lambda n: arrays[n].size)
    arrays[name] = np.full_like(arrays[name], np.nan)
    save_arrays(path, arrays)
    chosen_net(here, "training")


def _without(name: str) -> Callable:
    """The validation split without one of its sets, as 02 leaves it where 01 had no such clips."""

    def plant(place: Place):
        shutil.copytree(place.featured.folder, place.folder / "run")
        here = Run(place.folder / "run")
        path = here / "features/checkpoint.json"
        state = json.loads(path.read_text())
        units = state["done"]
        state["done"] = {u: facts for u, facts in units.items() if not u.startswith(name)}
        assert len(state["done"]) < len(units)
        path.write_text(json.dumps(state))
        for unit in (here / "features").glob(f"{name}*"):
            shutil.rmtree(unit)
        validation_evaluator(here, FeatureSet.open(here, "train"), 0.5, 0.01)

    return plant


def _nothing_to_choose_by(place: Place):
    tracks = [np.full(100, 200, np.uint8)]
    choose_cutoff(operating_points(tracks, [], tracks), 0.5)


def _records() -> list[SampleRecord]:
    about = (Label.POSITIVE, Kind.CLIP, "computer")
    return [
        SampleRecord(
            *(f"own/{i}.wav", *about, f"v{i}", Split.TRAIN, 1.0, "own", "CC0", f"sha{i}", f"{i}")
        )
        for i in range(7)  # six speakers are kept apart, the fourth of these not being one of them
    ]


def _leak(**same) -> Callable:
    def plant(place: Place):
        records = _records()
        records[3] = replace(records[3], split=Split.TEST, **same)
        splits.audit(records)

    return plant


def _silent_calibration(place: Place):
    evaluator.refuse_flat([np.full((100, 40), -128, np.int8), np.full((50, 40), -90, np.int8)])


DATA = (
    Fault("features of other settings", "FeatureStoreError", "hop_ms 20, not 10", "run 02_featurize again", _foreign_settings),
    Fault("a front end that is set otherwise", "WrongInput", "device's front end has", "cannot be told otherwise", _other_settings),
    Fault("features of two front ends", "FeatureStoreError", "different front ends", "by one 02_featurize", _mixed),
    Fault("features cut short", "FeatureStoreError", "shard is cut off", "run 02_featurize again", _cut_store),
    Fault("features of 13 bands", "FeatureStoreError", r"\(10, 13\)", "run 02_featurize on the audio", _mfcc),
    Fault("features in decibels", "FeatureStoreError", "no front end makes", "run 02_featurize on the audio", _decibels),
    Fault("a clip of 8 kHz in the run", "AudioValidationError", "not a whole 16 kHz", "make it again with 01", _wrong_rate),
    Fault("text called .wav", "AudioValidationError", "hello.wav is no audio", "leave it out", _text_for_sound),
    Fault("a recording with a sample that is no number", "AudioValidationError", "at 0.500 s", "export it again", _not_numbers),
    Fault("weights with a bit flipped", "CheckpointError", "is damaged", "run the stage again", _flipped_weights),
    Fault("weights that are no numbers", "CheckpointError", "no numbers", "lower learning rate", _exploded_weights),
    Fault("validation without other words", "WrongInput", "no clip of other words", "add some in 01", _without("validation-others")),
    Fault("validation without long recordings", "WrongInput", "no clip of long speech or noise", "add some in 01", _without("validation-ambient")),
    Fault("validation without the wake word", "WrongInput", "no clip of the wake word", "add some in 01", _without("validation-words")),
    Fault("a cutoff to be chosen without negatives", "WrongInput", "0 negatives", "wanted some of each", _nothing_to_choose_by),
    Fault("a speaker in two splits", "LeakageError", "speaker v1 is in two splits", "correct the splits", _leak(speaker="v1")),
    Fault("a sound in two splits", "LeakageError", "sound sha1 is in two splits", "correct the splits", _leak(sha256="sha1")),
    Fault("a calibration set without range", "WrongInput", "from 0.0 to 3.9 of 0 to 26", "check that the clips", _silent_calibration),
)  # fmt: skip

"""The model listens to what is uploaded or recorded, and decides as the device would."""

import base64
import datetime
import io

import numpy as np
import pytest
import soundfile
from IPython.display import Audio, Image
from ipywidgets import FileUpload, Textarea

from mwwkit.audio.wav16 import to_int16
from mwwkit.device.detector import integer_cutoff, manifest_cutoff
from mwwkit.esphome.component import Component
from mwwkit.esphome.manifest import Manifest, write
from mwwkit.evaluation.scoring import listen_to
from mwwkit.previews import audition, panel, recorder


@pytest.fixture(scope="module")
def component(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    (folder / "tiny.tflite").write_bytes(tiny_model)
    made = Manifest("word", "a test", "tiny.tflite", ("en",), 0.45, 3, 30_000)
    write(made, folder / "word.json")
    return Component.load(folder / "word.json")


@pytest.fixture(scope="module")
def sound(speech_like):
    """Six seconds like speech, float32."""
    return np.concatenate([speech_like(seed, 1.5) for seed in range(4)])


class Shown:
    """What stands in a notebook's output, as a front end would keep it."""

    def __init__(self, thing):
        self.thing = thing

    def update(self, thing):
        self.thing = thing


@pytest.fixture
def heard(component, speech_like, monkeypatch):
    """An audition as a live notebook shows it: itself, and the places of picture, player, line."""
    places = []

    def display(*things, display_id=False, raw=False):
        places.extend(Shown(thing) for thing in things)
        return places[-1] if display_id else None

    monkeypatch.setattr(panel, "display", display)
    monkeypatch.setattr(panel, "is_live", lambda: True)
    monkeypatch.setattr(audition, "display", display)
    monkeypatch.setattr(audition, "is_live", lambda: True)
    shown = audition.Audition(component, to_int16(speech_like(50, 2.0)), "a word")
    shown.show()
    button, controls, *pieces = places
    assert "widget" in " ".join(controls.thing) and "Record" in button.thing.data
    return shown, pieces


def uploaded(name, audio, **how):
    file = io.BytesIO()
    soundfile.write(file, to_int16(audio), 44_100 if "flac" in name else 16_000, **how)
    return file_of(name, file.getvalue())


def file_of(name, content):
    now = datetime.datetime.now(datetime.timezone.utc)
    facts = {"name": name, "type": "audio/*", "size": len(content), "last_modified": now}
    return facts | {"content": memoryview(content)}


def levels(player: Audio) -> np.ndarray:
    return soundfile.read(io.BytesIO(player.data), dtype="int16")[0]


def test_picture_and_player_stand_before_anything_is_given(heard):
    shown, (picture, player, line) = heard
    assert isinstance(picture.thing, Image) and picture.thing.data[:4] == b"\x89PNG"
    assert len(levels(player.thing)) == 32_000 and line.thing.html == ""
    assert isinstance(shown.upload, FileUpload) and isinstance(shown.recording, Textarea)
    assert shown.recording.layout.display == "none"


def test_an_upload_is_heard_as_the_device_hears_it(heard, component, sound):
    shown, (picture, player, _) = heard
    first = picture.thing.data
    shown.upload.value = [uploaded("my word.wav", sound, format="WAV", subtype="PCM_16")]
    wanted = listen_to(component, [to_int16(sound)])
    assert np.array_equal(shown.track.scores, wanted.scores)
    cutoff = integer_cutoff(component.word.cutoff)
    assert tuple(shown.detections(cutoff, 3)) == wanted.detections != ()
    assert picture.thing.data != first
    played = levels(player.thing).astype(int)
    assert np.abs(played - to_int16(sound)).max() <= 1  # a player rounds once more


def test_moving_the_sliders_decides_again_on_the_same_scores(heard, sound):
    shown, (picture, _, _) = heard
    shown.upload.value = [uploaded("word.wav", sound, format="WAV", subtype="PCM_16")]
    scores, before = shown.track.scores, picture.thing.data
    n_found = {}
    for cutoff in (100, 200, 254):
        shown.cutoff.value = cutoff
        n_found[cutoff] = len(shown.detections(cutoff, shown.window.value))
    assert n_found[100] > n_found[200] >= n_found[254] == 0
    assert picture.thing.data != before
    before, shown.window.value = picture.thing.data, 20
    assert picture.thing.data != before and shown.track.scores is scores


def test_a_recording_of_a_browser_takes_the_uploads_place(heard, sound):
    shown, (_, player, line) = heard
    shown.upload.value = [uploaded("word.wav", sound, format="WAV", subtype="PCM_16")]
    content = webm(sound[:32_000])
    shown.recording.value = (
        "data:audio/webm;codecs=opus;base64," + base64.b64encode(content).decode()
    )
    assert line.thing.html == "" and shown.name == "your recording"
    assert abs(len(levels(player.thing)) - 32_000) < 1600
    assert np.abs(levels(player.thing)).max() > 5000
    shown.upload.value = [uploaded("other.flac", sound[:8000], format="FLAC")]
    assert shown.name == "other.flac"


def webm(audio: np.ndarray) -> bytes:
    """Opus in WebM at 48 kHz, as browsers record."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(np.repeat(audio, 3)[None], "flt", "mono")
        frame.rate = 48_000
        fifo = av.AudioResampler("flt", "mono", 48_000, frame_size=960)
        for part in [*fifo.resample(frame), *fifo.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [("talk.wav", b"no sound", "talk.wav is no audio"), ("<b>.mp3", b"", "&lt;b&gt;.mp3 is empty")],
)
def test_a_file_that_is_no_sound_is_told_and_what_was_there_stays(heard, name, content, told):
    shown, (_, player, line) = heard
    before = levels(player.thing)
    shown.upload.value = [file_of(name, content)]
    assert told in line.thing.html and np.array_equal(levels(player.thing), before)
    shown.cutoff.value = 100
    assert line.thing.html == ""


def test_what_is_no_recording_is_told(heard):
    shown, (_, _, line) = heard
    for value in ("undefined", "data:audio/webm;base64,???", "data:,"):
        shown.recording.value = value
        assert "record again" in line.thing.html


def test_the_button_finds_its_own_field_and_no_other(heard):
    one, two = panel.hidden_field(), panel.hidden_field()
    html = recorder.button(one).data
    assert f".mwwkit-{one.model_id}-field textarea" in html and two.model_id not in html
    assert list(one._dom_classes) == [f"mwwkit-{one.model_id}-field"]


def test_no_slider_reaches_a_cutoff_that_never_fires(heard):
    shown, _ = heard
    ends = (shown.cutoff.min, shown.cutoff.max)
    assert ends == (1, 254) and all(0 < manifest_cutoff(end) < 1 for end in ends)

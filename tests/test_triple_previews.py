import json

import numpy as np
import pytest
import soundfile
from IPython.display import HTML, Image, Markdown

from mwwkit.previews import triple_player
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.triples import examples as engine
from mwwkit.triples.examples import N_SAMPLES, RATE_HZ, OpenBatch, Room, Spectra

N = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory, speech_like):
    """Two batches of a run: a chunk of dry speech, two rooms, three triples."""
    root = tmp_path_factory.mktemp("triples")
    here, rooms = Run(root / "run"), root / "rooms"
    rooms.mkdir()
    for name, decay in (("tin.wav", 500), ("hall.wav", 9000)):
        draw = np.random.default_rng(decay)
        ir = np.exp(-np.arange(24_000) / decay) * draw.standard_normal(24_000)
        soundfile.write(rooms / name, 0.3 * ir / np.abs(ir).max(), RATE_HZ, subtype="FLOAT")
    dry = np.stack([(3e4 * speech_like(i, 5.0, RATE_HZ)).astype("<i2") for i in range(N)])
    chunk = here / "sterilized_batches" / "chunk_00000"
    chunk.mkdir(parents=True)
    np.save(chunk / "segments.npy", dry)
    ids = [f"ann/{i}.wav:000" for i in range(N)]
    write_json(chunk / "segments.json", {"names": ids, "skipped": []})
    (here / "batches").mkdir()
    for number, rows in enumerate(((0, 1), (2,))):
        batch = OpenBatch(2)
        for i in rows:
            item = engine.draw(42, i, ["tin.wav"], ["hall.wav"])
            room = {name: Room(rooms / name, "") for name in ("tin.wav", "hall.wav")}
            triple, why = engine.make(dry[i], room["tin.wav"], room["hall.wav"], item, Spectra())
            assert not why
            batch.add(triple, item, ids[i])
        path = here / "batches" / f"batch_{number:04d}.npz"
        batch.write(path, {"hall.wav": np.ones(512, np.float32)}, compressed=number == 1)
    return here, rooms, dry


def test_the_sounds_shown_are_those_of_the_files(made):
    here, rooms, dry = made
    batches = triple_player._batches(here)
    assert [len(ids) for _, ids in batches] == [2, 1]
    for number in range(N):
        shown = triple_player.read(here, batches, number, [str(rooms)])
        assert list(shown.sounds) == ["dry", "bad room", "messy input", "target"]
        assert all(s.shape == (N_SAMPLES,) and s.dtype == np.int16 for s in shown.sounds.values())
        np.testing.assert_array_equal(shown.sounds["dry"], dry[number])
        with np.load(batches[number // 2][0]) as file:
            np.testing.assert_array_equal(shown.sounds["messy input"], file["input"][number % 2])
            np.testing.assert_array_equal(shown.sounds["target"], file["target"][number % 2])
            assert json.loads(str(file["recipe"][number % 2])) == shown.recipe
        assert np.abs(shown.sounds["bad room"]).max() == 32_767


def test_all_that_was_done_is_told(made):
    here, rooms, _ = made
    shown = triple_player.read(here, triple_player._batches(here), 2, [str(rooms)])
    told = triple_player.done_to(shown)
    assert "ann/2.wav:000" in told and "tin.wav" in told and "hall.wav" in told
    assert told.count("\n    ") == len(shown.recipe["chain"]) >= 3
    assert f"{shown.recipe['wet']:.0%}" in told and "not at hand" not in told


def test_without_the_bad_rooms_files_the_rest_is_shown_and_that_is_said(made, tmp_path):
    here, _, _ = made
    shown = triple_player.read(here, triple_player._batches(here), 0, [str(tmp_path)])
    assert list(shown.sounds) == ["dry", "messy input", "target"]
    assert "not at hand here: bad room" in triple_player.done_to(shown)


def test_a_picture_a_row_of_players_and_the_list_are_shown_once(made, monkeypatch):
    here, rooms, _ = made
    shown = []
    monkeypatch.setattr(
        triple_player, "panel", lambda draw, number: shown.append((draw(number.value), number.max))
    )
    triple_player.triple(here, [str(rooms)])
    (picture, players, told), last = shown[0]
    assert isinstance(picture, Image) and picture.data[:4] == b"\x89PNG" and last == N - 1
    assert isinstance(players, HTML) and players.data.count("<audio") == 4
    assert isinstance(told, Markdown)


@pytest.mark.parametrize("tone_hz", [500, 2000, 16_000])
def test_a_tone_is_brightest_at_its_tick(tone_hz):
    tone = 2e4 * np.sin(2 * np.pi * tone_hz * np.arange(N_SAMPLES) / RATE_HZ)
    shown = triple_player.Shown(0, "", "", "", {}, {"dry": tone.astype(np.int16)})
    _, below = triple_player.figure(shown).axes
    [image] = below.images
    bottom, top = image.get_extent()[2:]
    loudest = np.argmax(image.get_array().mean(axis=1)) + 0.5
    at = bottom + (top - bottom) * loudest / triple_player.N_BANDS
    ticks = dict(
        zip((1000 * khz for khz in triple_player.TICKS_KHZ), below.get_yticks(), strict=True)
    )
    assert at == pytest.approx(ticks[tone_hz], abs=1.5 * (top - bottom) / triple_player.N_BANDS)


def test_before_the_first_batch_it_says_so(tmp_path, capsys):
    triple_player.triple(Run(tmp_path))
    assert "no batch is written yet" in capsys.readouterr().out

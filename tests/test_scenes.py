import json
import lzma
from dataclasses import replace

import numpy as np
import pytest
import tiny_run

from mwwkit.audio.effect_recipes import EFFECTS, AudioAugmentation
from mwwkit.audio.effects import loudest_rms
from mwwkit.audio.endpoints import Span
from mwwkit.audio.wav16 import Wav16, write_wav16
from mwwkit.run.seeds import rng
from mwwkit.scenes.rendering import REFERENCE_RMS, render
from mwwkit.scenes.scene_drawing import BACKGROUNDS, Material, SceneSettings, draw_scene
from mwwkit.scenes.scenes import Background, Item, Piece, Scene, scene_from

RATE_HZ = 16_000
NO_EFFECTS = AudioAugmentation(**dict.fromkeys(EFFECTS, 0.0))


def drawn(material, number, **settings):
    return draw_scene(material, SceneSettings(**settings), rng(42, "scene", number))


def alone(scene, item, **changed):
    """The scene with one item of it and nothing else."""
    bare = {"items": (item,), "background": Background("quiet"), "floor_db": (), "peak_dbfs": None}
    return replace(scene, **bare | changed)


def last_heard_s(samples, under_peak_db=20.0):
    """When the last sample within so many dB of the peak is."""
    level = np.abs(samples.astype(float))
    return np.flatnonzero(level >= level.max() * 10 ** (-under_peak_db / 20))[-1] / RATE_HZ


def test_the_same_seed_and_number_give_the_same_record_and_the_same_samples(here, material):
    for number in range(3):
        one, other = drawn(material, number, seconds=4.0), drawn(material, number, seconds=4.0)
        assert one == other
        assert render(one, here.find).tobytes() == render(other, here.find).tobytes()
    assert drawn(material, 1) != drawn(material, 2)


def test_a_record_kept_as_json_renders_the_same_samples(here, material):
    for number in range(8):
        scene = drawn(material, number, seconds=4.0)
        again = scene_from(json.loads(json.dumps(scene.as_dict())))
        assert again.word_ends() == scene.word_ends()
        assert render(again, here.find).tobytes() == render(scene, here.find).tobytes()


def test_records_are_small_beside_the_13_kb_of_features_for_3_s(material):
    lines = [json.dumps(drawn(material, number).as_dict()) for number in range(50)]
    assert len(lzma.compress("\n".join(lines).encode())) / 50 < 1500


def test_a_scene_is_int16_as_long_as_asked_with_its_peak_where_asked(here, material):
    for number in range(12):
        scene = drawn(material, number, seconds=3.0 + number / 7)
        samples = render(scene, here.find)
        assert samples.dtype == np.int16 and len(samples) == round(scene.seconds * RATE_HZ)
        assert -28 <= scene.peak_dbfs <= -0.3
        peak_db = 20 * np.log10(np.abs(samples.astype(float)).max() / 32768)
        assert peak_db == pytest.approx(scene.peak_dbfs, abs=0.02)


def test_where_the_record_says_that_a_word_ends_its_sound_ends(here, material):
    n_words = fast = 0
    for number in range(40):
        scene = drawn(material, number, room_share=0.0, word_shares=(0.6,))
        for item in (item for item in scene.items if item.end_s is not None):
            heard_s = last_heard_s(render(alone(scene, item), here.find))
            assert heard_s == pytest.approx(item.end_s, abs=0.010)
            n_words, fast = n_words + 1, fast + (abs(item.speed - 1) > 0.05)
    assert n_words > 40 and fast > 15


@pytest.mark.parametrize("speed", [0.87, 1.0, 1.13])
def test_in_a_room_a_word_ends_when_its_direct_sound_does(here, speed):
    click = np.zeros(12_800, np.float32)
    click[9600 - 80 : 9600] = 0.5 * np.hanning(80)  # the last 5 ms of the word
    write_wav16(here / "click.wav", click)
    write_wav16(here / "late room.wav", tiny_run.room(5))  # its direct sound comes after 10 ms
    item = Item(Piece("click.wav", 0.0, 0.8), at_s=0.5, speed=speed, end_s=0.5 + 0.6 / speed)
    samples = render(Scene(2.0, 1, (item,), room="late room.wav"), here.find)
    peak_s = np.argmax(np.abs(samples.astype(float))) / RATE_HZ
    assert peak_s == pytest.approx(item.end_s, abs=0.010)


def test_a_word_that_the_scene_would_cut_off_is_never_in_it(material):
    for number in range(300):
        scene = drawn(material, number, seconds=3.0, word_shares=(0.8,))
        for item in scene.items:
            if item.end_s is not None:
                assert item.at_s + item.piece.seconds / item.speed <= scene.seconds
                assert item.at_s < item.end_s <= scene.seconds
                assert item.piece.from_s <= tiny_run.WORD_S[0]  # the whole word, not a piece
                assert item.piece.to_s >= tiny_run.WORD_S[1]


def test_pieces_of_the_wake_word_are_negatives(material):
    ours = {word.path for word in material.positives}
    shares = []
    for number in range(200):
        for item in drawn(material, number, word_shares=(0.0,), cut_word_share=0.5).items:
            if item.piece.path in ours:
                assert item.end_s is None
                shares.append(item.piece.seconds / (tiny_run.WORD_S[1] - tiny_run.WORD_S[0]))
    assert len(shares) > 100 and 0.29 < min(shares) and max(shares) < 0.66


def test_without_the_wake_word_there_are_scenes_without_labels(here, material):
    negatives = replace(material, positives=())
    scenes = [drawn(negatives, number, seconds=3.0) for number in range(20)]
    assert not any(scene.word_ends() for scene in scenes)
    assert any(scene.items for scene in scenes)
    assert any(drawn(material, number, word_shares=(0.0,)).items for number in range(5))
    assert not any(drawn(material, n, word_shares=(0.0,)).word_ends() for n in range(20))


def test_with_nothing_but_the_wake_word_no_scene_is_drawn(material):
    with pytest.raises(ValueError, match="nothing but the wake word"):
        drawn(replace(material, negatives=(), speech=()), 1)


@pytest.mark.parametrize("without", ["negatives", "speech", "noises", "rooms"])
def test_a_sort_of_material_that_is_missing_is_done_without(here, material, without):
    for number in range(15):
        scene = drawn(replace(material, **{without: ()}), number, seconds=3.0)
        assert len(render(scene, here.find)) == 48_000
        assert not (without == "rooms" and scene.room)
        assert not (without == "noises" and scene.background.kind == "noise")


def test_shares_and_ranges_are_those_of_the_settings(material):
    settings = SceneSettings()
    scenes = [drawn(material, number) for number in range(1000)]
    for kind, share in zip(BACKGROUNDS, settings.background_shares, strict=True):
        found = np.mean([scene.background.kind == kind for scene in scenes])
        assert found == pytest.approx(share, abs=0.05)
    assert np.mean([bool(s.room) for s in scenes]) == pytest.approx(settings.room_share, abs=0.05)
    loud = [s.background.snr_db for s in scenes if s.background.kind != "quiet"]
    assert settings.snr_db[0] <= min(loud) and max(loud) <= settings.snr_db[1]
    items = [item for scene in scenes for item in scene.items]
    levels_db, speeds = [i.level_db for i in items], np.log([i.speed for i in items])
    assert -5 <= min(levels_db) < -4.8 and 4.8 < max(levels_db) <= 5
    assert np.abs(speeds).max() <= settings.speed_log + 1e-4 and abs(speeds.mean()) < 0.01
    assert 0.15 < np.mean([item.end_s is not None for item in items]) < 0.35


def test_items_do_not_overlap_and_come_in_order(material):
    for number in range(100):
        items = drawn(material, number).items
        for one, other in zip(items, items[1:], strict=False):
            assert other.at_s >= one.at_s + one.piece.seconds / one.speed - 1e-4


def one_word(material, **scene):
    word = material.positives[0]
    item = Item(Piece(word.path, *tiny_run.WORD_S), 1.0, end_s=1.5)
    return Scene(3.0, 1, (item,), **scene)


def voices(material, n):
    return tuple(
        tuple(Piece(word.path, *tiny_run.WORD_S) for _ in range(6))
        for word in material.negatives[:n]
    )


@pytest.mark.parametrize("snr_db", [-3.0, 10.0])
@pytest.mark.parametrize("gains_db", [(), (-6.0, 3.0, 0.0, -2.0)])
@pytest.mark.parametrize("kind", BACKGROUNDS[1:])
def test_a_background_is_so_many_db_under_the_loudest_of_an_item(
    here, material, kind, gains_db, snr_db
):
    path, length_s = material.noises[0]
    chains = {
        "noise": ((Piece(path, 0.5, length_s),),),
        "coloured": (),
        "voice": voices(material, 1),
        "babble": voices(material, 5),
    }
    background = Background(kind, snr_db, chains[kind], -3.0, gains_db)
    quiet, noisy = one_word(material), one_word(material, background=background)
    word = render(quiet, here.find) / 32768
    behind = render(noisy, here.find) / 32768 - word
    assert loudest_rms(word.astype("f4")) == pytest.approx(REFERENCE_RMS, rel=0.01)
    reached_db = 20 * np.log10(REFERENCE_RMS / loudest_rms(behind.astype("f4")))
    assert reached_db == pytest.approx(snr_db, abs=0.1)
    assert np.std(behind[-8000:]) > 0  # to the end of the scene


def test_a_recording_shorter_than_the_scene_is_repeated_behind_it(here, material):
    path, _ = material.noises[0]
    background = Background("noise", 0.0, ((Piece(path, 0.0, 1.0),),))
    samples = render(Scene(3.0, 1, background=background), here.find)
    np.testing.assert_array_equal(samples[:16_000], samples[16_000:32_000])


def test_clips_longer_than_the_scene_are_cut_at_its_end(here, material):
    path, length_s = material.speech[0]
    scene = Scene(1.0, 1, (Item(Piece(path, 0.0, length_s), 0.25, level_db=None),))
    samples = render(scene, here.find)
    assert len(samples) == 16_000 and not samples[:4000].any()
    np.testing.assert_array_equal(samples[4000:], Wav16(here.find(path))[:12_000])
    late = Scene(1.0, 1, (Item(Piece(path, 0.0, length_s), 2.0),))
    assert not render(late, here.find).any()


def test_what_is_left_as_recorded_is_the_recording(here, material):
    path, length_s = material.speech[0]
    scene = Scene(length_s, 1, (Item(Piece(path, 0.0, length_s), 0.0, level_db=None),))
    np.testing.assert_array_equal(render(scene, here.find), Wav16(here.find(path))[:])


def test_the_floor_is_faint_noise_in_steps_of_level(here):
    samples = render(Scene(3.0, 1, floor_db=(-40.0, -60.0, -50.0)), here.find) / 32768
    levels_db = [20 * np.log10(np.std(part)) for part in np.split(samples, 3)]
    np.testing.assert_allclose(levels_db, [-40, -60, -50], atol=0.2)


def test_silence_stays_silence(here):
    assert not render(Scene(1.0, 1, peak_dbfs=-1.0), here.find).any()
    write_wav16(here / "silent.wav", np.zeros(16_000, np.int16))
    item = Item(Piece("silent.wav", 0.0, 1.0), 0.0, end_s=1.0)
    assert not render(Scene(1.0, 1, (item,), peak_dbfs=-1.0), here.find).any()


def test_a_cut_does_not_click(here, material):
    path, _ = material.noises[0]
    item = Item(Piece(path, 0.3, 0.8), 0.25)
    samples = render(Scene(1.0, 1, (item,)), here.find).astype(float)
    edges = [samples[4000:4010], samples[11_990:12_000]]
    assert max(np.abs(edge).max() for edge in edges) < 0.15 * np.abs(samples).max()


def test_a_word_of_no_length_does_not_hold_the_drawing_up(material):
    none = tuple(replace(word, span=Span(0.5, 0.5)) for word in material.negatives)
    odd = Material(material.positives, none, (), material.noises, material.rooms)
    for number in range(20):
        draw_scene(odd, SceneSettings(seconds=3.0), rng(1, number))


def test_effects_happen_as_often_as_the_settings_say(material):
    settings = SceneSettings(effects=replace(NO_EFFECTS, eq=0.5))
    items = [
        item
        for number in range(200)
        for item in draw_scene(material, settings, rng(1, number)).items
    ]
    assert np.mean(["eq" in item.effects for item in items]) == pytest.approx(0.5, abs=0.06)
    assert {name for item in items for name in item.effects} == {"eq"}

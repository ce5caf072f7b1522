from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import tiny_run

from mwwkit.audio.wav16 import Wav16
from mwwkit.run.seeds import rng
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scene_drawing import SceneSettings
from mwwkit.scenes.scenes import Background
from mwwkit.scenes.sets import (
    CONDITIONS,
    ambient_set,
    clip_set,
    probe,
    training_set,
    usable_conditions,
    window_set,
)

RATE_HZ = 16_000
EVERY = tuple(CONDITIONS)


def all_sets(material, seed=42):
    return [
        training_set(material, SceneSettings(seconds=4.0), 6, seed),
        window_set(material, SceneSettings(), 6, seed),
        clip_set("test-words", material.positives, material, EVERY, seed),
        clip_set("test-others", material.negatives, material, ("clean",), seed),
        ambient_set("test-ambient", material.speech + material.noises, seed),
    ]


def test_a_scene_depends_on_seed_set_and_number_alone(material):
    forwards = [[s.draw(n) for n in range(len(s))] for s in all_sets(material)]
    backwards = [[s.draw(n) for n in reversed(range(len(s)))] for s in all_sets(material)]
    assert forwards == [scenes[::-1] for scenes in backwards]
    other_seed = [s.draw(0) for s in all_sets(material, seed=43)]
    assert all(one[0].seed != other.seed for one, other in zip(forwards, other_seed, strict=True))


def test_every_scene_is_as_long_as_its_set_says(here, material):
    for scenes in all_sets(material):
        assert len(scenes) == len(scenes.seconds) > 0
        for number, seconds in enumerate(scenes.seconds):
            scene = scenes.draw(number)
            assert scene.seconds == pytest.approx(seconds, abs=1e-9)
            assert len(render(scene, here.find)) == round(seconds * RATE_HZ)


def test_conditions_that_the_material_cannot_make_are_left_out(material):
    assert usable_conditions(EVERY, material) == EVERY
    assert "noise10" not in usable_conditions(EVERY, replace(material, noises=()))
    assert "room" not in usable_conditions(EVERY, replace(material, rooms=()))
    few = usable_conditions(EVERY, replace(material, negatives=material.negatives[:5]))
    assert "babble10" not in few and "babble5" not in few
    bare = replace(material, noises=(), rooms=(), negatives=())
    assert usable_conditions(EVERY, bare) == ("clean",)


def test_every_clip_is_heard_whole_under_every_condition(material):
    scenes = clip_set("test-words", material.positives, material, EVERY, 42)
    assert len(scenes) == len(EVERY) * len(material.positives)
    seen = defaultdict(set)
    for number in range(len(scenes)):
        facts, (item,) = scenes.facts(number), scenes.draw(number).items
        seen[facts["condition"]].add(facts["clip"])
        assert item.piece.path == facts["clip"]
        assert (item.piece.from_s, item.piece.to_s) == (0.0, tiny_run.CLIP_S)
        assert scenes.draw(number).word_ends() == [pytest.approx(1.0 + tiny_run.WORD_S[1])]
    assert all(seen[name] == {word.path for word in material.positives} for name in EVERY)


def test_another_clip_has_no_wake_word_that_could_end(material):
    scenes = clip_set("test-others", material.negatives, material, ("clean",), 42)
    assert not any(scenes.draw(number).word_ends() for number in range(len(scenes)))


@pytest.mark.parametrize("condition", EVERY)
def test_a_clip_is_between_quiet_and_its_condition_goes_on_behind_it(here, material, condition):
    scene = probe(material.positives[0], condition, material, rng(1, condition))
    kind, snr_db = CONDITIONS[condition]
    samples = render(scene, here.find) / 32768
    lead = np.std(samples[: RATE_HZ // 2])
    if kind in ("quiet", "room"):
        assert lead == pytest.approx(10 ** (-75 / 20), rel=0.1)
        assert bool(scene.room) == (kind == "room")
    else:
        assert lead > 0.003 and scene.background.snr_db == snr_db
        bare = render(replace(scene, background=Background("quiet")), here.find) / 32768
        behind = (samples - bare).reshape(-1)[: len(samples) // 512 * 512].reshape(-1, 512)
        loudest = np.sqrt((behind**2).mean(axis=1).max())
        assert 20 * np.log10(0.1 / loudest) == pytest.approx(snr_db, abs=0.5)
    # As loud as any other clip, and its own sound where the clip begins.
    word = samples[round((1 + tiny_run.WORD_S[0]) * RATE_HZ) :][: RATE_HZ // 3]
    assert np.std(word) > 0.05


def test_in_babble_nobody_says_the_wake_word(material):
    ours = {word.path for word in material.positives}
    for number in range(20):
        scene = probe(material.positives[0], "babble5", material, rng(number))
        assert len(scene.background.voices) == 6
        assert not ours & {piece.path for chain in scene.background.voices for piece in chain}


def test_a_window_ends_shortly_after_the_word_or_after_something_else(here, material):
    scenes = window_set(material, SceneSettings(seconds=12.0), 60, 42)
    assert set(scenes.seconds) == {3.2}
    for number in range(len(scenes)):
        scene = scenes.draw(number)
        (item,) = scene.items
        assert scenes.facts(number) == {"window": True} and scene.seconds == 3.2
        assert len(scene.word_ends()) == number % 2
        assert item.at_s >= 0 and item.piece.from_s < item.piece.to_s
        ends_s = item.end_s or item.at_s + item.piece.seconds / item.speed
        assert 0.0999 <= 3.2 - ends_s <= 0.3001


def test_a_window_s_word_ends_where_its_label_says(here, material):
    scenes = window_set(material, SceneSettings(), 20, 42)
    for number in range(1, 20, 2):
        bare = replace(scenes.draw(number), background=Background("quiet"), floor_db=(), room="")
        level = np.abs(render(bare, here.find).astype(float))
        heard_s = np.flatnonzero(level > 0.1 * level.max())[-1] / RATE_HZ
        assert heard_s == pytest.approx(bare.word_ends()[0], abs=0.010)


def test_windows_without_the_wake_word_have_no_label(material):
    scenes = window_set(replace(material, positives=()), SceneSettings(), 4, 42)
    assert not any(scenes.draw(number).word_ends() for number in range(4))


LENGTHS = (0.0625, 1.0000625, 7.0001875, 299.4, 300.0, 300.03, 601.3, 2000.5, 12.345625)


def test_ambient_streams_hold_every_sample_of_every_clip_once(material):
    clips = tuple((f"{number}.wav", seconds) for number, seconds in enumerate(LENGTHS))
    scenes = ambient_set("test-ambient", clips, 42)
    held = defaultdict(list)
    for number in range(len(scenes)):
        stream = scenes.draw(number)
        assert 1.0 <= stream.seconds <= 302.0 or number == len(scenes) - 1
        at = 0
        for item in stream.items:  # end to end, without a gap or an overlap
            assert round(item.at_s * RATE_HZ) == at and item.speed == 1 and item.level_db is None
            first, last = (round(s * RATE_HZ) for s in (item.piece.from_s, item.piece.to_s))
            held[item.piece.path].append((first, last))
            at += last - first
        assert at == round(stream.seconds * RATE_HZ)
        assert scenes.facts(number) == {"clips": [i.piece.path for i in stream.items]}
    for path, seconds in clips:
        assert held[path][0][0] == 0 and held[path][-1][1] == round(seconds * RATE_HZ)
        for one, other in zip(held[path], held[path][1:], strict=False):
            assert one[1] == other[0]


def test_no_ambient_stream_is_a_crumb(material):
    for seconds in (299.9, 300.03, 300.9, 301.1, 600.5, 900.02):
        scenes = ambient_set("test-ambient", (("long.wav", seconds),), 42)
        assert min(scenes.seconds) >= 1.0 and max(scenes.seconds) <= 301.0


def test_ambient_streams_sound_as_they_were_recorded(here, material):
    clips = material.speech + material.noises
    scenes = ambient_set("train-ambient", clips, 42)
    streams = [render(scenes.draw(number), here.find) for number in range(len(scenes))]
    recorded = [Wav16(here.find(path))[:] for path, _ in clips]
    np.testing.assert_array_equal(np.concatenate(streams), np.concatenate(recorded))


def test_no_clips_make_an_empty_set(material):
    assert len(ambient_set("test-ambient", (), 42)) == 0
    assert len(clip_set("test-words", (), material, EVERY, 42)) == 0

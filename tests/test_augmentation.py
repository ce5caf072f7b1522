"""What 02 sets of the augmentations is what happens in scenes, as often as it says."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from mwwkit.run.seeds import rng
from mwwkit.scenes.augmentation import BEHIND, OF_SCENES, OF_SOUNDS, Recipe
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scene_drawing import SceneSettings, draw_scene
from mwwkit.scenes.scenes import RATE_HZ

NOTHING = dict.fromkeys((*OF_SCENES, *OF_SOUNDS), 0.0)
NAMES = {"background_noise": "noise", "color_noise": "coloured", "voice": "voice"}


def scenes(material, n=150, **given):
    settings = Recipe(**NOTHING | given).scene_settings(6.0)
    return [draw_scene(material, settings, rng(3, "recipe", number)) for number in range(n)]


def test_the_defaults_are_those_of_scenes():
    assert Recipe().scene_settings(12.0) == SceneSettings()


def test_all_off_it_is_the_sounds_alone(material):
    for scene in scenes(material, 30):
        assert (scene.room, scene.background.kind) == ("", "quiet")
        assert all(not item.effects and item.level_db == 0 for item in scene.items)


@pytest.mark.parametrize("name", ["eq", "distortion", "pitch_shift", "band_stop", "time_stretch"])
def test_an_effect_on_sounds_happens_as_often_as_its_probability(material, name):
    items = [item for scene in scenes(material, **{name: 0.3}) for item in scene.items]
    assert np.mean([list(i.effects) == [name] for i in items]) == pytest.approx(0.3, abs=0.07)
    assert all(set(item.effects) <= {name} for item in items)


def test_stretched_sounds_take_longer_or_shorter_and_their_words_end_where_they_do(material, here):
    made = scenes(material, 40, time_stretch=1.0, stretch=(0.7, 0.8))
    items = [item for scene in made for item in scene.items]
    assert all(1.25 < item.seconds * item.speed / item.piece.seconds < 1.43 for item in items)
    words = [(scene, item) for scene in made for item in scene.items if item.end_s is not None]
    assert len(words) > 10
    for scene, item in words[:10]:
        only = replace(scene, items=(item,), floor_db=(), peak_dbfs=None)
        loud = np.flatnonzero(np.abs(render(only, here.find).astype(float)) > 300)
        assert loud[-1] / RATE_HZ == pytest.approx(item.end_s, abs=0.03)


def test_shifted_sounds_come_earlier_or_later_whole_and_never_before_the_scene(material):
    plain, moved = scenes(material, 60), scenes(material, 60, time_shift=1.0, shift_s=0.4)
    firsts = [(a.items[0], b.items[0]) for a, b in zip(plain, moved, strict=True)]
    shifts_s = np.array([b.at_s - a.at_s for a, b in firsts if a.piece == b.piece])
    assert len(shifts_s) == 60 and shifts_s.min() < -0.2 and 0.2 < shifts_s.max() <= 0.4
    assert all(i.at_s >= 0 and "time_shift" not in i.effects for s in moved for i in s.items)
    ended = [(a, b) for a, b in firsts if a.end_s is not None]
    assert all(b.end_s - b.at_s == pytest.approx(a.end_s - a.at_s, abs=2e-4) for a, b in ended)


def test_a_level_is_drawn_as_often_as_gain_says_and_so_far(material):
    items = [i for s in scenes(material, gain=0.4, gain_db=9.0) for i in s.items]
    levels_db = np.array([item.level_db for item in items])
    assert np.mean(levels_db != 0) == pytest.approx(0.4, abs=0.07)
    assert 8.5 < np.abs(levels_db).max() <= 9


@pytest.mark.parametrize("name", BEHIND)
def test_a_background_is_behind_as_many_scenes_as_its_probability(material, name):
    made = scenes(material, **{name: 0.4}, snr_db=(2.0, 3.0))
    kinds = [scene.background.kind for scene in made]
    assert set(kinds) == {"quiet", NAMES.get(name, name)}
    assert np.mean([kind != "quiet" for kind in kinds]) == pytest.approx(0.4, abs=0.12)
    assert all(2 <= s.background.snr_db <= 3 for s in made if s.background.kind != "quiet")


@pytest.mark.parametrize(("dry", "low", "high"), [("fixed", 0.5, 0.5), ("random", 0.4, 0.6)])
def test_as_much_of_a_room_is_dry_as_asked_for(here, material, dry, low, high):
    made = scenes(material, rir=0.5, dry=dry, dry_share=(0.4, 0.6))
    shares = [scene.dry for scene in made if scene.room]
    assert len(shares) / len(made) == pytest.approx(0.5, abs=0.12)
    assert low <= min(shares) <= low + 0.02 and high - 0.02 <= max(shares) <= high
    assert not any(scene.dry for scene in made if not scene.room)
    wet = Recipe(**NOTHING | {"rir": 1.0}).scene_settings(6.0)
    other = draw_scene(material, wet, rng(3, "recipe", 0))
    [one] = scenes(material, 1, rir=1.0, dry=dry)
    assert one.room == other.room
    assert render(one, here.find).tobytes() != render(other, here.find).tobytes()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"eq": 1.1}, "eq is 1.1; wanted a probability, 0 to 1"),
        ({"rir": -0.1}, "rir is -0.1; wanted a probability"),
        ({"babble": 0.8}, "more than one background a scene: .*babble 0.8; wanted 1 or less"),
        ({"gain_db": 50}, "gain_db is 50; wanted 0 to 40"),
        ({"speed_log": float("nan")}, "speed_log is nan; wanted 0 to 0.7"),
        ({"snr_db": (10, 5)}, "snr_db is .*; wanted the lower, then the higher"),
        ({"snr_db": (-90, 5)}, "snr_db is .*; wanted -60 to 120"),
        ({"dry": "wet"}, "dry is 'wet'; wanted one of none, fixed, random, adaptive"),
        ({"dry_share": (0.3, 1.7)}, "dry_share is .*; wanted 0 to 1"),
        ({"dry_share": (0.3,)}, "dry_share is .*; wanted the lower"),
    ],
)
def test_nonsense_is_refused_with_its_name_and_value(wrong, told):
    with pytest.raises(ValueError, match=told):
        Recipe(**wrong)


def test_lists_from_a_notebook_are_taken():
    given = {n: list(v) if isinstance(v, tuple) else v for n, v in asdict(Recipe()).items()}
    assert Recipe(**given) == Recipe()

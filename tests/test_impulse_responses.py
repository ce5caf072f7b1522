import numpy as np
import pytest
import soundfile
from triples_world import write_world

from mwwkit.audio.reading import AudioValidationError
from mwwkit.run.files import read_json, sha256
from mwwkit.run.paths import Run
from mwwkit.triples import impulse_responses
from mwwkit.triples.audio_files import listed

RATE_HZ = 48_000


@pytest.fixture
def world(tmp_path):
    write_world(tmp_path, n_speech=0)
    return tmp_path


def catalogue(world, run="run", may_go_on=lambda n_bytes: True, **more):
    pools = [listed([world / pool], impulse_responses.SUFFIXES) for pool in ("bad", "target")]
    here = Run(world / run, **more)
    return impulse_responses.catalogue_of(*pools, here, workers=1, may_go_on=may_go_on)


def decay(n=9600, rate_hz=RATE_HZ):
    noise = np.random.default_rng(1).standard_normal(n)
    return (0.2 * noise * np.exp(-np.arange(n) / rate_hz * 30)).astype(np.float32)


def test_a_response_has_peak_one_at_48_khz_in_mono_whatever_it_was(tmp_path):
    for rate_hz, channels in ((44_100, 1), (22_050, 2), (96_000, 2)):
        sound = decay(rate_hz // 5, rate_hz)
        path = tmp_path / f"{rate_hz}.wav"
        soundfile.write(path, np.stack([sound] * channels, 1), rate_hz, subtype="FLOAT")
        loaded = impulse_responses.load(path)
        assert loaded.dtype == np.float32 and loaded.ndim == 1
        assert np.abs(loaded).max() == pytest.approx(1, abs=1e-6)
        assert abs(loaded.size - RATE_HZ // 5) <= 2


def test_an_irs_file_is_a_wav_and_mp3_rooms_are_taken(tmp_path):
    soundfile.write(tmp_path / "x.wav", decay(), RATE_HZ)
    (tmp_path / "x.wav").rename(tmp_path / "viper.irs")
    soundfile.write(tmp_path / "y.mp3", decay(48_000), RATE_HZ)
    assert [f.name for f in listed([tmp_path], impulse_responses.SUFFIXES)] == [
        "viper.irs",
        "y.mp3",
    ]
    for name in ("viper.irs", "y.mp3"):
        assert np.abs(impulse_responses.load(tmp_path / name)).max() == pytest.approx(1)


def test_from_its_direct_sound_on_is_an_option(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.pad(decay(), (480, 0)), RATE_HZ, subtype="FLOAT")
    whole = impulse_responses.load(tmp_path / "x.wav")
    aligned = impulse_responses.load(tmp_path / "x.wav", align_onset=True)
    assert 470 <= whole.size - aligned.size <= 600
    np.testing.assert_array_equal(aligned, whole[-aligned.size :])


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (np.ones(63), "too short: 63 samples"),
        (np.zeros(4800), "silent"),
        (np.full(4800, 1e-6), "silent"),
        (np.r_[1.0, np.full(4800, np.nan)], "not finite"),
        (np.r_[1.0, np.full(4800, np.inf)], "not finite"),
    ],
)
def test_a_degenerate_response_is_left_out_counted_and_named_with_the_reason(world, sound, reason):
    soundfile.write(world / "bad" / "odd.wav", sound, RATE_HZ, subtype="FLOAT")
    made = catalogue(world)
    assert [row["id"] for row in made["rejected"]] == ["odd.wav"]
    assert made["rejected"][0]["reason"].startswith(reason)
    assert impulse_responses.reasons(made) == {reason.split(":")[0]: 1}
    assert len(made["irs"]) == 6


def test_what_is_no_audio_is_left_out_as_unreadable(world):
    (world / "target" / "text.wav").write_text("no sound at all" * 20)
    assert impulse_responses.reasons(catalogue(world)) == {"unreadable": 1}


def test_a_catalogue_that_fits_the_files_spares_all_decoding(world, monkeypatch):
    first = catalogue(world)
    assert first["audio files decoded"] == 6
    before = (world / "run" / impulse_responses.CATALOGUE).read_bytes()
    monkeypatch.setattr(impulse_responses, "read", None)  # decoding would raise
    again = catalogue(world)
    assert again["audio files decoded"] == 0 and again["irs"] == first["irs"]
    assert (world / "run" / impulse_responses.CATALOGUE).read_bytes() == before
    assert catalogue(world, "next", earlier=(world / "run",))["irs"] == first["irs"]


def test_only_a_file_that_changed_is_decoded_again(world):
    catalogue(world)
    soundfile.write(world / "bad" / "room1.wav", decay(), RATE_HZ)
    assert catalogue(world)["audio files decoded"] == 1


@pytest.mark.parametrize("first_is_new", [True, False])
def test_a_second_session_that_ends_early_leaves_what_the_first_knew(
    world, monkeypatch, first_is_new
):
    monkeypatch.setattr(impulse_responses, "GROUP", 2)
    catalogue(world)
    if first_is_new:
        soundfile.write(world / "bad" / "room1.wav", decay(), RATE_HZ)
    answers = iter([True, False])  # one group of the three
    assert catalogue(world, may_go_on=lambda n_bytes: next(answers)) is None
    assert catalogue(world)["audio files decoded"] == 0


def test_targets_are_staged_into_the_run_and_bad_ones_are_not(world):
    catalogue(world)
    staged = sorted((world / "run" / impulse_responses.STAGED).iterdir())
    assert [p.name for p in staged] == ["room0.wav", "room1.wav", "room2.wav"]
    assert all(sha256(p) == sha256(world / "target" / p.name) for p in staged)


def test_a_half_written_catalogue_is_named_and_made_again(world):
    whole = catalogue(world)
    path = world / "run" / impulse_responses.CATALOGUE
    path.write_bytes(path.read_bytes()[:100])
    with pytest.warns(UserWarning, match=f"{path} is not readable"):
        assert catalogue(world)["irs"] == whole["irs"]
    assert read_json(path)["complete"]


def test_a_response_that_changed_under_the_catalogue_is_refused_by_name(world):
    made = catalogue(world)
    path = world / "bad" / "room1.wav"
    [sha] = [r["sha256"] for r in made["irs"] if r["id"] == "room1.wav" and r["pool"] == "bad"]
    assert impulse_responses.load(path, sha).size
    soundfile.write(path, decay(), RATE_HZ)
    with pytest.raises(AudioValidationError, match=r"room1.wav has changed: SHA-256"):
        impulse_responses.load(path, sha)


def test_the_same_path_in_two_folders_has_two_names(world):
    both = listed([world / "bad", world / "target"], impulse_responses.SUFFIXES)
    assert [f.name for f in both] == [
        *("room0.irs", "room0.wav", "room1.wav", "2/room1.wav", "room2.wav", "2/room2.wav"),
    ]
    assert both[3].path == world / "target" / "room1.wav"


def test_real_rooms_are_all_taken_at_48_khz(real_audio):
    found = listed([real_audio / "rirs"], impulse_responses.SUFFIXES)[:12]
    assert all(
        np.abs(impulse_responses.load(f.path)).max() == pytest.approx(1, abs=1e-6) for f in found
    )

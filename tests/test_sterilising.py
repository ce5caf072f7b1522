import math

import numpy as np
import pytest
import soundfile
from triples_world import write_world

from mwwkit.audio.reading import duration_s, read
from mwwkit.triples import sterilising
from mwwkit.triples.audio_files import listed, shuffled
from mwwkit.triples.sterilising import SEGMENT, Settings, sterilise

RATE_HZ = 48_000


def speech(seconds=2.0, rate_hz=RATE_HZ, level=0.1, floor=0.0):
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    buzz = sum(np.sin(2 * np.pi * 150 * k * t + k) / k for k in range(1, 9))
    noise = np.random.default_rng(2).standard_normal(t.size)
    return level * buzz * np.sin(2 * np.pi * 2 * t) ** 2 + floor * noise


def written(tmp_path, sound, rate_hz=RATE_HZ, name="x.wav", **kind):
    soundfile.write(tmp_path / name, sound, rate_hz, **kind)
    return tmp_path / name


def lufs(segments):
    import pyloudnorm

    sound = segments.reshape(-1) / 32_768
    return pyloudnorm.Meter(RATE_HZ).integrated_loudness(sound[: np.flatnonzero(sound)[-1] + 1])


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 96_000])
def test_any_rate_stereo_or_24_bit_gives_whole_segments_at_minus_23_lufs(tmp_path, rate_hz):
    sound = speech(3.0, rate_hz, floor=1e-4)
    path = written(tmp_path, np.stack([sound, sound], 1), rate_hz, subtype="PCM_24")
    made = sterilise(path, Settings())
    assert made.segments.shape == (1, SEGMENT) and made.segments.dtype == np.int16
    assert lufs(made.segments) == pytest.approx(-23.0, abs=0.2)
    assert not made.reason and not made.notes


def test_a_file_is_cut_every_five_seconds_and_the_last_segment_padded(tmp_path):
    made = sterilise(written(tmp_path, speech(12.0)), Settings())
    assert made.segments.shape == (3, SEGMENT)
    assert not made.segments[2, int(2.2 * RATE_HZ) :].any()
    assert made.segments[2, : int(1.5 * RATE_HZ)].any()


def test_steady_noise_is_taken_off_by_more_than_ten_db(tmp_path):
    sound = np.r_[np.zeros(RATE_HZ), speech(1.5), np.zeros(RATE_HZ)]
    noisy = sound + 0.003 * np.random.default_rng(3).standard_normal(sound.size)
    clean = sterilising.reduce_noise(noisy.astype(np.float32), 0.95)
    quiet = slice(RATE_HZ // 10, RATE_HZ // 2)
    assert np.std(clean[quiet]) < 0.3 * np.std(noisy[quiet])
    loud = slice(int(1.1 * RATE_HZ), int(1.4 * RATE_HZ))
    assert np.std(clean[loud]) == pytest.approx(np.std(sound[loud]), rel=0.05)


def test_a_voice_that_is_there_most_of_the_time_is_not_taken_for_noise():
    sound = speech(4.0, floor=1e-4).astype(np.float32)
    clean = sterilising.reduce_noise(sound, 0.95)
    assert np.std(clean) == pytest.approx(np.std(sound), rel=0.05)  # 0.4 dB


def test_sound_in_digital_silence_has_no_noise_to_take_off():
    sound = np.zeros(RATE_HZ, np.float32)
    sound[24_000:24_960] = 0.1
    np.testing.assert_array_equal(sterilising.reduce_noise(sound, 0.95), sound)


def test_of_real_speech_the_floor_goes_and_the_voice_stays(real_audio):
    files = listed([real_audio / "dry48k"], sterilising.SUFFIXES)
    change_db = {"voice": [], "floor": []}
    for file in files[:: len(files) // 6]:
        sound = read(file.path, RATE_HZ)
        pair = [
            f[: f.size // 960 * 960].reshape(-1, 960)
            for f in (sound, sterilising.reduce_noise(sound, 0.95))
        ]
        before, after = ((frames.astype(float) ** 2).mean(axis=1) for frames in pair)
        voice, floor = before > before.max() / 300, before <= np.percentile(before, 10)
        for name, chosen in (("voice", voice), ("floor", floor)):
            change_db[name].append(10 * np.log10(after[chosen].mean() / before[chosen].mean()))
    assert min(change_db["voice"]) > -1.5 and np.mean(change_db["floor"]) < -7


def test_silence_at_both_ends_goes_but_for_fifty_milliseconds():
    sound = np.r_[np.zeros(48_000), np.ones(24_000) * 0.1, np.zeros(48_000)].astype(np.float32)
    kept = sterilising.trim(sound, 40)
    assert 24_000 + 2 * 2400 <= kept.size <= 24_000 + 2 * 2400 + 2 * sterilising.FRAME
    assert sterilising.trim(np.zeros(0, np.float32), 40).size == 0


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (speech(0.9), "too short: 0.90 s"),
        (np.zeros(96_000), "too quiet: under -100 dBFS"),
        (1e-5 * speech(2.0), "too quiet"),
        (np.r_[speech(1.5), np.nan], "unreadable"),
    ],
)
def test_what_cannot_be_used_has_its_reason(tmp_path, sound, reason):
    made = sterilise(written(tmp_path, sound, subtype="FLOAT"), Settings())
    assert made.reason.startswith(reason) and not len(made.segments)


def test_a_click_too_short_for_the_loudness_gate_is_measured_as_if_repeated(tmp_path):
    burst = speech(0.15, level=0.2)
    sound = np.r_[np.zeros(RATE_HZ), burst, np.zeros(RATE_HZ)].astype(np.float32)
    measured, notes = sterilising.loudness(burst.astype(np.float32))
    assert math.isfinite(measured) and "gate" in notes[0]
    made = sterilise(written(tmp_path, sound, subtype="FLOAT"), Settings())
    assert made.notes and len(made.segments) == 1


def test_a_peak_that_would_pass_full_scale_is_held_there_and_said(tmp_path):
    sound = 1e-3 * speech(4.0)
    sound[RATE_HZ : RATE_HZ + 20] = 0.5
    made = sterilise(written(tmp_path, sound, subtype="FLOAT"), Settings())
    assert any("full scale" in note for note in made.notes)
    assert np.abs(made.segments.astype(int)).max() >= 32_766


def test_a_long_file_is_worked_on_in_spans(tmp_path, monkeypatch):
    monkeypatch.setattr(sterilising, "SPAN_S", 10.0)
    path = written(tmp_path, speech(24.0), subtype="PCM_16")
    assert sterilising.spans(duration_s(path)) == [
        (0.0, 10.0),
        (10.0, 10.0),
        (20.0, None),
    ]
    [file] = listed([tmp_path], sterilising.SUFFIXES)
    facts = sterilising.write_chunk(tmp_path / "chunk", [file], Settings(), workers=1)
    assert facts["segments"] == 5 <= sterilising.segments_at_most(24.0)
    assert sterilising.read_names(tmp_path / "chunk") == [f"x.wav:00{k}" for k in range(5)]


@pytest.fixture
def files(tmp_path):
    write_world(tmp_path / "world")
    return listed([tmp_path / "world" / "dry"], sterilising.SUFFIXES)


def test_the_order_depends_on_the_seed_and_the_names_alone(files, tmp_path):
    order = [f.name for f in shuffled(files, 42)]
    assert sorted(order) == [f.name for f in files] and order != sorted(order)
    (tmp_path / "world").rename(tmp_path / "elsewhere")
    moved = listed([tmp_path / "elsewhere" / "dry"], sterilising.SUFFIXES)
    assert [f.name for f in shuffled(moved, 42)] == order
    assert [f.name for f in shuffled(moved, 43)] != order


def test_a_chunk_is_the_same_bytes_with_any_number_of_workers_and_numpy_reads_it(files, tmp_path):
    made = [
        sterilising.write_chunk(tmp_path / f"c{workers}", files, Settings(), workers)
        for workers in (1, 2)
    ]
    assert made[0] == made[1]
    rows = np.load(tmp_path / "c1" / sterilising.SEGMENTS, mmap_mode="r", allow_pickle=False)
    assert rows.shape == (made[0]["segments"], SEGMENT) and rows.dtype == np.int16
    assert (tmp_path / "c1" / sterilising.SEGMENTS).stat().st_size == made[0]["bytes"]
    assert len(sterilising.read_names(tmp_path / "c1")) == len(rows)


def test_what_a_chunk_left_out_is_counted_and_named(files, tmp_path):
    short = written(tmp_path / "world" / "dry", speech(0.5), name="short.wav")
    found = listed([short.parent], sterilising.SUFFIXES)
    facts = sterilising.write_chunk(tmp_path / "c", found, Settings(), 1)
    assert facts["files"] == 7 and facts["skipped"] == {"too short": 1}
    assert list(sterilising.rejected(tmp_path / "c")) == [
        ("short.wav", "too short: 0.50 s; wanted 1 s or more")
    ]


def test_a_chunk_that_is_cut_off_is_named(files, tmp_path):
    sterilising.write_chunk(tmp_path / "c", files[:1], Settings(), 1)
    path = tmp_path / "c" / sterilising.SEGMENTS
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=f"{path} is damaged or cut off"):
        sterilising.read_segments(tmp_path / "c")


@pytest.mark.parametrize("wrong", [{"prop_decrease": 1.1}, {"trim_db": 5}, {"loudness_lufs": 0}])
def test_settings_that_are_nonsense_are_refused(wrong):
    (name, value), *_ = wrong.items()
    with pytest.raises(ValueError, match=f"{name} is {value}; wanted"):
        Settings(**wrong)


def test_real_dry_speech_comes_to_minus_23_lufs(real_audio):
    found = listed([real_audio / "dry48k"], sterilising.SUFFIXES)
    for file in found[::40]:
        made = sterilise(file.path, Settings())
        assert lufs(made.segments) == pytest.approx(-23.0, abs=0.5) or made.notes


def test_a_row_is_read_alone_and_a_missing_one_is_named(tmp_path):
    write_world(tmp_path / "world", n_speech=3, n_rooms=1)
    files = listed([tmp_path / "world" / "dry"], sterilising.SUFFIXES)
    sterilising.write_chunk(tmp_path / "chunk", files, Settings(), 1)
    for row, wanted in enumerate(sterilising.read_segments(tmp_path / "chunk")):
        found = sterilising.read_segment(tmp_path / "chunk", row)
        assert type(found) is np.ndarray  # no map
        np.testing.assert_array_equal(found, wanted)
    with pytest.raises(ValueError, match="segments.npy is cut off: it has no row 3"):
        sterilising.read_segment(tmp_path / "chunk", 3)

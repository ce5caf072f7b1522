import hashlib
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from mwwkit.audio.discovery import discover
from mwwkit.audio.reading import AudioValidationError, blocks, read
from mwwkit.audio.wav16 import Wav16, pcm_sha256, to_int16, write_wav16


def tone(hz, seconds, rate_hz, level=0.5):
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)


def loudest_hz(audio, rate_hz=16_000):
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    return np.argmax(spectrum) * rate_hz / len(audio)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_resampling_keeps_a_tones_length_frequency_and_level(tmp_path, rate_hz):
    soundfile.write(tmp_path / "tone.wav", tone(1000, 2, rate_hz), rate_hz)
    audio = read(tmp_path / "tone.wav")
    assert audio.dtype == np.float32 and len(audio) == 32_000
    assert loudest_hz(audio) == pytest.approx(1000, abs=1)
    middle = audio[8000:24_000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.005)


def test_a_tone_above_the_new_half_rate_disappears(tmp_path):
    soundfile.write(tmp_path / "tone.wav", tone(12_000, 1, 48_000), 48_000)
    assert np.abs(read(tmp_path / "tone.wav")[1000:-1000]).max() < 1e-3


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_sample_width_is_the_same_sound(tmp_path, subtype):
    wanted = tone(440, 1, 16_000)
    soundfile.write(tmp_path / "tone.wav", wanted, 16_000, subtype=subtype)
    step = 2**-7 if subtype == "PCM_U8" else 2**-15
    np.testing.assert_allclose(read(tmp_path / "tone.wav"), wanted, atol=step)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3"])
def test_compressed_files_are_the_same_sound(tmp_path, suffix):
    soundfile.write(tmp_path / f"tone.{suffix}", tone(440, 1, 16_000), 16_000)
    audio = read(tmp_path / f"tone.{suffix}")
    assert loudest_hz(audio) == pytest.approx(440, abs=2)
    assert np.abs(audio).max() == pytest.approx(0.5, rel=0.1)


def test_m4a_is_read_by_ffmpeg(tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "tone.m4a"), "w") as container:
        stream = container.add_stream("aac", rate=44_100, layout="mono")
        pcm = to_int16(tone(440, 2, 44_100).astype(np.float32))[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    audio = read(tmp_path / "tone.m4a")
    assert len(audio) / 16_000 == pytest.approx(2, abs=0.1)
    assert loudest_hz(audio) == pytest.approx(440, abs=2)


def test_stereo_becomes_the_mean_of_its_channels(tmp_path):
    left, right = tone(440, 1, 16_000), tone(1000, 1, 16_000, 0.25)
    soundfile.write(tmp_path / "s.wav", np.stack([left, right], 1), 16_000, subtype="FLOAT")
    np.testing.assert_allclose(read(tmp_path / "s.wav"), (left + right) / 2, atol=1e-6)


def test_blocks_joined_are_what_read_gives(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, 5 * 44_100)
    soundfile.write(tmp_path / "noise.flac", noise, 44_100)
    whole = read(tmp_path / "noise.flac")
    for block_s in (0.01, 0.37, 100):
        joined = np.concatenate(list(blocks(tmp_path / "noise.flac", block_s=block_s)))
        np.testing.assert_array_equal(joined, whole)


def test_a_span_is_the_whole_files_span(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, 48_000).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", noise, 16_000, subtype="FLOAT")
    span = read(tmp_path / "noise.wav", start_s=1.0, seconds=0.5)
    np.testing.assert_array_equal(span, noise[16_000:24_000])


def test_flac_that_libsndfile_refuses_is_read_whole(real_audio):
    """The PCM has the MD5 that each file's STREAMINFO holds, in one piece and in many."""
    files = discover(real_audio / "hard_to_read").files
    assert len(files) == 7
    for path in files:
        with pytest.raises(soundfile.LibsndfileError):
            soundfile.read(path)
        info = path.read_bytes()[8:42]  # STREAMINFO: bytes 10-17 rate and length, 18-33 the MD5
        n_samples = int.from_bytes(info[10:18], "big") & (1 << 36) - 1
        for block_s in (0.1, 100):
            pcm = to_int16(np.concatenate(list(blocks(path, block_s=block_s))))
            assert len(pcm) == n_samples
            assert hashlib.md5(pcm.tobytes()).digest() == info[18:34], path


def test_text_named_wav_is_refused_by_name(tmp_path):
    (tmp_path / "not audio.wav").write_text("this is text\n" * 100)
    with pytest.raises(
        AudioValidationError, match="not audio.wav is no audio but text; leave it out"
    ):
        read(tmp_path / "not audio.wav")


def test_a_file_of_zero_bytes_and_one_of_zero_samples_are_refused(tmp_path):
    (tmp_path / "a.wav").touch()
    with pytest.raises(AudioValidationError, match="a.wav is empty"):
        read(tmp_path / "a.wav")
    soundfile.write(tmp_path / "b.wav", np.zeros(0), 16_000)
    with pytest.raises(AudioValidationError, match="b.wav holds no samples"):
        read(tmp_path / "b.wav")


def test_a_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(AudioValidationError, match="gone.wav is not there"):
        read(tmp_path / "gone.wav")


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_file_cut_off_in_the_middle_is_refused(tmp_path, suffix):
    path = tmp_path / f"cut.{suffix}"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.9, 0.9, 48_000), 16_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioValidationError, match=f"cut.{suffix} is (cut off|damaged)"):
        read(path)
    assert len(read(path, seconds=0.5)) == 8000  # what is there can still be had by its span


def test_a_wav_cut_off_in_its_header_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(440, 1, 16_000), 16_000)
    (tmp_path / "b.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:30])
    with pytest.raises(AudioValidationError, match="b.wav"):
        read(tmp_path / "b.wav")


@pytest.mark.parametrize("unknown", [0xFFFF_FFFF, 0x7FFF_FFFF])
def test_a_wav_written_to_a_pipe_has_the_length_that_is_there(tmp_path, unknown):
    write_wav16(tmp_path / "a.wav", tone(440, 1, 16_000))
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[4:8] = data[40:44] = unknown.to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(data)
    assert len(read(tmp_path / "a.wav")) == 16_000


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused_with_their_time(tmp_path, value):
    audio = tone(440, 30, 16_000)
    audio[16_000 * 25] = value
    soundfile.write(tmp_path / "a.wav", audio, 16_000, subtype="FLOAT")
    with pytest.raises(AudioValidationError, match=r"a.wav .* the first at 25.000 s"):
        read(tmp_path / "a.wav")


def test_a_folder_lists_its_audio_in_the_order_of_names(tmp_path):
    for name in ["b/ä ö.WAV", "a/z.flac", "a/.hidden.wav", "b/notes.txt", "c.mp3", ".x/y.wav"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [p.relative_to(tmp_path).as_posix() for p in discover(tmp_path).files]
    assert names == ["a/z.flac", "b/ä ö.WAV", "c.mp3"]


def test_pcm_written_and_read_is_the_same_pcm(tmp_path):
    samples = np.random.default_rng(0).integers(-32_768, 32_768, 20_000).astype(np.int16)
    path = tmp_path / "wörd 1.wav"
    assert write_wav16(path, [samples[:777], samples[777:]]) == 20_000
    np.testing.assert_array_equal(soundfile.read(path, dtype="int16")[0], samples)
    np.testing.assert_array_equal(to_int16(read(path)), samples)
    np.testing.assert_array_equal(Wav16(path)[5000:5100], samples[5000:5100])
    np.testing.assert_array_equal(Wav16(path)[19_990:30_000], samples[19_990:])
    assert pcm_sha256(samples) == hashlib.sha256(samples.tobytes()).hexdigest()


def test_a_kept_wav_has_the_plainest_header_so_that_the_same_samples_are_the_same_file(tmp_path):
    for n_samples in (0, 3):
        path = tmp_path / f"{n_samples}.wav"
        write_wav16(path, (np.full(1, 258, np.int16) for _ in range(n_samples)))
        n_bytes = 2 * n_samples
        form = (16, 1, 1, 16_000, 32_000, 2, 16)  # 16 bytes: PCM, mono, rate, bytes a second, ...
        header = struct.pack("<4sI8sIHHIIHH", b"RIFF", 36 + n_bytes, b"WAVEfmt ", *form)
        assert path.read_bytes() == header + struct.pack("<4sI", b"data", n_bytes) + bytes(
            [2, 1] * n_samples
        )


def test_a_kept_wav_that_lost_its_end_is_refused(tmp_path):
    write_wav16(tmp_path / "a.wav", tone(440, 1, 16_000))
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:-10])
    with pytest.raises(AudioValidationError, match="not a whole 16 kHz"):
        Wav16(tmp_path / "a.wav")


_STREAM = """
import resource, sys
from mwwkit.audio.reading import blocks
from mwwkit.audio.wav16 import write_wav16
before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_wav16(sys.argv[2], blocks(sys.argv[1]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024)
"""


def test_a_long_file_is_converted_in_flat_memory(tmp_path):
    """Three hours at 48 kHz would be 2 GB as float32; ten seconds at a time take a few MB."""
    minutes, rate_hz = 20, 48_000
    minute = to_int16(0.1 * np.random.default_rng(0).standard_normal(60 * rate_hz))
    with soundfile.SoundFile(tmp_path / "long.wav", "w", rate_hz, 1, "PCM_16") as file:
        for _ in range(minutes):
            file.write(minute)
    call = [sys.executable, "-c", _STREAM, str(tmp_path / "long.wav"), str(tmp_path / "out.wav")]
    grown_mb = float(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    assert len(Wav16(tmp_path / "out.wav")) == minutes * 60 * 16_000
    assert grown_mb < 40  # the whole file as float32 is 230 MB

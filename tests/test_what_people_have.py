"""Files and folders as people really have them: nothing disappears without a word."""

import json
import os
import shutil
import socket
import struct
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
import triples_world
import warm
from jupyter_client.provisioning import local_provisioner
from scipy import signal  # noqa: F401  a child without rights could not load it

from mwwkit import __main__ as cli
from mwwkit.audio.discovery import discover
from mwwkit.audio.reading import AudioValidationError, duration_s, read
from mwwkit.corpus.clips import QUARANTINE, load_clips, read_quarantine
from mwwkit.corpus.fates import FILE, fates_of, grouped
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire, triples
from mwwkit.triples import impulse_responses, sterilising
from mwwkit.triples.audio_files import as_before, fingerprint, listed, listing

RATE_HZ = 16_000
NOBODY = 65_534
NO_SPEECH = {
    **{"tts_positive": 0, "tts_negative": 0, "tts_hard_negative": 0, "tts_ambient_minutes": 0.0},
    **{"noise_minutes": 0.0, "rooms": 0},
}


@pytest.fixture(scope="module")
def word(speech_like):
    """`word(seed)` -> 0.6 s of a word, [n] float."""
    return lambda seed: speech_like(seed, 0.6)


@pytest.fixture
def own(tmp_path, word):
    """A folder of recordings with six of the word by ann."""
    folder = tmp_path / "own"
    (folder / "positive/ann").mkdir(parents=True)
    for seed in range(6):
        soundfile.write(folder / f"positive/ann/{seed}.wav", word(seed), RATE_HZ)
    return folder


def make(recordings, run, **settings):
    """01 in the folder `run`; its table, and the quarantine by file name."""
    given = {"recordings": str(recordings)} | NO_SPEECH | settings
    acquire.run(acquire.Config("hey you", **given), Run(run), Limits(workers=1))
    return fates_of(Run(run)), {Path(r.path).name: r.reason for r in read_quarantine(Run(run))}


def phone(path, audio, codec="aac", container="mp4", rate_hz=RATE_HZ):
    """A file as phones make them."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate_hz, layout="mono")
        pcm = (audio * 32_767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)


def numbers(fates, place):
    """given, used, set aside, left out, train, choose, test of a place."""
    [fate] = [fate for fate in fates.places if fate.place == place]
    return fate.numbers()


# ---- formats


def test_what_phones_record_is_taken_whatever_its_name(tmp_path, own, word):
    ann = own / "positive/ann"
    names = {"memo.mp4": "mp4", "note.aac": "adts", "call.3gp": "3gp", "clip.mov": "mov"}
    for seed, (name, container) in enumerate(names.items(), 10):
        phone(ann / name, word(seed), container=container)
    phone(ann / "memo.m4a", word(20))
    (ann / "memo.m4a").rename(ann / "voice.wav")  # M4A under a wrong name
    soundfile.write(ann / "t.flac", word(21), RATE_HZ)
    (ann / "t.flac").rename(ann / "no suffix")
    soundfile.write(ann / "t.ogg", word(22), RATE_HZ)
    (ann / "t.ogg").rename(ann / "take.DAT")
    soundfile.write(ann / "LOUD.WAV", word(23), RATE_HZ)
    fates, aside = make(own, tmp_path / "run")
    assert not aside and numbers(fates, "own/positive")[:4] == (14, 14, 0, 0)


NO_AUDIO = {
    "big.wav": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
    "error.mp3": (b"<!DOCTYPE html>\n<html><body>Not found</body></html>", "a web page"),
    "all.wav": (b"PK\x03\x04" + bytes(60), "a ZIP archive"),
    "notes.txt": (b"the third take is good\n", "but text"),
    "list.csv": ("path,wörd\n".encode(), "but text"),
    "me.jpg": (b"\xff\xd8\xff\xe0" + bytes(60), "a picture"),
    "paper": (b"%PDF-1.4\n" + bytes(60), "a PDF"),
    "noise.bin": (np.random.default_rng(1).bytes(5000), "no audio that libsndfile or FFmpeg"),
    "nothing.wav": (b"", "is empty"),
}


def test_every_other_file_has_a_row_that_says_what_it_is(tmp_path, own):
    for name, (content, _) in NO_AUDIO.items():
        (own / "positive/ann" / name).write_bytes(content)
    fates, aside = make(own, tmp_path / "run")
    for name, (_, what) in NO_AUDIO.items():
        assert what in aside[name], name
    assert "git lfs pull" in aside["big.wav"]
    assert numbers(fates, "own/positive")[:4] == (15, 6, 9, 0)


def test_what_systems_leave_in_folders_is_no_recording_and_is_counted(tmp_path, own):
    for name in (".DS_Store", "._0.wav", "._1.wav", "Thumbs.db", "desktop.ini", ".hidden.wav"):
        (own / "positive/ann" / name).write_bytes(b"\0\5\x16\7")
    (own / "positive/__MACOSX/ann").mkdir(parents=True)
    shutil.copy(own / "positive/ann/0.wav", own / "positive/__MACOSX/ann/0.wav")
    fates, aside = make(own, tmp_path / "run")
    assert not aside and numbers(fates, "own/positive")[:2] == (6, 6)
    counts = {why.reason: why.n for why in fates.ignored}
    assert counts["._* of macOS"] == 2 and counts["__MACOSX"] == counts[".hidden.wav"] == 1
    assert "hidden or the system's own, not counted:" in str(fates)
    assert "Set aside is" not in str(fates)  # nothing was


# ---- links, rights, and what is no file


def test_linked_folders_and_files_are_followed(tmp_path, own, word):
    (tmp_path / "elsewhere/ben").mkdir(parents=True)
    for seed in range(20, 24):
        soundfile.write(tmp_path / f"elsewhere/ben/{seed}.wav", word(seed), RATE_HZ)
    soundfile.write(tmp_path / "elsewhere/one.wav", word(30), RATE_HZ)
    (own / "positive/ben").symlink_to(tmp_path / "elsewhere/ben")
    (own / "positive/ann/one.wav").symlink_to(tmp_path / "elsewhere/one.wav")
    fates, aside = make(own, tmp_path / "run")
    assert not aside and numbers(fates, "own/positive")[:2] == (11, 11)
    speakers = Counter(record.speaker for record in load_clips(Run(tmp_path / "run")))
    assert speakers == {"ann": 7, "ben": 4}


def test_links_that_lead_in_a_circle_end(tmp_path, own):
    top, ann = own / "positive", own / "positive/ann"
    (ann / "here").symlink_to(".")
    (ann / "up").symlink_to("..")
    (ann / "root").symlink_to("/")
    (ann / "self.wav").symlink_to("self.wav")
    for one, other in (("a", "b"), ("b", "a")):
        (top / one).mkdir()
        (top / one / "other").symlink_to(top / other)
    (top / "ann again").symlink_to(ann)
    found = discover(top)
    assert [path.name for path in found.files] == [f"{seed}.wav" for seed in range(6)]
    reasons = {path.relative_to(top).as_posix(): reason for path, reason in found.others}
    assert set(reasons) == {
        *("ann/here", "ann/up", "ann/root", "ann/self.wav"),
        *("a/other", "b/other", "ann again"),
    }
    assert "is a link back to" in reasons["ann/root"] and "is a link back to" in reasons["ann/up"]
    assert f"read already, as {ann}" in reasons["ann again"]


def test_a_broken_link_and_what_is_no_file_have_a_row_each(tmp_path, own):
    ann = own / "positive/ann"
    (ann / "gone.wav").symlink_to("nowhere.wav")
    (ann / "gone").symlink_to("no/such/folder")
    os.mkfifo(ann / "pipe.wav")
    (ann / "null.wav").symlink_to("/dev/null")
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(ann)  # the name of a socket is short
    try:
        listener.bind("s.wav")
    finally:
        os.chdir(here)
        listener.close()
    os.link(ann / "0.wav", ann / "0 again.wav")
    fates, aside = make(own, tmp_path / "run")
    assert "is a link to nowhere.wav, which is not there" in aside["gone.wav"]
    assert "is a link to no/such/folder, which is not there" in aside["gone"]
    assert aside["pipe.wav"].startswith("is a pipe and no file")
    assert aside["null.wav"].startswith("is a device and no file")
    assert aside["s.wav"].startswith("is a socket and no file")
    assert "the same sound as" in aside["0.wav"]
    assert numbers(fates, "own/positive")[:4] == (12, 6, 6, 0)
    assert str(fates).count("left out is what you asked not to be used.") == 1


def test_folders_and_files_without_rights_are_told_and_the_rest_is_used(own, word):
    """In a child that has another user's rights, where this process has all."""
    folder = Path(tempfile.mkdtemp(prefix="mwwkit-rights-"))  # pytest's own is for its user alone
    try:
        shutil.move(own, folder / "own")
        positive = folder / "own/positive"
        shutil.copytree(positive / "ann", positive / "ben")
        soundfile.write(positive / "ann/locked.wav", word(9), RATE_HZ)
        for path in (folder, folder / "own", positive, positive / "ann"):
            path.chmod(0o777)
        (positive / "ann/locked.wav").chmod(0)
        (positive / "ben").chmod(0)
        text, aside = json.loads(_as_nobody(lambda: _made_in(folder)))
    finally:
        (folder / "own/positive/ben").chmod(0o700)
        shutil.rmtree(folder)
    assert "cannot be opened (Permission denied): nothing in it is used" in aside["ben"]
    assert "cannot be read (Permission denied)" in aside["locked.wav"]
    assert "own/positive       8      6           2          0" in text
    assert "is a folder that cannot be opened" in text


def _made_in(folder):
    fates, aside = make(folder / "own", folder / "run")
    return json.dumps([str(fates), aside])


def _as_nobody(call):
    """What `call` returns, a text, in a forked child that is not root."""
    reading, writing = os.pipe()
    if child := os.fork():
        os.close(writing)
        with open(reading, encoding="utf-8") as answer:
            text = answer.read()
        assert os.waitpid(child, 0)[1] == 0, text
        return text
    code = 1
    try:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        with open(writing, "w", encoding="utf-8") as answer:
            try:
                answer.write(call())
                code = 0
            except Exception as error:
                answer.write(repr(error))
                raise
    finally:
        os._exit(code)


def test_names_in_other_encodings_are_taken_and_can_be_written_down(tmp_path, own, word):
    ann = os.fsencode(own / "positive/ann")
    soundfile.write(own / "a.wav", word(10), RATE_HZ)
    os.mkdir(ann + b"/../J\xf6rg")
    os.rename(own / "a.wav", ann + b"/../J\xf6rg/caf\xe9.wav")
    for name in ("zeile\n2\u2028.wav", "emoji 🎤.wav", "-rf.wav"):
        soundfile.write(own / "positive/ann" / name, word(len(name)), RATE_HZ)
    phone(own / "b.m4a", word(12))
    os.rename(own / "b.m4a", ann + b"/\xff\xfe.m4a")
    with open(ann + b"/n\xe9.wav", "wb") as file:
        file.write(b"just text")
    (own / "ambient").mkdir()
    phone(own / "c.m4a", word(13))
    os.rename(own / "c.m4a", os.fsencode(own) + b"/ambient/caf\xe9.wav")
    fates, aside = make(own, tmp_path / "run")
    assert numbers(fates, "own/positive")[:4] == (12, 11, 1, 0)
    assert numbers(fates, "own/ambient")[:4] == (1, 1, 0, 0)
    assert aside == {"n\\xe9.wav": "is no audio but text; leave it out"}
    records = load_clips(Run(tmp_path / "run"))
    [jorg] = [record for record in records if record.speaker == "J\\xf6rg"]
    assert jorg.origin == "positive/J\\xf6rg/caf\\xe9.wav"


# ---- headers and ends


def _wav(audio, n_told=None, form=1):
    """A WAV of 16 kHz whose header tells of `n_told` bytes of sound."""
    pcm = (audio * 32_767).astype("<i2").tobytes()
    n_told = len(pcm) if n_told is None else n_told
    head = (b"RIFF", 36 + n_told & 0xFFFF_FFFF, b"WAVE", b"fmt ", 16, form, 1, RATE_HZ, 32_000)
    return struct.pack("<4sI4s4sIHHIIHH4sI", *head, 2, 16, b"data", n_told & 0xFFFF_FFFF) + pcm


@pytest.mark.parametrize("share", [0.0, 0.25, 0.9])
def test_a_header_that_tells_of_less_is_not_believed(tmp_path, share):
    path, told = tmp_path / "a.wav", []
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, 9600)
    path.write_bytes(_wav(sound, int(share * len(sound)) * 2))
    audio = read(path, tell=told.append)
    np.testing.assert_allclose(audio, sound, atol=1e-4)
    assert f"tells of {share * 0.6:.2f} s, and there are 0.60 s; read to the end" in told[0]


def test_a_table_of_01_says_that_a_header_was_wrong(tmp_path, own, word):
    (own / "positive/ann/0.wav").write_bytes(_wav(word(0), 4000))
    fates, aside = make(own, tmp_path / "run")
    assert not aside and "has a wrong header" in fates.remarks[0].reason
    assert fates.remarks[0].name.endswith("own/positive/ann/0.wav")
    assert {record.seconds for record in load_clips(Run(tmp_path / "run"))} == {0.6}


def test_a_size_that_wrapped_past_4_gb_is_six_hours_and_not_one_minute(tmp_path):
    n_minute, n_file = 60 * RATE_HZ * 4, (1 << 32) + 60 * RATE_HZ * 4  # stereo of 16 bits
    form = (b"WAVE", b"fmt ", 16, 1, 2, RATE_HZ, 4 * RATE_HZ, 4, 16, b"data", n_minute)
    end = np.sin(np.arange(2 * RATE_HZ) / 10)
    path, told = tmp_path / "day.wav", []
    with open(path, "wb") as file:
        file.write(struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + n_minute, *form))
        try:
            file.seek(44 + n_file - 4 * len(end))  # the rest is a hole in the disk
            file.write((np.stack([end, end], 1) * 9000).astype("<i2").tobytes())
        except OSError:
            pytest.skip("no file of 4 GB here")
    assert duration_s(path) == n_file / (4 * RATE_HZ) > 6 * 3600
    last = read(path, start_s=duration_s(path) - 2, tell=told.append)
    np.testing.assert_allclose(last, end * 9000 / 32_768, atol=1e-4)
    assert "tells of 60.00 s" in told[0]


def test_what_may_stand_behind_a_wavs_sound_is_no_sound(tmp_path, word):
    extra = {
        "list": b"LIST" + struct.pack("<I", 400) + b"INFO" + bytes(396),
        "id3": b"TAG" + b"title".ljust(125),
        "zeros": bytes(9000),
        "nothing": b"",
    }
    for name, bytes_behind in extra.items():
        told: list[str] = []
        (tmp_path / f"{name}.wav").write_bytes(_wav(word(1)) + bytes_behind)
        assert len(read(tmp_path / f"{name}.wav", tell=told.append)) == len(word(1)), name
        assert not told, name


def test_two_files_in_one_and_headers_that_cannot_be_mended_are_set_aside(tmp_path, word):
    (tmp_path / "twice.wav").write_bytes(_wav(word(1)) * 2)
    soundfile.write(tmp_path / "a.aiff", word(1), RATE_HZ)
    aiff = bytearray((tmp_path / "a.aiff").read_bytes())
    struct.pack_into(">I", aiff, aiff.index(b"SSND") + 4, 4008)
    (tmp_path / "a.aiff").write_bytes(aiff)
    soundfile.write(tmp_path / "big.wav", word(1), RATE_HZ, endian="BIG")  # RIFX
    rifx = bytearray((tmp_path / "big.wav").read_bytes())
    struct.pack_into(">I", rifx, rifx.index(b"data") + 4, 4000)
    (tmp_path / "big.wav").write_bytes(rifx)
    for path in tmp_path.iterdir():
        with pytest.raises(AudioValidationError, match="has more behind the sound that its header"):
            read(path)


KINDS = {
    "pcm.wav": {},
    "ima.wav": {"subtype": "IMA_ADPCM"},
    "ms.wav": {"subtype": "MS_ADPCM"},
    "gsm.wav": {"subtype": "GSM610"},
    "ulaw.wav": {"subtype": "ULAW"},
    "a.rf64": {"format": "RF64"},
    "a.w64": {},
    "a.aiff": {},
    "a.au": {},
    "a.caf": {},
    "a.sph": {"format": "NIST"},
    "a.flac": {},
    "a.mp3": {},
    "a.ogg": {},
    "a.opus": {"format": "OGG", "subtype": "OPUS"},
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_that_is_cut_off_says_so_whatever_its_codec(tmp_path, speech_like, name):
    path = tmp_path / name
    soundfile.write(path, speech_like(1, 2.4), RATE_HZ, **KINDS[name])
    whole = path.read_bytes()
    assert len(read(path, tell=pytest.fail)) / RATE_HZ == pytest.approx(2.4, abs=0.05)
    for share in (0.4, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(AudioValidationError, match=f"{name} is cut off"):
            read(path)


@pytest.mark.parametrize("container", ["mp4", "adts", "3gp", "matroska"])
def test_what_a_phone_recorded_is_cut_off_too(tmp_path, speech_like, container):
    path = tmp_path / "memo"
    phone(path, speech_like(1, 2.4), container=container)
    whole = path.read_bytes()
    assert len(read(path)) / RATE_HZ == pytest.approx(2.4, abs=0.2)
    for share in (0.4, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(AudioValidationError, match="memo is cut off"):
            read(path)


def test_an_mp3_without_a_length_in_its_head_is_cut_off_in_its_last_frame(tmp_path, speech_like):
    path = tmp_path / "a.mp3"
    soundfile.write(path, speech_like(1, 2.4), RATE_HZ)
    whole = path.read_bytes()
    first = whole.index(whole[:2], 4)  # the second frame: without the one that tells the length
    path.write_bytes(whole[first:])
    assert len(read(path)) > 2 * RATE_HZ
    path.write_bytes(whole[first : len(whole) // 2])
    with pytest.raises(AudioValidationError, match="is cut off: its last frame"):
        read(path)


def test_an_ogg_without_a_mark_of_its_end_is_used_and_told(tmp_path, speech_like):
    path, told = tmp_path / "a.ogg", []
    soundfile.write(path, speech_like(1, 2.4), RATE_HZ)
    content = bytearray(path.read_bytes())
    last = content.rindex(b"OggS")
    path.write_bytes(content[:last])  # whole pages
    assert len(read(path, tell=told.append)) and "no mark of its end" in told[0]


# ---- silence


def _level(n=RATE_HZ):
    return np.full(n, 0.3)


SILENT = {
    "constant.wav": (_level(), RATE_HZ),
    "negative.wav": (-_level(), RATE_HZ),
    "other rate.wav": (_level(48_000), 48_000),
    "flac.flac": (_level(44_100), 44_100),
    "coded.mp3": (_level(), RATE_HZ),
    "ramp.wav": (np.linspace(-0.4, 0.4, RATE_HZ), RATE_HZ),
    "drift.wav": (0.3 * np.sin(np.arange(RATE_HZ) / RATE_HZ * 4), RATE_HZ),
    "both.wav": (np.stack([_level(), -_level()], 1), RATE_HZ),
    "zero.wav": (np.zeros(RATE_HZ), RATE_HZ),
}


def test_a_constant_level_is_silence_and_a_word_upon_one_is_a_word(tmp_path, own, word):
    for name, (audio, rate_hz) in SILENT.items():
        soundfile.write(own / "positive/ann" / name, audio, rate_hz)
    soundfile.write(own / "positive/ann/word.wav", 0.5 * word(9) + 0.3, RATE_HZ)
    fates, aside = make(own, tmp_path / "run")
    assert set(aside) == set(SILENT)
    assert all("silent" in reason or "the same sound" in reason for reason in aside.values())
    assert numbers(fates, "own/positive")[:4] == (7 + len(SILENT), 7, len(SILENT), 0)


def test_long_sound_that_is_silent_throughout_is_set_aside(tmp_path, own):
    (own / "background").mkdir()
    with soundfile.SoundFile(own / "background/long.wav", "w", 2000, 1) as file:
        file.write(np.full(11 * 60 * 2000, 0.3))
    # of an older version, which does not cut it over the splits: so it is two pieces
    fates, aside = make(own, tmp_path / "run", input_rules=1)
    assert aside == {"long.wav": "silent from beginning to end"}
    assert numbers(fates, "own/background") == (1, 0, 1, 0, 0, 0, 0)


def test_channels_that_cancel_are_told_and_one_is_used(tmp_path, own, word):
    pairs = {"opposite": (word(7), -word(7)), "nearly": (word(8), -0.95 * word(8))}
    pairs["eight"] = tuple((-1) ** k * word(9) for k in range(8))
    for name, channels in pairs.items():
        soundfile.write(own / f"positive/ann/{name}.wav", np.stack(channels, 1), RATE_HZ)
    fates, aside = make(own, tmp_path / "run")
    assert not aside and sum(why.n for why in fates.remarks) == 3
    assert all("channels that cancel each other" in why.reason for why in fates.remarks)
    clips = load_clips(Run(tmp_path / "run"))
    [opposite] = [record for record in clips if record.origin.endswith("opposite.wav")]
    np.testing.assert_allclose(clips.audio(opposite)[:] / 32_768, word(7), atol=1e-4)


def test_other_channels_are_mixed_as_ever(tmp_path, word):
    one, other = word(1), word(2)
    for channels in ((one, other), (one, one), (one, 0 * one), (one, np.roll(one, 3))):
        soundfile.write(tmp_path / "a.wav", np.stack(channels, 1), RATE_HZ, subtype="FLOAT")
        audio = read(tmp_path / "a.wav", tell=pytest.fail)
        np.testing.assert_allclose(audio, np.mean(channels, 0), atol=1e-6)


# ---- places


def test_rooms_in_any_format_are_listed(tmp_path):
    draw = np.random.default_rng(1).standard_normal(9600) * 0.9995 ** np.arange(9600) * 0.2
    names = ["a.aiff", "b.ogg", "c.w64", "d.flac", "e.caf"]
    for name in names:
        soundfile.write(tmp_path / name, draw, 48_000)
    soundfile.write(tmp_path / "f.wav", draw, 48_000)
    (tmp_path / "f.wav").rename(tmp_path / "f.irs")
    found = listed([tmp_path], impulse_responses.SUFFIXES)
    assert [file.name for file in found] == [*names, "f.irs"]
    for file in found:
        assert len(impulse_responses.load(file.path)) > 9000


def test_the_triples_folders_have_rows_too_and_a_run_goes_on_with_what_it_began_with(tmp_path):
    for name in ("a.wav", "b.ogg"):
        soundfile.write(tmp_path / name, np.ones(480) * 0.1, 48_000)
    before = fingerprint(listed([tmp_path], {".wav"})[:1])
    (tmp_path / "gone.wav").symlink_to("nowhere.wav")
    (tmp_path / "notes.txt").write_text("good ones")
    linked = tmp_path.with_name(f"{tmp_path.name} elsewhere")
    linked.mkdir()
    shutil.copy(tmp_path / "a.wav", linked / "c.wav")
    (tmp_path / "more").symlink_to(linked)
    found = listing([tmp_path], sterilising.SUFFIXES)
    assert [file.name for file in found.files] == ["a.wav", "b.ogg", "more/c.wav"]
    assert [name for name, _ in found.others] == ["gone.wav", "notes.txt"]
    assert fingerprint(as_before(found.files, {".wav"})) == before


def test_a_broken_link_among_the_triples_inputs_is_a_row_and_stops_nothing(tmp_path):
    world = tmp_path / "world"
    triples_world.write_world(world, n_speech=2, n_rooms=1)
    (world / "bad/gone.wav").symlink_to("nowhere.wav")
    (world / "dry/notes.txt").write_text("good ones")
    (world / "dry/gone").symlink_to("no/such/folder")
    here = Run(tmp_path / "run")
    config = triples_world.config(world)
    assert triples.plan(config, here, Limits(workers=1))["set aside already"] == 3
    triples.run(config, here, Limits(workers=1))
    assert triples.check(here)
    rows = {row.path: row.reason for row in read_quarantine(here)}
    assert rows["bad_irs/gone.wav"].startswith("is a link to nowhere.wav, which is not there")
    assert rows["dry_speech/gone"].startswith("is a link to no/such/folder")
    assert "but text" in rows["dry_speech/notes.txt"] and len(rows) == 3


def test_a_tilde_is_the_home_folder(tmp_path, own, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    fates, _ = make("~/own", tmp_path / "run")
    assert numbers(fates, "own/positive")[:2] == (6, 6)
    rows = "".join(f"positive/ann/{k}.wav,keyword,hey you\n" for k in range(6))
    (own / "words.csv").write_text(f"path,kind,word\n{rows}")
    for name, value in {"table": "~/own/words.csv", "positive": "~/own/positive"}.items():
        fates, _ = make("", tmp_path / f"run of {name}", **{name: value})
        assert sum(fate.used for fate in fates.places) == 6
    with pytest.raises(WrongInput, match="~nobody-here/own begins with the home of nobody"):
        make("~nobody-here/own", tmp_path / "run 2")


def test_folders_of_no_role_and_loose_files_are_told(tmp_path, own, word):
    shutil.move(own / "positive", own / "Positive")
    (own / "Hard Negative").mkdir()
    soundfile.write(own / "Hard Negative/1.flac", word(20), RATE_HZ)
    (own / "kitchen").mkdir()
    soundfile.write(own / "kitchen/1.wav", word(21), RATE_HZ)
    soundfile.write(own / "loose.wav", word(22), RATE_HZ)
    (own / "README.md").write_text("# mine\n")
    (own / "ambient").mkdir()
    fates, aside = make(own, tmp_path / "run")
    assert numbers(fates, "own/Positive")[:2] == (6, 6)
    assert numbers(fates, "own/Hard Negative")[:2] == (1, 1)
    assert numbers(fates, "own, the rest")[:4] == (3, 0, 3, 0)
    assert "is a folder that is not used: 1 files; its name is none of" in aside["kitchen"]
    assert "lies beside the folders" in aside["loose.wav"] and "text" in aside["README.md"]
    assert aside["ambient"] == "is a folder with nothing in it"


# ---- the table


def test_the_rows_of_01s_last_table_add_up_and_a_later_session_shows_the_same(tmp_path, own, word):
    (own / "negative").mkdir()
    for seed in range(40, 46):
        soundfile.write(own / f"negative/{seed}.wav", word(seed), RATE_HZ)
    shutil.copy(own / "negative/40.wav", own / "negative/again.wav")
    (own / "negative/notes.txt").write_text("good ones")
    (own / "splits.csv").write_text("path,split\nnegative/41.wav,exclude\n")
    (own / "splits.csv").rename(tmp_path / "splits.csv")
    run, settings = tmp_path / "run", {"given_splits": str(tmp_path / "splits.csv"), "rooms": 3}
    fates, _ = make(own, run, **settings)
    clips = load_clips(Run(run))
    assert [fate.place for fate in fates.places if fate.given] == [
        *("own/positive", "own/negative", "made up: rooms")
    ]
    for fate in fates.places:
        assert fate.given == fate.used + fate.set_aside + fate.left_out
    assert numbers(fates, "own/negative")[:4] == (8, 5, 2, 1)
    assert sum(f.train + f.validation + f.test for f in fates.places) == len(clips)
    assert sum(why.n for why in fates.set_aside) == len(read_quarantine(Run(run)))
    assert fates.left_out[0].reason == "exclude in splits.csv"
    assert acquire.check(Run(run))["rejected"] == 2 and not fates.faults
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    again, _ = make(own, run, **settings)
    assert again == fates and {p: p.stat().st_mtime_ns for p in run.rglob("*")} == before

    # Another file of no use: no clip is made again, the table and the quarantine are.
    (own / "negative/more.txt").write_text("and better ones")
    later, aside = make(own, run, **settings)
    assert numbers(later, "own/negative")[:4] == (9, 5, 3, 1) and "more.txt" in aside
    assert load_clips(Run(run)).records == clips.records


def test_a_run_of_an_older_version_gets_its_table_and_keeps_its_clips(tmp_path, own):
    first, _ = make(own, tmp_path / "run")
    (tmp_path / "run" / FILE).unlink()
    assert fates_of(Run(tmp_path / "run")) is None
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "run/clips").rglob("*") if p.is_file()}
    again, _ = make(own, tmp_path / "run")
    assert again == first
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in kept.items())


def test_reasons_of_one_kind_are_one_line(tmp_path):
    rows = [(f"{k}.wav", f"silent: -{k} dBFS at its loudest") for k in range(80, 90)]
    rows += [("a.wav", "the same sound as /x/1.wav"), ("b.wav", "the same sound as /x y/2.wav")]
    kinds = grouped(rows)
    assert [why.n for why in kinds][:1] == [10] and "80.wav and 9 more" in str(kinds[0])


def test_the_end_of_01_says_in_the_terminal_what_became_of_everything(
    tmp_path, own, capsys, monkeypatch
):
    monkeypatch.setattr(local_provisioner, "launch_kernel", warm.launch)
    (own / "positive/ann/gone.wav").symlink_to("nowhere.wav")
    preset = tmp_path / "small.yaml"
    settings = {"word": "hey you", "recordings": str(own)} | NO_SPEECH
    lines = [f"  {name}: {value!r}" for name, value in settings.items()]
    preset.write_text("\n".join(["acquire:", *lines]))
    options = ["--stages", "01", "--preset", str(preset), "--run-dir", str(tmp_path / "run")]
    assert cli.main(["run", *options]) == cli.OK
    told = capsys.readouterr().err
    assert str(fates_of(Run(tmp_path / "run"))) in told
    assert "own/positive       7      6           1          0" in told
    assert f"set aside, each with its reason in {QUARANTINE}:" in told
    assert "is a link to nowhere.wav" in told


def test_a_file_whose_fate_nothing_tells_is_told_as_a_fault(tmp_path, own):
    (own / "positive/ann/notes.wav").write_text("good ones")
    shutil.copy(own / "positive/ann/0.wav", own / "positive/ann/again.wav")
    before, _ = make(own, tmp_path / "run")
    assert numbers(before, "own/positive")[:4] == (8, 6, 2, 0) and not before.faults
    # what was set aside is found again where the folder was moved
    (tmp_path / "elsewhere").mkdir()
    own = own.rename(tmp_path / "elsewhere/own")
    (tmp_path / "run" / FILE).unlink()
    moved, _ = make(own, tmp_path / "run")
    assert moved.places == before.places
    # a row that is lost
    [records] = (tmp_path / "run/clips").rglob("records.json")
    table = json.loads(records.read_text())
    assert [Path(row["path"]).name for row in table["rejected"]] == ["notes.wav"]
    records.write_text(json.dumps(table | {"rejected": []}))
    (tmp_path / "run" / FILE).unlink()
    after, _ = make(own, tmp_path / "run")
    assert numbers(after, "own/positive")[:4] == (8, 6, 1, 0)
    assert after.faults == acquire.check(Run(tmp_path / "run"))["caveats"][:1]
    assert "own/positive: 1 of 8 are not accounted for" in str(after)
    assert sum(why.n for why in after.set_aside) == after.n_set_aside == 1

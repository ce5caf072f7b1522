from dataclasses import replace

import numpy as np
import pytest
from test_alignment import INTRUDERS, clip

from mwwkit.audio.alignment import FEWEST
from mwwkit.audio.endpoints import word_span
from mwwkit.audio.reading import INT16_SCALE
from mwwkit.audio.wav16 import pcm_sha256, to_int16, write_wav16
from mwwkit.corpus import endpoint_table
from mwwkit.corpus.clips import CATALOGUE, Kind, Label, SampleRecord, Split, load_clips
from mwwkit.corpus.clips import write_catalogue as write
from mwwkit.corpus.endpoint_table import TABLE, find_words, word_spans, words_compared
from mwwkit.run.files import read_json
from mwwkit.run.paths import Run


def messy(number):
    """A clip with one of the intruders or none, and where its word is."""
    return clip(number, [*INTRUDERS, ""][number // 2 % 5])


def record(here, number, **changed):
    """A clip on disk with its record, and where word_span sees its word."""
    name = f"clips/clip/{number}.wav"
    pcm = to_int16(messy(number)[0])
    (here / name).parent.mkdir(parents=True, exist_ok=True)
    write_wav16(here / name, pcm)
    about = (Label.POSITIVE, Kind.CLIP, "word", "", Split.TRAIN, len(pcm) / 16_000)
    made = SampleRecord(name, *about, "people", "CC0-1.0", pcm_sha256(pcm), "made")
    return replace(made, **changed), word_span(pcm.astype(np.float32) / np.float32(INT16_SCALE))


def table(here, records, workers=1):
    write(here / CATALOGUE, records)
    find_words(load_clips(here), here, workers)
    return word_spans(here)


def seen(span):
    return [round(span.start_s, 3), round(span.end_s, 3)]


@pytest.fixture
def here(tmp_path):
    return Run(tmp_path)


MIXED = (
    *[{"number": n} for n in range(14)],
    *[{"number": n, "split": Split.VAL} for n in range(20, 24)],
    *[{"number": n, "source": "espeak-ng"} for n in range(30, 33)],
    *[{"number": n, "label": Label.NEGATIVE} for n in range(40, 43)],
)


def test_recordings_of_the_word_are_compared_and_all_else_is_looked_at_by_itself(here):
    made = {r.path: (r, span) for r, span in (record(here, **what) for what in MIXED)}
    spans = table(here, [r for r, _ in made.values()])
    assert set(spans) == set(made) and words_compared(here) == 14
    for path, (r, alone) in made.items():
        true = messy(int(path.split("/")[-1][:-4]))[1]
        if r.label is Label.POSITIVE and not r.is_synthetic:
            assert spans[path] == pytest.approx([true.start_s, true.end_s], abs=0.07)
        else:
            assert spans[path] == seen(alone)
    wrong = [abs(alone.end_s - spans[path][1]) > 0.2 for path, (_, alone) in made.items()]
    assert sum(wrong) >= 3  # so comparing did change something


def test_what_is_learned_does_not_depend_on_clips_of_other_splits(here, tmp_path):
    records = [record(here, **what)[0] for what in MIXED]
    spans = table(here, records)
    known = [r for r in records if r.split is Split.TRAIN]
    there = Run(tmp_path / "train-only", (here.folder,))
    fewer = table(there, known)
    assert fewer == {r.path: spans[r.path] for r in known}


def test_too_few_recordings_are_each_looked_at_by_themselves(here):
    made = [record(here, number) for number in range(FEWEST - 1)]
    made += [record(here, 20, split=Split.VAL), record(here, 30, source="piper")]
    spans = table(here, [r for r, _ in made])
    assert words_compared(here) == 0
    assert spans == {r.path: seen(alone) for r, alone in made}


def test_two_workers_find_the_same_as_one(here, tmp_path, monkeypatch):
    monkeypatch.setattr(endpoint_table, "BLOCK", 4)
    records = [record(here, **what)[0] for what in MIXED]
    one = table(here, records)
    there = Run(tmp_path / "two", (here.folder,))
    (there / "features").mkdir(parents=True)
    (here / TABLE).rename(here / "elsewhere.json")
    assert table(there, records, workers=2) == one
    assert (there / TABLE).read_bytes() == (here / "elsewhere.json").read_bytes()


def test_many_recordings_teach_by_a_spread_of_them(here, monkeypatch):
    monkeypatch.setattr(endpoint_table, "MOST_LEARNED", 12)
    table(here, [record(here, number)[0] for number in range(30)])
    assert words_compared(here) == 10  # every third


def test_the_table_is_made_once_for_a_catalogue(here):
    assert word_spans_before_01(here)
    records = [record(here, number)[0] for number in range(3)]
    table(here, records)
    first = (here / TABLE).stat().st_mtime_ns
    table(here, records)
    assert (here / TABLE).stat().st_mtime_ns == first
    table(here, records[:2])
    assert len(read_json(here / TABLE)["spans"]) == 2


def word_spans_before_01(here):
    write(here / CATALOGUE, [])
    return word_spans(here) == {} and words_compared(here) == 0

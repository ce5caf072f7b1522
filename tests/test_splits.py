import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split
from mwwkit.corpus.splits import (
    FEWEST_SPEAKERS,
    LeakageError,
    assign,
    audit,
    caveats_of,
    speakers_kept_whole,
    speakers_of_two_splits,
)
from mwwkit.metrics import judgement


def clip(i, speaker="", source="own", origin="", sha="", label=Label.POSITIVE, kind=Kind.CLIP):
    return SampleRecord(
        *(f"clips/clip/{source}/{i}.wav", label, kind, "", speaker, Split.TRAIN, 1.0),
        *(source, "", sha or f"sha-{source}-{i}", origin or f"{i}.wav"),
    )


def split(records, seed=42, **settings):
    splits = assign(records, seed, **settings)
    return [replace(r, split=s) for r, s in zip(records, splits, strict=True)]


def share(records, of):
    return sum(r.split is of for r in records) / len(records)


def test_unknown_speakers_are_split_70_15_15_by_file():
    records = split([clip(i) for i in range(400)])
    assert share(records, Split.TRAIN) == pytest.approx(0.70, abs=0.01)
    assert share(records, Split.VAL) == pytest.approx(0.15, abs=0.01)
    assert share(records, Split.TEST) == pytest.approx(0.15, abs=0.01)
    assert any("speakers of 400 clips are not known" in caveat for caveat in audit(records))


def test_the_readmes_table_of_recordings_is_what_the_shares_and_the_limits_make():
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:5] for line in text.splitlines() if re.match(r"\| \d+ \| \d+ ", line)]
    told = [tuple(map(int, row)) for row in rows]
    assert [n for n, *_ in told] == [20, 70, 130]
    for voices in (1, 3):
        for n, *parts in told:
            counts = Counter(r.split for r in split([clip(i, f"p{i % voices}") for i in range(n)]))
            assert parts == [counts[each] for each in Split]
    (_, _, few, _), (_, _, choose, untold), (_, _, _, test) = told
    assert few < judgement.FEWEST_RECORDINGS <= choose
    assert untold < judgement.FEWEST_WORDS <= test


def test_no_speaker_is_in_two_splits_over_sources_and_labels():
    records = [clip(i, f"voice {i % 23}", "tts") for i in range(500)]
    records += [clip(i, f"voice {i % 23}", "tts 2", label=Label.NEGATIVE) for i in range(500)]
    records = split(records)
    assert audit(records) == []
    for speaker in {r.speaker for r in records}:
        assert len({r.split for r in records if r.speaker == speaker}) == 1
    assert share(records, Split.TEST) == pytest.approx(0.15, abs=0.05)


def test_the_same_sound_under_two_names_and_the_pieces_of_a_file_stay_together():
    records = [clip(i, sha=f"sound {i % 50}") for i in range(100)]
    records += [clip(100 + i, origin=f"long {i % 20}.wav", kind=Kind.NOISE) for i in range(100)]
    records = split(records)
    audit(records)
    for a, b in zip(records[:50], records[50:100], strict=True):
        assert a.split is b.split


def test_each_source_has_its_shares():
    records = [clip(i, source="a") for i in range(40)] + [clip(i, source="b") for i in range(1000)]
    records = split(records)
    assert sum(r.split is Split.TEST for r in records[:40]) == 6


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_files_go_to_train_then_validation_then_test(n):
    counts = Counter(assign([clip(i) for i in range(n)], 1))
    assert [bool(counts[s]) for s in Split] == [True, n >= 2, n >= 3]


def test_six_speakers_reach_every_split():
    records = split([clip(i, f"person {i % 6}") for i in range(240)])
    assert {r.split for r in records} == set(Split)
    assert share(records, Split.TRAIN) >= 0.6


def in_folders(n_folders, n=24, **settings):
    """Recordings in so many speakers' folders; in none they are nobody's."""
    return [clip(i, f"p{i % n_folders}" if n_folders else "", **settings) for i in range(n)]


@pytest.mark.parametrize("seed", [1, 2, 3, 42])
@pytest.mark.parametrize(
    ("n_folders", "counts"),
    [
        *[(n, (17, 4, 3)) for n in (0, 1, 2, 3)],
        (4, (16, 4, 4)),  # six each: 4, 1, 1
        (5, (14, 5, 5)),  # five each and one of four: 3, 1, 1 and 2, 1, 1
        (6, (16, 4, 4)),  # four people, one, one
    ],
)
def test_twenty_four_recordings_reach_the_training_however_many_folders_they_are_in(
    n_folders, counts, seed
):
    records = split(in_folders(n_folders), seed)
    found = Counter(r.split for r in records)
    assert tuple(found[s] for s in Split) == counts
    where = {name: {r.split for r in records if r.speaker == name} for name in speakers(records)}
    kept_apart = n_folders >= FEWEST_SPEAKERS
    assert {len(splits) for splits in where.values()} == ({1} if kept_apart else {3})
    caveats = audit(records)
    assert any("too few to keep apart" in text for text in caveats) == (0 < n_folders < 6)
    assert not any(text.startswith("no clip") for text in caveats)


def speakers(records):
    return {r.speaker for r in records}


def test_a_lone_speaker_is_split_by_file_and_the_audit_says_so():
    records = split([clip(i, "me") for i in range(100)])
    assert {r.split for r in records} == set(Split)
    assert any("1 known speaker (me), too few" in caveat for caveat in audit(records))


def test_the_shares_hold_within_each_of_few_speakers_however_unequal():
    said = ["ann"] * 100 + ["ben"] * 40 + ["cem"] * 9 + ["dee"] * 3 + ["eve"]
    records = split([clip(i, name) for i, name in enumerate(said)])
    for name in ("ann", "ben", "cem"):
        own = [r for r in records if r.speaker == name]
        assert share(own, Split.TRAIN) == pytest.approx(0.7, abs=0.07)
        assert {r.split for r in own} == set(Split)
    for name in ("dee", "eve"):  # with too few to be in each they are in training
        assert Split.TRAIN in {r.split for r in records if r.speaker == name}


@pytest.mark.parametrize("per_speaker", [1, 2, 3])
def test_speakers_of_hardly_a_clip_do_not_empty_the_training(per_speaker):
    counts = Counter(r.split for r in split(in_folders(5, 5 * per_speaker)))
    assert counts[Split.TRAIN] >= 0.6 * 5 * per_speaker and all(counts[s] for s in Split)


def test_what_belongs_together_stays_so_where_few_speakers_are_split_by_file():
    """Each of 30 sounds under two names, one of them another person's; files in three pieces."""
    records = [clip(i, f"p{i % 3}", sha=f"sound {i % 30}") for i in range(60)]
    records[30:] = [replace(r, speaker=f"p{(i + 1) % 3}") for i, r in enumerate(records[30:])]
    records += [
        clip(60 + i, f"p{i % 2}", "talk", f"talk {i // 3}.wav", kind=Kind.AMBIENT)
        for i in range(60)
    ]
    records = split(records)
    audit(records)
    assert all(a.split is b.split for a, b in zip(records[:30], records[30:60], strict=True))
    for of in Split:
        assert {r.split for r in records[60:]} >= {of}
        assert {r.speaker for r in records[:60] if r.split is of} == {"p0", "p1", "p2"}


def test_two_voices_of_one_long_file_each_train_and_choose():
    pieces = [
        clip(i, f"v{i % 2}", "talk", f"v{i % 2}.wav", label=Label.NEGATIVE, kind=Kind.AMBIENT)
        for i in range(6)
    ]
    records = split(pieces)
    assert {r.split for r in records} == {Split.TRAIN, Split.VAL}
    assert not speakers_of_two_splits(records)
    assert not any("too few to keep apart" in text for text in audit(records))


def test_two_voices_of_many_sentences_are_in_every_split():
    talk = [
        clip(i, "kathleen" if i % 3 else "nathalie", label=Label.NEGATIVE, kind=Kind.AMBIENT)
        for i in range(300)
    ]
    records = split(talk)
    for name in speakers(records):
        own = [r for r in records if r.speaker == name]
        assert share(own, Split.TRAIN) == pytest.approx(0.7, abs=0.02)
        assert share(own, Split.TEST) == pytest.approx(0.15, abs=0.02)


def test_who_says_the_word_is_counted_among_those_who_say_it():
    """Three people and twenty more of other words in one table: the three's words still train."""
    records = in_folders(3)
    records += [clip(100 + i, f"p{i % 23}", label=Label.NEGATIVE) for i in range(230)]
    assert speakers_kept_whole(records) == {f"p{n}" for n in range(3, 23)}
    records = split(records)
    audit(records)
    assert Counter(r.split for r in records[:24])[Split.TRAIN] == 17
    assert speakers_of_two_splits(records) == {"p0", "p1", "p2"}


def old(n_speakers):
    """A catalogue of the rule that kept three speakers apart."""
    return [
        replace(clip(i, f"p{i % n_speakers}"), split=[*Split][i % n_speakers % 3])
        for i in range(24)
    ]


@pytest.mark.parametrize("n_speakers", [3, 4, 5, 6, 7])
def test_an_older_catalogue_that_kept_few_speakers_apart_is_right_and_not_called_split(n_speakers):
    assert audit(old(n_speakers)) == []


@pytest.mark.parametrize("n_speakers", [3, 5, 6, 7])
def test_a_speaker_in_two_splits_is_a_caveat_below_six_and_a_fault_from_six_on(n_speakers):
    records = old(n_speakers)
    records[0] = replace(records[0], split=Split.TEST)
    if n_speakers >= FEWEST_SPEAKERS:
        with pytest.raises(LeakageError, match="the speaker p0 is in two splits"):
            audit(records)
    else:
        [caveat] = audit(records)
        assert caveat.startswith("own: 1 known speaker (p0), too few to keep apart")


def test_what_is_so_of_several_sources_is_said_once():
    records = [*old(3), *(replace(r, source="others", path=f"{r.path}2") for r in old(3))]
    shared = [replace(r, split=Split.TEST if n % 2 else Split.TRAIN) for n, r in enumerate(records)]
    few = [text for text in caveats_of(shared) if "too few to keep apart" in text]
    assert len(few) == 1 and few[0].startswith("others, own: ")
    nobody = [replace(r, speaker="") for r in records]
    [unknown] = [text for text in caveats_of(nobody) if "are not known" in text]
    assert unknown.startswith(f"others, own: the speakers of {len(records)} clips are not known")


def test_the_order_of_records_and_the_process_do_not_matter_and_the_seed_does():
    records = [clip(i, f"v{i % 30}" if i % 2 else "") for i in range(300)]
    by_path = {r.path: r.split for r in split(records)}
    assert by_path == {r.path: r.split for r in split(records[::-1])}
    assert by_path != {r.path: r.split for r in split(records, seed=43)}


def test_twenty_more_files_move_few_of_the_others():
    before = split([clip(i) for i in range(400)])
    after = split([clip(i) for i in range(420)])
    moved = sum(a.split is not b.split for a, b in zip(before, after, strict=False))
    assert moved <= 20


def test_given_splits_win_and_the_rest_is_split_as_ever():
    records = [clip(i) for i in range(200)]
    given = {f"{i}.wav": s for i, s in zip(range(30), [*Split] * 10, strict=True)}
    records = split(records, given=given)
    assert all(r.split is given[r.origin] for r in records[:30])
    assert share(records[30:], Split.TRAIN) == pytest.approx(0.70, abs=0.02)


def test_given_splits_without_validation_have_it_taken_from_their_train():
    given = {f"{i}.wav": Split.TRAIN if i < 247 else Split.TEST for i in range(411)}
    counts = Counter(assign([clip(i) for i in range(411)], 0, given=given))
    assert counts[Split.TEST] == 164
    assert counts[Split.VAL] == pytest.approx(247 * 15 / 85, abs=1)


def test_given_splits_that_part_a_speaker_are_refused_by_name():
    records = [clip(i, f"v{i % 6}") for i in range(20)]
    with pytest.raises(LeakageError, match=r"0.wav \(train\) from 6.wav \(test\).*speaker v0"):
        assign(records, 0, given={"0.wav": Split.TRAIN, "6.wav": Split.TEST})


@pytest.mark.parametrize(
    "same", [{"speaker": "v1"}, {"sha256": "sha-own-1"}, {"origin": "1.wav"}], ids=str
)
def test_the_audit_fails_loudly_and_names_the_culprit(same):
    records = [clip(i, f"v{i}") for i in range(7)]
    audit(records)
    records[3] = replace(records[3], split=Split.TEST, **same)
    with pytest.raises(
        LeakageError, match=f"{next(iter(same.values()))} is in two.*own/3.wav in test"
    ):
        audit(records)


def test_the_audit_says_which_split_lacks_the_wake_word():
    assert audit([clip(0, "v")])[-1] == "no clip of the wake word is in the test split"


@pytest.mark.parametrize("shares", [(0.5, 0.1, 0.1), (1.2, -0.1, -0.1), (0, 0.5, 0.5)])
def test_shares_that_are_nonsense_are_refused(shares):
    with pytest.raises(ValueError, match="the shares are"):
        assign([clip(0)], 0, shares=shares)

from collections import Counter
from dataclasses import replace

import pytest

from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split
from mwwkit.corpus.splits import LeakageError, assign, audit


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


def test_a_lone_speaker_is_split_by_file_and_the_audit_says_so():
    records = split([clip(i, "me") for i in range(100)])
    assert {r.split for r in records} == set(Split)
    assert any("1 known speaker(s) (me), too few" in caveat for caveat in audit(records))


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
    records = [clip(i, f"v{i % 5}") for i in range(20)]
    with pytest.raises(LeakageError, match=r"0.wav \(train\) from 5.wav \(test\).*speaker v0"):
        assign(records, 0, given={"0.wav": Split.TRAIN, "5.wav": Split.TEST})


@pytest.mark.parametrize(
    "same", [{"speaker": "v1"}, {"sha256": "sha-own-1"}, {"origin": "1.wav"}], ids=str
)
def test_the_audit_fails_loudly_and_names_the_culprit(same):
    records = [clip(i, f"v{i}") for i in range(4)]
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

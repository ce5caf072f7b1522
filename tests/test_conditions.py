"""The benchmark's sounds, folds and table: what they promise, on made-up and on real clips."""

import itertools
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mwwkit.run.seeds import rng

sys.path.insert(0, str(Path(__file__).parents[1]))  # the benchmarks are not installed

from benchmarks import cases, conditions, folds, scoring, tables, tally  # noqa: E402
from benchmarks import real_audio as bench  # noqa: E402
from mwwkit.device.detector import Rule, clip_maxima  # noqa: E402
from mwwkit.metrics.cutoff_selection import choose_cutoff  # noqa: E402
from mwwkit.metrics.operating_points import operating_points  # noqa: E402
from mwwkit.presets import load as preset_named  # noqa: E402
from mwwkit.run.files import read_json, write_json  # noqa: E402

SHIPPED = Rule(0.5, 5)


@pytest.fixture(scope="module")
def clip(speech_like):
    """0.5 s of near silence, a word of 0.6 s, 0.5 s of near silence."""
    quiet = np.full(8000, 1e-5, np.float32)
    return np.concatenate([quiet, speech_like(1, 0.6), quiet])


@pytest.fixture(scope="module")
def voices(speech_like):
    return [conditions.voiced(speech_like(seed, 0.7)) for seed in range(2, 12)]


def spectrum_db(audio):
    """Mean power of one octave around 500 Hz and around 4 kHz, dB."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    hertz = np.fft.rfftfreq(len(audio), 1 / 16_000)
    octaves = [power[(hertz > f / 2**0.5) & (hertz < f * 2**0.5)].mean() for f in (500, 4000)]
    return 10 * np.log10(octaves)


def test_clean_is_the_clip_as_recorded_between_faint_noise(clip):
    made = conditions.stimulus(clip, "clean", rng(0, "t"), [])
    assert len(made) == len(clip) + 24_000
    np.testing.assert_array_equal(made[16_000:-8_000], clip)
    for edge in (made[:16_000], made[-8_000:]):
        assert edge.std() == pytest.approx(1e-4, rel=0.05)


@pytest.mark.parametrize(
    "condition, wanted_db", [("white", 10), ("pink", 10), ("babble", 10), ("babble5", 5)]
)
def test_noise_lies_over_everything_so_far_under_the_loudest_frame(
    clip, voices, condition, wanted_db
):
    made = conditions.stimulus(clip, condition, rng(0, "t"), voices)
    assert np.abs(made).max() == pytest.approx(0.5)
    speech = np.concatenate([np.zeros(16_000), clip, np.zeros(8_000)])
    # the mix is a * speech + noise; the scale a is what the clip's own shape explains best
    noise = made - (made @ speech) / (speech @ speech) * speech
    snr_db = 20 * np.log10(conditions.loudest(made - noise) / conditions.loudest(noise))
    assert snr_db == pytest.approx(wanted_db, abs=0.7)
    assert conditions.loudest(made[:16_000]) > 0.3 * conditions.loudest(noise)
    assert conditions.loudest(made[-8_000:]) > 0.3 * conditions.loudest(noise)


def test_in_a_room_clip_and_babble_both_ring(clip, voices, tmp_path):
    rooms, echo = [tmp_path / f"{number}.wav" for number in range(3)], np.zeros(8000)
    echo[[0, 4800]] = 0.5  # the same again after 0.3 s
    for path in rooms:
        soundfile.write(path, echo, 16_000, subtype="FLOAT")

    def likeness_after_an_echo(condition):
        made = conditions.stimulus(clip, condition, rng(0, "t"), voices, rooms)
        assert np.abs(made).max() == pytest.approx(0.5)
        return np.corrcoef(made[4800:], made[:-4800])[0, 1]

    assert likeness_after_an_echo("babble") < 0.2
    assert likeness_after_an_echo("babble room") > 0.35  # 0.5, were everything whole twice


def test_pink_noise_falls_by_three_db_an_octave_and_white_does_not(clip):
    for condition, fall in (("white", 0), ("pink", 9)):
        low, high = spectrum_db(conditions.stimulus(clip, condition, rng(1, "t"), [])[:16_000])
        assert low - high == pytest.approx(fall, abs=1.5)


def test_the_same_clip_and_seed_make_the_same_sound_and_another_condition_refuses(clip, voices):
    first, second = (
        conditions.stimulus(clip, "babble", rng(0, "stimulus", "a.wav"), voices) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    with pytest.raises(ValueError, match="'brown'"):
        conditions.stimulus(clip, "brown", rng(0, "t"), voices)
    with pytest.raises(ValueError, match="too few"):
        conditions.stimulus(clip, "babble", rng(0, "t"), voices[:2])


def test_the_word_ends_with_the_last_hop_within_twenty_db(clip):
    tone = np.zeros(16_000, np.float32)
    tone[4_000:8_000] = 0.5
    tone[8_000:9_600] = 0.5 * 10 ** (-19 / 20)
    tone[9_600:12_000] = 0.5 * 10 ** (-21 / 20)
    assert conditions.word_span(tone) == (4_000, 9_600)
    assert conditions.word_end_s(tone) == pytest.approx(1.6)
    assert 0.8 < conditions.word_end_s(clip) - 1.0 < 1.1
    assert conditions.loudest(conditions.voiced(tone)) == pytest.approx(1.0)


def track(value, length=40):
    made = np.zeros(length, np.uint8)
    made[20:25] = value
    return made


def scored(positives, negatives, streams):
    """Tracks with one held score each, alike in every condition."""

    def tracks(values):
        return scoring.Tracks(
            tuple(map(str, range(len(values)))),
            [track(v) for v in values],
            np.full(len(values), 0.65),
        )

    made = {"speech": tracks(streams), "joined": tracks(streams)}
    for condition in conditions.CONDITIONS:
        made[f"positives/{condition}"] = tracks(positives)
        made[f"negatives/{condition}"] = tracks(negatives)
    return made


def tallied(positives, negatives, streams, rule=SHIPPED):
    return tally.Tally.of(scored(positives, negatives, streams), rule)


def test_the_tally_counts_what_a_hand_counts():
    made = tallied([250, 240, 200, 100], [255, 230, 150, 10], [10, 130, 240])
    words, others = made.clips["positives/clean"], made.clips["negatives/clean"]
    assert (words.of, others.of) == (4, 4)
    assert [words.over(int(c * 255) * 5) for c in (0.5, 0.9)] == [3, 2]
    assert [others.over(int(c * 255) * 5) for c in (0.5, 0.9)] == [3, 2]
    # the negative at the ceiling is over every live cutoff: no cutoff reaches 0 false accepts
    assert [tables.missed_at(words, others, n) for n in (0, 1, 2, 5)] == [None, 2, 1, 0]
    # three of five scores decide at 0.5: step 22, heard at 0.71 s, the word ends at 0.65 s
    assert words.late_s["0.5"] == pytest.approx(0.06)
    speech = made.streams["speech"]
    assert [speech.events[int(c * 255) - 1] for c in (0.5, 0.9)] == [2, 1]
    assert speech.hours == pytest.approx(3 * 40 * 0.03 / 3600, abs=1e-4)


def test_a_tally_comes_back_from_its_file_as_it_was(tmp_path):
    made = tallied([250, 100], [255, 10], [240])
    write_json(tmp_path / "one.json", made.as_dict())
    assert tally.Tally.from_dict(read_json(tmp_path / "one.json")) == made


def test_what_ships_is_counted_at_each_folds_own_cutoff_and_window():
    low = tallied([100, 40], [50, 90], [10, 130], Rule(60.5 / 255, 5))
    high = tallied([250, 200], [220, 10], [240], Rule(210.5 / 255, 3))
    both = tally.pooled([low, high])
    words, others = both.clips["positives/clean"], both.clips["negatives/clean"]
    assert (words.of, words.woke) == (4, 2)  # 40 under 60, 200 under 210
    assert (others.of, others.woke) == (4, 2)  # 90 over 60, 220 over 210
    assert both.streams["speech"].shipped == 2  # 130 over 60, 240 over 210


def test_folds_are_pooled_at_one_cutoff_and_seeds_by_their_middle(tmp_path):
    both = tally.pooled([tallied([100], [50], [0]), tallied([250], [200], [0])])
    assert tables.missed_at(both.clips["positives/clean"], both.clips["negatives/clean"], 0) == 1
    for seed, (p, n) in enumerate([(250, 255), (250, 10), (10, 10)]):
        made = tallied([p], [n], [0])
        case = cases.Case("cat", "people20", 0, 3, seed, "some.json")
        write_json(tmp_path / f"{seed}.json", kept(case, made))
    [group] = [tables.results(tmp_path)]
    clean = [r.tally.clips["positives/clean"] for r in group]
    others = [r.tally.clips["negatives/clean"] for r in group]
    missed = [tables.missed_at(w, o, 0) for w, o in zip(clean, others, strict=True)]
    assert missed == [None, 0, 1]
    text = tables.everything(tmp_path)
    assert "| clean | 0.0 (0) | 0.0 (0) | 100.0 / 0.0 / 0.0 / 0.0 / 0.0 |" in text
    assert text.count("sat") == 0  # the middle seed reaches every count


def kept(case, made):
    return {
        "case": asdict(case) | {"recipe": "0" * 8},
        "cpu_seconds": {},
        "card": {"threshold": {"cutoff": 0.5, "window": 5}},
        "tally": made.as_dict(),
    }


def test_the_tables_of_runs_say_what_was_expected_and_what_calibrating_did(tmp_path):
    for word, seed in itertools.product(("cat", "bed"), (1, 2)):
        case = cases.Case(word, "people20", 0, 3, seed)
        rates = {
            "recall": [0.5, 0.75],
            "others": [0.25, 0.125],
            "events": [4.0 if word == "cat" else 8.0, 2.0],
        }
        facts = {
            "scale": 2.0,
            "shift": -1.0,
            "ece": {"clean": [0.25, 0.125], "room": [0.75, 0.375]},
        }
        made = tallied([250] * 30, [10], [240] * 30)
        told = {"verdict": "Good", "recordings": {"train": 14, "test": 3}}
        told["threshold"] = {"cutoff": 0.5, "window": 5, "false_accepts_expected_per_hour": 200.0}
        told["people"] = {"count": 32, "of": 40}
        told["clean"] = {"count": 9 + seed, "of": 12}
        whole = kept(case, made) | {
            "cpu_seconds": {"01": 1.0, "speaking": 9.0} | ({"02": None} if seed > 1 else {}),
            "card": told,
            "calibrated": facts | {"at": {"0.5": rates, "0.9": rates}},
            "expected_an_hour": [200.0] * 254,
        }
        write_json(tmp_path / f"{word}{seed}.json", whole)
    text = tables.everything(tmp_path)
    assert "| 2, -1 | 0.25 to 0.125 | 0.5 to 0.25 | 50 to 75 | 25 to 12.5 | 4 to 2 |" in text
    assert (
        "| standard deviation of 2 words |  | 0 to 0 | 0 to 0 | 0 to 0 | 0 to 0 | 2 to 0 |" in text
    )
    # 36 s of streams, an event in each of 30; 200 an hour expected are 2 in 36 s, twice
    assert "60 events were counted and 4.0 expected, in 0.02 h of 2 runs" in text
    assert "60 counted, 4 expected, 15 times." in text
    assert (
        "middle of 1 runs: speaking 9, 01 1, 02 0, 03 0, 04 0, 05 0; without speaking 1 (1 to 1)"
        in text
    )
    assert "1 of 2 runs were cut off and went on: their CPU seconds are not known." in text
    assert "in a run: 14 / 0 / 3." in text
    card = "80.0 % (64.4 to 90.9 %) | 83.3 % (51.6 to 97.9 %)"
    assert f"| fold 0, seed 1 | Good | {card} | 100 % of 30 |" in text
    # strangers are all heard: 10 of 12 are 16.7 points less, 11 of 12 are 8.3, up to 99.8 %
    assert "12.5 points apart in the median; its interval holds what they measured in 0 of" in text
    assert "machines too" not in text


def test_the_tables_say_where_a_cards_clean_words_are_machines_too(tmp_path):
    case = cases.Case("cat", "people20", 0, 3, 1)
    told = {"verdict": "Good", "recordings": {"train": 14, "test": 3}}
    told["threshold"] = {"cutoff": 0.5, "window": 5, "false_accepts_expected_per_hour": None}
    told |= {"people": {"count": 11, "of": 12}, "clean": {"count": 113, "of": 146}}
    made = kept(case, tallied([250] * 30, [10], [0])) | {"cpu_seconds": {"01": 1.0}, "card": told}
    write_json(tmp_path / "cat.json", made)
    text = tables.everything(tmp_path)
    assert "77.4 % (69.7 to 83.9 %), machines too |" in text
    assert "In 1 of them the card's words are machines' too." in text


def test_what_a_run_expects_is_of_the_sound_that_its_cutoff_was_chosen_on():
    others, long = ([track(v) for v in range(*of)] for of in ((100, 200, 2), (80, 130)))
    surface = operating_points([track(250)], others, long, (5,))
    choice = choose_cutoff(surface, 0.5)
    found = bench._expected(surface)[choice.integer - 1]
    assert found == pytest.approx(choice.fah_expected, rel=0.01)
    without_others = bench._expected(replace(surface, negative_hours=None))[choice.integer - 1]
    assert without_others < found / 2


def test_cpu_seconds_of_what_was_killed_on_the_way_are_not_known(tmp_path):
    file = tmp_path / "cpu.json"
    bench._counted(file, "01", "--help")
    write_json(file, read_json(file) | {"02": None})  # as a killed one leaves it
    bench._counted(file, "02", "--help")
    assert read_json(file)["01"] > 0 and read_json(file)["02"] is None


def test_a_fold_that_is_missing_keeps_a_seed_out_of_the_table(tmp_path):
    for fold in (0, 1):
        case = cases.Case("alexa", "all", fold, 3, 1, "some.json")
        write_json(tmp_path / f"{fold}.json", kept(case, tallied([250], [10], [0])))
    assert "alexa" not in tables.everything(tmp_path)


@pytest.mark.parametrize(("word", "k"), [("computer", 3), ("alexa", 5)])
def test_every_negative_and_all_speech_is_tested_once_by_a_fold_that_did_not_train_on_it(
    real_audio, word, k
):
    made = folds.folds(word, real_audio, k)
    rows = folds.index(real_audio)
    for role in ("negatives", "speech"):
        tested = [path for fold in made for path in fold.test[role]]
        assert len(tested) == len(set(tested))
        for fold in made:
            assert not set(fold.test[role]) & set(fold.train[role])
    assert {p for f in made for p in f.test["speech"]} == {
        path for path, row in rows.items() if row.kind == "speech"
    }
    for fold in made:
        assert not set(fold.test["positives"]) & set(fold.train["positives"])
        everything = fold.train["negatives"] + fold.test["negatives"]
        assert all(rows[path].word != word for path in everything)
        train, test = (
            {rows[path].speaker for path in side["negatives"]} - {""}
            for side in (fold.train, fold.test)
        )
        assert test and not train & test
        heard, said = (
            {folds.sentence(path) for path in side["speech"]} for side in (fold.test, fold.train)
        )
        assert not heard & said


def test_a_rooms_place_is_on_one_side_and_every_room_is_tested_once(real_audio):
    made = folds.folds("computer", real_audio, 3)
    tested = [path for fold in made for path in fold.test["rirs"]]
    assert len(tested) == len(set(tested)) == len(made[0].train["rirs"] + made[0].test["rirs"])
    for fold in made:
        heard, kept_out = ({folds.place(p) for p in fold.train["rirs"]}, fold.test["rirs"])
        assert not heard & {folds.place(path) for path in kept_out}
        assert len(kept_out) > 20


def test_nothing_that_holds_the_word_computer_is_its_negative(real_audio):
    fold = folds.folds("computer", real_audio, 3)[0]
    assert (len(fold.train["positives"]), len(fold.test["positives"])) == (247, 164)
    negatives = fold.train["negatives"] + fold.test["negatives"]
    assert not [path for path in negatives if "computer" in path]


def test_alexa_is_cut_into_blocks_with_a_gap_of_five_clips(real_audio):
    numbers = sorted(int(Path(p).stem) for p in folds.index(real_audio) if "/alexa/" in p)
    for fold in folds.folds("alexa", real_audio, 5):
        test, train = (
            sorted(numbers.index(int(Path(path).stem)) for path in side["positives"])
            for side in (fold.test, fold.train)
        )
        assert test == list(range(test[0], test[-1] + 1))
        assert min(abs(a - b) for a in train for b in (test[0], test[-1])) == 6


def test_copies_of_a_clip_stay_on_one_side(real_audio):
    copies = [
        f"keywords/athena/athena-en-{name}.flac"
        for name in (
            "27260a93-f375-4a60-a209-9841b980fea2",
            "44eafbdc-5bc8-4775-93e2-1be02b9e5ac2",
        )
    ]
    for fold in folds.folds("computer", real_audio, 7):
        assert len({path in fold.test["negatives"] for path in copies}) == 1


def test_prepared_stimuli_are_made_once_and_babble_has_no_clip_of_its_own_word(
    real_audio, tmp_path, monkeypatch
):
    whole = folds.folds("alexa", real_audio, 5)[0]
    some = {
        "positives": whole.test["positives"][:2],
        "negatives": whole.test["negatives"][::6],
        "speech": whole.test["speech"][:3],
        "rirs": whole.test["rirs"][:2],
    }
    fold = folds.Fold("alexa", 0, 5, whole.train, some)
    given = []
    monkeypatch.setattr(conditions, "stimulus", _watched(conditions.stimulus, given))
    files = conditions.prepare(fold, folds.AtHand(real_audio), tmp_path)
    assert {n for condition, n in given if not condition.startswith("babble")} == {0}
    rows = folds.index(real_audio)
    own = [rows[path].word for path in some["negatives"]]
    babble = [n for condition, n in given if condition == "babble"]
    assert babble == [len(own)] * 2 + [len(own) - own.count(word) for word in own]
    clips = conditions.load(files["positives/babble"])
    assert clips.names == tuple(some["positives"])
    assert all(f.dtype == np.int8 and f.shape[1] == 40 for f in clips.features)
    row = rows[clips.names[0]]
    assert len(clips.features[0]) == pytest.approx((row.seconds + 1.5) * 100 - 2, abs=1)
    assert 1.0 < clips.word_end_s[0] <= 1.0 + row.seconds
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    given.clear()
    assert conditions.prepare(fold, folds.AtHand(real_audio), tmp_path) == files
    assert not given
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    streams = conditions.load(files["speech"])
    assert np.isnan(streams.word_end_s).all()


def _watched(function, calls):
    def watched(clip, condition, draws, babble_clips, rooms):
        calls.append((condition, len(babble_clips)))
        return function(clip, condition, draws, babble_clips, rooms)

    return watched


def test_an_official_model_finds_its_word_in_prepared_clips_whatever_the_workers(
    real_audio, official_models, tmp_path
):
    model = official_models / "alexa.tflite"
    fold = folds.folds("alexa", real_audio, 5)[1]
    test = {role: paths[:12] for role, paths in fold.test.items()}
    files = conditions.prepare(
        folds.Fold("alexa", 1, 5, fold.train, test | {"negatives": fold.test["negatives"][::20]}),
        folds.AtHand(real_audio),
        tmp_path,
    )
    some = {key: files[key] for key in ("positives/clean", "negatives/clean")}
    one, two = (scoring.score(model, some, workers) for workers in (1, 2))
    for key in some:
        for a, b in zip(one[key].scores, two[key].scores, strict=True):
            np.testing.assert_array_equal(a, b)
    hits, wrong = (clip_maxima(one[key].scores, 5) for key in some)
    assert (hits > 127 * 5).sum() >= 11
    assert (wrong > 229 * 5).sum() == 0


@pytest.mark.parametrize("trial", ["people200", "people20"])
def test_nobody_who_is_tested_trains_and_nobody_who_is_reserved_is_tested(
    real_audio, people, trial
):
    at_hand = folds.AtHand(real_audio, people)
    fold = cases.material(cases.Case("cat", trial, 0, 3, 1), at_hand)
    people = {
        name: {at_hand.rows[p].speaker for paths in side.values() for p in paths} - {""}
        for name, side in (("train", fold.train), ("test", fold.test))
    }
    # two readers are on both sides, cut by sentences
    assert people["train"] & people["test"] <= {"kathleen", "nathalie"}
    assert not any(cases.is_reserved(name) for name in people["test"])
    trained = [at_hand.rows[p].speaker for p in fold.train["positives"]]
    assert len(trained) == len(set(trained)) == int(trial.removeprefix("people"))
    assert len(fold.test["positives"]) == 511


def test_twenty_recordings_of_seven_blocks_leave_the_household_and_strangers(real_audio):
    at_hand = folds.AtHand(real_audio)
    drawn = [cases.material(cases.Case("alexa", "few", 0, 5, seed), at_hand) for seed in (1, 2)]
    assert drawn[0].train["positives"] != drawn[1].train["positives"]
    for fold in drawn:
        train, household, strangers = (
            {int(Path(path).stem) for path in paths}
            for paths in (fold.train["positives"], fold.test["household"], fold.test["positives"])
        )
        assert (len(train), len(household)) == (20, 22)
        order = sorted(int(Path(p).stem) for p in at_hand.rows if "/alexa/" in p)
        at = {number: i for i, number in enumerate(order)}
        near = min(abs(at[a] - at[b]) for a in train | household for b in strangers)
        assert near == 6


def test_no_recordings_means_none_and_another_preset_is_another_recipe(real_audio):
    fold = cases.material(cases.Case("computer", "none", 0, 3, 1), folds.AtHand(real_audio))
    assert not any(fold.train.values()) and len(fold.test["positives"]) == 164
    one, other = cases.Case("cat", "none", 0, 3, 1), cases.Case("cat", "none", 0, 3, 1, "demo")
    changed = cases.Case("cat", "none", 0, 3, 1, changes=("STEPS=1",))
    assert len({one.recipe, other.recipe, changed.recipe}) == 3


def test_a_run_and_its_voices_are_of_the_settings_they_were_begun_with(monkeypatch):
    def names(**settings):
        with monkeypatch.context() as other:
            preset = preset_named("standard")
            for section, values in settings.items():
                preset[section] = preset.get(section, {}) | values
            other.setattr(cases, "preset_named", lambda name: preset)
            case = cases.Case("cat", "few", 0, 3, 1)
            assert case.run_name == f"{case.name}-{case.recipe}"
            return case.run_name, case.voices_name

    today = names()
    longer, quieter = names(train={"steps": 1}), names(acquire={"tts_positive": 1})
    assert longer[0] != today[0] and longer[1] == today[1]
    assert quieter[0] != today[0] and quieter[1] != today[1]
    case = cases.Case("cat", "few", 0, 3, 1, changes=("TTS_POSITIVE=9", "STEPS=5"))
    assert case.spoken_changes == ("TTS_POSITIVE=9",) and case.voices_name != today[1]
    assert cases.Case("cat", "few", 0, 3, 1, changes=("STEPS=5",)).voices_name == today[1]


@pytest.mark.parametrize(("n", "in_each"), [(0, [24]), (1, [24]), (3, [8] * 3), (6, [4] * 6)])
def test_24_recordings_are_laid_out_in_speakers_folders(real_audio, tmp_path, n, in_each):
    at_hand = folds.AtHand(real_audio)
    case = cases.Case("alexa", f"folders{n}", 0, 5, 1)
    laid_out = bench.recordings(case, at_hand, tmp_path) / "positive"
    links = [path for path in laid_out.rglob("*") if path.is_symlink()]
    counts = [sum(link.parent == folder for link in links) for folder in {p.parent for p in links}]
    assert counts == in_each and all(link.is_file() for link in links)
    assert all(link.parent == laid_out for link in links) == (not n)
    tested = cases.material(case, at_hand).test
    assert len(tested["household"]) == 12 and len(tested["positives"]) > 80


def test_the_readmes_tables_are_those_of_the_committed_files():
    text = (Path(tables.__file__).parent / "README.md").read_text("utf-8")
    assert tables.put_into(text, tables.everything(bench.RESULTS)) == text
    with pytest.raises(ValueError, match="has no"):
        tables.put_into("no marks", "tables")


@pytest.mark.parametrize(("word", "like", "of"), [("cat", "people20", 3), ("alexa", "few", 5)])
def test_twenty_recordings_alone_are_those_of_the_trial_that_has_other_sounds_too(
    real_audio, people, word, like, of
):
    at_hand = folds.AtHand(real_audio, people)
    alone, beside = (
        cases.material(cases.Case(word, trial, 0, of, 1), at_hand) for trial in ("alone", like)
    )
    assert alone.train == {"positives": beside.train["positives"]}
    assert len(alone.train["positives"]) == 20 and alone.test == beside.test


def test_a_model_is_another_only_where_what_changed_is_in_it():
    """Machines say nothing beside many recordings, unless they are asked to."""

    def recipes(*trials, **more):
        return {cases.Case("cat", trial, 0, 3, 1, **more).recipe for trial in trials}

    many, few = recipes("all", "people200"), recipes("few", "people20", "folders3", "alone", "none")
    assert len(many) == len(few) == 1 and many != few
    assert len(recipes("all", "few", "none", changes=("TTS_WHEN=always",))) == 1

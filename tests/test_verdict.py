"""Deaf, shy, trigger-happy, untested or good: each cell of the table, on hand-made figures."""

from dataclasses import replace
from itertools import product

import pytest

from mwwkit.evaluation.measured import (
    BySpeaker,
    ConditionRate,
    GroupRate,
    Groups,
    Least,
    RatesBy,
    SplitFigures,
    Worst,
)
from mwwkit.evaluation.metrics_file import Threshold
from mwwkit.metrics import judgement
from mwwkit.metrics.judgement import Trained
from mwwkit.metrics.rates import Hourly, Rate
from mwwkit.report import formatting
from mwwkit.report.origins import Data, Setting, Source, StageSettings, trained
from mwwkit.report.verdict import Verdict, verdict
from mwwkit.report.voices import by_condition, counted_heard, heard_words, of_intervals

CONDITIONS = ("clean", "noise10")
FEW_H, MANY_H, TARGET = 0.17, 10.0, 0.5
# Recordings of people and of machines; the mixed ones are those of 188 recordings of "alexa".
VOICES = {"people": (48, 0), "machines": (0, 48), "mixed": (28, 156)}
HEARD = {"deaf": 0.0, "shy": 0.2, "trigger-happy": 0.96, "good": 0.96}


def figures(heard, hours=MANY_H, events=0, told=True):
    """Of a split; `heard` is (voice, share heard, recordings), each under both conditions."""
    groups, hits, of = [], 0, 0
    for voice, share, n in heard:
        each = round(share * n)
        hits, of = hits + each, of + n
        if n:
            rate = Rate.counted(each * len(CONDITIONS), n * len(CONDITIONS))
            groups.append(GroupRate(**vars(rate), group=voice, merged=0, units=n))
    clean = [ConditionRate(**vars(Rate.counted(hits, of)), condition=c) for c in CONDITIONS]
    return SplitFigures(
        recall=tuple(clean),
        other_clips_accepted=Rate.counted(0, 100),
        false_accepts_per_hour=Hourly.counted(events, hours),
        median_latency_s=None,
        latency=None,
        clips=(),
        at_target=None,
        surface=None,
        detectors=(),
        groups=Groups(Least(10, 0.05), "", (RatesBy("voice", tuple(groups)),) * told, (), ()),
        worst=Worst((), ()),
    )


def of_voices(voices, share, machines=None):
    n_people, n_machines = VOICES[voices]
    machines = share if machines is None else machines
    return ("recorded", share, n_people), ("synthetic", machines, n_machines)


def threshold(reached=True, expected=None, supported=False):
    return Threshold(0.9, 5, TARGET, reached, expected, supported, "The note.")


def said(heard, hours=MANY_H, events=0, data=None, told=True, **of_threshold) -> Verdict:
    """With as much validation audio as test audio, and nothing counted in it."""
    known = {"supported": hours >= MANY_H, "expected": 0.1} | of_threshold
    counted = 0 if known.get("reached", True) else 40
    test = figures(heard, hours, events, told)
    return verdict(threshold(**known), Hourly.counted(counted, hours), test, data)


@pytest.mark.parametrize("kind", HEARD)
@pytest.mark.parametrize(("hours", "voices"), list(product((FEW_H, MANY_H), VOICES)))
def test_every_cell_of_the_table(kind, hours, voices):
    eager = {"reached": False, "expected": 120.0} if kind == "trigger-happy" else {}
    found = said(of_voices(voices, HEARD[kind]), hours, **eager)
    proven = kind == "good" and hours == MANY_H and voices != "machines"
    assert found.kind == kind
    assert found.grade == ("good" if proven else "caution" if kind == "good" else "bad")
    assert ("People were not tested" in " ".join(found.sentences)) == (voices == "machines")
    assert 3 <= len(found.sentences) <= 6 and found.sentences[-1].endswith(".")


@pytest.mark.parametrize("voices", VOICES)
@pytest.mark.parametrize(("n", "hours"), [(7, MANY_H), (7, FEW_H), (None, 0.05), (None, 0.0)])
def test_too_few_words_or_too_little_audio_is_untested(voices, n, hours):
    heard = of_voices(voices, 0.9)
    if n:
        heard = [(voice, share, min(of, n)) for voice, share, of in heard]
    found = said(heard, hours)
    assert (found.kind, found.grade) == ("untested", "caution")
    told = " ".join(found.sentences)
    assert ("are too few to tell: it takes 20 or more" in told) == bool(n)
    assert ("not known" in told) == (hours == 0) and ("3.0 min" in told) == (hours == 0.05)


@pytest.mark.parametrize(("n_people", "kind"), [(10, "untested"), (9, "good"), (20, "shy")])
def test_people_who_are_enough_to_choose_by_are_not_outvoted_by_machines(n_people, kind):
    assert said([("recorded", 0.7, n_people), ("synthetic", 0.96, 156)]).kind == kind


def test_too_few_words_are_enough_where_most_must_be_missed():
    assert said([("recorded", 0.0, 6)]).kind == "deaf"
    assert said([("recorded", 0.0, 5)]).kind == "untested"
    assert said([("recorded", 0.0, 7), ("synthetic", 0.96, 156)]).kind == "deaf"


@pytest.mark.parametrize(
    ("hits", "of", "headline"),
    [
        (0, 144, "Deaf"),
        (1, 144, "Deaf"),
        (2, 144, "Too shy"),  # 1.4 %
        (69, 144, "Too shy"),  # 48 %
        (72, 144, "Rather shy"),
        (115, 144, "Rather shy"),
        (116, 144, "Good"),
    ],
)
def test_hearing_is_called_by_how_much_is_heard(hits, of, headline):
    assert said([("recorded", hits / of, of)]).headline.startswith(headline)


@pytest.mark.parametrize(
    ("expected", "events", "headline"),
    [
        (None, 0, "Good"),
        (0.5, 0, "Good"),
        (0.6, 0, "Rather trigger-happy"),
        (1.1, 0, "Trigger-happy"),
        (120.0, 0, "Trigger-happy"),
        (0.1, 8, "Good"),  # 0.8 an hour, which may be 0.35
        (0.1, 15, "Rather trigger-happy"),  # 0.84 or more
        (0.1, 30, "Trigger-happy"),  # 2 or more
    ],
)
def test_both_the_count_and_the_tail_must_keep_to_the_target(expected, events, headline):
    found = said([("recorded", 1.0, 48)], expected=expected, events=events)
    assert found.headline.startswith(headline)
    told = " ".join(found.sentences)
    assert ("is not reached" in told) == bool(expected and expected > TARGET)
    assert ("more than that target" in told) == (events > 10)


@pytest.mark.parametrize("reached", [True, False])  # as an earlier version kept it, and as this
def test_ten_minutes_without_one_do_not_hide_what_the_tail_expects(reached):
    known = threshold(reached=reached, expected=120.0)
    test = figures([("recorded", 1.0, 48)], FEW_H)
    found = verdict(known, Hourly.counted(0, FEW_H), test, None)
    assert (found.kind, found.grade) == ("trigger-happy", "bad")
    assert (
        "it woke 0 in 0.17 h, but by how the highest scores thin out (their tail), 120 false "
        "accepts an hour are to be expected: the target of 0.5 is not reached. This is by the "
        "device's own arithmetic; 03 and 04 score by a quicker one" in " ".join(found.sentences)
    )


@pytest.mark.parametrize(
    ("reached", "supported", "wanted"),
    [
        (True, True, "kept on the validation split, with enough audio to prove it"),
        (True, False, "validation split, but that is too little audio to prove it"),
        (False, False, "not kept on the validation split"),
    ],
)
def test_a_target_is_told_in_one_way_with_what_its_audio_can_prove(reached, supported, wanted):
    of = threshold(reached=reached, supported=supported)
    assert formatting.target(of).endswith(wanted) and formatting.target(of) in formatting.shipped(
        of
    )
    found = said(of_voices("people", 0.96), reached=reached, supported=supported)
    told = f"The target: {formatting.target(of)}. The note." in found.sentences
    assert told == reached  # else the sentence says how often it woke


def test_people_and_machines_are_never_in_one_rate_and_people_decide():
    found = said(of_voices("mixed", 0.93, machines=0.65))
    assert found.grade == "good"
    assert found.sentences[0].startswith("Of people's words it heard 52 of 56: 92.9 %")
    assert "Of machines' words it heard 202 of 312: 64.7 %" in found.sentences[0]
    deaf_to_people = said(of_voices("mixed", 0.0, machines=0.99))
    assert (deaf_to_people.kind, deaf_to_people.grade) == ("deaf", "bad")


def test_nearly_all_machines_is_told_and_nothing_is_proven_of_people():
    found = said([("recorded", 1.0, 8), ("synthetic", 0.96, 150)])
    assert (found.kind, found.grade) == ("good", "caution")
    assert found.sentences[1].startswith("People were hardly tested: 8 of 158 test words are their")


def test_machines_who_are_missed_do_not_make_a_model_shy_for_people_who_were_hardly_asked():
    found = said([("recorded", 1.0, 4), ("synthetic", 0.7, 143)])
    headline = "Shy with machines' voices, hardly tested with people's"
    assert (found.kind, found.grade, found.headline) == ("shy", "caution", headline)
    for people, machines in ((1.0, 0.3), (0.75, 0.7)):  # worse than measured; people are missed too
        both = [("recorded", people, 8), ("synthetic", machines, 143)]
        assert said(both).headline != headline
    nobody_was_asked = said([("synthetic", 0.7, 143)])
    assert nobody_was_asked.headline.startswith("Rather shy")
    assert said([("recorded", 0.0, 7), ("synthetic", 0.7, 143)]).headline.startswith("Deaf")


def test_people_who_were_hardly_asked_and_mostly_missed_are_not_outvoted_by_machines():
    found = said([("recorded", 0.25, 4), ("synthetic", 0.96, 143)])
    headline = "Shy of people: it missed most of their few test words"
    assert (found.kind, found.grade, found.headline) == ("shy", "caution", headline)
    assert said([("recorded", 0.5, 4), ("synthetic", 0.96, 143)]).kind == "good"
    assert said([("recorded", 0.25, 4), ("synthetic", 0.3, 143)]).headline.startswith("Too shy")


def test_without_a_catalogue_all_words_are_one_rate_and_sources_say_who_spoke():
    def told(*synthetic):
        sources = tuple(Source("made", one, ("CC0",), 3, 0.1, 3, 3, ()) for one in synthetic)
        heard = [("recorded", 1.0, 48)]
        return " ".join(said(heard, told=False, data=Data(sources, ())).sentences)

    assert told(True, False).startswith("Of the test words it heard 96 of 96")
    assert "spoken by a machine" in told(True, True)
    assert "spoken by a machine" not in told(True, False)


def test_kinds_of_voices_too_small_to_stand_alone_are_not_told_apart():
    heard = heard_words(figures([("others", 0.5, 8)]))
    assert not heard.apart and heard.recordings(heard.words) == 8
    assert heard_words(figures([("recorded", 0.5, 8)])).apart


def test_a_fault_beside_the_worst_is_told_with_its_cure():
    found = said([("recorded", 0.2, 48)], reached=False, expected=120.0)
    assert found.kind == "shy"
    told = " ".join(found.sentences)
    assert "the lenient cutoff" in told and "the strict cutoff" in told


def test_every_interval_of_words_heard_is_by_speaker_where_voices_are_known():
    of = figures(of_voices("machines", 0.96))
    wide = GroupRate(46, 48, 46 / 48, 0.8, 0.99, group="clean", merged=0, units=6)
    noise = replace(of.recall[1], by_speaker=BySpeaker(0.7, 0.98, 6))
    by = (*of.groups.recall, RatesBy("condition", (wide,)))
    known = replace(of, recall=(of.recall[0], noise), groups=replace(of.groups, recall=by))
    told = [(row.counts, row.interval) for row in by_condition(known)]
    assert told == [("46 of 48", "80.0 to 99.0 %"), ("46 of 48", "70.0 to 98.0 %")]
    assert by_condition(of) == of.recall, "exact, where nobody knows who spoke"
    heard = heard_words(known)
    assert counted_heard(by, "machines", heard.words).interval == heard.machines.interval
    assert counted_heard(by, "unknown", heard.words) is heard.words
    assert "for voices other than these 6:" in of_intervals(known, heard)
    assert not of_intervals(of, heard)


def test_words_of_two_conditions_say_how_they_become_what_a_rate_counts():
    heard = heard_words(figures(of_voices("mixed", 0.96)))
    wanted = "of the 2 conditions that it is heard in: 28 words make 56, 156 words make 312."
    assert heard.conversion.endswith(wanted)
    assert any(heard.conversion in each for each in said(of_voices("mixed", 0.96)).sentences)
    assert not replace(heard, conditions=1).conversion


def test_the_limits_mean_what_their_comments_say():
    assert 1 - Rate.counted(20, 20).low < 1 / 6 + 0.01 < 1 - Rate.counted(19, 19).low + 0.01
    assert Hourly.counted(0, judgement.FEWEST_HOURS).at_most == pytest.approx(30, abs=0.1)


def test_a_training_too_short_is_its_own_first_fault_and_no_recording_is_blamed():
    def of(heard, trained):
        known, test = threshold(expected=0.1), figures(of_voices("people", heard))
        return verdict(known, Hourly.counted(0, MANY_H), test, None, trained)

    for heard, kind in ((0.0, "deaf"), (0.3, "shy"), (0.7, "shy")):
        short = of(heard, Trained(250, 4, 80))
        assert short.kind == kind and short.headline == of(heard, None).headline
        told = short.too_short
        assert short.in_short == (told, of(heard, None).sentences[0]) == short.sentences[:2]
        assert of(heard, None).in_short == of(heard, None).sentences[:1]
        assert told.startswith("It was trained for 250 steps of 4 scenes, of 80 only, which shows")
        assert not any("Record more" in each or "Listen to" in each for each in short.sentences)
        assert of(heard, Trained(500, 16, 80)) == of(heard, None)
    assert of(1.0, Trained(250, 4, 80)) == of(1.0, None)  # it learnt all the same


def test_how_long_it_trained_is_read_off_the_stages_settings():
    def stage(name, **settings):
        return StageSettings(name, tuple(Setting(n, v) for n, v in settings.items()))

    training = stage("training", batch=4, seed=1, steps=250)
    assert trained((stage("features", scenes=80), training)) == Trained(250, 4, 80)
    assert trained((training,)) is None and trained(()) is None

"""Each thing that goes wrong with a training, as a history of numbers, is called by its name."""

import pytest

from mwwkit.metrics.judgement import FEWEST_SEEN, SHOWS_NOTHING, Trained
from mwwkit.run.checkpoint import Checkpoint
from mwwkit.run.paths import Run
from mwwkit.training import told as tables
from mwwkit.training.diagnosis import diagnose, length


def unit(loss, norm=1.0, recall=None, fah=0.0, clips=0.0, reached=True):
    facts = {"loss": loss, "gradient_norm": norm, "gradient_norm_highest": 2 * norm}
    if recall is None:
        return facts
    first = recall if reached else -fah
    rank = [float(recall > 0), float(reached), first, -clips, recall, 3.0]
    choice = {"recall": recall, "false_accepts_per_hour": fah, "clip_false_accepts": clips}
    return facts | {"choice": choice | {"rank": rank, "late": True}}


def of(*units):
    return diagnose({f"step-{250 * n:07d}": facts for n, facts in enumerate(units, 1)})


def test_a_loss_that_falls_while_recall_rises_is_fine():
    found = of(unit(1.0, 3.0), unit(0.5, recall=0.8), unit(0.3), unit(0.2, recall=0.95, fah=0.4))
    told = "fine: it hears 95.0 % of the words at 0.4 false accepts an hour on the validation split"
    assert str(found) == told


def test_before_the_first_evaluation_it_says_that_there_is_none():
    assert str(of(unit(1.0), unit(0.5))) == "fine: the int8 model has not been looked at yet"


def test_a_model_that_recognises_nothing_is_deaf():
    found = of(unit(1.0), unit(0.9, recall=0.0))
    assert found.name == "deaf" and "nothing at any cutoff" in found.words
    assert "POSITIVE_WEIGHT" in found.cure


def test_a_gradient_of_nothing_is_dead_unless_all_is_learnt():
    assert of(unit(1.0), unit(1.0, norm=1e-7)).name == "dead"
    assert of(unit(1.0), unit(1.0, norm=1e-7, recall=0.0)).name == "dead"
    assert of(unit(1.0), unit(0.0, norm=1e-7, recall=1.0)).name == "fine"


def test_a_model_that_wakes_to_everything_is_trigger_happy():
    found = of(unit(1.0), unit(0.4, recall=1.0, fah=37.0, clips=0.25, reached=False))
    assert found.name == "trigger-happy"
    assert "at 37 false accepts an hour and takes 25.0 % of other words for it" in found.words
    assert "NEGATIVE_WEIGHT" in found.cure


def known(recall, fah=0.0, expected=None, words=144, hours=0.17, reached=True):
    """An evaluation with what is kept of the words, the hours and the tail as well."""
    facts = unit(0.4, recall=recall, fah=fah, reached=reached)
    more = {"words": words, "hours": hours, "false_accepts_target": 0.5}
    return facts | {"choice": facts["choice"] | more | {"false_accepts_expected": expected}}


@pytest.mark.parametrize(
    ("facts", "name", "told"),
    [
        (known(0.0, reached=False), "deaf", "nothing at any cutoff"),
        (known(0.0, words=3, reached=False), "deaf", "nothing at any cutoff"),
        (known(1 / 144), "deaf", "hears 0.7 % of the words (1 of 144)"),
        (known(2 / 144), "too shy", "it misses 98.6 % of the words"),
        (known(0.48), "too shy", "it misses 52.0 % of the words"),
        (known(0.7), "rather shy", "it misses 30.0 % of the words"),
        (known(0.48, fah=40.0, reached=False), "too shy", "at 40 false accepts an hour"),
        (
            *(known(0.95, expected=120.0), "trigger-happy"),
            "but the tail of its scores lets expect 120 false accepts an hour where 0 were "
            "counted, and 0.5 was asked for",
        ),
        (known(0.95, expected=0.8), "rather trigger-happy", "lets expect 0.8"),
        (known(0.95, fah=120.0, reached=False), "trigger-happy", "120 false accepts an hour"),
        (known(0.95, words=12), "untested", "12 different words and 0.17 h"),
        (known(0.95, hours=0.05), "untested", "144 different words and 3.0 min"),
        (
            known(137 / 144, expected=0.5),
            "fine",
            "hears 95.1 % of the words (137 of 144) at 0 false accepts",
        ),
        (known(137 / 144, expected=0.1, hours=10.0), "fine", "hears 95.1 % of"),
    ],
)
def test_every_cell_of_the_table_has_its_name_and_its_cure(facts, name, told):
    found = of(unit(1.0), facts)
    assert found.name == name and told in found.words
    assert bool(found.cure) == (name != "fine")


def of_voices(recall, recordings, **more):
    """An evaluation that tells people's words, which count, from machines'."""
    facts = known(recall, words=4 * recordings)
    voices = {"words_of": "people", "recordings": recordings}
    voices |= {"machines_heard": 30, "machines_words": 40}
    return facts | {"choice": facts["choice"] | voices | more}


def test_people_and_machines_are_told_apart_with_their_counts():
    found = of(unit(1.0), of_voices(0.925, 20))
    assert str(found) == (
        "fine: it hears 92.5 % of people's words (74 of 80) and 75.0 % of machines' words (30 of "
        "40) at 0 false accepts an hour (0 in 0.17 h) on the validation split"
    )


def test_different_recordings_are_counted_and_not_their_conditions():
    found = of(unit(1.0), of_voices(0.95, 10))
    assert found.name == "untested" and "10 different words" in found.words


def test_of_a_finished_training_the_chosen_unit_is_told_of_and_not_the_last():
    history = {"step-1": known(0.9), "step-2": known(0.95)}
    assert "(137 of 144)" in diagnose(history).words
    assert "(130 of 144)" in diagnose(history, "step-1").words


def test_what_an_earlier_version_did_not_keep_is_not_held_against_a_training():
    assert of(unit(1.0), unit(0.4, recall=0.95)).name == "fine"
    assert of(unit(1.0), unit(0.4, recall=0.014)).name == "too shy"


def test_training_that_learns_its_clips_by_heart_is_overfitting():
    found = of(
        unit(1.0, recall=0.80),
        unit(0.5, recall=0.95),
        unit(0.2, recall=0.85),
        unit(0.1, recall=0.84),
    )
    assert found.name == "overfitting"
    assert "fell from 0.5 to 0.1 while hearing 95.0 % of the words" in found.words
    assert "84.0 % of the words at 0 /h" in found.words and "PATIENCE" in found.cure


def test_a_target_that_was_kept_and_is_lost_again_is_overfitting_too():
    lost = unit(0.2, recall=0.95, fah=3.0, reached=False)
    assert of(unit(0.5, recall=0.95), lost, unit(0.1) | {"choice": lost["choice"]}).name == (
        "overfitting"
    )


@pytest.mark.parametrize(
    "after",
    [
        (unit(0.1, recall=0.8),),  # one evaluation alone is luck
        (unit(0.2, recall=0.8), unit(0.1, recall=0.94)),  # it came back
        (unit(0.2, recall=0.92), unit(0.1, recall=0.92)),  # a clip or two
        (unit(0.49, recall=0.8), unit(0.48, recall=0.8)),  # the training loss stays as well
    ],
)
def test_what_luck_can_do_is_not_called_overfitting(after):
    assert of(unit(0.5, recall=0.95), *after).name == "fine"


def test_a_loss_that_shoots_up_with_its_gradient_is_exploding():
    found = of(unit(1.0, 2.0), unit(0.5, 1.0), unit(7.0, 90.0))
    assert found.name == "exploding"
    assert "rose from 0.5 to 7 and the gradient's norm from 1.5 to 90" in found.words
    assert "LEARNING_RATE" in found.cure


@pytest.mark.parametrize(
    "last",
    [
        unit(1.2, 1.0),  # negatives that weigh twice as much in the next stage
        unit(0.5, 20.0),  # a steep step that changed nothing
    ],
)
def test_a_new_stage_or_one_steep_step_is_no_explosion(last):
    assert of(unit(1.0, 2.0), unit(0.5, 1.0), last).name == "fine"


def test_without_a_unit_there_is_nothing_to_say():
    with pytest.raises(ValueError, match="has no unit; train some steps first"):
        diagnose({})


TRIAL, LONGEST_TRIAL = Trained(250, 4, 80), Trained(FEWEST_SEEN // 4 - 1, 4, 80)
ENOUGH = Trained(FEWEST_SEEN // 4, 4, 80)


@pytest.mark.parametrize(
    "faulty",
    [
        (unit(1.0), known(0.0, reached=False)),
        (unit(1.0), known(0.3)),
        (unit(1.0), known(0.95, words=3)),
        (unit(1.0), known(0.95, expected=120.0)),
        (unit(1.0, recall=0.95), unit(0.5, recall=0.8), unit(0.1, recall=0.8)),
    ],
)
def test_a_training_that_was_too_short_is_to_be_longer_and_of_its_data_nothing_is_said(faulty):
    history = {f"step-{n}": facts for n, facts in enumerate(faulty)}
    whole = diagnose(history)
    for trained in (TRIAL, LONGEST_TRIAL):
        found = diagnose(history, trained=trained)
        assert (found.name, found.words) == (whole.name, whole.words)
        assert found.cure.startswith("more STEPS, on more SCENES") and SHOWS_NOTHING in found.cure
        assert str(trained) in found.cure and "01" not in found.cure
    assert diagnose(history, trained=ENOUGH) == whole


def test_what_few_steps_show_as_well_as_many_is_told_of_a_short_training_too():
    for history in ([unit(1.0, 2.0), unit(0.5, 1.0), unit(7.0, 90.0)], [unit(1.0, norm=1e-7)]):
        history = dict(enumerate(history))
        assert diagnose(history, trained=TRIAL) == diagnose(history)
    fine = {"step-1": known(137 / 144)}
    assert diagnose(fine, trained=TRIAL) == diagnose(fine) and not diagnose(fine).cure


def test_how_long_a_run_trains_is_what_its_checkpoints_say(tmp_path):
    here = Run(tmp_path)
    Checkpoint.resume(here, "training", {"steps": 250, "batch": 4}).finish("step-0000250")
    assert length(here) is None  # of the features nothing is at hand
    Checkpoint.resume(here, "features", {"scenes": 80}).finish("train/000000")
    assert length(here) == TRIAL
    assert length(here, "tuned") is None


def test_fine_tuning_that_changed_no_figure_says_why_its_weights_are_taken():
    reached = {"rank": [1.0, 1.0]}
    same = {"mined": 3, "weights": "tuned/w.npz", "before": reached, "after": reached}
    said = tables.gained(same)
    assert said.startswith("Fine-tuning changed no figure") and "trained against these" in said
    assert "helped" in tables.gained(same | {"after": {"rank": [1.0, 2.0]}})


def test_why_fine_tuning_helped_stands_in_the_line():
    def reached(heard, per_hour, *rank):
        rates = {"recall": heard / 7, "words": 7, "false_accepts_per_hour": per_hour, "hours": 0.05}
        return rates | {"false_accepts_at_most": 60.0, "rank": [*rank]}

    before = reached(3, 40.0, 1.0, 0.0, -40.0, -0.2, 3 / 7, -6.0, 1.0)
    after = reached(1, 0.0, 1.0, 1.0, 1 / 7, -6.0, 0.0, 1 / 7, 1.0)
    better = reached(4, 0.0, 1.0, 1.0, 4 / 7, -6.0, 0.0, 4 / 7, 1.0)
    tuned = {"mined": 20, "weights": "tuned/a.npz", "before": before, "after": after}
    assert tables.gained(tuned) == (
        "Fine-tuning helped, since it keeps to the limits on false accepts now (2 in 3.0 min "
        "before, 0 in 3.0 min after), which comes before the words that it hears (3 of 7 before, 1 "
        "of 7 after): the tuned weights are taken."
    )
    told = tables.gained(tuned | {"before": after, "after": better})
    assert "helped, since it hears more words: the tuned" in told
    quieter = reached(3, 20.0, 1.0, 0.0, -20.0, -0.2, 3 / 7, -6.0, 1.0)
    told = tables.gained(tuned | {"after": quieter})
    assert "wakes less often for nothing (2 in 3.0 min before, 1 in 3.0 min after): the" in told


def test_a_check_names_the_fault_once_and_leaves_its_figures_to_those_beside():
    facts = {"chosen": "step-0000250", "reached": "hears it", "diagnosis": "fine: it hears it"}
    long = "trigger-happy: no cutoff that recognises anything keeps to the targets -> mine more"
    told = "\n".join(map(str, tables.of_choice(facts | {"diagnosis": long})))
    assert "Diagnosis: trigger-happy: it wakes when nobody called." in told
    assert "no cutoff" not in told and "What may help: mine more." in told
    assert "Diagnosis: fine: it hears it." in "\n".join(map(str, tables.of_choice(facts)))

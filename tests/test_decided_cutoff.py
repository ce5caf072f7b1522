"""What hangs on a person's decisions after 02: weights begin anew, and 05 ships their cutoff."""

import numpy as np
import pytest

from mwwkit.corpus import decided
from mwwkit.device.detector import Rule, manifest_cutoff
from mwwkit.evaluation import decided_cutoff
from mwwkit.metrics.cutoff_selection import at_cutoff
from mwwkit.run.checkpoint import Checkpoint, CheckpointError, finished
from mwwkit.run.decisions import CutoffDecision, decide_cutoff, decide_parameters
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.training.evaluator import Tracks

ONE, OTHER = "a" * 64, "b" * 64
RULE = 0.5, 0.1  # false accepts an hour, share of other clips


def peak(value: int) -> np.ndarray:
    """uint8 scores of 3 s that are `value` for a while in the middle."""
    track = np.zeros(100, np.uint8)
    track[50:60] = value
    return track


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    """Words of two strengths, other words that reach 100, four hours with one that reaches 180."""
    hours = np.zeros(round(4 * 3600 / 0.03), np.uint8)
    hours[5000:5010] = 180
    return Tracks([peak(v) for v in (150, 150, 220, 220)], [peak(100)] * 20, [hours])


def features(run: Run, **marks: str) -> None:
    """02's record, where decisions made some of the sets other ones."""
    made = Checkpoint.resume(run, "features", {})
    made.force([""])
    for name in ("train", "validation-words", "test-words"):
        decided_on = {"decided": marks[name]} if name in marks else {}
        made.finish(f"{name}/000000", sha256=f"{name} {marks.get(name, '')}", **decided_on)
    made.complete()


def training(run: Run, digest: str = "1", steps: int = 9) -> Checkpoint:
    made_of = {"steps": steps} | decided.made_of(run, {"features": digest})
    return Checkpoint.resume(run, "training", made_of, anew=decided.anew(run))


def test_what_was_trained_on_other_features_begins_anew_where_that_was_decided_and_else_not(
    tmp_path,
):
    run = Run(tmp_path)
    features(run)
    made = training(run)
    made.finish("step-1"), made.complete()
    with pytest.raises(CheckpointError, match="features"):
        training(run, "2")  # nothing was decided: somebody mixed two runs
    features(run, **{"test-words": "f00"})
    assert training(run).is_complete  # no weights hang on the test split
    features(run, **{"validation-words": "f00"})
    with pytest.raises(CheckpointError, match="run 03 again"):
        decided.refuse_outdated(run, "training", "03", features="1")
    again = training(run)
    assert again.begins_anew and again.outdated == ["step-1"] and not again.done
    with pytest.raises(CheckpointError, match="steps"):
        training(run, steps=10)
    again.finish("step-1"), again.complete()
    decided.refuse_outdated(run, "training", "03", features="1")
    assert training(run).is_complete and not training(run).begins_anew
    features(run)  # taken back
    assert training(run).begins_anew


def test_a_session_after_that_knows_only_what_was_made_since(tmp_path):
    old, new = Run(tmp_path / "1"), Run(tmp_path / "2", (tmp_path / "1",))
    features(old)
    made = training(old)
    made.finish("step-1"), made.finish("step-2"), made.complete()
    features(new, train="f00")
    made = training(new, "2")
    assert not made.done and made.outdated == ["step-1", "step-2"] and not made.begins_anew
    made.finish("step-1", better=True)
    assert training(new, "2").outdated == ["step-2"] and list(training(new, "2").done) == ["step-1"]
    made.complete()
    assert finished(new, "training") == {"step-1": {"better": True}}


def test_a_recipe_that_was_decided_on_lets_the_training_begin_anew(tmp_path):
    run = Run(tmp_path)
    features(run)
    made = training(run)
    made.finish("step-1"), made.complete()
    decide_parameters(run, "featurize", {"EQ": 0.5})
    assert training(run).is_complete and training(run, "2").begins_anew


def test_the_cutoff_that_was_decided_on_is_shipped_with_its_own_rates_and_reason(tmp_path, tracks):
    run = Run(tmp_path)
    best = decided_cutoff.choice(run, ONE, tracks, *RULE)
    decide_cutoff(run, CutoffDecision(190, 5, ONE, "rather miss than annoy"))
    ours = decided_cutoff.choice(run, ONE, tracks, *RULE)
    assert (ours.integer, ours.window, ours.recall.value, ours.fah.value) == (190, 5, 0.5, 0)
    assert ours.integer != best.integer and ours.reached
    assert ours.note.startswith("A person chose this cutoff: rather miss than annoy. ")
    assert dict(decided_cutoff.told(run, ONE)) == {
        "cutoff decided on": "190 of 255 over 5 scores (rather miss than annoy)"
    }


def test_a_cutoff_for_other_weights_is_told_and_not_used(tmp_path, tracks):
    run = Run(tmp_path)
    decide_cutoff(run, CutoffDecision(190, 5, OTHER))
    assert decided_cutoff.of_weights(run, ONE) is None
    assert (
        "was for other weights: not used"
        in dict(decided_cutoff.told(run, ONE))["cutoff decided on"]
    )
    best = decided_cutoff.choice(run, ONE, tracks, *RULE)
    assert best == tracks.choose(*RULE) and best.integer != 190


def test_a_cutoff_that_cannot_be_meant_is_refused_with_what_to_do(tmp_path, tracks):
    run = Run(tmp_path)
    decide_cutoff(run, CutoffDecision(250, 5, ONE))
    with pytest.raises(WrongInput, match="recognises nothing. Choose a lower one"):
        decided_cutoff.choice(run, ONE, tracks, *RULE)
    decide_cutoff(run, CutoffDecision(190, 4, ONE))
    with pytest.raises(WrongInput, match="has the window 4; wanted one of 3, 5, 7"):
        decided_cutoff.told(run, ONE)


def test_a_cutoff_that_misses_the_target_says_so(tracks):
    low = at_cutoff(tracks.surface(), Rule(manifest_cutoff(60), 5), 0.1, 0.1)
    assert not low.reached and not low.kept and low.recall.value == 1
    assert low.note == (
        "A person chose this cutoff. It does not meet the target: 1 false accepts in 4.00 h, and "
        "it takes 20 of 20 other clips."
    )

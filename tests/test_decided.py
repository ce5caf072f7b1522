"""What a person decided about clips: 02 makes the sets anew that hang on it, and no others."""

import shutil

import pytest
import tiny_run
from small_run import tree

from mwwkit.corpus.clips import CATALOGUE, Kind, Label, Split, load_clips, write_catalogue
from mwwkit.corpus.decided import decided_clips, featurized_clips, mark, not_yet_heard
from mwwkit.run.checkpoint import SEAL, CheckpointError, finished
from mwwkit.run.decisions import (
    ClipDecision,
    clip_decisions,
    decide_clip,
    decide_parameters,
    undecide_clip,
)
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.scenes.shards import FeatureSet
from mwwkit.stages import featurize

CONFIG = featurize.Config(scenes=10, scene_seconds=3.0, conditions=("clean", "noise10"))
ONE = Limits(workers=1)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    here = Run(tmp_path_factory.mktemp("clips"))
    tiny_run.make(here, tiny_run.PER_SPLIT)
    return here


@pytest.fixture(scope="module")
def undecided(tmp_path_factory, clips):
    return made(tmp_path_factory.mktemp("undecided") / "run", clips)


def made(folder, clips: Run, *decisions: ClipDecision, config=CONFIG) -> Run:
    """02 in one go, with the decisions in the run's folder before it begins."""
    shutil.copytree(clips / "clips", folder / "clips")
    for each in decisions:
        decide_clip(Run(folder), each)
    featurize.run(config, Run(folder), ONE)
    return Run(folder)


@pytest.fixture
def run(tmp_path, undecided):
    """A copy of a run whose 02 is done, for decisions of its own."""
    shutil.copytree(undecided.folder, tmp_path / "run")
    return Run(tmp_path / "run")


def one(run: Run, split: Split, label: Label = Label.NEGATIVE, kind: Kind = Kind.CLIP) -> str:
    return load_clips(run).of(split=split, label=label, kind=kind).records[1].path


def features(run: Run) -> dict[str, bytes]:
    return {name: b for name, b in tree(run / "features").items() if "word_spans" not in name}


def sets_made_anew(before: dict[str, bytes], run: Run) -> set[str]:
    after = tree(run / "features")
    changed = (name for name in after if before.get(name) != after[name])
    names = {name.split("/")[0] for name in changed if not name.endswith(SEAL)}  # the recipe's
    return names - {"checkpoint.json", "checkpoint.previous.json", "statistics.json"}


def heard(run: Run, name: str) -> set[str]:
    return {facts["clip"] for facts in FeatureSet.open(run, name).facts}


def test_a_clip_that_is_left_out_makes_its_own_sets_anew_and_the_end_is_that_of_a_batch(
    run, clips, tmp_path, capsys
):
    before, clip = tree(run / "features"), one(run, Split.VAL)
    decision = ClipDecision(clip, "exclude", "a door")
    decide_clip(run, decision)
    assert "1 changed since 02" in str(not_yet_heard(run))
    planned = featurize.plan(CONFIG, run, ONE)
    assert planned["shards made anew, since it was decided"] == {"validation-others": 1}
    featurize.run(CONFIG, run, ONE)
    assert sets_made_anew(before, run) == {"validation-others"}
    assert "validation-others are made anew, all other sets are kept" in capsys.readouterr().out
    assert clip not in heard(run, "validation-others")
    assert clip not in {record.path for record in featurized_clips(run)}
    assert features(run) == features(made(tmp_path / "batch", clips, decision))
    assert mark(run) and not not_yet_heard(run)
    assert featurize.run(CONFIG, run, ONE)["shards made now"] == 0


def test_a_word_called_otherwise_moves_to_the_other_set_of_its_split(run, undecided):
    clip, before = one(run, Split.TEST, Label.POSITIVE), tree(run / "features")
    decide_clip(run, ClipDecision(clip, "hard_negative", "half of it is cut off"))
    featurize.run(CONFIG, run, ONE)
    assert sets_made_anew(before, run) == {"test-words", "test-others"}
    assert clip in heard(run, "test-others") and clip not in heard(run, "test-words")
    assert not mark(run) and mark(run, tests_too=True)
    [record] = [r for r in featurized_clips(run) if r.path == clip]
    assert (record.label, record.word) == (Label.HARD_NEGATIVE, "")


def test_a_decision_that_is_taken_back_leaves_the_run_as_if_nobody_had_decided(run, undecided):
    clip = one(run, Split.TRAIN)
    decide_clip(run, ClipDecision(clip, "exclude"))
    featurize.run(CONFIG, run, ONE)
    assert features(run) != features(undecided)
    undecide_clip(run, clip)
    featurize.run(CONFIG, run, ONE)
    assert features(run) == features(undecided)


def test_a_clip_that_is_kept_changes_nothing(run, undecided):
    decide_clip(run, ClipDecision(one(run, Split.TRAIN), "keep", "heard it: fine"))
    assert featurize.run(CONFIG, run, ONE)["shards made now"] == 0
    assert features(run) == features(undecided)


def test_a_session_that_goes_on_from_an_earlier_run_makes_anew_what_was_decided(
    tmp_path, undecided, clips
):
    here = Run(tmp_path / "new", (undecided.folder,))
    clip = one(here, Split.TEST)
    decide_clip(here, ClipDecision(clip, "exclude"))
    assert featurize.run(CONFIG, here, ONE)["shards made now"] == 1
    assert clip not in heard(here, "test-others")
    later = Run(tmp_path / "later", (undecided.folder, here.folder))
    assert clip_decisions(later) and featurize.run(CONFIG, later, ONE)["shards made now"] == 0
    assert clip not in heard(later, "test-others")


def test_noise_is_no_word_and_the_whole_catalogue_stays(run):
    noise = load_clips(run).of(kind=Kind.NOISE).records[0].path
    decide_clip(run, ClipDecision(noise, "positive"))
    with pytest.raises(WrongInput, match="which is noise and no clip of a word"):
        decided_clips(run)
    decide_clip(run, ClipDecision(noise, "exclude"))
    assert len(decided_clips(run)) == len(load_clips(run)) - 1


def test_a_recipe_that_was_decided_on_makes_the_training_scenes_anew_and_no_others(
    run, clips, tmp_path
):
    louder = featurize.Config(**vars(CONFIG) | {"gain_db": 9.0})
    with pytest.raises(CheckpointError, match="gain_db"):
        featurize.run(louder, run, ONE)
    before = tree(run / "features")
    decide_parameters(run, "featurize", {"GAIN_DB": 9.0})
    assert featurize.plan(louder, run, ONE)["shards left"] == 1
    featurize.run(louder, run, ONE)
    assert sets_made_anew(before, run) == {"train"}
    assert features(run) == features(made(tmp_path / "batch", clips, config=louder))
    other = featurize.Config(**vars(louder) | {"seed": 3})
    with pytest.raises(CheckpointError, match="seed"):
        featurize.run(other, run, ONE)
    assert len(finished(run, "features")) == len({n for n in before if n.endswith("unit.json")})


def test_more_clips_make_all_anew_where_recordings_were_made_in_the_notebook(run, clips, tmp_path):
    records = load_clips(run).records
    gone = one(run, Split.TEST)
    write_catalogue(run / CATALOGUE, [record for record in records if record.path != gone])
    with pytest.raises(CheckpointError, match="made of other clips than 01 has made since"):
        featurize.plan(CONFIG, run, ONE)
    (run / "recorded/positive/ann").mkdir(parents=True)
    (run / "recorded/positive/ann/near-01.wav").touch()
    assert featurize.run(CONFIG, run, ONE)["shards made now"] == 8
    assert gone not in heard(run, "test-others")
    batch = Run(tmp_path / "batch")
    shutil.copytree(run / "clips", batch / "clips")
    featurize.run(CONFIG, batch, ONE)
    assert features(run) == features(batch)

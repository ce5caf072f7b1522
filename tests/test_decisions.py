"""Decisions of a person: files of the run, read again as they were written, refused by name."""

import pytest

from mwwkit.run.decisions import (
    CATALOGUE,
    CLIPS,
    CUTOFF,
    PARAMETERS,
    ClipDecision,
    CutoffDecision,
    clip_decisions,
    cutoff_decision,
    decide_clip,
    decide_cutoff,
    decide_parameters,
    of_other_sounds,
    parameter_decisions,
    undecide_clip,
)
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run

ONE, OTHER, THIRD = "a" * 64, "b" * 64, "c" * 64


def catalogue(run: Run, **sounds: str) -> None:
    rows = [f"clips/clip/{name}.wav,{sha256}" for name, sha256 in sounds.items()]
    (run / "clips").mkdir(parents=True, exist_ok=True)
    (run / CATALOGUE).write_text("\n".join(["path,sha256", *rows]) + "\n")


def test_what_is_decided_is_read_again_and_the_file_is_sorted_text(tmp_path):
    run = Run(tmp_path)
    catalogue(run, one=ONE, two=OTHER)
    decide_clip(run, ClipDecision("clips/clip/two.wav", "exclude", 'a door, "bang"'))
    decide_clip(run, ClipDecision("clips/clip/one.wav", "negative", "another word"))
    assert (run / CLIPS).read_text().splitlines() == [
        "clip,action,reason,sha256",
        f"clips/clip/one.wav,negative,another word,{ONE}",
        f'clips/clip/two.wav,exclude,"a door, ""bang""",{OTHER}',
    ]
    assert [d.action for d in clip_decisions(run).values()] == ["negative", "exclude"]
    undecide_clip(run, "clips/clip/one.wav")
    assert list(clip_decisions(run)) == ["clips/clip/two.wav"]


def test_nothing_decided_is_nothing_and_writes_nothing(tmp_path):
    run = Run(tmp_path)
    assert (clip_decisions(run), cutoff_decision(run), parameter_decisions(run)) == ({}, None, {})
    decide_cutoff(run, None)
    undecide_clip(run, "clips/clip/one.wav")
    assert not list(tmp_path.iterdir())


def test_the_newest_run_that_has_decisions_counts_whole(tmp_path):
    old, new = Run(tmp_path / "1"), Run(tmp_path / "2", (tmp_path / "1",))
    decide_clip(old, ClipDecision("clips/clip/one.wav", "exclude"))
    decide_cutoff(old, CutoffDecision(200, 5, ONE))
    decide_parameters(old, "featurize", {"EQ": 0.6, "BABBLE": 0.1})
    assert clip_decisions(new) == clip_decisions(old)
    decide_clip(new, ClipDecision("clips/clip/two.wav", "keep"))
    decide_parameters(new, "featurize", {"EQ": None, "RIR": 1})
    decide_parameters(new, "train", {"STEPS": 40})
    decide_cutoff(new, None)
    assert [d.action for d in clip_decisions(new).values()] == ["exclude", "keep"]
    assert cutoff_decision(new) is None and cutoff_decision(old).cutoff == 200
    now = {"featurize": {"BABBLE": 0.1, "RIR": 1}, "train": {"STEPS": 40}}
    assert parameter_decisions(new) == now
    assert len(clip_decisions(old)) == 1


def test_a_clip_that_got_another_name_keeps_its_decision(tmp_path):
    run = Run(tmp_path)
    catalogue(run, one=ONE, two=OTHER)
    decide_clip(run, ClipDecision("clips/clip/one.wav", "exclude", "a door"))
    catalogue(run, one=OTHER, three=ONE)  # a recording more: 01 counts from anew
    assert list(clip_decisions(run)) == ["clips/clip/three.wav"]
    (run / CATALOGUE).unlink()
    assert list(clip_decisions(run)) == ["clips/clip/one.wav"]
    assert clip_decisions(run)["clips/clip/one.wav"].sha256 == ONE


def test_a_decision_about_a_sound_that_another_replaced_is_kept_and_not_applied(tmp_path):
    run = Run(tmp_path)
    catalogue(run, one=ONE, two=OTHER)
    decide_clip(run, ClipDecision("clips/clip/one.wav", "exclude", "a door"))
    catalogue(run, one=THIRD, two=OTHER)
    assert clip_decisions(run) == {}
    assert [each.sha256 for each in of_other_sounds(run).values()] == [ONE]
    decide_clip(run, ClipDecision("clips/clip/two.wav", "keep"))
    undecide_clip(run, "clips/clip/two.wav")
    catalogue(run, five=ONE)  # its sound is there again
    assert list(clip_decisions(run)) == ["clips/clip/five.wav"] and not of_other_sounds(run)
    catalogue(run, one=THIRD)
    decide_clip(run, ClipDecision("clips/clip/one.wav", "keep"))
    assert clip_decisions(run)["clips/clip/one.wav"].sha256 == THIRD and not of_other_sounds(run)


def test_a_row_without_a_sound_is_of_what_has_its_path_now(tmp_path):
    run = Run(tmp_path)
    (run / "decisions").mkdir()
    (run / CLIPS).write_text("clip,action\nclips/clip/one.wav,exclude\n")
    for sound in (ONE, OTHER):
        catalogue(run, one=sound)
        assert clip_decisions(run)["clips/clip/one.wav"].action == "exclude"
        assert not of_other_sounds(run)


def test_two_rows_that_are_of_one_sound_must_agree(tmp_path):
    run = Run(tmp_path)
    (run / "decisions").mkdir()
    catalogue(run, two=ONE)
    head = "clip,action,reason,sha256\n"
    by_hand = f"{head}clips/clip/one.wav,keep,,{ONE}\nclips/clip/two.wav,exclude,,\n"
    (run / CLIPS).write_text(by_hand)
    with pytest.raises(WrongInput, match="decides twice about the sound that is clips/clip/two"):
        clip_decisions(run)
    (run / CLIPS).write_text(by_hand.replace("keep", "exclude"))
    assert list(clip_decisions(run)) == ["clips/clip/two.wav"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (CLIPS, "clip;action\n", "with commas between"),
        (CLIPS, "clip,action\nclips/a.wav,drop\n", "line 2: action is 'drop'; wanted one of keep"),
        (CLIPS, "clip,action\n/etc/passwd,keep\n", "line 2: clip is '/etc/passwd'"),
        (CLIPS, "clip,action\nclips/../x.wav,keep\n", "wanted a path of clips/catalogue.csv"),
        (CLIPS, "clip,action\nclips/a.wav\n", "fewer cells"),
        (CLIPS, "clip,action,sha256\nclips/a.wav,keep,12\n", "wanted a SHA-256"),
        (CLIPS, "clip,action\n" + 2 * "clips/a.wav,keep\n", "decides twice about clips/a.wav"),
        (CUTOFF, '{"cutoff": 200}', "window"),
        (CUTOFF, '{"cutoff": 255, "window": 5, "weights": "' + ONE + '"}', "cutoff is 255"),
        (CUTOFF, '{"cutoff": 9, "window": 5, "weights": ""}', "weights is ''"),
        (CUTOFF, '{"threshold": 9}', "wanted cutoff, window"),
        (CUTOFF, "{", "not readable as JSON"),
        (PARAMETERS, '{"featurize": 3}', "wanted tables by notebook"),
        (PARAMETERS, '{"featurize": {"eq": 3}}', "such as EQ"),
    ],
)
def test_what_is_no_decision_is_refused_with_its_file(tmp_path, name, text, told):
    run = Run(tmp_path)
    (run / "decisions").mkdir()
    (run / name).write_text(text)
    with pytest.raises(WrongInput, match=told) as refused:
        clip_decisions(run), cutoff_decision(run), parameter_decisions(run)
    assert str(run / name) in str(refused.value)

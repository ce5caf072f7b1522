"""What 01 was asked for at each catalogue, and clips that change under features made of them."""

import numpy as np
import pytest
import soundfile
from small_run import tree

from mwwkit.cli import chain, preflight
from mwwkit.corpus import asked
from mwwkit.corpus.clips import CATALOGUE, load_clips
from mwwkit.run.checkpoint import Checkpoint, CheckpointError
from mwwkit.run.files import sha256
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire, featurize

NO_SPEECH = {
    **{"tts_positive": 0, "tts_negative": 0, "tts_hard_negative": 0, "tts_ambient_minutes": 0.0},
    **{"noise_minutes": 0.0, "word": "hey you"},
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory, speech_like):
    """Twelve of the word and four others, and a room, so that 01 has something to make."""
    root = tmp_path_factory.mktemp("recordings")
    names = [f"positive/{i}.wav" for i in range(12)] + [f"negative/{i}.wav" for i in range(4)]
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(exist_ok=True)
        soundfile.write(root / name, np.asarray(speech_like(seed, 0.8)), 16_000)
    return root


@pytest.fixture
def made(tmp_path, recordings):
    """`made(rooms)`: 01 done with so many made-up rooms, in one run."""
    here = Run(tmp_path / "run")

    def go(rooms: int) -> Run:
        config = acquire.Config(recordings=str(recordings), rooms=rooms, **NO_SPEECH)
        acquire.run(config, here, Limits(workers=1))
        return here

    return go


def featured(here: Run) -> None:
    """As if 02 had begun on the clips as they are."""
    settings = featurize.Config().shaping() | {"catalogue": sha256(here / CATALOGUE)}
    Checkpoint.resume(here, "features", settings).finish("a unit")


def before_the_start(here: Run, recordings, rooms: int, stages=("01", "02")) -> str:
    """What `mwwkit run` says before its first notebook."""
    where = {"RUN_DIR": str(here.folder), "PREVIOUS": [], "SEED": 42}
    given = {name.upper(): value for name, value in NO_SPEECH.items()}
    given |= {"RECORDINGS": str(recordings), "ROOMS": rooms}
    values = {"acquire": chain.parameters("01") | given, "featurize": chain.parameters("02")}
    sections = [chain.SECTIONS[stage] for stage in stages]
    return preflight.why_it_cannot_go_on({name: values[name] | where for name in sections})[0]


def test_clips_are_not_changed_under_features_that_are_made_of_them(made, recordings):
    here = made(2)
    assert not before_the_start(here, recordings, 5), "nothing is made of the clips yet"
    featured(here)
    before = tree(here.folder)
    assert not before_the_start(here, recordings, 2)
    told = before_the_start(here, recordings, 5)
    assert f"{here / 'features'} was made of 01's clips as they are (18 clips)" in told
    assert "ROOMS 2 then, 5 now; give 01 ROOMS 2 again, or use a new run folder" in told
    assert told.endswith(f"or delete features/ of {here.folder} to make them again")
    assert not before_the_start(here, recordings, 5, ["01"]), "no stage is to go on after it"
    assert tree(here.folder) == before


def test_of_a_run_that_an_older_version_made_it_is_told_too(made, recordings):
    here = made(2)
    featured(here)
    (here / asked.FILE).unlink()
    assert not before_the_start(here, recordings, 2)
    told = before_the_start(here, recordings, 5)
    assert "01 would now make others: what 01 was asked for then is not known" in told


def test_features_of_other_clips_are_told_in_words_until_the_setting_is_put_back(
    made, recordings, capsys
):
    here = made(2)
    featured(here)
    assert "ROOMS" not in capsys.readouterr().out
    made(5)
    assert (
        "01: ROOMS is 5 here and was 2 in this run: there are 21 clips now, and there were 18"
        in capsys.readouterr().out
    )
    told = r"clips than 01 has made since \(18 clips then, 21 now\): ROOMS 2 then, 5 now; give 01"
    for refused in (asked.refuse_other_clips, featurize.check):
        with pytest.raises(CheckpointError, match=told):
            refused(here)
    assert "was made of other clips (18 clips) than" in before_the_start(here, recordings, 5)
    assert not before_the_start(here, recordings, 2), "that puts them back"
    made(2)
    assert "ROOMS is 2 here and was 5" in capsys.readouterr().out
    assert len(load_clips(here)) == 18
    asked.refuse_other_clips(here)

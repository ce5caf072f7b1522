import os
import stat
from dataclasses import asdict, dataclass
from typing import Annotated

import pytest
from killing import killed_by_itself

from mwwkit.presets.notebooks import ENDS_IN, NOTEBOOKS
from mwwkit.run.attached import STAGES
from mwwkit.run.checkpoint import MADE_BY, Checkpoint, CheckpointError, completed, finished
from mwwkit.run.config_base import Before
from mwwkit.run.files import read_json, replacing
from mwwkit.run.paths import Run

SETTINGS = {"scenes": 5000, "conditions": ("clean", "room")}


@pytest.fixture
def here(tmp_path):
    return Run(tmp_path / "run")


def resume(here, **settings):
    return Checkpoint.resume(here, "features", SETTINGS | settings)


def files(here):
    folder = here / "features"
    return folder / "checkpoint.json", folder / "checkpoint.previous.json"


def earlier_run(tmp_path, name, complete=False, **units):
    """A run with finished units, read-only as Kaggle mounts it."""
    here = Run(tmp_path / name)
    checkpoint = resume(here)
    for unit, clips in units.items():
        checkpoint.finish(unit, clips=clips, cpu_seconds=len(name))
    if complete:
        checkpoint.complete(made_by=name)
    for path in [*here.folder.rglob("*"), here.folder]:
        path.chmod(stat.S_IREAD | stat.S_IEXEC)
    return here.folder


def test_a_new_session_continues_where_the_last_one_stopped(here):
    assert resume(here).left(["b", "a"]) == ["b", "a"]
    resume(here).finish("a", clips=512)
    assert resume(here).done == {"a": {"clips": 512}}
    assert resume(here).left(["c", "b", "a"]) == ["c", "b"]


def test_the_file_is_the_same_in_whatever_order_units_finish(tmp_path):
    one, other = Run(tmp_path / "one"), Run(tmp_path / "other")
    for here, order in ((one, "abc"), (other, "cab")):
        checkpoint = resume(here)
        for unit in order:
            checkpoint.finish(unit, clips=ord(unit))
        checkpoint.complete()
    for first, second in zip(files(one), files(other), strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_other_settings_are_refused_by_name_with_both_values(here):
    resume(here).finish("a")
    with pytest.raises(
        CheckpointError, match=r"checkpoint.json was .* scenes \(5000 then, 512 now\)"
    ):
        resume(here, scenes=512)
    with pytest.raises(CheckpointError, match="seed.*use a new RUN_DIR"):
        resume(here, seed=1)
    resume(here, conditions=["clean", "room"])  # a tuple comes back from JSON as a list


def test_a_number_that_was_written_as_6_is_gone_on_with_as_6_0_and_the_other_way_round(tmp_path):
    for before, now in ((6, 6.0), (6.0, 6)):
        here = Run(tmp_path / f"from {before}")
        first = resume(here, seconds=before, level_db=(before, 9))
        first.finish("a")
        folder = sealed(here, "b", first)
        checkpoint = resume(here, seconds=now, level_db=(now, 9.0))
        assert checkpoint.adopt("b", folder) and list(checkpoint.done) == ["a", "b"]


def test_a_session_killed_while_saving_loses_nothing_that_was_recorded(here):
    code = """
    import os, signal, sys
    from mwwkit.run.checkpoint import Checkpoint
    from mwwkit.run.paths import Run
    checkpoint = Checkpoint.resume(Run.of(sys.argv[1]), "features", {})
    checkpoint.finish("a", clips=1)
    sync, left = os.fsync, [int(sys.argv[2])]
    def killing_sync(descriptor):
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(descriptor)
    os.fsync = killing_sync
    checkpoint.finish("b", clips=2)
    checkpoint.complete(scenes=3)
    os.kill(os.getpid(), signal.SIGKILL)
    """
    whole = None
    for survived in range(9):
        here = Run(here.folder.parent / f"run{survived}")
        killed_by_itself(code, here.folder, survived)
        checkpoint = Checkpoint.resume(here, "features", {})
        assert checkpoint.done["a"] == {"clips": 1}
        for unit in checkpoint.left(["b"]):
            checkpoint.finish(unit, clips=2)
        if not checkpoint.is_complete:
            checkpoint.complete(scenes=3)
        made = {f.name: f.read_bytes() for f in (here / "features").iterdir()}
        whole = whole or made
        assert made == whole
    assert set(whole) == {"checkpoint.json", "checkpoint.previous.json"}


DAMAGE = [
    b"",
    b'{"settings": {',
    b"[]",
    b"{}",
    b"\0" * 40,
    b'{"settings":1,"done":{},"complete":0}',
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_of_a_damaged_file_the_last_good_generation_is_used_and_that_is_said(here, damage):
    checkpoint = resume(here)
    checkpoint.finish("a", clips=1)
    checkpoint.finish("b", clips=2)
    files(here)[0].write_bytes(damage)
    with pytest.warns(UserWarning, match="damaged.*last good generation, 1 finished units"):
        checkpoint = resume(here)
    assert list(checkpoint.done) == ["a"]
    checkpoint.finish("b", clips=2)
    assert read_json(files(here)[1])["done"] == {"a": {"clips": 1}}  # damage is never handed down
    assert list(resume(here).done) == ["a", "b"]


def test_the_warning_of_damage_points_at_the_call(here):
    checkpoint = resume(here)
    checkpoint.finish("a")
    checkpoint.finish("b")
    files(here)[0].write_bytes(b"{")
    with pytest.warns(UserWarning) as told:
        Checkpoint.resume(here, "features", SETTINGS)
    assert told[0].filename == __file__  # not a line of mwwkit


@pytest.mark.parametrize("damage", DAMAGE)
def test_with_both_generations_damaged_the_message_says_what_deleting_them_redoes(here, damage):
    checkpoint = resume(here)
    checkpoint.finish("a")
    checkpoint.finish("b")
    for path in files(here):
        path.write_bytes(damage)
    wanted = r"checkpoint.json is damaged.*delete checkpoint.json and checkpoint.previous.json "
    with pytest.raises(CheckpointError, match=wanted + "to redo every unit of .*features"):
        resume(here)
    for path in files(here):
        path.unlink()
    assert resume(here).done == {}  # the advice works


def test_a_damaged_first_generation_has_none_before_it(here):
    resume(here).finish("a")
    files(here)[0].write_bytes(b"{")
    with pytest.raises(CheckpointError, match="no earlier generation of it is left"):
        resume(here)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            "[" + "1, " * 30 + "1]",
            "checkpoint.json holds '[" + "1, " * 19 + "1,', not settings, done",
        ),
        ('{"settings": 1, "done": {}, "complete": 0}', ": settings and done must be tables"),
        ('{"settings": {}, "done": [], "complete": 0}', ": settings and done must be tables"),
    ],
)
def test_damage_is_described(here, damage, told):
    resume(here).finish("a")
    files(here)[0].write_text(damage, encoding="utf-8")
    with pytest.raises(CheckpointError) as raised:
        resume(here)
    assert told in str(raised.value)


def test_a_damaged_earlier_run_is_to_be_left_out_not_deleted(tmp_path):
    first = Run(tmp_path / "first")
    resume(first).finish("a")
    files(first)[0].write_bytes(b"{")
    with pytest.raises(CheckpointError, match="left; leave that run out of PREVIOUS$"):
        resume(Run(tmp_path / "run", (first.folder,)))
    with pytest.raises(CheckpointError, match="left; leave that run out of PREVIOUS$"):
        finished(Run(tmp_path / "run", (first.folder,)), "features")


def test_units_of_earlier_runs_count_as_done_and_nothing_is_written_there(tmp_path):
    first = earlier_run(tmp_path, "first", a=1, b=2)
    second = earlier_run(tmp_path, "second", c=3)
    before = {f: f.stat().st_mtime_ns for f in [*first.rglob("*"), *second.rglob("*")]}
    here = Run(tmp_path / "run", (first, second))
    checkpoint = resume(here)
    assert checkpoint.left(["a", "b", "c", "d"]) == ["d"]
    checkpoint.finish("d", clips=4)
    assert list(read_json(files(here)[0])["done"]) == ["d"]  # nothing is copied
    checkpoint.complete()
    assert {unit: facts["clips"] for unit, facts in finished(here, "features").items()} == {
        "a": 1,
        "b": 2,
        "c": 3,
        "d": 4,
    }
    assert before == {f: f.stat().st_mtime_ns for f in [*first.rglob("*"), *second.rglob("*")]}


def test_earlier_runs_that_made_a_unit_differently_are_both_named(tmp_path):
    first, second = earlier_run(tmp_path, "first", a=1), earlier_run(tmp_path, "second", a=2)
    with pytest.raises(
        CheckpointError, match="first.*second.*both hold unit 'a'.*; leave one.*PREVIOUS$"
    ):
        resume(Run(tmp_path / "run", (first, second)))


def test_earlier_runs_that_made_a_unit_alike_but_not_as_fast_agree(tmp_path):
    first, second = earlier_run(tmp_path, "first", a=1), earlier_run(tmp_path, "second", a=1)
    assert list(resume(Run(tmp_path / "run", (first, second))).done) == ["a"]


def test_an_earlier_run_of_other_settings_is_to_be_left_out(tmp_path):
    first = earlier_run(tmp_path, "first", a=1)
    with pytest.raises(CheckpointError, match="first.*scenes.*or leave that run out of PREVIOUS$"):
        resume(Run(tmp_path / "run", (first,)), scenes=1)


def test_a_finished_earlier_run_is_finished_here_until_something_is_added(tmp_path):
    first = earlier_run(tmp_path, "first", complete=True, a=1)
    here = Run(tmp_path / "run", (first,))
    checkpoint = resume(here)
    assert checkpoint.is_complete and completed(here, "features") == {"made_by": "first"}
    checkpoint.finish("b", clips=2)
    assert not checkpoint.is_complete
    assert not resume(here).is_complete  # nor in the next session
    with pytest.raises(CheckpointError, match="is not finished .2 units done."):
        finished(here, "features")
    checkpoint.complete(made_by="run")
    assert completed(here, "features") == {"made_by": "run"}


def test_the_facts_of_a_stage_are_those_of_the_newest_run_that_finished_it(tmp_path):
    first = earlier_run(tmp_path, "first", complete=True, a=1)
    second = earlier_run(tmp_path, "second", b=2)
    elsewhere = Run(tmp_path / "elsewhere")  # a run without this stage
    elsewhere.folder.mkdir()
    for earlier in ((first, elsewhere.folder, second), (second, elsewhere.folder, first)):
        here = Run(tmp_path / "run", earlier)
        assert completed(here, "features") == {"made_by": "first"}
        checkpoint = resume(here)
        assert checkpoint.left(["a", "b", "c"]) == ["c"]
        assert (checkpoint.is_complete, checkpoint.facts) == (True, {"made_by": "first"})


def counting(here):
    return Checkpoint.resume(
        here,
        "features",
        SETTINGS,
        count=lambda done: {"clips": sum(f["clips"] for f in done.values())},
    )


def test_figures_for_people_are_of_all_units_and_earlier_runs_keep_theirs(tmp_path):
    first, second, third = (Run(tmp_path / name) for name in ("first", "second", "third"))
    counting(first).finish("a", clips=1)
    resume(second).finish("b", clips=2)  # counts nothing
    counting(third).finish("c", clips=4)
    here = Run(tmp_path / "run", (first.folder, second.folder, third.folder))
    checkpoint = counting(here)
    assert checkpoint.figures_before == [{"clips": 1}, {}, {"clips": 4}]  # oldest first
    assert checkpoint.figures == {}
    checkpoint.finish("d", clips=8)
    assert checkpoint.figures == read_json(files(here)[0])["figures"] == {"clips": 15}
    assert counting(here).figures == {"clips": 15}
    checkpoint.complete()
    assert read_json(files(here)[0])["figures"] == {"clips": 15}


def test_a_file_has_no_more_than_it_needs(here):
    checkpoint = resume(here)
    checkpoint.finish("a", clips=(1, 2))
    assert checkpoint.done == {"a": {"clips": [1, 2]}}  # as a later session reads it
    checkpoint.complete(hours=(1, 2))
    assert (checkpoint.is_complete, checkpoint.facts) == (True, {"hours": [1, 2]})
    assert read_json(files(here)[0]) == {
        "settings": {"conditions": ["clean", "room"], "scenes": 5000},
        "done": {"a": {"clips": [1, 2]}},
        "complete": {"hours": [1, 2]},
    }
    assert (resume(here).figures, resume(here).forced) == ({}, [])


def test_a_unit_that_is_forgotten_is_to_be_made_again(here):
    checkpoint = resume(here)
    for unit in "abc":
        checkpoint.finish(unit)
    checkpoint.forget(["a", "c", "d"])
    assert list(checkpoint.done) == list(resume(here).done) == ["b"]


def test_what_is_forced_is_made_again_though_earlier_runs_have_it(tmp_path):
    units = {"rooms/1": 1, "rooms/2": 2, "speech/1": 3}
    first = earlier_run(tmp_path, "first", **units)
    second = Run(tmp_path / "second", (first,))
    checkpoint = resume(second)
    checkpoint.finish("rooms/3", clips=4)
    checkpoint.finish("speech/2", clips=5)
    checkpoint.force(["rooms/"])
    checkpoint.force(["messy/", "rooms/"])
    assert checkpoint.forced == read_json(files(second)[0])["forced"] == ["messy/", "rooms/"]
    for seen in (checkpoint, resume(second)):
        assert list(seen.done) == ["speech/1", "speech/2"]
        assert (seen.forced, seen.forced_before) == (["messy/", "rooms/"], [])
    checkpoint.finish("rooms/1", clips=9)  # made otherwise than in the first run
    assert resume(second).done["rooms/1"] == {"clips": 9}
    third = Run(tmp_path / "third", (second.folder,))
    resume(third).force(["speech/2"])
    last = resume(Run(tmp_path / "last", (first, second.folder, third.folder)))  # oldest first
    assert last.forced_before == ["messy/", "rooms/", "speech/2"] and last.forced == []
    assert last.done.keys() == {"rooms/1", "speech/1"} and last.done["rooms/1"] == {"clips": 9}


def test_complete_leaves_two_equal_generations_and_writes_only_once(here):
    checkpoint = resume(here)
    checkpoint.finish("a")
    checkpoint.complete(hours=1.5)
    one, other = files(here)
    assert one.read_bytes() == other.read_bytes()
    before = [os.stat(path).st_mtime_ns for path in files(here)]
    resume(here).complete(hours=1.5)
    assert before == [os.stat(path).st_mtime_ns for path in files(here)]


def test_the_notebook_that_makes_what_is_missing_is_named():
    assert {
        folder: NOTEBOOKS[stage] for stage, folder in ENDS_IN.items()
    }.items() <= MADE_BY.items()
    assert {*MADE_BY} == {*STAGES} - {"."}


def test_a_stage_that_has_not_finished_cannot_be_read(here):
    for read in (finished, completed):
        with pytest.raises(CheckpointError, match="features is not finished .no units done."):
            read(here, "features")
    resume(here).finish("a")
    for read in (finished, completed):
        with pytest.raises(
            CheckpointError,
            match="is not finished .1 unit done.*; run 02_featurize to its .*PREVIOUS$",
        ):
            read(here, "features")


def test_a_metric_that_is_not_a_number_is_not_recorded(here):
    checkpoint = resume(here)
    for keep in (
        lambda: checkpoint.finish("a", loss=float("nan")),
        lambda: checkpoint.complete(x=1e999),
    ):
        with pytest.raises(ValueError):
            keep()
    assert not checkpoint.done and not checkpoint.is_complete and not resume(here).done


def sealed(here, unit, checkpoint, **facts):
    with replacing(here / "features" / unit) as part:
        part.mkdir()
        (part / "data").write_bytes(b"all of it")
        checkpoint.seal(part, facts)
    return here / "features" / unit


def test_a_sealed_folder_that_was_not_recorded_is_adopted_with_its_facts(here):
    folder = sealed(here, "a", resume(here), clips=512)
    checkpoint = resume(here)
    assert checkpoint.left(["a"]) == ["a"]
    assert checkpoint.adopt("a", folder)
    assert resume(here).done == {"a": {"clips": 512}}


def test_a_folder_without_a_seal_or_of_other_settings_is_not_adopted(here):
    (here / "features/a").mkdir(parents=True)
    (here / "features/a/data").write_bytes(b"half of i")
    checkpoint = resume(here)
    assert not checkpoint.adopt("a", here / "features/a")
    other = sealed(here, "b", resume(here, scenes=1))
    assert not checkpoint.adopt("b", other)
    assert not checkpoint.adopt("c", here / "features/c")
    assert not checkpoint.done


@dataclass(frozen=True)
class Config:
    """A stage's settings as an older version had them."""

    scenes: int = 5000


@dataclass(frozen=True)
class Later(Config):
    """The same with two that say what the older code did, the second not by its default."""

    rooms: Annotated[tuple[str, ...], Before(("hall",))] = ("hall",)
    noise: Annotated[float, "a share", Before(0.0)] = 0.3


@dataclass(frozen=True)
class Careless(Config):
    """The same with one that does not say it."""

    noise: float | None = None


def of_config(here, config):
    return Checkpoint.resume(here, "features", asdict(config), of=config)


def test_a_setting_that_an_older_version_did_not_have_is_read_as_what_its_code_did(here):
    of_config(here, Config()).finish("a", clips=1)
    assert of_config(here, Later(noise=0.0)).done == {"a": {"clips": 1}}
    with pytest.raises(CheckpointError, match=r"other values of noise \(0.0 then, 0.3 now\); put"):
        of_config(here, Later())
    told = r"other values of rooms \(\['hall'\] then, \[\] now\); put"
    with pytest.raises(CheckpointError, match=told):
        of_config(here, Later(rooms=(), noise=0.0))
    of_config(here, Later(noise=0.0)).finish("b", clips=2)
    assert read_json(files(here)[0])["settings"] == {
        "noise": 0.0,
        "rooms": ["hall"],
        "scenes": 5000,
    }
    with pytest.raises(CheckpointError, match=r"noise \(0.0 then, 0.3 now\)"):
        of_config(here, Later())
    told = r"noise \(0.0 then, missing now\), rooms .* missing"
    with pytest.raises(CheckpointError, match=told):
        of_config(here, Config())  # the older version does not go on with what it does not know


def test_a_field_that_shapes_nothing_here_is_left_out_though_it_says_what_older_code_did(here):
    of_config(here, Config()).finish("a")
    settings = asdict(Config())  # as of a stage that keeps only some of its settings
    assert list(Checkpoint.resume(here, "features", settings, of=Later()).done) == ["a"]


def test_what_was_written_down_counts_before_what_older_code_did(here):
    of_config(here, Later(noise=0.5)).finish("a")
    assert list(of_config(here, Later(noise=0.5)).done) == ["a"]
    with pytest.raises(CheckpointError, match=r"noise \(0.5 then, 0.0 now\)"):
        of_config(here, Later(noise=0.0))


def test_a_setting_that_was_none_and_is_missing_has_changed(here):
    of_config(here, Careless()).finish("a")
    with pytest.raises(CheckpointError, match=r"noise \(None then, missing now\)"):
        of_config(here, Config())


@pytest.mark.parametrize("noise", [0.3, 0.0, None])
def test_a_new_setting_that_does_not_say_what_older_code_did_is_refused_by_name(here, noise):
    of_config(here, Config()).finish("a")
    with pytest.raises(CheckpointError) as told:
        of_config(here, Careless(noise=noise))
    assert f"noise (missing then, {noise} now); put them back, or use a" in str(told.value)
    assert "\n" not in str(told.value)


def test_an_earlier_run_of_an_older_version_is_gone_on_with_in_the_same_way(tmp_path):
    first = Run(tmp_path / "first")
    of_config(first, Config()).finish("a")
    here = Run(tmp_path / "run", (first.folder,))
    assert list(of_config(here, Later(noise=0.0)).done) == ["a"]
    for wrong in (Later(), Careless()):
        with pytest.raises(CheckpointError, match="first.*noise.*leave that run out of PREVIOUS"):
            of_config(here, wrong)


def test_a_folder_that_an_older_version_sealed_is_adopted_in_the_same_way(here):
    folder = sealed(here, "a", of_config(here, Config()), clips=512)
    for wrong in (Later(), Careless()):
        assert not of_config(here, wrong).adopt("a", folder)
    assert of_config(here, Later(noise=0.0)).adopt("a", folder)
    assert of_config(here, Later(noise=0.0)).done == {"a": {"clips": 512}}

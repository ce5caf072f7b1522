"""02 Clips to labelled scenes to spectrograms, on the device's own grid."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache, partial
from typing import Annotated

from mwwkit.audio.endpoints import sure
from mwwkit.corpus import asked
from mwwkit.corpus.clips import CATALOGUE, Clips, Split, load_clips, refuse_without_clips
from mwwkit.corpus.decided import actions_now, told, with_actions
from mwwkit.corpus.endpoint_table import find_words, word_spans, words_compared
from mwwkit.corpus.recording_folders import recorded_in
from mwwkit.device import firmware
from mwwkit.run.checkpoint import Checkpoint, finished
from mwwkit.run.checkpoint_files import Anew, changed_settings
from mwwkit.run.config_base import Between, EachOf, OneOf, at_least
from mwwkit.run.decisions import parameter_decisions
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import remove_whole, replacing, sha256, write_json
from mwwkit.run.lock import one_writer
from mwwkit.run.pace import SCENES_TIMES_REAL_TIME, Watch, expected
from mwwkit.run.parallel import each
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import progress
from mwwkit.run.quantities import how_it_stands, how_much, made_now, span
from mwwkit.run.session import Limits, full_disk_stops
from mwwkit.run.settings import carry
from mwwkit.run.shown import Facts, sentences
from mwwkit.scenes import set_tables
from mwwkit.scenes.augmentation import Recipe
from mwwkit.scenes.materials import material_of, with_ringing
from mwwkit.scenes.scene_drawing import Material, Word
from mwwkit.scenes.sets import (
    CONDITIONS,
    SceneSet,
    ambient_set,
    clip_set,
    heard_with,
    training_set,
    window_set,
)
from mwwkit.scenes.shards import FeatureSet, band_statistics, make_shard
from mwwkit.scenes.store import FeatureStore

STAGE = "02 featurize"
FOLDER, SECTION = "features", "featurize"
SHARD_SECONDS = 1800.0  # of audio in a shard: 7 MB, some seconds of work to lose
START_S = 4.0  # of the processes


@dataclass(frozen=True)
class Config(Recipe):
    """What 02_featurize.ipynb can set, the recipe's augmentations included."""

    # or "windows": one window, one label, as a baseline
    training: Annotated[str, OneOf(("scenes", "windows"))] = "scenes"
    scenes: Annotated[int, Between(1, 1_000_000)] = 5000
    scene_seconds: Annotated[float, Between(3, 60)] = 12.0
    conditions: Annotated[tuple[str, ...], EachOf(CONDITIONS)] = (
        "clean",
        "noise10",
        "babble10",
        "room",
    )
    max_rooms: Annotated[int, at_least(0)] = 200
    seed: int = 42

    def refuse_together(self) -> None:
        """Raise ValueError for conditions that are none or twice, and what `Recipe` refuses."""
        super().refuse_together()
        if not self.conditions or len(set(self.conditions)) < len(self.conditions):
            raise WrongInput(f"conditions is {self.conditions}; wanted at least one, each once")

    def shaping(self) -> dict:
        """The settings that shape what is made."""
        return asdict(self)


def plan(config: Config, run: Run, limits: Limits) -> Facts:
    """What is done, what is left, and the minutes and bytes it takes.

    Raises CheckpointError when 01 has not finished, and ValueError when its clips cannot make what
    is asked for.
    """
    refuse_without_clips(run, "02")
    everything, spans = load_clips(run), word_spans(run)
    actions = actions_now(run, everything)
    clips = with_actions(everything, actions)
    checkpoint = _checkpoint(config, run)
    sets = _sets(config, clips, spans)
    units = _units(sets)
    anew = _outdated(checkpoint, _marks(config, everything, actions, spans))
    undone = {*anew, *checkpoint.left(list(units))}
    left = [name for name in units if name in undone]
    again = Counter(name.split("/")[0] for name in [*anew, *checkpoint.outdated])
    left_s = sum(sum(sets[name].seconds[r.start : r.stop]) for name, r in map(units.get, left))
    words = _material(config, clips, spans, Split.TRAIN).positives
    known = {word.path for word in _sure(words, clips)}
    origins = {record.path: record.origin for record in clips}
    unsure = [origins[word.path] for word in words if word.path not in known]
    seconds = _guessed_s(left_s, limits) + START_S
    decided = told(run, everything, actions)
    decided |= {"shards made anew, since it was decided": dict(again)} if again else {}
    facts = {
        "scenes": {name: len(scenes) for name, scenes in sets.items()},
        "words left out of scenes, their end unsure": len(unsure),
        "shards done": len(units) - len(left),
        "shards left": len(left),
        **decided,
        "minutes left, about": round(seconds / 60, 1) if left else 0.0,
        "GB left to write": round(_n_bytes(left_s) / 1e9, 3),
    }
    needs = expected(run, STAGE, seconds), f"{how_much(_n_bytes(left_s))} to write"
    return Facts(
        facts,
        how_it_stands(len(units) - len(left), len(left), "shard", *needs),
        *sentences(decided),
        set_tables.planned(sets),
        set_tables.unsure(unsure),
    )


def _guessed_s(audio_s: float, limits: Limits) -> float:
    """What some seconds of scenes take."""
    return audio_s / SCENES_TIMES_REAL_TIME / limits.n_workers


@full_disk_stops(STAGE)
@one_writer
def run(config: Config, run: Run, limits: Limits) -> Facts:
    """Make the shards that are left; return what was made and where.

    Raises StoppedEarly when the session's time, the disk budget or the disk ends first.
    """
    refuse_without_clips(run, "02")
    clips = load_clips(run)
    checkpoint = _checkpoint(config, run)
    if checkpoint.begins_anew and not checkpoint.own:
        print("02: the clips are others now: all sets are made anew")
        remove_whole(run / FOLDER)
    checkpoint.mend(lambda name: bool(run.all(f"{FOLDER}/{name}")), "shards")
    session = limits.session(run)
    find_words(clips, run, limits.n_workers)
    spans, actions = word_spans(run), actions_now(run, clips)
    sets = _sets(config, with_actions(clips, actions), spans)
    marks = _marks(config, clips, actions, spans)
    units = _units(sets)
    if checkpoint.begins_anew:
        for name, facts in checkpoint.own.items():  # which stay, and say the recipe of the others
            checkpoint.seal(run / FOLDER / name, facts)
    for name in checkpoint.left(list(units)):
        checkpoint.adopt(name, run / FOLDER / name)
    _forget(run, checkpoint, _outdated(checkpoint, marks))
    left = checkpoint.left(list(units))
    if left:
        carry(run)

    def seconds_of(name: str) -> float:
        set_name, numbers = units[name]
        return sum(sets[set_name].seconds[numbers.start : numbers.stop])

    make = partial(_make, config, run, checkpoint, tuple(sorted(actions.items())), marks)
    jobs = ((n, *units[n]) for n in session.units(left, lambda name: _n_bytes(seconds_of(name))))
    so_far = {"total": len(units), "initial": len(units) - len(left), "disable": not left}
    with Watch(run, STAGE, START_S) as watch, progress(unit="shard", desc=STAGE, **so_far) as bar:
        for name, facts in each(make, jobs, limits.n_workers, ordered=False):
            checkpoint.finish(name, **facts)
            bar.update()
            watch.add(_guessed_s(seconds_of(name), limits))
    session.must_be_continued(STAGE, len(checkpoint.left(list(units))))
    if not checkpoint.is_complete:
        mean, deviation = band_statistics(
            FeatureStore([run.find(f"{FOLDER}/{u}") for u in units if units[u][0] == "train"])
        )
        statistics = {"mean": mean.tolist(), "deviation": deviation.tolist()}
        write_json(run / FOLDER / "statistics.json", statistics)
        decided = {"decided": actions} if actions else {}
        checkpoint.complete(scenes={name: len(scenes) for name, scenes in sets.items()}, **decided)
    found, compared = check(run), words_compared(run)
    facts = {
        "shards made now": len(left),
        "recordings compared to find the word": compared or "none: too few",
        "hours": found,
        "folder": str(run / FOLDER),
    }
    return Facts(
        facts,
        f"{made_now(len(left), 'shard')}; {span(sum(found.values()))} of features "
        f"are in {run / FOLDER}.",
        f"Where the word is in a recording was found by comparing {compared:,} of them."
        if compared
        else "",
    )


def check(run: Run) -> Facts:
    """Hours of each set. Raises unless 03 can train and choose on what is there, of 01's clips."""
    asked.refuse_other_clips(run, recorded_too=True)
    names = sorted({unit.split("/")[0] for unit in finished(run, FOLDER)})
    sets = {name: FeatureSet.open(run, name) for name in names}
    for wanted in ("train", "validation-words"):
        if wanted not in sets or not any(sets[wanted].ends_s):
            raise WrongInput(
                f"{run / FOLDER} has no wake word in the set {wanted}; 01 needs more positives"
            )
    hours = {name: round(features.hours, 3) for name, features in sets.items()}
    can = "03 can train on this: the wake word is in training and in validation."
    return Facts(hours, can, set_tables.made(sets, hours))


def _checkpoint(config: Config, run: Run) -> Checkpoint:
    catalogue = sha256(run.find(CATALOGUE))
    settings = config.shaping() | {"catalogue": catalogue}
    asked.refuse_other_clips(run)
    return Checkpoint.resume(run, FOLDER, settings, of=config, anew=anew(run))


def anew(run: Run) -> Anew:
    """A recipe that was decided on may change: it shapes the training scenes and no others.

    With recordings made in the notebook there may be more clips, of which all scenes are made.
    """
    recipe = {field.name for field in fields(Recipe)} if SECTION in parameter_decisions(run) else ()
    more = {"catalogue"} if recorded_in(run) else set()

    def begin(then: dict, now: dict) -> list[str] | None:
        changes = set(changed_settings(then, now))
        if not changes <= more.union(recipe):
            return None
        return [""] if changes & more else ["train/"]

    return begin


def _marks(
    config: Config, clips: Clips, actions: Mapping[str, str], spans: dict[str, list[float]]
) -> dict[str, str]:
    """Of each set that decisions made another one, a digest of what it is made of."""
    if not actions:
        return {}
    before = _made_from(config, clips, spans)
    now = _made_from(config, with_actions(clips, actions), spans)
    return {name: _digest(made) for name, made in now.items() if made != before[name]}


def _digest(made_from: object) -> str:
    return hashlib.sha256(repr(made_from).encode()).hexdigest()[:16]


def _made_from(config: Config, clips: Clips, spans: dict[str, list[float]]) -> dict[str, object]:
    """What each set is made from, by its name; none at all where it cannot be made."""
    made = {}
    for split in Split:
        material = _material(config, clips, spans, split)
        made[f"{split.value}-ambient"] = material.speech + material.noises
        if split is Split.TRAIN:
            made["train"] = material
        else:
            made[f"{split.value}-others"] = material.negatives
            heard = heard_with(config.conditions, material)
            made[f"{split.value}-words"] = (material.positives, heard)
    return made


def _outdated(checkpoint: Checkpoint, marks: Mapping[str, str]) -> list[str]:
    """Finished shards of sets that are made of other clips now."""
    return [
        name
        for name, facts in checkpoint.done.items()
        if facts.get("decided", "") != marks.get(name.split("/")[0], "")
    ]


def _forget(run: Run, checkpoint: Checkpoint, outdated: list[str]) -> None:
    """Have outdated shards made again, and say so."""
    if not outdated:
        return
    names = ", ".join(dict.fromkeys(name.split("/")[0] for name in outdated))
    print(f"02: decisions about clips changed: {names} are made anew, all other sets are kept")
    if earlier := [name for name in outdated if name in checkpoint.before]:
        checkpoint.force(earlier)
    checkpoint.forget(outdated)
    for name in outdated:  # or it would be adopted
        remove_whole(run / FOLDER / name)


def _n_bytes(seconds: float) -> int:
    return int(seconds * firmware.N_BANDS * 1000 / firmware.HOP_MS * 1.02) + 100_000


def _units(sets: dict[str, SceneSet]) -> dict[str, tuple[str, range]]:
    """Shards by name: a set and a range of its scenes, about half an hour of audio each."""
    units = {}
    for name, scenes in sets.items():
        first, seconds = 0, 0.0
        for number, length_s in enumerate(scenes.seconds, start=1):
            seconds += length_s
            if seconds >= SHARD_SECONDS or number == len(scenes):
                units[f"{name}/{first:06d}"] = (name, range(first, number))
                first, seconds = number, 0.0
    return units


def _make(
    config: Config,
    run: Run,
    checkpoint: Checkpoint,
    actions: tuple[tuple[str, str], ...],
    marks: Mapping[str, str],
    job: tuple,
) -> tuple[str, dict]:
    """One shard, in a process of its own: sealed in its folder, then recorded by the caller."""
    name, set_name, numbers = job
    scenes = _sets_here(config, run, checkpoint.settings["catalogue"], actions)[set_name]
    with replacing(run / FOLDER / name) as part:
        facts = make_shard(part, scenes, numbers, run.find)
        facts |= {"decided": marks[set_name]} if set_name in marks else {}
        checkpoint.seal(part, facts)
    return name, facts


@lru_cache(maxsize=1)  # read once a process, not once a shard; a process may see two catalogues
def _sets_here(
    config: Config, run: Run, catalogue: str, actions: tuple[tuple[str, str], ...]
) -> dict[str, SceneSet]:
    return _sets(config, with_actions(load_clips(run), dict(actions)), word_spans(run))


def _sets(config: Config, clips: Clips, spans: dict[str, list[float]]) -> dict[str, SceneSet]:
    """Every set of the run, from the catalogue."""
    settings = config.scene_settings(config.scene_seconds)
    train = _material(config, clips, spans, Split.TRAIN)
    if not train.positives or not train.negatives:
        raise WrongInput(
            f"the training split has {len(train.positives)} clips of the wake word and "
            f"{len(train.negatives)} others; both are needed, so add some in 01"
        )
    if config.background_noise == 1 and not train.noises:
        raise WrongInput("background_noise is 1 but training has no noise; add some in 01")
    make = training_set if config.training == "scenes" else window_set
    spoken = {record.path for record in clips if record.is_synthetic}
    balanced = replace(train, positives=_people_as_often(_sure(train.positives, clips), spoken))
    if config.dry == "adaptive":
        balanced = with_ringing(balanced, clips.run.find)
    sets = [make(balanced, settings, config.scenes, config.seed)]
    for split in (Split.VAL, Split.TEST):
        material = _material(config, clips, spans, split)
        sets += [
            clip_set(
                f"{split.value}-words", material.positives, material, config.conditions, config.seed
            ),
            clip_set(
                f"{split.value}-others", material.negatives, material, ("clean",), config.seed
            ),
        ]
    for split in Split:
        material = _material(config, clips, spans, split)
        sets.append(
            ambient_set(f"{split.value}-ambient", material.speech + material.noises, config.seed)
        )
    filled = {scenes.name: scenes for scenes in sets if len(scenes)}
    if "validation-words" not in filled:
        raise WrongInput(
            "the validation split has no clip of the wake word to choose by, or no sounds for "
            f"any of the conditions {', '.join(config.conditions)}; add some in 01"
        )
    return filled


def _material(config: Config, clips: Clips, spans: dict, split: Split) -> Material:
    return material_of(clips, spans, split, config.max_rooms, config.seed)


def _people_as_often(words: list[Word], synthetic: set[str]) -> tuple[Word, ...]:
    """People's words repeated until they are drawn as often as synthetic ones.

    Twenty recordings among a thousand spoken words would be drowned, and it is people who call.
    """
    machines = tuple(word for word in words if word.path in synthetic)
    people = tuple(word for word in words if word.path not in synthetic)
    repeats = max(1, round(len(machines) / len(people))) if people else 0
    return machines + repeats * people


def _sure(words: tuple[Word, ...], clips: Clips) -> list[Word]:
    """Words whose length is plausible, so that labels can be made from their ends.

    People are compared with people: they take longer than machines.
    """
    spoken = {record.path for record in clips if record.is_synthetic}
    trusted = set()
    for kind in (True, False):
        alike = [word for word in words if (word.path in spoken) is kind]
        plausible = sure(word.span for word in alike)
        trusted |= {word.path for word, is_sure in zip(alike, plausible, strict=True) if is_sure}
    return [word for word in words if word.path in trusted]

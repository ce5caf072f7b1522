"""02 Clips to labelled scenes to spectrograms, on the device's own grid."""

from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from typing import Annotated

from mwwkit.audio.endpoints import Span, sure
from mwwkit.audio.rooms import rt60
from mwwkit.audio.wav16 import Wav16
from mwwkit.corpus.clips import CATALOGUE, Clips, Kind, Label, SampleRecord, Split, load_clips
from mwwkit.corpus.endpoint_table import find_words, word_spans, words_compared
from mwwkit.device import firmware
from mwwkit.run.checkpoint import Checkpoint, finished
from mwwkit.run.config_base import Between, EachOf, OneOf, at_least
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import replacing, sha256, write_json
from mwwkit.run.lock import one_writer
from mwwkit.run.pace import Watch, expected
from mwwkit.run.parallel import each
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import progress
from mwwkit.run.quantities import how_it_stands, how_many, how_much, made_now
from mwwkit.run.seeds import rng
from mwwkit.run.session import Limits, full_disk_stops
from mwwkit.run.settings import carry
from mwwkit.run.shown import Facts, Table
from mwwkit.scenes.augmentation import Recipe
from mwwkit.scenes.scene_drawing import Material, Word
from mwwkit.scenes.sets import CONDITIONS, SceneSet, ambient_set, clip_set, training_set, window_set
from mwwkit.scenes.shards import FeatureSet, band_statistics, make_shard
from mwwkit.scenes.store import FeatureStore

STAGE = "02 featurize"
FOLDER = "features"
SHARD_SECONDS = 1800.0  # of audio in a shard: 7 MB, some seconds of work to lose
HARD_NEGATIVE_REPEATS = 3  # a hard negative is drawn as often as three others
START_S = 4.0  # of the processes
TIMES_REAL_TIME = 500  # that a core makes, all augmentation included; measured on a shared machine
WHAT_FOR = {
    "train": "what 03 learns from",
    "train-ambient": "what 04 looks for mistakes in",
    "validation-words": "choose weights and cutoff: is the word heard?",
    "validation-others": "choose weights and cutoff: do other words wake it?",
    "validation-ambient": "choose weights and cutoff: false accepts an hour",
    "test-words": "judge in 05: is the word heard?",
    "test-others": "judge in 05: do other words wake it?",
    "test-ambient": "judge in 05: false accepts an hour",
}


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

    Raises CheckpointError or FileNotFoundError when 01 has not finished, and ValueError when its
    clips cannot make what is asked for.
    """
    clips = load_clips(run)
    checkpoint = _checkpoint(config, run)
    sets = _sets(config, clips, word_spans(run))
    units = _units(sets)
    left = checkpoint.left(list(units))
    left_s = sum(sum(sets[name].seconds[r.start : r.stop]) for name, r in map(units.get, left))
    words = _material(config, clips, word_spans(run), Split.TRAIN).positives
    unsure = len(words) - len(_sure(words, clips))
    seconds = _guessed_s(left_s, limits) + START_S
    facts = {
        "scenes": {name: len(scenes) for name, scenes in sets.items()},
        "words left out of scenes, their end unsure": unsure,
        "shards done": len(units) - len(left),
        "shards left": len(left),
        "minutes left, about": round(seconds / 60, 1) if left else 0.0,
        "GB left to write": round(_n_bytes(left_s) / 1e9, 3),
    }
    needs = expected(run, STAGE, seconds), f"{how_much(_n_bytes(left_s))} to write"
    rows = [(n, f"{len(sets[n]):,}", told) for n, told in WHAT_FOR.items() if n in sets]
    return Facts(
        facts,
        how_it_stands(len(units) - len(left), len(left), "shard", *needs),
        Table(rows, ("set", "scenes", "what it is for")),
        f"Not in the scenes, since it is unsure where they end: {how_many(unsure, 'word')}."
        if unsure
        else "",
    )


def _guessed_s(audio_s: float, limits: Limits) -> float:
    """What some seconds of scenes take."""
    return audio_s / TIMES_REAL_TIME / limits.n_workers


@full_disk_stops(STAGE)
@one_writer
def run(config: Config, run: Run, limits: Limits) -> Facts:
    """Make the shards that are left; return what was made and where.

    Raises StoppedEarly when the session's time, the disk budget or the disk ends first.
    """
    clips = load_clips(run)
    checkpoint = _checkpoint(config, run)
    checkpoint.mend(lambda name: bool(run.all(f"{FOLDER}/{name}")), "shards")
    session = limits.session(run)
    find_words(clips, run, limits.n_workers)
    sets = _sets(config, clips, word_spans(run))
    units = _units(sets)
    for name in checkpoint.left(list(units)):
        checkpoint.adopt(name, run / FOLDER / name)
    left = checkpoint.left(list(units))
    if left:
        carry(run)

    def seconds_of(name: str) -> float:
        set_name, numbers = units[name]
        return sum(sets[set_name].seconds[numbers.start : numbers.stop])

    make = partial(_make, config, run, checkpoint)
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
        checkpoint.complete(scenes={name: len(scenes) for name, scenes in sets.items()})
    found, compared = check(run), words_compared(run)
    facts = {
        "shards made now": len(left),
        "recordings compared to find the word": compared or "none: too few",
        "hours": found,
        "folder": str(run / FOLDER),
    }
    return Facts(
        facts,
        f"{made_now(len(left), 'shard')}; {sum(found.values()):,.1f} hours of features "
        f"are in {run / FOLDER}.",
        f"Where the word is in a recording was found by comparing {compared:,} of them."
        if compared
        else "",
    )


def check(run: Run) -> Facts:
    """Hours of each set. Raises unless 03 can train and choose on what is there."""
    names = sorted({unit.split("/")[0] for unit in finished(run, FOLDER)})
    sets = {name: FeatureSet.open(run, name) for name in names}
    for wanted in ("train", "validation-words"):
        if wanted not in sets or not any(sets[wanted].ends_s):
            raise WrongInput(
                f"{run / FOLDER} has no wake word in the set {wanted}; 01 needs more positives"
            )
    hours = {name: round(features.hours, 3) for name, features in sets.items()}
    rows = [
        (name, f"{len(sets[name]):,}", f"{hours[name]:,.2f}", told)
        for name, told in WHAT_FOR.items()
        if name in sets
    ]
    return Facts(
        hours,
        "03 can train on this: the wake word is in training and in validation.",
        Table(rows, ("set", "scenes", "hours", "what it is for")),
    )


def _checkpoint(config: Config, run: Run) -> Checkpoint:
    catalogue = sha256(run.find(CATALOGUE))
    return Checkpoint.resume(run, FOLDER, config.shaping() | {"catalogue": catalogue}, of=config)


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


def _make(config: Config, run: Run, checkpoint: Checkpoint, job: tuple) -> tuple[str, dict]:
    """One shard, in a process of its own: sealed in its folder, then recorded by the caller."""
    name, set_name, numbers = job
    scenes = _sets_here(config, run, checkpoint.settings["catalogue"])[set_name]
    with replacing(run / FOLDER / name) as part:
        facts = make_shard(part, scenes, numbers, run.find)
        checkpoint.seal(part, facts)
    return name, facts


@lru_cache(maxsize=1)  # read once a process, not once a shard; a process may see two catalogues
def _sets_here(config: Config, run: Run, catalogue: str) -> dict[str, SceneSet]:
    return _sets(config, load_clips(run), word_spans(run))


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
        rings_s = tuple(rt60(Wav16(clips.run.find(path))[:]) for path in train.rooms)
        balanced = replace(balanced, rt60_s=rings_s)
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
    clips_of_split = clips.of(split=split)

    def words(label: Label) -> tuple[Word, ...]:
        return tuple(
            _word(record, spans) for record in clips_of_split.of(label=label, kind=Kind.CLIP)
        )

    def long(kind: Kind) -> tuple[tuple[str, float], ...]:
        return tuple((record.path, record.seconds) for record in clips_of_split.of(kind=kind))

    # Training hears hard negatives more often; every other split scores each clip once.
    repeats = HARD_NEGATIVE_REPEATS if split is Split.TRAIN else 1
    rooms = [record.path for record in clips_of_split.of(kind=Kind.RIR)]
    chosen = rng(config.seed, "rooms", split.value).permutation(len(rooms))[: config.max_rooms]
    return Material(
        positives=words(Label.POSITIVE),
        negatives=words(Label.NEGATIVE) + repeats * words(Label.HARD_NEGATIVE),
        speech=long(Kind.AMBIENT),
        noises=long(Kind.NOISE),
        rooms=tuple(rooms[i] for i in sorted(chosen)),
    )


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


def _word(record: SampleRecord, spans: dict) -> Word:
    start_s, end_s = spans[record.path] if record.path in spans else (0.0, record.seconds)
    return Word(record.path, record.seconds, Span(start_s, end_s))

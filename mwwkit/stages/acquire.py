"""01 Recordings and spoken words to 16 kHz clips, with a catalogue that says what each is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

from mwwkit.corpus import (
    asked,
    cataloguing,
    clip_tables,
    fates,
    given_places,
    synthetic_inputs,
    tables,
    voices_heard,
    word_advice,
)
from mwwkit.corpus.caveats import known_caveats, of_sound, short_word
from mwwkit.corpus.clips import (
    FOLDER,
    STAGE,
    Label,
    Split,
    load_clips,
)
from mwwkit.corpus.engines import ENGINES, Engines, chosen
from mwwkit.corpus.gathering import Gathered
from mwwkit.corpus.long_files import cut_over_splits
from mwwkit.corpus.own_recordings import where_they_went
from mwwkit.corpus.recording_folders import (
    looked_at,
    not_looked_at,
    recorded_in,
    roots_of,
)
from mwwkit.corpus.sources import Input
from mwwkit.corpus.splits import SHARES, audit
from mwwkit.corpus.spoken_needs import needs_of
from mwwkit.corpus.unit_folders import Bounds, make_unit
from mwwkit.corpus.units import bytes_at_most, in_units, seconds_to_make
from mwwkit.run import kept, paths
from mwwkit.run.checkpoint import Checkpoint, completed, states
from mwwkit.run.config_base import Before, Between, Checked, EachOf, OneOf, Texts
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import replacing
from mwwkit.run.lock import one_writer
from mwwkit.run.pace import Watch, expected
from mwwkit.run.parallel import each
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import progress
from mwwkit.run.quantities import as_sentence, how_it_stands, how_many, how_much, made_now
from mwwkit.run.session import Limits, full_disk_stops
from mwwkit.run.settings import NAMES, MaxClipFpr, RunSettings, TargetFah, gone, keep
from mwwkit.run.shown import Facts

START_S = 4.0  # of the processes
OLDER = {  # up to which INPUT_RULES: what is otherwise
    1: "folders and tables are read as older versions did (INPUT_RULES is 1, or one began this "
    "run): the outermost folder is the speaker, also where it is a room or a split; a new run "
    "reads more",
    2: "near misses are made by letters, as older versions did (INPUT_RULES is under 3, or one "
    "began this run); a new run has what sounds like the word",
}
ClipCount = Annotated[int, Between(0, 1_000_000)]
Minutes = Annotated[float, Between(0, 60_000)]


@dataclass(frozen=True)
class Config(Checked):
    """What 01_acquire_and_augment.ipynb can set. Folders and tables are paths; 0 means none."""

    word: str  # the wake word, as it is written
    recordings: str = "auto"  # a folder with any of positive/ negative/ ...; "auto": paths.md's
    positive: Texts = ()  # more folders of each
    negative: Texts = ()
    hard_negative: Texts = ()
    ambient: Texts = ()
    background: Texts = ()
    rirs: Texts = ()
    table: str = ""  # a CSV with path, kind and at best word, source, speaker, licence
    table_positive: Texts = ()  # words or path patterns; none: the wake word
    table_hard_negative: Texts = ()
    table_exclude: Texts = ()
    given_splits: str = ""  # a CSV with path and split; it wins over drawn splits
    tts_positive: ClipCount = 1000
    tts_negative: ClipCount = 2000
    tts_hard_negative: ClipCount = 600
    tts_ambient_minutes: Minutes = 30.0
    # "needed": machines say what people have said too little of (corpus.spoken_needs)
    tts_when: Annotated[str, OneOf(("needed", "always")), Before("always")] = "needed"
    tts_spellings: Texts = ()  # other spellings, where the engine misreads the first
    tts_not_near: Annotated[Texts, Before(())] = ()  # near misses that machines shall not say
    tts_speakers: int = 0  # 0: all the engine has
    tts_languages: Texts = ()  # espeak-ng voices; none: those of English
    tts_accent_share: float = 0.1
    # who speaks; none: piper where piper_voices names a folder, else espeak-ng
    tts_engines: Annotated[Texts, EachOf(ENGINES), Before(())] = ()
    piper_voices: str = ""  # a folder of Piper's voices
    tts_check: Annotated[bool, Before(False)] = False  # a recogniser drops what is not the word
    noise_minutes: Minutes = 20.0  # made up
    rooms: Annotated[int, Between(0, 100_000)] = 60  # made up
    shares: tuple[float, float, float] = SHARES  # train, validation, test
    # which folder is the speaker: 1 the outermost, 2 that inside it, -1 the innermost; 0: by names
    speaker_level: Annotated[int, Between(-9, 9), Before(0)] = 0
    # how folders and tables are read and near misses found: 1 as before folders of rooms and splits
    # were known, 2 as before near misses went by sound
    input_rules: Annotated[int, Between(1, 3), Before(1)] = 3
    min_seconds: float = 0.1
    max_seconds: Annotated[float, Between(0, 600)] = 15.0
    seed: int = 42
    # For the stages after this one, which take them from the run: see run.settings.
    target_fah: Annotated[TargetFah, Before(0.5)] = 0.5
    max_clip_fpr: Annotated[MaxClipFpr, Before(0.01)] = 0.01
    languages: Annotated[Texts, Before(("en",))] = ("en",)
    preset: Annotated[str, Before("")] = ""  # what the values began with; it shapes no clip

    def refuse_together(self) -> None:
        """Raise ValueError for a word without letters and for what is in range but not together."""
        if not any(c.isalpha() for c in self.word):
            raise WrongInput(f"word is {self.word!r}; wanted the wake word, such as 'hey jarvis'")
        if not 0 < self.min_seconds < self.max_seconds:
            raise WrongInput(
                f"min_seconds is {self.min_seconds}, max_seconds {self.max_seconds}; wanted "
                "0 < min_seconds < max_seconds"
            )
        if len(self.shares) != 3 or min(self.shares) < 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise WrongInput(f"shares is {self.shares}; wanted three of 0 or more, 1 together")
        if self.table_exclude and not self.table:
            raise WrongInput("table_exclude is given without a table; name one, or empty it")
        if self.tts_not_near and self.input_rules < 3:
            raise WrongInput(
                f"tts_not_near is {', '.join(self.tts_not_near)} and input_rules "
                f"{self.input_rules}, as in a run that an older version began, which does not know "
                "it; empty it, or begin a new run"
            )
        if self.speaker_level and self.input_rules == 1:
            raise WrongInput(
                f"speaker_level is {self.speaker_level} and input_rules 1, which does not know it; "
                "set speaker_level to 0, or begin a new run"
            )
        self.engines()

    def engines(self) -> Engines:
        """The speech engines that the settings select."""
        return chosen(self)

    def for_the_run(self) -> RunSettings:
        """What the run keeps; no recordings where there are none."""
        given = self.given()
        return given if roots_of(self.recordings) else replace(given, recordings="")

    def given(self) -> RunSettings:
        """What belongs to the whole run, as it is given."""
        return RunSettings(**{name: getattr(self, name) for name in NAMES})

    def shaping(self) -> dict:
        """The settings that shape the clips of a given list of inputs.

        What inputs there are is in the names of the units, so recordings may be added.
        """
        names = ("word", "seed", "shares", "min_seconds", "max_seconds", "tts_when")
        names += ("speaker_level", "input_rules", "tts_check")
        return {name: getattr(self, name) for name in names}


def plan(config: Config, run: Run, limits: Limits) -> Facts:
    """What is done, what is left, and the minutes and bytes it takes.

    Raises WrongInput, SpeechError, CheckpointError or OSError early, saying what to do.
    """
    config = as_begun(config, run)
    if stays := _stays(config, run):
        return Facts({"units left": 0, "notices": [stays]}, stays)
    gathered, _ = _gathered(config, run)
    inputs = gathered.inputs
    units = in_units(inputs)
    checkpoint = _checkpoint(config, run)
    left = checkpoint.left(list(units))
    paths.refuse_unwritable(run.folder)
    config.engines().check(item for name in left for item in units[name])
    counts = Counter(f"{i.about.label.value} {i.about.kind.value}" for i in inputs)
    seconds = START_S + sum(_guessed_s(config, units[name], limits) for name in left)
    n_bytes = sum(bytes_at_most(units[name]) for name in left)
    facts = {
        "inputs": dict(sorted(counts.items())),
        "recordings": looked_at(config.recordings),
        **({clip_tables.RECORDED: recorded} if (recorded := recorded_in(run)) else {}),
        "set aside already": len(gathered.aside),
        "left out": sum(len(place.left_out) for place in gathered.places),
        "notices": [*gathered.notices, *(t for n, t in OLDER.items() if config.input_rules <= n)],
        "machines": str(needs_of(inputs)) if config.tts_when == "needed" else "say all that is set",
        "units done": len(units) - len(left),
        "units left": len(left),
        "minutes left, about": round(seconds / 60, 1) if left else 0.0,
        "GB left to write": round(n_bytes / 1e9, 3),
    }
    needs = expected(run, STAGE, seconds), f"{how_much(n_bytes)} to write at most"
    head = how_it_stands(len(units) - len(left), len(left), "unit", *needs)
    return Facts(facts, head, *clip_tables.what_is_planned(facts, inputs))


def _guessed_s(config: Config, inputs: Sequence[Input], limits: Limits) -> float:
    return sum(seconds_to_make(item, config.tts_check) for item in inputs) / limits.n_workers


@full_disk_stops(STAGE)
@one_writer
def run(config: Config, run: Run, limits: Limits) -> Facts:
    """Make the clips that are left and the catalogue; return what was made and where.

    Raises StoppedEarly when the session's time, the disk budget or the disk ends first, and
    LeakageError or ValueError when what was made cannot be split or has no wake word in it.
    """
    session = limits.session(run)  # before the listing, which may take until the deadline
    config = as_begun(config, run)
    if stays := _stays(config, run):
        keep(run, config.given())
        kept.save(run.folder)
        return _found(run, 0, stays)
    gathered, given_splits = _gathered(config, run)
    units = in_units(gathered.inputs)
    paths.refuse_unwritable(run.folder)
    checkpoint = _checkpoint(config, run)
    keep(run, config.for_the_run())
    checkpoint.mend(lambda name: bool(run.all(f"{FOLDER}/{name}")), "units of clips")
    for name in checkpoint.left(list(units)):
        checkpoint.adopt(name, run / FOLDER / name)
    left = checkpoint.left(list(units))
    config.engines().check(item for name in left for item in units[name])
    jobs = ((n, units[n]) for n in session.units(left, lambda name: bytes_at_most(units[name])))
    make = partial(_make, run, replace(checkpoint, own={}, before={}), config)
    so_far = {"total": len(units), "initial": len(units) - len(left), "disable": not left}
    with Watch(run, STAGE, START_S) as watch, progress(unit="unit", desc=STAGE, **so_far) as bar:
        for name, facts in each(make, jobs, limits.n_workers, ordered=False):
            checkpoint.finish(name, **facts)
            bar.update()
            watch.add(_guessed_s(config, units[name], limits))
    session.must_be_continued(STAGE, len(checkpoint.left(list(units))))
    content = asked.digest(units, given_splits)
    if not (checkpoint.is_complete and checkpoint.facts["content"] == content):
        before = asked.standing(run)
        facts = cataloguing.write(config, run, gathered, list(units), given_splits)
        asked.keep(run, asked.asked_for(config), content, before)
        checkpoint.complete(content=content, **facts)
    clips = load_clips(run)
    voices_heard.measure(run, clips, content)
    cataloguing.tell_fates(run, gathered, units, content)
    kept.save(run.folder)  # the table was not there yet when the stage's checkpoint was kept
    n_clips = how_many(len(clips), "clip")
    head = f"{made_now(len(left), 'unit')}: {n_clips} are in {run / FOLDER}."
    return _found(run, len(left), head)


def _found(run: Run, n_made: int, head: str) -> Facts:
    facts = {"units made now": n_made, **check(run), "folder": str(run / FOLDER)}
    return Facts(facts, head, as_sentence(facts["recordings"]))


def check(run: Run) -> Facts:
    """What there is, where people's recordings of the word went, what to know about it.

    Raises unless 02 can work: the stage is finished, every clip is there, the wake word and
    something else are in training and the wake word in validation, and nothing leaks.
    """
    facts = completed(run, FOLDER)
    clips = load_clips(run)
    for record in clips:
        clips.path(record)  # raises FileNotFoundError, naming it
    audit(clips.records)
    told = fates.fates_of(run)
    for label, split in ((Label.POSITIVE, Split.TRAIN), (Label.POSITIVE, Split.VAL)):
        if not clips.of(label=label, split=split):
            raise WrongInput(
                f"the {split.value} split has no clip of the wake word; {len(clips)} clips are "
                "there in all; add recordings of it, or ask for more spoken ones"
            )
    found = {
        "clips": clips.summary(),
        "recordings": where_they_went(clips.records),
        "rejected": told.n_set_aside if told else facts["rejected"],
        "caveats": [*(told.faults if told else []), *known_caveats(run), *of_sound(clips)],
        "voices": voices_heard.told(run),
    }
    return Facts(found, *clip_tables.what_there_is(found, clips.records))


def advice(config: Config, run: Run) -> Facts:
    """What to know about the word, and the near misses that machines will say in this run."""
    return word_advice.of(as_begun(config, run))


def as_begun(config: Config, run: Run) -> Config:
    """The settings under which a run goes on that an older version began.

    In it machines said all that is set, or folders and tables were read by older rules; what such a
    run wrote since says so.
    """
    begun = [state["settings"] for _, state in states(run, FOLDER)]
    if any(settings.get("tts_when", "always") == "always" for settings in begun):
        config = replace(config, tts_when="always")
    rules = [settings.get("input_rules", 1) for settings in begun]
    return replace(config, input_rules=min([*rules, config.input_rules]))


def refuse_to_change(config: Config, run: Run) -> None:
    """CheckpointError where clips would change of which 02 has made features."""
    if not _stays(config := as_begun(config, run), run):
        gathered, given_splits = _gathered(config, run)
        units = in_units(gathered.inputs)
        content = asked.digest(units, given_splits)
        asked.refuse_to_change(run, asked.asked_for(config), content, units)


def _stays(config: Config, run: Run) -> str:
    """Why a finished 01 stays as it is: what it was made of is not there now. Empty where it is.

    Raises WrongInput where it is not finished, or files are there that it does not know yet.
    """
    if not (lost := gone(run, config.given())):
        return ""
    checkpoint, told = _checkpoint(config, run), given_places.not_there(lost)
    less = given_places.without(config, lost)
    gathered, _ = _in_splits(less, Gathered(tuple(given_places.read_given(less, run))))
    if not checkpoint.is_complete or checkpoint.left(list(in_units(gathered.inputs))):
        raise WrongInput(f"{told}; {given_places.cure(config, lost)}")
    return f"{told}. 01 is finished, and its clips stay as they are, whatever else is set."


def _checkpoint(config: Config, run: Run) -> Checkpoint:
    return Checkpoint.resume(run, FOLDER, config.shaping(), of=config)


def _gathered(config: Config, run: Run) -> tuple[Gathered, dict[str, Split]]:
    """All that was given and what machines add, and the splits that are given."""
    places = given_places.read_given(config, run)
    places += synthetic_inputs.invented(config, Gathered(tuple(places)).inputs)
    gathered = Gathered(tuple(places))
    if not any(item.about.label is Label.POSITIVE for item in gathered.inputs):
        raise WrongInput(
            f"there is no clip of {config.word!r} to learn from; wanted recordings in a folder "
            "positive/, rows of a table, or tts_positive above 0"
        )
    used = given_places.folders_given(config)
    told = [*not_looked_at(config.recordings, used), *short_word(config.word, config.languages)]
    return _in_splits(config, gathered.noted(told))


def _in_splits(config: Config, gathered: Gathered) -> tuple[Gathered, dict[str, Split]]:
    """Long files cut, what is left out gone, and the splits that are given."""
    given_splits: dict[str, Split] = gathered.splits
    path = paths.typed_path(config.given_splits) if config.given_splits else None
    if config.input_rules > 1:
        whole = given_splits.keys() | (tables.paths_in(path) if path else set())
        gathered = cut_over_splits(gathered, config.shares, whole)
    if path:
        by_hand, excluded = tables.given_splits(path, gathered.inputs)
        gathered = gathered.without(excluded, f"{tables.LEFT_OUT} in {path.name}")
        given_splits |= by_hand
    return gathered, given_splits


def _make(run: Run, checkpoint: Checkpoint, config: Config, job: tuple) -> tuple[str, dict]:
    """Make one unit in a worker process; the caller records it afterwards."""
    name, inputs = job
    bounds, engines = Bounds(config.min_seconds, config.max_seconds), config.engines()
    with replacing(run / FOLDER / name) as part, engines.listening() as check:
        facts = make_unit(part, inputs, bounds, engines.of(inputs), check)
        checkpoint.seal(part, facts)
    return name, facts

"""What a finished model does where homes differ: its test clips again, under each shift.

    rows = measure(run, workers=2)
    print(table(rows))

The test split's words and other words, as 05 scored them clean, each in noise of three kinds and
four levels, in rooms kept out, too soft and too loud, and through codecs; at the cutoff that ships.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mwwkit.audio.endpoints import word_span
from mwwkit.audio.frontend import spectrogram
from mwwkit.audio.reading import INT16_SCALE
from mwwkit.audio.rooms import load_room, rt60
from mwwkit.audio.shifts import RATE_HZ, Shift, Sounds, suite
from mwwkit.corpus.clips import Kind, Split
from mwwkit.corpus.decided import featurized_clips
from mwwkit.device.detector import Rule
from mwwkit.device.simulator import Device
from mwwkit.evaluation.exported import Exported
from mwwkit.evaluation.groups import rate
from mwwkit.evaluation.tta import averaged
from mwwkit.metrics.cutoff_selection import median_latency
from mwwkit.metrics.operating_points import PerSet
from mwwkit.metrics.rates import Rate, seconds
from mwwkit.metrics.whose_words import Whose, WhoseWords, named
from mwwkit.run.errors import WrongInput
from mwwkit.run.parallel import each
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import progress
from mwwkit.run.seeds import rng
from mwwkit.run.spacing import evenly
from mwwkit.run.typed_json import absent
from mwwkit.scenes import provenance
from mwwkit.scenes.provenance import About
from mwwkit.scenes.rendering import render
from mwwkit.scenes.sets import LEAD_S, TAIL_S
from mwwkit.scenes.shards import FeatureSet

OTHERS = "test-others"
MOST_CLIPS = 300  # of words and of other words each
MOST_VOICES = 60  # that babble is made of
CHUNK = 25  # clips a task


@dataclass(frozen=True, kw_only=True)
class OfUnits(Rate):
    """A rate over clips of which some have a speaker in common: how many are drawn."""

    units: int


@dataclass(frozen=True)
class Row:
    """What a model does under one shift.

    `recall` and latency are of the words that count, `words_of` says whose; machines' words stand
    beside them where people's alone count.
    """

    shift: str
    family: str
    words_of: Whose
    recall: OfUnits
    other_clips_accepted: Rate
    median_latency_s: float | None
    machines: Rate | None = absent()


@dataclass(frozen=True)
class Clips:
    """Some clips of a set under a shift: what is sent to a process."""

    shift: Shift
    set: str
    names: list[str]
    audio: list[np.ndarray]


@dataclass(frozen=True)
class Stimuli:
    """Clips as the test split has them, clean, between quiet: int16 [samples] each."""

    names: list[str]
    audio: list[np.ndarray]
    ends_s: list[float]  # of the words; none for other clips


@dataclass(frozen=True)
class Words:
    """The words that are scored: whose they are, where they end, what is drawn independently."""

    whose: WhoseWords
    ends_s: list[float]
    units: list[str]  # a voice with all its clips, or a clip

    @classmethod
    def of(cls, clean: Stimuli, about: About) -> "Words":
        """Of clips of the catalogue."""
        records = [(name, about.of(name)) for name in clean.names]
        units = [record and record.speaker or name for name, record in records]
        return cls(provenance.whose_clips(clean.names, about), clean.ends_s, units)


def measure(
    run: Run, workers: int = 1, most_clips: int = MOST_CLIPS, tta: bool = False
) -> list[Row]:
    """Recall and false accepts of other words under each shift, one row for each.

    `tta` scores each clip as the mean over small delays and gains (`mwwkit.evaluation.tta`), which
    no device does: what an ensemble of moments would reach.

    Raises CheckpointError where 05 has not finished, ValueError without clean words in the test
    split, FileNotFoundError for clips that were left behind.
    """
    exported = Exported(run)
    device, rule = Device(exported.model, reference=True), exported.threshold
    words, negatives = stimuli(run, "test-words", most_clips), stimuli(run, OTHERS, most_clips)
    if not words.names:
        raise WrongInput(
            "the test split has no word under the condition 'clean'; add it to CONDITIONS in 02"
        )
    positives = Words.of(words, provenance.records(run))
    sounds = sounds_of(run, negatives)
    score = partial(_score, device, sounds, tta)
    shifts = suite(sounds)
    jobs = [*_jobs(shifts, "words", words), *_jobs(shifts, "others", negatives)]
    tracks_of: dict[str, PerSet[list[np.ndarray]]] = {
        shift.name: PerSet([], [], []) for shift in shifts
    }
    with progress(total=len(jobs), unit="task", desc="shift") as bar:
        for job, tracks in zip(jobs, each(score, jobs, workers), strict=True):
            tracks_of[job.shift.name].of(job.set).extend(tracks)
            bar.update()

    return [_row(shift, tracks_of[shift.name], rule, positives) for shift in shifts]


def stimuli(run: Run, name: str, most: int) -> Stimuli:
    """Clean clips of a set, evenly spaced over it where there are more than `most`.

    Of words those that count come first, and no other takes the place of one.
    """
    features = FeatureSet.open(run, name)
    clean = [i for i in range(len(features)) if features.condition(i) == "clean"]
    words = provenance.whose_words(features.at(clean), provenance.records(run))
    words = words if name != OTHERS else words.together
    first, beside = ([clean[i] for i in which] for which in (words.counted, words.beside))
    chosen = [first[i] for i in evenly(len(first), most)]
    chosen += [beside[i] for i in evenly(len(beside), most - len(chosen))]
    return Stimuli(
        [features.clip(i) for i in chosen],
        [render(features.scene(i), run.find) for i in chosen],
        [features.ends_s[i][0] for i in chosen if features.ends_s[i]],
    )


def sounds_of(run: Run, others: Stimuli) -> Sounds:
    """The voices of the test split's other words, and its driest, middle and longest room."""
    voices = []
    for audio in others.audio[:: max(1, len(others.audio) // MOST_VOICES)]:
        clip = _float(audio)[round(LEAD_S * RATE_HZ) : -round(TAIL_S * RATE_HZ)]
        span = word_span(clip)
        first, last = (round(s * RATE_HZ) for s in (span.start_s, span.end_s))
        if last - first > RATE_HZ // 50:
            voices.append(clip[first:last])
    rooms = []
    for record in featurized_clips(run).of(kind=Kind.RIR, split=Split.TEST):
        rir = load_room(run.find(record.path))
        rooms.append((rt60(rir), record.path, rir))
    rooms.sort(key=lambda room: room[:2])
    three = sorted({0, len(rooms) // 2, len(rooms) - 1}) if rooms else []
    return Sounds(voices, {f"room, RT60 {rooms[i][0]:.2f} s": rooms[i][2] for i in three})


def _jobs(shifts: Sequence[Shift], name: str, clips: Stimuli) -> Iterator[Clips]:
    """Every shift over the clips of a set, CHUNK at a time."""
    for shift in shifts:
        for at in range(0, len(clips.names), CHUNK):
            yield Clips(shift, name, clips.names[at : at + CHUNK], clips.audio[at : at + CHUNK])


def _score(device: Device, sounds: Sounds, tta: bool, job: Clips) -> list[np.ndarray]:
    """The tracks of one shift over some clips of one set."""
    tracks = []
    for name, audio in zip(job.names, job.audio, strict=True):
        draws = rng(0, "shift", job.shift.name, name)
        heard = job.shift.apply(_float(audio), draws, sounds)
        tracks.append(averaged(device, heard) if tta else device.scores(spectrogram(heard)))
    return tracks


def _float(audio: np.ndarray) -> np.ndarray:
    return audio.astype(np.float32) / np.float32(INT16_SCALE)


def _row(shift: Shift, tracks: PerSet[list[np.ndarray]], rule: Rule, words: Words) -> Row:
    """What the tracks of the words and of the other words come to."""
    whose, hit = words.whose, rule.wakes(tracks.positives)
    counted, units = list(whose.counted), [words.units[i] for i in whose.counted]
    share = rate(hit[counted], units, rng(0, "shift", shift.name))
    heard = [tracks.positives[i] for i in counted]
    wrong, beside = rule.wakes(tracks.negatives), hit[list(whose.beside)]
    return Row(
        shift.name,
        shift.family,
        whose.whose,
        OfUnits(**vars(share), units=len(set(units))),
        Rate.counted(int(wrong.sum()), len(wrong)),
        median_latency(heard, [words.ends_s[i] for i in counted], rule),
        Rate.counted(int(beside.sum()), len(beside)) if whose.beside else None,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows in lines for people: counts and 95 % intervals beside every rate."""
    counted = named(rows[0].words_of) if rows else "words"
    beside = any(row.machines for row in rows)
    heads = ["shift", counted, *(["machines' words"] * beside), "other words taken", "latency"]
    lines = [heads]
    for row in rows:
        machines = [str(row.machines)] * beside
        latency_s = row.median_latency_s
        late = "-" if latency_s is None else seconds(latency_s)
        lines.append([row.shift, str(row.recall), *machines, str(row.other_clips_accepted), late])
    widths = (20, *[38] * (len(heads) - 3), 34, 0)
    return "\n".join(
        " ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )

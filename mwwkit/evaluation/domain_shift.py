"""How a finished model stands where homes differ: its test clips again, under each shift.

    rows = measure(here, workers=2)
    print(table(rows))

The test split's words and other words, as 05 scored them clean, each in noise of three kinds and
four levels, in rooms kept out, too soft and too loud, and through codecs; at the cutoff that ships.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mwwkit.audio.endpoints import word_span
from mwwkit.audio.frontend import spectrogram
from mwwkit.audio.reading import INT16_SCALE
from mwwkit.audio.rooms import load_room, rt60
from mwwkit.audio.shifts import RATE_HZ, Shift, Sounds, suite
from mwwkit.corpus.clips import Kind, Split, load_clips
from mwwkit.device.detector import integer_cutoff
from mwwkit.device.simulator import Device
from mwwkit.evaluation.groups import rate
from mwwkit.evaluation.tta import averaged
from mwwkit.metrics.curves import proportion
from mwwkit.metrics.operating import clip_maxima, median_latency
from mwwkit.run.checkpoint import completed
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import read_json
from mwwkit.run.parallel import each
from mwwkit.run.paths import Run
from mwwkit.run.progress import tqdm
from mwwkit.run.seeds import rng
from mwwkit.run.spacing import evenly
from mwwkit.scenes.scenes import render, scene_from
from mwwkit.scenes.sets import LEAD_S, TAIL_S
from mwwkit.scenes.shards import FeatureSet

MOST_CLIPS = 300  # of words and of other words each
MOST_VOICES = 60  # that babble is made of
CHUNK = 25  # clips a task
Row = dict[str, Any]


@dataclass(frozen=True)
class Stimuli:
    """Clips as the test split has them, clean, between quiet: int16 [samples] each."""

    names: list[str]
    audio: list[np.ndarray]
    ends_s: list[float]  # of the words; none for other clips


def measure(
    here: Run, workers: int = 1, most_clips: int = MOST_CLIPS, tta: bool = False
) -> list[Row]:
    """A row for each shift: what of the words is heard, and what of other words is taken for one.

    `tta` scores each clip as the mean over small delays and gains (`mwwkit.evaluation.tta`), which
    no device does: what an ensemble of moments would reach. A row has shift, family, recall
    (count, of, units, value, low, high), other_clips_accepted (count, of, value, low, high) and
    median_latency_s.

    Raises CheckpointError where 05 has not finished, ValueError without clean words in the test
    split, FileNotFoundError for clips that were left behind.
    """
    names = completed(here, "export")
    threshold = read_json(here.find(f"export/{names['metrics']}"))["threshold"]
    device = Device(here.find(f"export/{names['model']}"), reference=True)
    words, others = (stimuli(here, f"test-{name}", most_clips) for name in ("words", "others"))
    if not words.names:
        raise WrongInput(
            "the test split has no word under the condition 'clean'; add it to CONDITIONS in 02"
        )
    sounds = sounds_of(here, others)
    speakers = {record.path: record.speaker for record in load_clips(here)}
    units = [speakers[name] or name for name in words.names]
    score = partial(_score, device, sounds, tta)
    jobs = list(_jobs(suite(sounds), {"words": words, "others": others}))
    tracks: dict[tuple[str, str], list[np.ndarray]] = {}
    with tqdm(total=len(jobs), unit="task", desc="shift") as bar:
        for job, found in zip(jobs, each(score, jobs, workers), strict=True):
            tracks.setdefault((job[0].name, job[1]), []).extend(found)
            bar.update()
    return [_row(shift, tracks, threshold, words, units) for shift in suite(sounds)]


def stimuli(here: Run, name: str, most: int) -> Stimuli:
    """Clean clips of a set, evenly spaced over it where there are more than `most`."""
    features = FeatureSet.open(here, name)
    clean = [i for i, facts in enumerate(features.facts) if facts["condition"] == "clean"]
    chosen = [clean[i] for i in evenly(len(clean), most)]
    return Stimuli(
        [features.facts[i]["clip"] for i in chosen],
        [render(scene_from(features.scenes[i]), here.find) for i in chosen],
        [features.ends_s[i][0] for i in chosen if features.ends_s[i]],
    )


def sounds_of(here: Run, others: Stimuli) -> Sounds:
    """The voices of the test split's other words, and its driest, middle and longest room."""
    voices = []
    for audio in others.audio[:: max(1, len(others.audio) // MOST_VOICES)]:
        clip = _float(audio)[round(LEAD_S * RATE_HZ) : -round(TAIL_S * RATE_HZ)]
        span = word_span(clip)
        first, last = (round(s * RATE_HZ) for s in (span.start_s, span.end_s))
        if last - first > RATE_HZ // 50:
            voices.append(clip[first:last])
    rooms = []
    for record in load_clips(here).of(kind=Kind.RIR, split=Split.TEST):
        rir = load_room(here.find(record.path))
        rooms.append((rt60(rir), record.path, rir))
    rooms.sort(key=lambda room: room[:2])
    three = sorted({0, len(rooms) // 2, len(rooms) - 1}) if rooms else []
    return Sounds(voices, {f"room, RT60 {rooms[i][0]:.2f} s": rooms[i][2] for i in three})


def _jobs(shifts: Sequence[Shift], sets: dict[str, Stimuli]) -> Iterator[tuple]:
    """Shift, set, and some clips of it by name: what is sent to a process."""
    for shift in shifts:
        for name, clips in sets.items():
            named = list(zip(clips.names, clips.audio, strict=True))
            yield from ((shift, name, named[at : at + CHUNK]) for at in range(0, len(named), CHUNK))


def _score(device: Device, sounds: Sounds, tta: bool, job: tuple) -> list[np.ndarray]:
    """The tracks of one shift over some clips of one set."""
    shift, _, clips = job
    tracks = []
    for name, audio in clips:
        heard = shift.apply(_float(audio), rng(0, "shift", shift.name, name), sounds)
        tracks.append(averaged(device, heard) if tta else device.scores(spectrogram(heard)))
    return tracks


def _float(audio: np.ndarray) -> np.ndarray:
    return audio.astype(np.float32) / np.float32(INT16_SCALE)


def _row(shift: Shift, tracks: dict, threshold: Row, words: Stimuli, units: list[str]) -> Row:
    cutoff, window = threshold["cutoff"], threshold["window"]
    limit = integer_cutoff(cutoff) * window
    hit = clip_maxima(tracks[shift.name, "words"], window) > limit
    wrong = clip_maxima(tracks.get((shift.name, "others"), []), window) > limit
    counted = {"count": int(hit.sum()), "of": len(hit), "units": len(set(units))}
    accepted: Row = {"count": int(wrong.sum()), "of": len(wrong)}
    if len(wrong):
        accepted |= vars(proportion(accepted["count"], len(wrong)))
    late = median_latency(tracks[shift.name, "words"], words.ends_s, cutoff, window)
    return {
        "shift": shift.name,
        "family": shift.family,
        "recall": counted | vars(rate(hit, units, rng(0, "shift", shift.name))),
        "other_clips_accepted": accepted,
        "median_latency_s": late,
    }


def table(rows: Sequence[Row]) -> str:
    """The rows in lines for people: counts and 95 % intervals beside every rate."""
    lines = [f"{'shift':<20} {'recall':>7}  {'(count; 95 %)':<28} {'others taken':<26} latency"]
    for row in rows:
        late = row["median_latency_s"]
        recall = row["recall"]
        shown = f"({recall['count']}/{recall['of']}; {_ends(recall)})"
        lines.append(
            f"{row['shift']:<20} {100 * recall['value']:6.1f}%  {shown:<28} "
            f"{_taken(row['other_clips_accepted']):<26} {'-' if late is None else f'{late:.2f} s'}"
        )
    return "\n".join(lines)


def _taken(accepted: Row) -> str:
    if not accepted["of"]:
        return "none to count"
    return f"{accepted['count']}/{accepted['of']} ({_ends(accepted)})"


def _ends(interval: Row) -> str:
    return f"{100 * interval['low']:.1f} to {100 * interval['high']:.1f} %"

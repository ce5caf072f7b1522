"""Mistakes to be judged: what each is, how it is seen and heard, and what becomes of a judgement.

cases = shipped_cases(run)          # 05's; of 04 mined_cases(run)
cases.decide(cases.all[0], "drop", "a door")
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from matplotlib.figure import Figure

from mwwkit.corpus.clips import Kind, Label
from mwwkit.device.detector import Rule
from mwwkit.device.firmware import HOP_MS, N_BANDS, SAMPLE_RATE_HZ
from mwwkit.device.simulator import Device
from mwwkit.evaluation.exported import Exported
from mwwkit.evaluation.measured import Mistake
from mwwkit.evaluation.metrics_file import Metrics
from mwwkit.previews import drawing
from mwwkit.report.formatting import condition
from mwwkit.report.mistake_sounds import Moment, moment
from mwwkit.run.decisions import (
    ClipDecision,
    clip_decisions,
    decide_clip,
    decide_parameters,
    parameter_decisions,
)
from mwwkit.run.paths import Run
from mwwkit.scenes import provenance
from mwwkit.scenes.mining import table_digest, table_rows
from mwwkit.scenes.provenance import About
from mwwkit.scenes.rendering import render
from mwwkit.scenes.scenes import scene_from
from mwwkit.scenes.shards import FeatureSet

MISSED, TAKEN, FOOLED = "missed", "taken for the word", "fooled the model in training audio"
EXCERPT_S = 2.5  # heard of each in a table
BEFORE_S, AFTER_S = 2.0, 0.5  # heard around a mined event
NO_CLIP = "between clips: there is no clip to judge"
Heard = tuple[Figure, np.ndarray | None]
Excerpt = tuple[np.ndarray, np.ndarray | None]


@dataclass(frozen=True)
class Case:
    """One mistake."""

    name: str  # of a mined event its id
    kind: str
    title: str
    lines: tuple[str, ...]  # what is known of it
    clip: str  # its path in the catalogue; "" between clips
    draw: Callable[[], Heard]  # a picture, and int16 [n] where the clips are at hand
    excerpt: Callable[[], Excerpt]  # int8 [frames, 40], and int16 [n] of some seconds


@dataclass(frozen=True)
class Cases:
    """All of one notebook; `after` says what follows from judging, `none` that there are none."""

    all: tuple[Case, ...]
    decided: Callable[[], Callable[[Case], str]]  # as of now, in words; empty: nobody has judged
    decide: Callable[[Case, str, str], None]  # keep, drop or mislabelled, and why
    after: str
    none: str
    of: str = ""  # of which splits they are, after their number


def shipped_cases(run: Run) -> Cases:
    """The misses and false accepts that 05 lists, of the validation and the test split."""
    exported, about = Exported(run), provenance.records(run)
    metrics, rule = exported.metrics, exported.threshold
    device = Device(exported.model, reference=True)
    opened = lru_cache(lambda name: FeatureSet.open(run, name))

    def case(kind: str, mistake: Mistake) -> Case:
        again = lru_cache(1)(lambda: moment(run, mistake, opened(mistake.set), device, rule))
        return Case(
            name=f"{mistake.set} {mistake.index}",
            kind=kind,
            title=f"{mistake.word or _file(mistake.clip)}, {kind}",
            lines=_told(mistake, rule),
            clip=mistake.clip,
            draw=lambda: (_figure(again(), rule), again().samples),
            excerpt=lambda: _excerpt(again()),
        )

    worst = [of.worst for of in (metrics.test, metrics.validation)]
    listed = [case(MISSED, each) for of in worst for each in of.misses]
    listed += [case(TAKEN, each) for of in worst for each in of.false_accepts]
    return Cases(
        tuple(listed),
        partial(_decided_now, run),
        partial(_decide, run, about),
        "What is judged is in decisions/clips.csv: run 02 again, and what comes after it.",
        "It missed no word and took nothing else for it, on what it was tested with.",
        _of_splits(metrics),
    )


def mined_cases(run: Run) -> Cases:
    """What 04 mined, the worst first."""
    about, rows = provenance.records(run), table_rows(run)
    return Cases(
        tuple(_mined_case(run, row) for row in rows),
        partial(_mined_decided_now, run),
        partial(_decide_mined, run, about),
        "Drop is kept as 04's DROP: run 04 again. Mislabelled is of the clip: run 02 to 04 again.",
        "Nothing is mined: either 04 has not run, or nothing in the training audio fooled it.",
    )


def _of_splits(metrics: Metrics) -> str:
    """ "; 14 of the test split, 17 of validation": there test leads."""
    counts = [
        (len(of.worst.misses) + len(of.worst.false_accepts), name)
        for of, name in ((metrics.test, "of the test split"), (metrics.validation, "of validation"))
    ]
    return "; of all, " + ", ".join(f"{n} are {name}" for n, name in counts)


def _told(mistake: Mistake, rule: Rule) -> tuple[str, ...]:
    speaker, source = mistake.speaker or "", mistake.source or ""
    known = speaker, "" if speaker.startswith(source) else source
    about = ", ".join(filter(None, (*known, condition(mistake.condition or ""))))
    score = f"highest mean {mistake.score:.3f}, cutoff {rule.cutoff:.3f}"
    return tuple(filter(None, (about, score, f"{mistake.set}: {_file(mistake.clip)}")))


def _file(clip: str) -> str:
    return clip.rpartition("/")[2] or "between clips"


def _figure(heard: Moment, rule: Rule) -> Figure:
    figure = Figure(figsize=(drawing.WIDTH_IN, 4.0), layout="constrained")
    above, middle, below = figure.subplots(3, 1, sharex=True, height_ratios=(2, 3, 4))
    if heard.samples is not None:
        drawing.waveform(above, heard.samples, heard.word_ends_s)
    drawing.spectrogram(middle, heard.features)
    below.plot(heard.at_s, heard.scores, color=drawing.SOFT, linewidth=1.0, label="score")
    mean = f"mean of {rule.window}"
    below.plot(heard.at_s, heard.means, color=drawing.INK, linewidth=1.5, label=mean)
    cutoff = {"color": drawing.ACCENT, "linewidth": 1.0, "linestyle": "--"}
    below.axhline(rule.level, **cutoff, label=f"cutoff {rule.cutoff:g}")
    below.set(ylim=(-0.03, 1.03), ylabel="score", xlabel="time (s)", xlim=(0, heard.seconds))
    drawing.legend(drawing.plain(below), loc="upper left")
    return figure


def _excerpt(heard: Moment) -> Excerpt:
    """Some seconds about the highest score."""
    top = float(heard.at_s[int(np.argmax(heard.means))]) if len(heard.at_s) else 0.0
    first = max(min(top - 0.8 * EXCERPT_S, heard.seconds - EXCERPT_S), 0.0)
    span = first, first + EXCERPT_S
    samples = heard.samples
    cut = None if samples is None else samples[_samples(span)]
    return heard.features[_frames(span)], cut


def _mined_case(run: Run, row: dict[str, str]) -> Case:
    heard = lru_cache(1)(lambda: _mined_heard(run, row))
    where = f"at {float(row['clip_s']):.2f} s of {_file(row['clip'])}" if row["clip"] else NO_CLIP
    return Case(
        name=row["id"],
        kind=FOOLED,
        title=f"{row['id']}, score {float(row['score']):.2f}",
        lines=(where,),
        clip=row["clip"],
        draw=lambda: (_mined_figure(*heard()), heard()[1]),
        excerpt=heard,
    )


def _mined_heard(run: Run, row: dict[str, str]) -> Excerpt:
    try:
        return heard_around(run, row)
    except FileNotFoundError:  # the run that holds the clips is not at hand
        return np.zeros((1, N_BANDS), np.int8), None


def heard_around(run: Run, row: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """int8 [frames, 40] and int16 [samples] around a mined event, made again from its scene."""
    stream, index = FeatureSet.of_unit(run, row["unit"]), int(row["index"])
    at_s = float(row["at_s"])
    span = max(at_s - BEFORE_S, 0.0), at_s + AFTER_S
    samples = render(scene_from(stream.scenes[index]), run.find)
    return stream.store[index][_frames(span)], samples[_samples(span)]


def _frames(span: tuple[float, float]) -> slice:
    return slice(*(int(second * 1000 / HOP_MS) for second in span))


def _samples(span: tuple[float, float]) -> slice:
    return slice(*(int(second * SAMPLE_RATE_HZ) for second in span))


def _mined_figure(features: np.ndarray, samples: np.ndarray | None) -> Figure:
    figure = Figure(figsize=(drawing.WIDTH_IN, 3.0), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    if samples is not None:
        drawing.waveform(above, samples)
    drawing.spectrogram(below, features)
    below.set(xlabel="time (s): it fired half a second before the end")
    return figure


def _decided_now(run: Run) -> Callable[[Case], str]:
    """Read once for all cases: a table of decisions and the catalogue are behind it."""
    return partial(_decided, clip_decisions(run))


def _decided(decisions: Mapping[str, ClipDecision], case: Case) -> str:
    decision = decisions.get(case.clip)
    if decision is None:
        return ""
    why = f" ({decision.reason})" if decision.reason else ""
    words = {"keep": "keep", "exclude": "left out"}
    return words.get(decision.action, f"is {decision.action.replace('_', ' ')}") + why


def _decide(run: Run, about: About, case: Case, what: str, why: str) -> None:
    """Of the clip; between clips there is none, and nothing is written."""
    if case.clip:
        decide_clip(run, ClipDecision(case.clip, _action(about, case, what), why))


def _action(about: About, case: Case, what: str) -> str:
    """What a judgement means for a clip: a long recording that has the word is left out."""
    record = about.of(case.clip)
    if what == "keep":
        return "keep"
    if what == "drop" or (record and record.kind is not Kind.CLIP):
        return "exclude"
    is_word = record.label is Label.POSITIVE if record else case.kind == MISSED
    return "negative" if is_word else "positive"


def _mined_decided_now(run: Run) -> Callable[[Case], str]:
    of_clips, digest, dropped = _decided_now(run), table_digest(run), _dropped(run)

    def decided(case: Case) -> str:
        if _dropped_as(digest, case) in dropped:
            return "dropped: not trained against"
        return of_clips(case)

    return decided


def _decide_mined(run: Run, about: About, case: Case, what: str, why: str) -> None:
    """Drop is of the event, keep takes it back, mislabelled is of its clip."""
    if what == "mislabelled":
        _decide(run, about, case, what, why)
        return
    this = _dropped_as(table_digest(run), case)
    others = [name for name in _dropped(run) if name != this]
    dropped = [*others, this] if what == "drop" else others
    decide_parameters(run, "mine", {"DROP": sorted(dropped) or None})


def _dropped(run: Run) -> Sequence[str]:
    return parameter_decisions(run).get("mine", {}).get("DROP", [])


def _dropped_as(digest: str, case: Case) -> str:
    """An id with the digest of its table: after another training the same id is another event."""
    return f"{case.name}@{digest}"

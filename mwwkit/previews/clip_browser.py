"""A run's clips, and what was set aside: filtered, played, looked at, left out or called otherwise.

    clip_browser.health(run)             # a picture and sentences: what the data set is like
    clip_browser.browse(run)             # the clips one by one, and the decisions about them

A decision is written into the run at once (`run.decisions`), with its reason, and 02 makes its
features by it. Where nothing can be clicked it shows one clip and what was decided so far.
"""

from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from IPython.display import display
from ipywidgets import BoundedIntText, Dropdown, Layout, Text, ToggleButton
from matplotlib.figure import Figure

from mwwkit.audio.reading import AudioValidationError, read
from mwwkit.audio.wav16 import to_float, to_int16
from mwwkit.corpus.clip_measures import measured
from mwwkit.corpus.clips import (
    Clips,
    Kind,
    Rejected,
    SampleRecord,
    Split,
    load_clips,
    read_quarantine,
)
from mwwkit.corpus.data_health import Health, by_speaker, by_voice, health_of, sort_of
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.previews import drawing
from mwwkit.previews.panel import Words, is_live, panel, sentence
from mwwkit.run.decisions import (
    EXCLUDE,
    KEEP,
    LABELS,
    ClipDecision,
    clip_decisions,
    decide_clip,
    of_other_sounds,
    undecide_clip,
)
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import printable
from mwwkit.run.paths import Run
from mwwkit.run.shown import as_html, as_lines

ALL, ASIDE, UNDECIDED, DECIDED = "all", "set aside by 01", "undecided", "decided"
NOTHING = "decide"
NOT_APPLIED = "not applied: its sound is gone, and its path has another now"
MOST_HEARD_S = 20.0
PANELS = (  # measure, title, unit
    ("seconds", "length", "s"),
    ("loudest_db", "level of its loudest part", "dBFS"),
    ("floor_db", "noise floor", "dBFS"),
    ("bandwidth_hz", "sound reaches up to", "Hz"),
)
COLOURS = {"positive": drawing.ACCENT, "negative": drawing.INK, "hard_negative": drawing.OTHER}


def health(run: Run) -> None:
    """Show lengths, levels, noise, bandwidth, speakers and splits, and what to do about them.

    Raises FileNotFoundError where 01 has not finished.
    """
    found = health_of(load_clips(run))
    display(drawing.png(health_figure(found)), _told(found))


def _told(found: Health) -> Words:
    lines = found.words
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return Words(f"<ul>{items}</ul>", "\n".join(f"* {line}" for line in lines))


def health_figure(found: Health) -> Figure:
    """Histograms of four measures by sort; clips by speaker and by split."""
    figure = Figure(figsize=(drawing.WIDTH_IN, 4.6), layout="constrained")
    axes = figure.subplots(2, 3).flat
    there = Counter(map(sort_of, found.clips))
    for place, (name, title, unit) in zip(axes, PANELS, strict=False):
        for sort, colour in COLOURS.items():
            values = found.of(sort, name)
            if len(values):
                n = (
                    str(len(values))
                    if len(values) == there[sort]
                    else f"{len(values)} of {there[sort]:,}"
                )
                label = f"{sort.replace('_', ' ')} ({n})"
                place.hist(values, bins=24, color=colour, alpha=0.6, label=label)
        place.set(xlabel=unit, ylabel="clips")
        place.set_title(title, fontsize=9, loc="left")
        place.locator_params(nbins=5)
        drawing.plain(place)
    _legend_over(figure)
    _speakers(figure.axes[4], found.clips)
    _splits(figure.axes[5], found.clips)
    return figure


def _legend_over(figure: Figure) -> None:
    """Over all panels, where it hides no bar: a sort has one colour in each."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    where = {"loc": "outside upper left", "ncols": 3, "frameon": False, "fontsize": 8}
    figure.legend(handles, labels, **where)


def _speakers(axes: Any, clips: Clips) -> None:
    counts, title = by_speaker(clips.records)[::-1], "who speaks"
    if len(counts) == 1:
        counts, title = by_voice(clips.records)[::-1], f"who speaks: {counts[0][0]}, by voice"
    names = [name if len(name) <= 16 else f"{name[:15]}…" for name, _ in counts]
    axes.barh(range(len(counts)), [n for _, n in counts], color=drawing.SOFT)
    axes.set(yticks=range(len(counts)), yticklabels=names, xlabel="short clips")
    if counts and counts[-1][1] > 20 * counts[0][1]:
        axes.set(xscale="log")
    axes.set_title(title, fontsize=9, loc="left")
    drawing.plain(axes)


def _splits(axes: Any, clips: Clips) -> None:
    sorts = list(dict.fromkeys(map(sort_of, clips)))
    left = np.zeros(len(sorts))
    for split, colour in zip(Split, (drawing.INK, drawing.OTHER, drawing.GOOD), strict=True):
        of_split = [sort_of(record) for record in clips.of(split=split)]
        counts = np.array([of_split.count(sort) for sort in sorts])
        shares = counts / np.maximum([sum(sort_of(r) == s for r in clips) for s in sorts], 1)
        axes.barh(range(len(sorts)), shares, left=left, color=colour, label=split.value)
        left += shares
    axes.set(yticks=range(len(sorts)), yticklabels=[s.replace("_", " ") for s in sorts])
    axes.set_title("share in each split", fontsize=9, loc="left")
    drawing.legend(axes, loc="lower left", ncols=3, bbox_to_anchor=(0, -0.32))
    drawing.plain(axes)


def browse(run: Run) -> None:
    """Show the clips one by one with filters, and controls that decide about them.

    Raises FileNotFoundError where 01 has not finished.
    """
    Browser(run).show()


class Browser:
    """The clips that a filter lets through, the one that is looked at, and the controls."""

    def __init__(self, run: Run):
        """Begin with all clips."""
        self.run, self.clips = run, load_clips(run)
        self.aside = read_quarantine(run)
        sorts = list(dict.fromkeys(map(sort_of, self.clips)))
        narrow, plain = Layout(width="15em"), {"description_width": "initial"}
        self.sort = Dropdown(options=[ALL, *sorts, ASIDE], description="sort", layout=narrow)
        splits = [ALL, *(split.value for split in Split)]
        self.split = Dropdown(options=splits, description="split", layout=narrow)
        self.state = Dropdown(options=[ALL, UNDECIDED, DECIDED], description="state", layout=narrow)
        self.text = Text("", description="holds", placeholder="word, name, file", layout=narrow)
        self.number = BoundedIntText(0, 0, 10**6, description="number", layout=narrow)
        actions = [NOTHING, KEEP, EXCLUDE, *LABELS, "take back"]
        self.action = Dropdown(options=actions, description="this clip", layout=narrow)
        self.reason = Text("", description="because", layout=Layout(width="24em"), style=plain)
        self.write = ToggleButton(
            False, description="Write it down, next", layout=Layout(width="auto")
        )
        self._written, self._live = False, is_live()  # which only a cell can say, no control

    def show(self) -> None:
        """Display the controls, the clip, and what was decided so far."""
        names = ("sort", "split", "state", "text", "number", "action", "reason", "write")
        panel(self.draw, **{name: getattr(self, name) for name in names})

    def draw(
        self,
        sort: str,
        split: str,
        state: str,
        text: str,
        number: int,
        action: str,
        reason: str,
        write: bool,
    ) -> tuple[Any, ...]:
        """What the clip is, its picture and player, and all decisions; writes one down first."""
        told, shown = "", self.chosen(sort, split, state, text)
        if write != self._written:
            self._written = write
            told = self._decide(shown, number, action, reason)
            shown = self.chosen(sort, split, state, text)
            number = self.number.value
        place = min(number, len(shown) - 1)
        one = shown[place] if shown else None
        head = f"{place + 1:,} of {len(shown):,}" if shown else "nothing is let through"
        return _about(one, head, told), *_seen(self.clips, one), self._decisions()

    def chosen(
        self, sort: str, split: str, state: str, text: str
    ) -> list[SampleRecord] | list[Rejected]:
        """The clips, or what was set aside, that the filters let through."""
        wanted = text.casefold()
        if sort == ASIDE:
            return [r for r in self.aside if wanted in f"{r.path} {r.reason}".casefold()]
        decided = clip_decisions(self.run)
        return [
            record
            for record in self.clips
            if sort in (ALL, sort_of(record))
            and split in (ALL, record.split.value)
            and (state == ALL or (state == DECIDED) == (record.path in decided))
            and wanted in _words(record).casefold()
        ]

    def _decide(self, shown: list, number: int, action: str, reason: str) -> str:
        """Write a decision about the clip that is looked at, and go on to the next one."""
        one = shown[min(number, len(shown) - 1)] if shown else None
        if not isinstance(one, SampleRecord):
            return "what was set aside is no clip: mend the file and run 01 again"
        if action == NOTHING:
            return "choose first what to do with this clip"
        if action in LABELS and one.kind is not Kind.CLIP:
            return f"this is {one.kind.value} and no word: keep or exclude it"
        if action == "take back":
            undecide_clip(self.run, one.path)
        elif action != KEEP and not reason.strip():
            return "say why, in a word or two: whoever reads it later wants to know"
        else:
            decide_clip(self.run, ClipDecision(one.path, action, reason.strip(), one.sha256))
        still = self.chosen(self.sort.value, self.split.value, self.state.value, self.text.value)
        if one in still:
            self.number.value = min(number + 1, max(len(still) - 1, 0))
        return f"{Path(one.path).name}: {action}"

    def _decisions(self) -> Words:
        decided, others = clip_decisions(self.run), of_other_sounds(self.run)
        if not decided and not others:
            return sentence("" if self._live else "No clip was left out or called otherwise.")
        head = f"{len(decided)} decided on; 02 makes its features by it:"
        sounds = {record.path: record for record in self.clips}
        told = [(each, _of_sound(each, sounds.get(each.clip))) for each in decided.values()]
        told += [(each, f"{NOT_APPLIED} ({each.sha256[:8]})") for each in others.values()]
        rows = [("clip", "what", "because", "of the sound")]
        rows += [(Path(of.clip).name, of.action, of.reason, sound) for of, sound in told[:20]]
        rows += [(f"and {len(told) - 20} more", "", "", "")] * (len(told) > 20)
        return Words(f"<p>{head}</p>{as_html(rows, n_heads=1)}", f"{head}\n{as_lines(rows)}")


def _of_sound(decision: ClipDecision, record: SampleRecord | None) -> str:
    """Which sound a decision counts for, by the first digits of its SHA-256 and its origin."""
    if record is None:
        return "none: the clip is gone"
    sound = f"{record.sha256[:8]}, {printable(record.origin)}"
    return sound if decision.sha256 else f"{sound}; the row names none, and takes what is there"


def _words(record: SampleRecord) -> str:
    return " ".join((record.path, record.word, record.speaker, record.source, record.origin))


def _about(one: SampleRecord | Rejected | None, head: str, told: str) -> Words:
    rows = [("", head)]
    if isinstance(one, SampleRecord):
        who = one.speaker or "not named"
        rows += [
            ("clip", one.path),
            ("it is", f"{sort_of(one).replace('_', ' ')}, {one.split.value}"),
            ("said", f"{one.word or 'unknown'}, by {who}, from {one.source}"),
            ("origin", printable(one.origin)),
        ]
    elif one:
        rows += [("file", one.path), ("set aside", one.reason)]
    if told:
        rows.append(("", told))
    return Words(as_html(rows), as_lines(rows))


def _seen(clips: Clips, one: SampleRecord | Rejected | None) -> tuple[Any, Any]:
    """Picture and player; sentences where there is nothing, or nothing that can be played."""
    try:
        samples = _sound(clips, one)
    except (AudioValidationError, WrongInput, OSError) as error:
        return sentence(f"not to be heard: {error}"), sentence("")
    if samples is None:
        return sentence(""), sentence("")
    found = measured(to_float(samples))
    figure = Figure(figsize=(drawing.WIDTH_IN, 2.8), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    figures = f"{found.seconds:.2f} s, loudest {found.loudest_db:.0f} dBFS"
    noise = f"noise {found.floor_db:.0f} dBFS, up to {found.bandwidth_hz / 1000:.1f} kHz"
    drawing.sound(above, below, samples, f"{figures}, {noise}", fontsize=8)
    return drawing.png(figure), drawing.player(samples)


def _sound(clips: Clips, one: SampleRecord | Rejected | None) -> np.ndarray | None:
    """int16 [n] of a clip or of a file that was set aside; None of nothing."""
    if isinstance(one, SampleRecord):
        return clips.audio(one)[: int(MOST_HEARD_S * SAMPLE_RATE_HZ)]
    if one is None:
        return None
    path = Path(one.path)  # what was recorded here is named as the run has it
    path = path if path.is_absolute() else clips.run / one.path
    return to_int16(read(path, seconds=MOST_HEARD_S))

"""The threshold, to be moved: what every cutoff and window does, and the one that 05 shall ship.

    threshold_explorer.explore(run)                  # in a notebook

Choose by the validation split; the test split only tells how the choice does on others. "Use this"
writes `decisions/cutoff.json`, and 05 ships it the next time it runs. Without a live notebook the
picture and the tables stand for the threshold that ships.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from IPython.display import display
from ipywidgets import Button, Dropdown, IntSlider, Layout, Text, ToggleButtons

from mwwkit.device.detector import Rule, manifest_cutoff
from mwwkit.device.simulator import Device
from mwwkit.evaluation.exported import Exported
from mwwkit.evaluation.measured import AtRule, GroupRate
from mwwkit.evaluation.mistakes import ScoredSplit
from mwwkit.evaluation.split_metrics import at_rule
from mwwkit.metrics.operating_points import CUTOFFS, SET_NAMES, PerSet, Surface
from mwwkit.metrics.rates import Rate, latency, seconds
from mwwkit.metrics.whose_words import conversion, named
from mwwkit.previews import cutoff_table, page_clicks
from mwwkit.previews.html_tables import table
from mwwkit.previews.panel import Words, controls, hidden_field, is_live, panel, sentence
from mwwkit.previews.threshold_picture import ThresholdPicture
from mwwkit.report.formatting import condition
from mwwkit.report.key_facts import read_report
from mwwkit.report.markup import tag
from mwwkit.report.results_sections import DIMENSIONS
from mwwkit.report.voices import INTERVALS, counted_heard
from mwwkit.run.decisions import CutoffDecision, cutoff_decision, decide_cutoff
from mwwkit.run.paths import Run
from mwwkit.run.quantities import span
from mwwkit.scenes import provenance
from mwwkit.scenes.provenance import About
from mwwkit.scenes.shards import FeatureSet

GROUPED_BY = ("condition", "voice", "speaker", "source", "room")
MOST_GROUPS = 6  # of one dimension
NARROW = {"description_width": "initial"}


def explore(run: Run) -> None:
    """Show the picture, the tables and the controls. CheckpointError where 05 has not finished."""
    Explorer(run).show()


class Explorer:
    """The rule that is tried, and the controls that change it."""

    def __init__(self, run: Run):
        """Begin with what ships."""
        self.run, self.exported = run, Exported(run)
        metrics, self.shipped = self.exported.metrics, self.exported.threshold
        of = {"validation": metrics.validation, "test": metrics.test}
        self.splits = {name: figures for name, figures in of.items() if _is_whole(figures.surface)}
        self.surfaces = {name: figures.surface for name, figures in self.splits.items()}
        windows = metrics.validation.surface.windows
        ends = {"min": int(CUTOFFS[0]), "max": int(CUTOFFS[-1]), "continuous_update": False}
        wide = {"layout": Layout(width="28em"), "style": NARROW}
        self.cutoff = IntSlider(
            value=self.shipped.integer, description="cutoff of 255", **ends, **wide
        )
        self.window = ToggleButtons(
            options=windows, value=self.shipped.window, description="mean of", style=NARROW
        )
        self.window.style.button_width = "3em"
        self.groups_of = Dropdown(
            options=list(self.splits), description="groups of", layout=Layout(width="16em")
        )
        self.clicks = hidden_field()
        self.reason = Text(placeholder="why (kept with the choice)", layout=Layout(width="20em"))
        self.use = Button(description="Use this", button_style="primary")
        self.take_back = Button(description="Let 05 choose")
        self.clicks.observe(self._clicked, "value")
        self.use.on_click(self._decide)
        self.take_back.on_click(self._undecide)
        self._known: dict[tuple[str, Rule], AtRule] = {}
        self._state: Any = None

    def show(self) -> None:
        """Display the controls, the picture and the tables."""
        if not self.surfaces:
            display(sentence("no split has words, other words and long sound to weigh a cutoff by"))
            return
        if is_live():
            display(page_clicks.script(self.clicks))
        moving = {"cutoff": self.cutoff, "window": self.window, "groups_of": self.groups_of}
        panel(self.draw, **moving)
        controls(self.clicks, self.reason, self.use, self.take_back)
        if self.exported.record.report:  # an earlier version wrote none
            display(cutoff_table.of(read_report(self.exported)))
        self._state = display(self.state(), display_id=True)

    def rule(self) -> Rule:
        """What the controls stand at."""
        return Rule(manifest_cutoff(self.cutoff.value), self.window.value)

    def draw(self, cutoff: int, window: int, groups_of: str) -> Sequence[Any]:
        """Picture, a sentence, and two tables for a rule."""
        tried = Rule(manifest_cutoff(cutoff), window)
        self.picture = ThresholdPicture(self.surfaces, self.shipped, tried, self._clip_limit)
        groups = self.by_group(tried, groups_of)
        return [self.picture.png, self.traded(tried), self.rates(tried), groups]

    def traded(self, tried: Rule) -> Words:
        """What the tried rule gives and takes on the validation split, in a sentence."""
        if tried.is_same(self.shipped):
            said = f"Shown is what ships: cutoff {self.shipped.told}."
            if is_live():
                said += " Click on a curve or on the map, or move a slider, to try another."
            return sentence(said)
        split, surface = next(iter(self.surfaces.items()))
        now, then = surface.at(self.shipped), surface.at(tried)
        whose = named(self._words_of(split))
        heard = _more(then.hits - now.hits, f"of {now.n_positives:,} {whose} heard")
        wrong = _more(then.events - now.events, f"false accepts in {span(now.hours)}")
        return sentence(
            f"Cutoff {tried.told}, instead of {self.shipped.told}: on the {split} split {heard}, "
            f"and {wrong}."
        )

    def rates(self, tried: Rule) -> Words:
        """Recall, false accepts, other words and latency of both rules on both splits."""
        rows = []
        rules = [("ships", self.shipped), ("tried", tried)][: 1 + (not tried.is_same(self.shipped))]
        for split in self.splits:
            whose = named(self._words_of(split))
            for name, rule in rules:
                at = self._at(split, rule)
                rows.append(
                    (
                        f"{split}, {name}",
                        f"{rule.cutoff:g}, mean of {rule.window}",
                        _share(self._recall(split, at), whose),
                        str(at.false_accepts_per_hour),
                        _share(at.other_clips_accepted),
                        _delay(at),
                    )
                )
        heads = ("", "cutoff", "heard (95 %)", "false accepts an hour (95 %)")
        shown = table((*heads, "other words taken for it", "wakes after the word"), rows)
        foot = self._foot()
        return Words(shown.html + tag("p", foot), f"{shown.text}\n{foot}")

    def _foot(self) -> str:
        """How words become what is counted, split by split; and what intervals are of."""
        n_conditions = {len(of.recall) for of in self.splits.values()}
        of = [of.surface.n_positives for of in self.splits.values()]
        told = conversion(n_conditions.pop(), *of) if len(n_conditions) == 1 else ""
        return f"{told} {INTERVALS}".strip()

    def by_group(self, tried: Rule, split: str) -> Words:
        """Recall by group at both rules on a split."""
        now, then = (self._at(split, rule).groups for rule in (self.shipped, tried))
        after = {(of.dimension, row.group): row for of in then for row in of.rows}
        told = [
            (
                DIMENSIONS.get(of.dimension, of.dimension),
                _named(of.dimension, row),
                row,
                after.get((of.dimension, row.group)),
            )
            for of in now
            if of.dimension in GROUPED_BY and len(of.rows) > 1
            for row in of.rows[:MOST_GROUPS]  # the worst first
        ]
        heads = "", f"group ({split})", "heard as it ships", "heard as tried"
        n = 3 if tried.is_same(self.shipped) else 4
        rows = [
            (*names, _share(row), _share(other) if other else "") for *names, row, other in told
        ]
        return table(heads[:n], [row[:n] for row in rows])

    def state(self) -> Words:
        """What is decided, and what becomes of it."""
        decided = cutoff_decision(self.run)
        if decided is None:
            return sentence("Nobody decided on a cutoff: 05 chose it by the validation split.")
        rule = Rule(manifest_cutoff(decided.cutoff), decided.window)
        why = f" ({decided.reason})" if decided.reason else ""
        if decided.weights != self._weights:
            return sentence(
                f"Cutoff {rule.told}, was decided on for other weights{why}: it is not used."
            )
        if rule.is_same(self.shipped):
            return sentence(f"You decided on cutoff {rule.told}{why}: it ships.")
        return sentence(
            f"You decided on cutoff {rule.told}{why}. Run 05's cells again and it ships."
        )

    def _clicked(self, change: Any) -> None:
        place = page_clicks.place(change["new"])
        rule = self.picture.rule_at(*place) if place else None
        if rule:
            self.window.value, self.cutoff.value = rule.window, rule.integer

    def _decide(self, _: Any) -> None:
        rule = self.rule()
        reason = self.reason.value.strip()
        decide_cutoff(self.run, CutoffDecision(rule.integer, rule.window, self._weights, reason))
        self._tell()

    def _undecide(self, _: Any) -> None:
        decide_cutoff(self.run, None)
        self._tell()

    def _tell(self) -> None:
        if self._state is not None:
            self._state.update(self.state())

    @property
    def _weights(self) -> str:
        return self.exported.record.made_of["weights"]

    @property
    def _clip_limit(self) -> float:
        return self.exported.record.made_of["max_clip_fpr"]

    def _words_of(self, split: str) -> Any:
        words = self.splits[split].words
        return words.whose if words else None

    def _recall(self, split: str, at: AtRule) -> Rate:
        """With the interval that the report has."""
        return counted_heard(at.groups, self._words_of(split), at.recall)

    def _at(self, split: str, rule: Rule) -> AtRule:
        if rule.is_same(self.shipped):
            return self._shipped(split)
        key = split, Rule(rule.cutoff, rule.window)
        if key not in self._known:
            self._known[key] = at_rule(self._scored[split], rule, self._about)
        return self._known[key]

    def _shipped(self, split: str) -> AtRule:
        """As 05 measured it: nothing has to be scored for what ships."""
        of = self.splits[split]
        return AtRule(
            of.surface.at(self.shipped).recall,
            of.other_clips_accepted,
            of.false_accepts_per_hour,
            of.latency,
            of.groups.recall,
        )

    @cached_property
    def _about(self) -> About:
        return provenance.records(self.run)

    @cached_property
    def _scored(self) -> dict[str, ScoredSplit]:
        """Every scene of the splits as the shipped model scores it: seconds, once."""
        device = Device(self.exported.model, reference=True)
        scored = {}
        for split in self.splits:
            sets = PerSet(*(FeatureSet.open(self.run, f"{split}-{name}") for name in SET_NAMES))
            tracks = sets.map(lambda of: [device.scores(of.store[i]) for i in range(len(of))])
            scored[split] = ScoredSplit(split, sets, tracks)
        return scored


def _is_whole(surface: Surface) -> bool:
    return bool(surface.n_positives and surface.n_negatives and surface.ambient_hours)


def _named(dimension: str, row: GroupRate) -> str:
    if row.merged:
        return f"{row.merged} small groups"
    return condition(row.group) if dimension == "condition" else row.group


def _more(n: int, what: str) -> str:
    return f"{abs(n):,} {'more' if n > 0 else 'fewer'} {what}" if n else f"as many {what}"


def _share(rate: Rate, whose: str = "") -> str:
    if not rate.of:
        return "none to count"
    return f"{rate.percent} ({rate.interval}; {rate.counts}{' ' * bool(whose)}{whose})"


def _delay(at: AtRule) -> str:
    """The median with its interval."""
    of = at.latency
    if of.median_s is None or of.median_low_s is None:
        return latency(of.median_s)
    low, high = seconds(of.median_low_s), seconds(of.median_high_s)
    return f"{seconds(of.median_s)}, median ({low.removesuffix(' s')} to {high})"

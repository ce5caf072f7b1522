"""The benchmark's tables, from the small files in `benchmarks/results/`.

    print(everything(Path("benchmarks/results")))

One section for each word, trial, preset and recipe. Folds of a seed are pooled at one common
cutoff, as shipped each at its own; a row is the middle of the seeds. "Miss at n FA" uses only
cutoffs that a device can be set to: `sat` where none accepts so few.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import numpy as np

from benchmarks.cases import Case
from benchmarks.conditions import CONDITIONS
from benchmarks.tally import REPORTED, WINDOW, Clips, Stream, Tally, pooled
from mwwkit.metrics.operating_points import CUTOFFS
from mwwkit.metrics.rates import Hourly, proportion
from mwwkit.run.files import read_json

MARKS = "<!-- tables of benchmarks.real_audio -->", "<!-- end of the tables -->"
FA_COUNTS = (0, 1, 2, 5, 10)
FEWEST_EVENTS = 20  # with fewer, counted over expected is mostly luck
SPLITS = ("train", "validation", "test")
STAGES = ("speaking", "01", "02", "03", "04", "05")


@dataclass(frozen=True)
class Result:
    """A file of the results."""

    case: Case
    recipe: str
    cpu_seconds: dict[str, float | None]  # by stage; None: one that was killed was not counted
    card: dict
    expected_an_hour: list[float] | None  # at each cutoff, by the run's own tail
    calibrated: dict | None  # what that did on the run's test split; None where it was not
    tally: Tally


def results(folder: Path) -> list[Result]:
    """All that there are, in order of their names."""
    found = []
    for path in sorted(folder.glob("*.json")):
        kept = read_json(path)
        named = dict(kept["case"])
        recipe = named.pop("recipe")
        case = Case(**named | {"changes": tuple(named["changes"])})
        tally = Tally.from_dict(kept["tally"])
        rest = kept.get("expected_an_hour"), kept.get("calibrated"), tally
        found.append(Result(case, recipe, kept["cpu_seconds"], kept["card"], *rest))
    return found


def everything(folder: Path) -> str:
    """Every table there is something for."""
    groups = defaultdict(list)
    for result in results(folder):
        case = result.case
        groups[case.word, case.trial, case.preset, result.recipe].append(result)
    sections = [
        summary(groups.values()),
        calibration([result for group in groups.values() for result in group]),
        *side_by_side(groups.values()),
        *map(section, groups.values()),
    ]
    return "\n\n".join(filter(None, sections))


def put_into(text: str, told: str) -> str:
    """A text with the tables between its marks. Raises ValueError where it has none."""
    before, first, rest = text.partition(MARKS[0])
    _, last, after = rest.partition(MARKS[1])
    if not last:
        raise ValueError(f"the text has no {' ... '.join(MARKS)}")
    return f"{before}{first}\n\n{told}\n\n{last}{after}"


def by_seed(group: Sequence[Result]) -> list[list[Result]]:
    """The results of a group that a table pools, a list a seed: whole ones only.

    Raises ValueError where they are of different numbers of folds, which are not one table.
    """
    numbers = sorted({result.case.of for result in group if result.case.pools})
    if len(numbers) > 1:
        raise ValueError(
            f"{group[0].case.word}, {group[0].case.trial}: results of "
            f"{' and of '.join(map(str, numbers))} folds; wanted one number: delete the others"
        )
    seeds = defaultdict(list)
    for result in group:
        seeds[result.case.seed].append(result)
    whole = numbers[0] if numbers else 1
    return [members for _, members in sorted(seeds.items()) if len(members) == whole]


def missed_at(words: Clips, others: Clips, n_false: int) -> int | None:
    """Words missed at the lowest live cutoff that accepts at most `n_false` others."""
    for cutoff in CUTOFFS:
        if others.over(cutoff * WINDOW) <= n_false:
            return words.of - words.over(cutoff * WINDOW)
    return None


def mean_miss(tally: Tally, role: str = "positives") -> float:
    """The figure to steer by: mean miss %, conditions and FA_COUNTS alike; no cutoff counts 100."""
    each = [
        missed_at(tally.clips[f"{role}/{c}"], tally.clips[f"negatives/{c}"], n)
        for c in CONDITIONS
        for n in FA_COUNTS
    ]
    of = tally.clips[f"{role}/clean"].of
    return mean(100.0 if missed is None else 100 * missed / of for missed in each)


def summary(groups: Iterable[Sequence[Result]]) -> str:
    """A line a group: what to compare recipes by."""
    lines = [
        "| word, trial, preset, changes | seeds | mean miss % | clean at 1 FA % | babble at 1 FA % "
        "| as shipped: missed clean %, FA, events | cutoffs | CPU s, speaking apart |",
        "|---" * 8 + "|",
    ]
    for group in groups:
        if seeds := by_seed(group):
            lines.append(_summary_line(seeds))
    return "\n".join(lines)


def _summary_line(seeds: list[list[Result]]) -> str:
    tallies = [pooled([r.tally for r in members]) for members in seeds]
    case, every = seeds[0][0].case, [r for members in seeds for r in members]
    clean = [t.clips["positives/clean"] for t in tallies]
    cutoffs = sorted(
        {(r.card["threshold"]["cutoff"], r.card["threshold"]["window"]) for r in every}
    )
    spent = [_spent(r) for r in _counted(every)]
    cells = [
        ", ".join([case.word, case.trial, case.preset, *case.changes]),
        str(len(seeds)),
        f"{np.median([mean_miss(t) for t in tallies]):.1f}",
        *(_percents(tallies, condition, (1,)) for condition in ("clean", "babble")),
        f"{np.median([100 * (c.of - c.woke) / c.of for c in clean]):.1f}, "
        f"{np.median([t.clips['negatives/clean'].woke for t in tallies]):g} of "
        f"{tallies[0].clips['negatives/clean'].of}, "
        f"{np.median([t.streams['speech'].shipped for t in tallies]):g} in "
        f"{tallies[0].streams['speech'].hours:.2f} h",
        ", ".join(f"{cutoff:g}/{window}" for cutoff, window in cutoffs),
        f"{np.median(spent):.0f}" if spent else "-",
    ]
    return _line(cells)


def _counted(every: Sequence[Result]) -> list[Result]:
    """Those whose CPU seconds are all known."""
    return [r for r in every if r.cpu_seconds and None not in r.cpu_seconds.values()]


def _spent(result: Result) -> float:
    return sum(s for name, s in result.cpu_seconds.items() if name != "speaking")


def _percents(
    tallies: Sequence[Tally], condition: str, counts: Sequence[int], role="positives"
) -> str:
    """Miss % at each number of false accepts, the middle of the seeds."""
    told = []
    for n in counts:
        pairs = [
            (t.clips[f"{role}/{condition}"], t.clips[f"negatives/{condition}"]) for t in tallies
        ]
        missed = [missed_at(words, others, n) for words, others in pairs]
        middle = np.median(
            [np.inf if m is None else 100 * m / p[0].of for m, p in zip(missed, pairs, strict=True)]
        )
        told.append(f"{middle:.1f}" if np.isfinite(middle) else "sat")
    return " / ".join(told)


def side_by_side(groups: Iterable[Sequence[Result]]) -> list[str]:
    """A table a word and trial that several presets or models were measured on: FA-matched."""
    alike = defaultdict(list)
    for group in groups:
        if seeds := by_seed(group):
            alike[group[0].case.word, group[0].case.trial].append(seeds)
    found = []
    for (word, trial), rows in alike.items():
        if len(rows) < 2:
            continue
        names = [", ".join([r[0][0].case.preset, *r[0][0].case.changes]) for r in rows]
        tallies = [[pooled([x.tally for x in members]) for members in seeds] for seeds in rows]
        head = [f"{word}, {trial}: miss % at {' / '.join(map(str, FA_COUNTS))} FA", *names]
        lines = [_line(head), _line(["---"] * len(head))]
        lines += [
            _line([c, *(_percents(each, c, FA_COUNTS) for each in tallies)]) for c in CONDITIONS
        ]
        found.append("\n".join(lines))
    return found


def calibration(every: Sequence[Result]) -> str:
    """What calibrating changed on the test split of each run, and how far the words then spread."""
    told = [(r.case, r.calibrated) for r in every if r.calibrated]
    if not told:
        return ""
    head = ["run", "scale, shift", "ECE clean", "ECE, mean of conditions"]
    head += [f"{what} at {c}" for c in REPORTED for what in ("recall %", "others %", "events/h")]
    lines = [_line(head), _line(["---"] * len(head))]
    of_word: dict[str, list[list[tuple[float, float]]]] = defaultdict(list)
    for case, facts in told:
        pairs = _before_and_after(facts)
        of_word[case.word].append(pairs)
        cells = [f"{before:.3g} to {after:.3g}" for before, after in pairs]
        lines.append(_line([case.name, f"{facts['scale']:g}, {facts['shift']:g}", *cells]))
    if len(of_word) > 1:  # words weigh alike, however many runs each has
        means = np.array([np.mean(runs, axis=0) for runs in of_word.values()])
        spread = [f"{before:.3g} to {after:.3g}" for before, after in means.std(axis=0)]
        lines.append(_line([f"standard deviation of {len(of_word)} words", "", *spread]))
    return "\n".join(lines)


def _before_and_after(facts: dict) -> list[tuple[float, float]]:
    """ECE clean and of all conditions, then recall, others and events at each cutoff."""
    ece = list(facts["ece"].values())
    pairs = [tuple(facts["ece"]["clean"]), (mean(e[0] for e in ece), mean(e[1] for e in ece))]
    for cutoff in map(str, REPORTED):
        at = facts["at"][cutoff]
        pairs += [tuple(100 * x for x in at[what]) for what in ("recall", "others")]
        pairs.append(tuple(at["events"]))
    return pairs


def section(group: Sequence[Result]) -> str:
    """The tables of one word, trial, preset and recipe."""
    seeds = by_seed(group)
    if not seeds:
        return ""
    case, every = seeds[0][0].case, [r for members in seeds for r in members]
    tallies = [pooled([r.tally for r in members]) for members in seeds]
    roles = [r for r in ("positives", "household") if f"{r}/clean" in tallies[0].clips]
    parts = [
        f"### {', '.join([case.word, case.trial, case.preset, *case.changes])} "
        f"(recipe {group[0].recipe}, seeds {', '.join(str(m[0].case.seed) for m in seeds)})",
        *(_clip_table(tallies, role) for role in roles),
        _stream_table(tallies),
    ]
    if every[0].cpu_seconds:  # made here, not only measured
        parts += [_where_they_went(every), _card_table(every), _card_holds(every)]
        parts += [_tail(every), _cpu(every)]
    return "\n\n".join(filter(None, parts))


def _where_they_went(every: Sequence[Result]) -> str:
    told = sorted({tuple(r.card["recordings"].get(name, 0) for name in SPLITS) for r in every})
    counts = "; ".join(" / ".join(map(str, one)) for one in told)
    return f"Recordings of the word that train, choose and test in a run: {counts}."


def _clip_table(tallies: Sequence[Tally], role: str) -> str:
    words, others = tallies[0].clips[f"{role}/clean"].of, tallies[0].clips["negatives/clean"].of
    counts = " / ".join(map(str, FA_COUNTS))
    whose = "" if role == "positives" else f"{role}: "
    head = [
        f"{whose}{words} words, {others} others",
        *(f"miss % (FA) at {c}" for c in REPORTED),
        f"miss % at {counts} FA",
        "as shipped: missed % (95 %), FA",
        "latency s at 0.5 / 0.9 / shipped",
    ]
    rows = [_line(head), _line(["---"] * len(head))]
    rows += [_line(_clip_cells(tallies, role, condition)) for condition in CONDITIONS]
    return "\n".join(rows)


def _clip_cells(tallies: Sequence[Tally], role: str, condition: str) -> list[str]:
    words = [t.clips[f"{role}/{condition}"] for t in tallies]
    others = [t.clips[f"negatives/{condition}"] for t in tallies]
    at = []
    for cutoff in REPORTED:
        limit = int(cutoff * 255) * WINDOW
        missed = np.median([100 * (w.of - w.over(limit)) / w.of for w in words])
        at.append(f"{missed:.1f} ({np.median([o.over(limit) for o in others]):g})")
    missed = proportion(round(float(np.median([w.of - w.woke for w in words]))), words[0].of)
    late = [_middle([w.late_s.get(name) for w in words]) for name in ("0.5", "0.9", "shipped")]
    return [
        condition,
        *at,
        _percents(tallies, condition, FA_COUNTS, role),
        f"{missed.percent} ({missed.interval}), {np.median([o.woke for o in others]):g}",
        " / ".join("-" if s is None else f"{s:.2f}" for s in late),
    ]


def _middle(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _stream_table(tallies: Sequence[Tally]) -> str:
    head = ["stream", "hours", *(f"events at {c}: an hour (95 %)" for c in REPORTED), "as shipped"]
    rows = [_line(head), _line(["---"] * len(head))]
    for key in ("speech", "joined"):
        streams = [t.streams[key] for t in tallies]
        events: list[Callable[[Stream], int]] = [
            *(lambda s, c=cutoff: s.events[int(c * 255) - 1] for cutoff in REPORTED),
            lambda s: s.shipped,
        ]
        cells = []
        for count in events:
            n = round(float(np.median([count(s) for s in streams])))
            rate = Hourly.counted(n, streams[0].hours)
            cells.append(f"{n}: {rate.an_hour} ({rate.interval})")
        rows.append(_line([key, f"{streams[0].hours:.2f}", *cells]))
    return "\n".join(rows)


def _card_table(every: Sequence[Result]) -> str:
    """What each run told its user beside what strangers measured.

    Clean words are people's, or machines' too where people's were too few to count alone.
    """
    rows = [
        "| run | verdict | card: people heard, all conditions | card: heard, clean "
        "| strangers, clean | cutoff, window | events an hour expected | counted here |",
        "|---" * 8 + "|",
    ]
    for r in every:
        threshold, clean = r.card["threshold"], r.tally.clips["positives/clean"]
        heard = proportion(clean.woke, clean.of)
        expected = threshold["false_accepts_expected_per_hour"]
        speech = r.tally.streams["speech"]
        cells = [
            f"fold {r.case.fold}, seed {r.case.seed}",
            r.card["verdict"],
            _told(r.card["people"]),
            f"{_told(r.card.get('clean'))}{', machines too' if _counts_machines(r) else ''}",
            f"{heard.percent} of {heard.of}",
            f"{threshold['cutoff']:g}, {threshold['window']}",
            "-" if expected is None else f"{expected:.2g}",
            f"{speech.shipped} in {speech.hours:.2f} h",
        ]
        rows.append(_line(cells))
    return "\n".join(rows)


def _counts_machines(result: Result) -> bool:
    """Whether the card's clean words are machines' too, people's being too few to count alone.

    People's are counted under every condition, so those of one are never more.
    """
    clean = result.card.get("clean")
    return bool(clean) and clean["of"] > result.card["people"]["of"]


def _told(counted: dict | None) -> str:
    if not counted or not counted["of"]:
        return "none tested"
    rate = proportion(counted["count"], counted["of"])
    return f"{rate.percent} ({rate.interval})"


def _card_holds(every: Sequence[Result]) -> str:
    """How far the cards' clean words, the only condition that both have, are from strangers'."""
    gaps, held, n_machines = [], 0, sum(map(_counts_machines, every))
    for r in every:
        if (told := r.card.get("clean")) and told["of"]:
            card = proportion(told["count"], told["of"])
            clean = r.tally.clips["positives/clean"]
            strangers = clean.woke / clean.of
            gaps.append(100 * abs(card.value - strangers))
            held += card.low <= strangers <= card.high
    if not gaps:
        return ""
    return (
        f"Clean words, the card against strangers: {np.median(gaps):.1f} points apart in the "
        f"median; its interval holds what they measured in {held} of {len(gaps)} runs."
        + (f" In {n_machines} of them the card's words are machines' too." if n_machines else "")
    )


def _tail(every: Sequence[Result]) -> str:
    """Whether the tails' expectations hold on speech of people and sources that nobody chose by."""
    told = [r for r in every if r.expected_an_hour]
    if not told:
        return "No run had a tail to expect anything by."
    hours = [r.tally.streams["speech"].hours for r in told]
    counted = np.sum([r.tally.streams["speech"].events for r in told], axis=0)
    expected = np.sum(
        [h * np.array(r.expected_an_hour) for h, r in zip(hours, told, strict=True)], axis=0
    )
    many = np.flatnonzero(counted >= FEWEST_EVENTS)
    shipped = [
        h * (r.card["threshold"]["false_accepts_expected_per_hour"] or 0.0)
        for h, r in zip(hours, told, strict=True)
    ]
    line = (
        f"As shipped, {sum(r.tally.streams['speech'].shipped for r in told)} events were counted "
        f"and {sum(shipped):.1f} expected, in {sum(hours):.2f} h of {len(told)} runs"
    )
    if not len(many):
        return f"{line}; at no cutoff were {FEWEST_EVENTS} counted."
    at = int(many[-1])
    times = counted[at] / expected[at]
    return (
        f"{line}. At {CUTOFFS[at] / 255:.2f}, the highest cutoff with {FEWEST_EVENTS} or more: "
        f"{counted[at]} counted, {expected[at]:.0f} expected, {times:.2g} times."
    )


def _cpu(every: Sequence[Result]) -> str:
    whole = _counted(every)
    n_cut = len(every) - len(whole)
    cut = f"{n_cut} of {len(every)} runs were cut off and went on: their CPU seconds are not known."
    if not whole:
        return cut
    spent = {name: [r.cpu_seconds.get(name, 0.0) for r in whole] for name in STAGES}
    each = ", ".join(f"{name} {np.median(s):.0f}" for name, s in spent.items())
    totals = [_spent(r) for r in whole]
    return (
        f"CPU seconds, middle of {len(whole)} runs: {each}; without speaking "
        f"{np.median(totals):.0f} ({min(totals):.0f} to {max(totals):.0f})."
    ) + (f" {cut}" if n_cut else "")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"

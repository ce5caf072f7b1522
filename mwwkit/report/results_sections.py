"""What the model does: how often it wakes, its mistakes, its threshold, its delay."""

from collections.abc import Callable, Sequence

from mwwkit.evaluation.measured import AtTarget, HourlyBy, RatesBy
from mwwkit.metrics.rates import Rate
from mwwkit.report import charts, components, formatting
from mwwkit.report.cutoff_choices import alike, told_once
from mwwkit.report.facts import Report
from mwwkit.report.markup import Html, tag
from mwwkit.report.mistake_sounds import PER_KIND, Moment
from mwwkit.report.voices import SIDES, by_condition, heard_words, of_intervals

DIMENSIONS = {
    "condition": "condition",
    "snr": "noise level",
    "room": "room",
    "rt60": "how long the room rings",
    "speaker": "speaker",
    "source": "source",
    "voice": "who spoke",
    "word": "what was said",
    "label": "kind of clip",
    "near miss": "near miss, and whether its text was heard in training",
    "kind": "kind of sound",
}


def recall(report: Report) -> Html:
    """How often it wakes when it should."""
    groups, rows = report.test.groups, formatting.in_order(by_condition(report.test))
    heard = heard_words(report.test, report.data)
    by_group = [of for of in groups.recall if of.dimension != "condition"]
    counted = heard.called
    parts = [
        components.shares_table(f"{counted}, by condition", rows)
        if rows
        else tag("p", "No word in the test split."),
        *(tag("p", told) for told in (heard.conversion, of_intervals(report.test, heard)) if told),
        *_by_group(by_group, components.shares_table),
    ]
    if groups.note:
        parts.append(tag("p", groups.note, class_="lead"))
    lead = (
        f"In the test split, which the model was neither taught nor tuned by: {counted}. At 10 dB "
        "the word is that much louder than what goes on behind it. The bar shows the share that "
        "woke it and, lighter, where the true share lies with 95 % confidence."
    )
    return components.section("recall", "Does it wake when it should?", lead, *parts)


def wrong(report: Report) -> Html:
    """How often it wakes when it should not."""
    test = report.test
    parts: list[Html] = []
    if test.false_accepts_per_hour.hours:
        rows = [("all long recordings", test.false_accepts_per_hour)]
        parts.append(components.hourly_table("long recordings", rows))
    else:
        parts.append(tag("p", "The test split has no long recordings to count in."))
    parts += _by_group(test.groups.false_accepts_per_hour, components.hourly_table)
    if test.other_clips_accepted.of:
        rows = [("all other words", test.other_clips_accepted)]
        parts += [tag("h3", "Clips of other words"), _wrong_shares("other words", rows)]
        parts += _by_group(test.groups.other_clips_accepted, _wrong_shares)
    lead = (
        "False accepts: the device wakes and nobody called. Counted on long recordings without "
        "the word (talk, radio, noise), once in two seconds at most, and on clips of other words. "
        f"On this page {SIDES}."
    )
    return components.section("wrong", "Does it stay quiet otherwise?", lead, *parts)


def _wrong_shares(head: str, rows: Sequence[tuple[str, Rate]]) -> Html:
    return components.shares_table(head, rows, wrong=True)


def _by_group(dimensions: Sequence[RatesBy | HourlyBy], drawn: Callable[..., Html]) -> list[Html]:
    """A table for each dimension that tells groups apart, unfolded on demand."""
    parts = []
    for by in dimensions:
        if len(by.rows) < 2:
            continue
        named = [
            (f"{row.merged} small groups together" if row.merged else row.group, row)
            for row in by.rows
        ]
        name = DIMENSIONS.get(by.dimension, by.dimension)
        summary = tag("summary", f"By {name}: {len(by.rows)} groups, the worst first")
        parts.append(tag("details", summary, drawn(name, named)))
    return parts


def mistakes(report: Report, misses: list[Moment], accepts: list[Moment]) -> Html:
    """The worst ones, to listen to."""
    threshold, listed = report.threshold, report.test.worst
    keys = [
        ("c1", f"mean of {threshold.window} scores"),
        ("accent dashed", "cutoff"),
        ("good", "the word ends"),
    ]
    parts = [tag("ul", *(tag("li", text, class_=c) for c, text in keys), class_="keys")]
    for title, shown, n, none in (
        ("Words it missed", misses, len(listed.misses), "It missed none."),
        ("What it took for the word", accepts, len(listed.false_accepts), "Nothing woke it."),
    ):
        parts.append(tag("h3", title))
        heading = (
            f"The worst {len(shown)} of {n}{' or more' if n >= 20 else ''}." if shown else none
        )
        parts += [tag("p", heading), components.moments(shown, threshold)]
    lead = (
        "Made again from their recipes, as the device heard them: waveform, spectrogram, and the "
        "score the model gave over time. It wakes when the blue line passes the dashed one. "
        f"At most {PER_KIND} of each; the rest is in the data file."
    )
    return components.section("mistakes", "Hear its mistakes", lead, *parts)


def trade_off(report: Report) -> Html:
    """What another threshold would have done."""
    threshold, chose = report.threshold, heard_words(report.validation).called
    tested = heard_words(report.test, report.data).called
    det = components.figure(
        charts.det(report.trade_off, threshold),
        "Every cutoff is a point: a stricter one goes left and up, a looser one right and down. "
        "Lower and further left is better. The shade is the 95 % interval of the misses, "
        "counted clip by clip, which is narrower than the tables' by speaker; the "
        f"cross is the shipped cutoff with its intervals. Missed or heard are {tested}. The "
        "share axes follow the normal distribution, so that small shares can be told apart; 0 lies "
        "at the edge.",
        [("c1 dashed", "validation: chosen here"), ("c2", "test: reported here")],
    )
    windows = report.validation.surface.windows
    surface = components.figure(
        charts.surface(report.validation.surface, threshold),
        f"On the validation split, {chose}, for every cutoff the device can be set to. The ring is "
        "what ships.",
        [
            *((c, f"mean of {w} scores") for c, w in zip(charts.SERIES, windows, strict=False)),
            ("accent", "shipped"),
            ("accent dashed", "target"),
        ],
    )
    alone = report.test.at_target
    transfer = tag("p", _transfer(alone, tested)) if alone else ""
    choices = [
        (
            names,
            f"{each.cutoff:g}",
            formatting.share(each.validation.recall),
            formatting.hourly(each.validation.false_accepts_per_hour),
            "; ".join(e.why for e in report.advice if e.cutoff == each.cutoff),
        )
        for names, each in told_once(report.advice)
    ]
    ships = tag("p", formatting.ships(report.validation, threshold))
    one = tag("p", said) if (said := alike(report.advice)) else ""
    heads = "", "cutoff", f"{chose} heard", "false accepts an hour", "what it is"
    three = components.table(heads, choices, (1,))
    lead = (
        f"{formatting.shipped(threshold)} Cutoff and window were chosen on the validation split: "
        "false accepts within the target first, then as many words as possible."
    )
    return components.section(
        "threshold", "The cutoff", lead, three, ships, one, det, transfer, surface
    )


def _transfer(alone: AtTarget, counted: str) -> str:
    """Text: which cutoff the test split alone would have chosen."""
    return (
        f"The test split alone would have chosen {alone.cutoff:g} on the mean of "
        f"{alone.window}, and with it have heard {formatting.percent(alone.recall.value)} of "
        f"{counted}. "
        "The nearer that is to what ships, the more a cutoff holds for other voices."
    )


def reaction(report: Report) -> Html:
    """How fast, and whether scores mean what they say."""
    latency, parts = report.test.latency, []
    if latency.detected:
        late = formatting.delay(latency, heard_words(report.test, report.data).called)
        caption = f"{late} Before 0 means before the word was over."
        parts.append(components.figure([charts.latency(latency)], caption, [("accent", "median")]))
    parts += _confidence(report)
    lead = "The delay a person feels, and how far a score can be read as a chance."
    both = tag("div", *parts, class_="charts two")
    return components.section("reaction", "Delay and confidence", lead, both, *_calibrated(report))


def _confidence(report: Report) -> list[Html]:
    """Whether scores mean what they say; nothing where no clips were compared."""
    shown = [(name, of.calibration) for name, of in formatting.in_order(report.test.clips)]
    if not shown:
        return []
    gaps = ", ".join(f"{name} {each.expected_error:.2f}" for name, each in shown)
    caption = (
        "Of the clips whose highest score was so high, how many were the wake word? On the dashed "
        "line a score means what it says; larger dots are more clips. Mean gap (expected "
        f"calibration error), words and other clips weighing alike: {gaps}."
    )
    keys = [(c, name) for c, (name, _) in zip(charts.SERIES, shown, strict=False)]
    both = formatting.in_order(report.calibrated.conditions) if report.calibrated else []
    first = next((each.before for name, each in both if name == shown[0][0]), None)
    if first:
        keys.append((f"{charts.SERIES[0]} dashed", f"{shown[0][0]}, before calibration"))
    return [components.figure([charts.reliability([c for _, c in shown], first)], caption, keys)]


def _calibrated(report: Report) -> list[Html]:
    """What calibration changed; nothing of a version that did not calibrate."""
    if not (facts := report.calibrated):
        return []
    parts = [tag("p", formatting.calibrated(facts))]
    if facts.conditions:
        rows = [
            (name, f"{each.before.expected_error:.3f}", f"{each.after.expected_error:.3f}")
            for name, each in formatting.in_order(facts.conditions)
        ]
        parts.append(components.table(("mean gap", "before", "after"), rows, (1, 2)))
    if facts.cutoffs:
        heads = "cutoff", "", "words heard", "other words taken for it", "false accepts an hour"
        rows = [
            (f"{at.cutoff:g}", when, *formatting.rates_at(rates))
            for at in facts.cutoffs
            for when, rates in (("before", at.before), ("after", at.after))
        ]
        parts.append(components.table(heads, rows))
    return parts

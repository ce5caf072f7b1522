"""Facts to charts: each function returns the charts of one figure of the page."""

from collections.abc import Sequence

import numpy as np

from mwwkit.device.detector import Rule, integer_cutoff, shown
from mwwkit.device.firmware import INT8_MAX, INT8_MIN
from mwwkit.evaluation.measured import Calibration, Latency
from mwwkit.evaluation.metrics_file import BothScores, Threshold
from mwwkit.metrics.operating_points import Surface
from mwwkit.report import plot
from mwwkit.report.axes import Scale, deviates, hourly, linear, shares
from mwwkit.report.facts import CurvePoint, TradeOff, TradePoint
from mwwkit.report.formatting import seconds
from mwwkit.report.markup import Html, tag
from mwwkit.report.mistake_sounds import Moment
from mwwkit.report.plot import Plot

SERIES = ("c1", "c2", "c3", "c4")
NOTHING = 0.0005  # where a share of 0 is drawn among deviates


def curves(rows: Sequence[CurvePoint]) -> list[Html]:
    """Loss and gradient norm by step, and what the int8 model reached at each evaluation."""
    steps = linear(0, max(row.step for row in rows), "step")
    evaluated = [row for row in rows if row.recall is not None]
    loss = linear(0, max(row.loss for row in rows) * 1.05, "loss")
    norm = linear(0, max(row.gradient_norm for row in rows) * 1.05, "gradient norm")
    whose = evaluated[-1].whose if evaluated else ""
    wrong = max((row.false_accepts_per_hour for row in evaluated), default=1)
    panels = (
        (loss, "loss", rows),
        (norm, "gradient_norm", rows),
        (shares(f"{whose} heard, validation"), "recall", evaluated),
        (hourly(wrong, "false accepts an hour, validation"), "false_accepts_per_hour", evaluated),
    )
    return [_curve(steps, scale, fact, points) for scale, fact, points in panels if points]


def _curve(steps: Scale, scale: Scale, fact: str, rows: Sequence[CurvePoint]) -> Html:
    """One fact by step, a line for each course, the last one in front."""
    chart = Plot(steps, scale, f"{scale.title} by step")
    courses = list(dict.fromkeys(row.course for row in rows))
    for course in courses:
        of_course = [row for row in rows if row.course == course]
        colour = "c1" if course == courses[-1] else "soft"
        places = [row.step for row in of_course], [getattr(row, fact) for row in of_course]
        chart.line(*places, colour)
        chart.dots(*places, colour, r=2.5)
        candidates = [row for row in of_course if row.late]
        if candidates and fact in ("recall", "false_accepts_per_hour"):
            kept = max(candidates, key=lambda row: (row.rank, row.step))
            chart.dots([kept.step], [getattr(kept, fact)], "accent ring", r=6)
    return chart.svg()


def det(trade_off: TradeOff, threshold: Threshold) -> list[Html]:
    """Misses against false accepts an hour, and against other clips accepted, with intervals."""
    rates = [
        point.false_accepts_per_hour.value
        for point in (*trade_off.validation, *trade_off.test)
        if point.false_accepts_per_hour and point.missed
    ]
    missed = deviates(NOTHING, 0.95, "words missed")
    charts = []
    if rates:
        by_hour = hourly(min(max(rates), 300), "false accepts an hour")
        chart = Plot(by_hour, missed, "Misses against false accepts an hour")
        target = threshold.target_false_accepts_per_hour
        chart.vertical(target, "accent dashed", f"target {target:g}")
        charts.append(_drawn(chart, trade_off, threshold, "false_accepts_per_hour"))
    clips = deviates(NOTHING, 0.6, "other words accepted")
    chart = Plot(clips, missed, "Misses against other words accepted")
    charts.append(_drawn(chart, trade_off, threshold, "other_clips_accepted"))
    return charts


def _drawn(chart: Plot, trade_off: TradeOff, rule: Rule, fact: str) -> Html:
    splits = ((trade_off.validation, "c1", " dashed"), (trade_off.test, "c2", ""))
    for points, colour, dashed in splits:
        shown_points = [p for p in points if p.missed and getattr(p, fact)]
        if not shown_points:
            continue
        xs = [getattr(point, fact).value for point in shown_points]
        missed = [point.missed for point in shown_points]
        chart.band(xs, [m.low for m in missed], [m.high for m in missed], colour)
        chart.line(xs, [m.value for m in missed], colour + dashed)
    for points, colour, _ in splits:
        if shipped := at_cutoff(points, rule):
            both = getattr(shipped, fact), shipped.missed
            if all(both):
                chart.cross(*((f.value, f.low, f.high) for f in both), colour)
    return chart.svg()


def at_cutoff(points: Sequence[TradePoint], rule: Rule) -> TradePoint | None:
    """The point that a cutoff is at: the last one that is not above it."""
    at_or_below = [point for point in points if integer_cutoff(point.cutoff) <= rule.integer]
    return at_or_below[-1] if at_or_below else None


def surface(counts: Surface, threshold: Threshold) -> list[Html]:
    """Recall, false accepts an hour and other words accepted at every cutoff and window."""
    n_words, n_others, hours = counts.n_positives, counts.n_negatives, counts.ambient_hours
    events, wrong = counts.ambient_events, counts.clip_false_accepts
    top = hourly(min(float(events.max()) / hours, 1000), "false accepts an hour") if hours else None
    panels = (
        (shares("words heard"), counts.hits, n_words),
        (top, events, hours),
        (_share_scale(wrong, n_others), wrong, n_others),
    )
    return [_levels(*panel, counts, threshold, panel[0] is top) for panel in panels if panel[2]]


def _levels(
    scale: Scale,
    counts: np.ndarray,
    of: float,
    surface: Surface,
    threshold: Threshold,
    hourly: bool,
) -> Html:
    """One count by cutoff, a line for each window."""
    at = [shown(cutoff) for cutoff in surface.cutoffs]
    chart = Plot(linear(0, 1, "cutoff"), scale, f"{scale.title} by cutoff and window")
    chart.vertical(threshold.level, "accent")
    if hourly:
        chart.horizontal(threshold.target_false_accepts_per_hour, "accent dashed")
    for row, window in enumerate(surface.windows):
        chart.line(at, (counts[row] / of).tolist(), SERIES[row % len(SERIES)])
        if window == threshold.window:
            y = counts[row][surface.cutoffs.index(threshold.integer)] / of
            chart.dots([threshold.level], [float(y)], "accent ring", r=6)
    return chart.svg()


def _share_scale(counts: np.ndarray, of: int) -> Scale:
    """An axis of shares that ends at a round number just above the highest."""
    top = float(counts.max()) / max(of, 1)
    if top > 0.3:
        return shares("other words accepted")
    high = next(v for v in (0.02, 0.05, 0.1, 0.2, 0.3) if v >= top)
    ticks = tuple((high * n / 4, f"{high * n * 25:g} %") for n in range(5))
    return Scale(0.0, high, ticks, "other words accepted")


def latency(delays: Latency) -> Html:
    """How long after its end a word is heard: a histogram with its median."""
    bars = delays.histogram
    edges = [bars.from_s + bars.bin_s * n for n in range(len(bars.counts) + 1)]
    counts = list(bars.counts)
    counts[0] += bars.earlier
    counts[-1] += bars.later
    across = linear(edges[0], edges[-1], "seconds after the word's end")
    chart = Plot(across, linear(0, max(counts) * 1.15, "words", 1), "Delay from the word's end")
    chart.bars(edges, counts, "c1")
    chart.vertical(0, "soft dashed")
    if delays.median_s is not None:
        chart.vertical(delays.median_s, "accent", f"median {seconds(delays.median_s)}")
    return chart.svg()


def reliability(calibrations: Sequence[Calibration], before: Calibration | None = None) -> Html:
    """The share of wake words among the clips of each score; the diagonal means what it says.

    `before` is the first one as it was without calibration.
    """
    chart = Plot(
        shares("highest score of a clip"), shares("share that is the wake word"), "Reliability"
    )
    chart.line([0, 1], [0, 1], "soft dashed")
    if before:
        some = _filled(before)
        chart.line([x for _, x, _ in some], [y for _, _, y in some], f"{SERIES[0]} dashed")
    for table, colour in zip(calibrations, SERIES * 9, strict=False):
        some = _filled(table)
        chart.line([x for _, x, _ in some], [y for _, _, y in some], colour)
        most = max(table.counts)
        for count, x, y in some:
            chart.dots([x], [y], colour, r=round(2 + 5 * (count / most) ** 0.5, 1))
    return chart.svg()


def _filled(table: Calibration) -> list[tuple[int, float, float]]:
    """Clips, mean score and share of words of each bin that has any."""
    bins = zip(table.counts, table.mean_score, table.share_positive, strict=True)
    return [each for each in bins if each[0]]


def agreement(clips: Sequence[BothScores], rule: Rule) -> Html:
    """Each clip's highest mean by the float net and by the int8 model, and the cutoff of both."""
    axes = shares("float net's score"), shares("int8 model's score")
    chart = Plot(*axes, "Scores of the float net and of the int8 model")
    chart.line([0, 1], [0, 1], "soft dashed")
    chart.vertical(rule.level, "accent", "cutoff")
    chart.horizontal(rule.level, "accent")
    for sort, colour in (("other", "c2"), ("word", "c1")):
        of_sort = [clip for clip in clips if clip.clip == sort]
        chart.dots([c.by_float for c in of_sort], [c.by_int8 for c in of_sort], colour, r=2.5)
    return chart.svg()


WAVE, BANDS, SCORES = (6, 46), (50, 90), (98, 158)  # y from, to of each lane
MOMENT_WIDTH, MOMENT_HEIGHT, EDGE = 320, 178, (24, 316)


def moment(heard: Moment, rule: Rule) -> Html:
    """Waveform, spectrogram and score track of one mistake, over the same seconds."""

    def across(at_s: float) -> float:
        return EDGE[0] + (EDGE[1] - EDGE[0]) * at_s / heard.seconds

    parts = [_waveform(heard), _spectrogram(heard)]
    top, floor = SCORES

    def up(score: float) -> float:
        return floor - (floor - top) * score

    for value in (0, 0.5, 1):
        parts.append(plot.stroke(EDGE[0], up(value), EDGE[1], up(value), "grid"))
        place = {"x": EDGE[0] - 5, "y": up(value) + 4, "text_anchor": "end"}
        parts.append(tag("text", f"{value:g}", **place, class_="tick"))
    limit = up(rule.level)
    parts.append(plot.stroke(EDGE[0], limit, EDGE[1], limit, "accent dashed"))
    for values, colour in ((heard.scores, "soft"), (heard.means, "c1")):
        points = [(across(t), up(v)) for t, v in zip(heard.at_s, values, strict=True)]
        parts.append(plot.path(points, colour))
    for end_s in heard.word_ends_s:
        parts.append(plot.stroke(across(end_s), WAVE[0], across(end_s), floor, "good"))
    for second in range(1, int(heard.seconds) + 1):
        place = {"x": f"{across(second):.1f}", "y": floor + 14, "text_anchor": "middle"}
        parts.append(tag("text", f"{second} s", **place, class_="tick"))
    parts.append(
        plot.stroke(EDGE[0], 4, EDGE[0], floor, "playhead", data_from=EDGE[0], data_to=EDGE[1])
    )
    description = "Waveform, spectrogram and score track"
    return plot.canvas(description, MOMENT_WIDTH, MOMENT_HEIGHT, *parts)


def _waveform(heard: Moment, n_columns: int = 240) -> Html:
    top, floor = WAVE
    middle = (top + floor) / 2
    if heard.samples is None:
        place = {"x": sum(EDGE) / 2, "y": middle + 4, "text_anchor": "middle"}
        return tag("text", "its sound is not at hand", **place, class_="tick")
    columns = np.array_split(heard.samples.astype(np.float64), n_columns)
    peak = max(float(np.abs(heard.samples.astype(np.int32)).max(initial=0)), 1.0)
    reach = (floor - top) / 2 / peak
    xs = np.linspace(*EDGE, n_columns)
    highs = [middle - reach * column.max(initial=0) for column in columns]
    lows = [middle - reach * column.min(initial=0) + 0.4 for column in columns]
    points = [*zip(xs, highs, strict=True), *zip(xs[::-1], lows[::-1], strict=True)]
    return plot.area(points, "wave")


def _spectrogram(heard: Moment) -> Html:
    top, floor = BANDS
    png = plot.picture(heard.features.T[::-1], "magma", INT8_MIN, INT8_MAX)
    place = {"x": EDGE[0], "y": top, "width": EDGE[1] - EDGE[0], "height": floor - top}
    return tag("image", href=png, **place, preserveAspectRatio="none", class_="cells")

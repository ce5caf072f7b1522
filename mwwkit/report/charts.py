"""Facts to charts: each function returns the charts of one figure of the page."""

from typing import Any

import numpy as np

from mwwkit.device.detector import integer_cutoff
from mwwkit.device.firmware import CUTOFF_LEVELS, INT8_MAX, INT8_MIN
from mwwkit.report import plot
from mwwkit.report.axes import Scale, deviates, hourly, linear, shares
from mwwkit.report.markup import Html, tag
from mwwkit.report.moments import Moment
from mwwkit.report.plot import Plot
from mwwkit.report.wording import seconds

Facts = dict[str, Any]
COLOURS = {"validation": "c1", "test": "c2"}
SERIES = ("c1", "c2", "c3", "c4")
NOTHING = 0.0005  # where a share of 0 is drawn among deviates


def curves(rows: list[Facts]) -> list[Html]:
    """Loss and gradient norm by step, and what the int8 model reached at each evaluation."""
    steps = linear(0, max(row["step"] for row in rows), "step")
    loss = [row["loss"] for row in rows]
    norm = [row["gradient_norm"] for row in rows]
    judged = [row for row in rows if "recall" in row]
    wrong = [row["false_accepts_per_hour"] for row in judged]
    by_hour = hourly(max(wrong, default=1), "false accepts an hour, validation")
    panels = [
        (linear(0, max(loss) * 1.05, "loss"), "loss", rows),
        (linear(0, max(norm) * 1.05, "gradient norm"), "gradient_norm", rows),
        (shares("recall, validation"), "recall", judged),
        (by_hour, "false_accepts_per_hour", judged),
    ]
    return [_curve(steps, scale, fact, own) for scale, fact, own in panels if own]


def _curve(steps: Scale, scale: Scale, fact: str, rows: list[Facts]) -> Html:
    """One fact by step, a line for each course, the last one in front."""
    chart = Plot(steps, scale, f"{scale.title} by step")
    courses = list(dict.fromkeys(row["course"] for row in rows))
    for course in courses:
        own = [row for row in rows if row["course"] == course]
        colour = "c1" if course == courses[-1] else "soft"
        places = [row["step"] for row in own], [row[fact] for row in own]
        chart.line(*places, colour)
        chart.dots(*places, colour, r=2.5)
        late = [row for row in own if row.get("late")]
        if late and fact in ("recall", "false_accepts_per_hour"):
            kept = max(late, key=lambda row: (row["rank"], row["step"]))
            chart.dots([kept["step"]], [kept[fact]], "accent ring", r=6)
    return chart.svg()


def det(trade_off: dict[str, list[Facts]], threshold: Facts) -> list[Html]:
    """Misses against false accepts an hour, and against other clips accepted, with intervals."""
    rates = [
        point["false_accepts_per_hour"]["value"]
        for points in trade_off.values()
        for point in points
        if point["false_accepts_per_hour"] and point["missed"]
    ]
    missed = deviates(NOTHING, 0.95, "words missed")
    charts = []
    if rates:
        by_hour = hourly(min(max(rates), 300), "false accepts an hour")
        chart = Plot(by_hour, missed, "Misses against false accepts an hour")
        target = threshold["target_false_accepts_per_hour"]
        chart.vertical(target, "accent dashed", f"target {target:g}")
        charts.append(_drawn(chart, trade_off, threshold, "false_accepts_per_hour"))
    clips = deviates(NOTHING, 0.6, "other words accepted")
    chart = Plot(clips, missed, "Misses against other words accepted")
    charts.append(_drawn(chart, trade_off, threshold, "other_clips_accepted"))
    return charts


def _drawn(chart: Plot, trade_off: dict[str, list[Facts]], threshold: Facts, fact: str) -> Html:
    for split, points in trade_off.items():
        own = [point for point in points if point["missed"] and point[fact]]
        if not own:
            continue
        xs = [point[fact]["value"] for point in own]
        values, lows, highs = (
            [point["missed"][end] for point in own] for end in ("value", "low", "high")
        )
        chart.band(xs, lows, highs, COLOURS[split])
        chart.line(xs, values, COLOURS[split] + (" dashed" if split == "validation" else ""))
    for split, points in trade_off.items():
        if shipped := at_cutoff(points, threshold["cutoff"]):
            both = shipped[fact], shipped["missed"]
            if all(both):
                chart.cross(*((f["value"], f["low"], f["high"]) for f in both), COLOURS[split])
    return chart.svg()


def at_cutoff(points: list[Facts], cutoff: float) -> Facts | None:
    """The point that a cutoff is at: the last one that is not above it."""
    level = integer_cutoff(cutoff)
    own = [point for point in points if integer_cutoff(point["cutoff"]) <= level]
    return own[-1] if own else None


def surface(facts: Facts, threshold: Facts) -> list[Html]:
    """Recall, false accepts an hour and other words accepted at every cutoff and window."""
    at = [cutoff / CUTOFF_LEVELS for cutoff in facts["cutoffs"]]
    n_words, n_others, hours = facts["n_positives"], facts["n_negatives"], facts["ambient_hours"]
    events = np.array(facts["ambient_events"])
    wrong = np.array(facts["clip_false_accepts"])
    panels = [(shares("words heard"), np.array(facts["hits"]), n_words)]
    if hours:
        top = hourly(min(float(events.max()) / hours, 1000), "false accepts an hour")
        panels.append((top, events, hours))
    panels.append((_share_scale(wrong, n_others), wrong, n_others))
    charts = []
    for scale, counts, of in panels:
        if not of:
            continue
        chart = Plot(linear(0, 1, "cutoff"), scale, f"{scale.title} by cutoff and window")
        shipped = integer_cutoff(threshold["cutoff"])
        chart.vertical(shipped / CUTOFF_LEVELS, "accent")
        if scale.title == "false accepts an hour":
            chart.horizontal(threshold["target_false_accepts_per_hour"], "accent dashed")
        for row, window in enumerate(facts["windows"]):
            chart.line(at, (counts[row] / of).tolist(), SERIES[row % len(SERIES)])
            if window == threshold["window"]:
                y = counts[row][facts["cutoffs"].index(shipped)] / of
                chart.dots([shipped / CUTOFF_LEVELS], [float(y)], "accent ring", r=6)
        charts.append(chart.svg())
    return charts


def _share_scale(counts: np.ndarray, of: int) -> Scale:
    """Up to what is reached, where that is little."""
    top = float(counts.max()) / max(of, 1)
    if top > 0.3:
        return shares("other words accepted")
    high = next(v for v in (0.02, 0.05, 0.1, 0.2, 0.3) if v >= top)
    ticks = tuple((high * n / 4, f"{high * n * 25:g} %") for n in range(5))
    return Scale(0.0, high, ticks, "other words accepted")


def latency(facts: Facts) -> Html:
    """How long after its end a word is heard: a histogram with its median."""
    bars = facts["histogram"]
    n_bins = len(bars["counts"])
    edges = [bars["from_s"] + bars["bin_s"] * n for n in range(n_bins + 1)]
    counts = list(bars["counts"])
    counts[0] += bars["earlier"]
    counts[-1] += bars["later"]
    across = linear(edges[0], edges[-1], "seconds after the word's end")
    chart = Plot(across, linear(0, max(counts) * 1.15, "words", 1), "Delay from the word's end")
    chart.bars(edges, counts, "c1")
    chart.vertical(0, "soft dashed")
    if facts["median_s"] is not None:
        chart.vertical(facts["median_s"], "accent", f"median {seconds(facts['median_s'])}")
    return chart.svg()


def reliability(calibrations: dict[str, Facts]) -> Html:
    """The share of wake words among the clips of each score; the diagonal means what it says."""
    chart = Plot(
        shares("highest score of a clip"), shares("share that is the wake word"), "Reliability"
    )
    chart.line([0, 1], [0, 1], "soft dashed")
    for facts, colour in zip(calibrations.values(), SERIES * 9, strict=False):
        some = [n for n, count in enumerate(facts["counts"]) if count]
        xs, ys = ([facts[k][n] for n in some] for k in ("mean_score", "share_positive"))
        chart.line(xs, ys, colour)
        most = max(facts["counts"])
        for n, x, y in zip(some, xs, ys, strict=True):
            chart.dots([x], [y], colour, r=round(2 + 5 * (facts["counts"][n] / most) ** 0.5, 1))
    return chart.svg()


def agreement(clips: list[Facts], threshold: Facts) -> Html:
    """Each clip's highest mean by the float net and by the int8 model, and the cutoff of both."""
    axes = shares("float net's score"), shares("int8 model's score")
    chart = Plot(*axes, "Scores of the float net and of the int8 model")
    chart.line([0, 1], [0, 1], "soft dashed")
    limit = integer_cutoff(threshold["cutoff"]) / CUTOFF_LEVELS
    chart.vertical(limit, "accent", "cutoff")
    chart.horizontal(limit, "accent")
    for sort, colour in (("other", "c2"), ("word", "c1")):
        own = [clip for clip in clips if clip["clip"] == sort]
        chart.dots([c["float"] for c in own], [c["int8"] for c in own], colour, r=2.5)
    return chart.svg()


LANES = {"wave": (6, 46), "bands": (50, 90), "scores": (98, 158)}  # y from, to
MOMENT_WIDTH, MOMENT_HEIGHT, EDGE = 320, 178, (24, 316)


def moment(one: Moment, threshold: Facts) -> Html:
    """Waveform, spectrogram and score track of one mistake, over the same seconds."""

    def across(at_s: float) -> float:
        return EDGE[0] + (EDGE[1] - EDGE[0]) * at_s / one.seconds

    parts = [_waveform(one), _spectrogram(one)]
    top, floor = LANES["scores"]

    def up(score: float) -> float:
        return floor - (floor - top) * score

    for value in (0, 0.5, 1):
        parts.append(plot.stroke(EDGE[0], up(value), EDGE[1], up(value), "grid"))
        place = {"x": EDGE[0] - 5, "y": up(value) + 4, "text_anchor": "end"}
        parts.append(tag("text", f"{value:g}", **place, class_="tick"))
    limit = integer_cutoff(threshold["cutoff"]) / CUTOFF_LEVELS
    parts.append(plot.stroke(EDGE[0], up(limit), EDGE[1], up(limit), "accent dashed"))
    for values, colour in ((one.scores, "soft"), (one.means, "c1")):
        points = [(across(t), up(v)) for t, v in zip(one.at_s, values, strict=True)]
        parts.append(plot.path(points, colour))
    for end_s in one.word_ends_s:
        parts.append(plot.stroke(across(end_s), LANES["wave"][0], across(end_s), floor, "good"))
    for second in range(1, int(one.seconds) + 1):
        place = {"x": f"{across(second):.1f}", "y": floor + 14, "text_anchor": "middle"}
        parts.append(tag("text", f"{second} s", **place, class_="tick"))
    parts.append(
        plot.stroke(EDGE[0], 4, EDGE[0], floor, "playhead", data_from=EDGE[0], data_to=EDGE[1])
    )
    told = "Waveform, spectrogram and score track"
    return plot.canvas(told, MOMENT_WIDTH, MOMENT_HEIGHT, *parts)


def _waveform(one: Moment, n_columns: int = 240) -> Html:
    top, floor = LANES["wave"]
    middle = (top + floor) / 2
    if one.samples is None:
        place = {"x": sum(EDGE) / 2, "y": middle + 4, "text_anchor": "middle"}
        return tag("text", "its sound is not at hand", **place, class_="tick")
    columns = np.array_split(one.samples.astype(np.float64), n_columns)
    peak = max(float(np.abs(one.samples.astype(np.int32)).max(initial=0)), 1.0)
    reach = (floor - top) / 2 / peak
    xs = np.linspace(*EDGE, n_columns)
    highs = [middle - reach * column.max(initial=0) for column in columns]
    lows = [middle - reach * column.min(initial=0) + 0.4 for column in columns]
    points = [*zip(xs, highs, strict=True), *zip(xs[::-1], lows[::-1], strict=True)]
    return plot.area(points, "wave")


def _spectrogram(one: Moment) -> Html:
    top, floor = LANES["bands"]
    png = plot.picture(one.features.T[::-1], "magma", INT8_MIN, INT8_MAX)
    place = {"x": EDGE[0], "y": top, "width": EDGE[1] - EDGE[0], "height": floor - top}
    return tag("image", href=png, **place, preserveAspectRatio="none", class_="cells")

"""A model's scores on the prepared stimuli, and the table they make.

    scores = [score(model, prepare(fold, data, folder), workers=2) for each fold's own model]
    rows = table(pooled(scores))
    print(markdown(rows))

A clip's score is the highest mean of `window` scores in a row, from a fresh interpreter; it is
accepted when it is more than the cutoff, all in the device's integers. Cutoffs for "at n FA" are
those a device can be set to (1 to 254 of 255): "sat" where none accepts so few negatives. Folds
are pooled at one common cutoff. Positives that several models scored count once a model.
On any model: `python -m benchmarks.scoring MODEL.tflite --word alexa --folds 5`.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.conditions import CONDITIONS, load, prepare
from benchmarks.folds import folds
from mwwkit.device.detector import STEP_S, Rule, clip_maxima, detections
from mwwkit.device.simulator import Device, score_all
from mwwkit.metrics.curves import latency_s
from mwwkit.metrics.operating_points import CUTOFFS
from mwwkit.metrics.rates import Hourly, proportion

REPORTED = (0.5, 0.9)
FA_COUNTS = (0, 1, 2, 5, 10)


@dataclass(frozen=True)
class Tracks:
    """uint8 scores by clip or stream, and where the word ends (seconds)."""

    names: tuple[str, ...]
    scores: list[np.ndarray]
    word_end_s: np.ndarray


def score(
    model: bytes | Path, files: dict[str, Path], workers: int = 1, reference: bool = False
) -> dict[str, Tracks]:
    """Every stimulus through the int8 model, by the keys of `files`.

    `reference` is what the device computes, at less than half the speed.
    """
    stimuli = {key: load(path) for key, path in files.items()}
    features = (one for made in stimuli.values() for one in made.features)
    tracks = score_all(Device(model, reference), features, workers)
    return {
        key: Tracks(made.names, list(islice(tracks, len(made.names))), made.word_end_s)
        for key, made in stimuli.items()
    }


def pooled(results: Sequence[dict[str, Tracks]]) -> dict[str, Tracks]:
    """The scores of several folds as if one model had made them."""
    return {
        key: Tracks(
            tuple(name for r in results for name in r[key].names),
            [track for r in results for track in r[key].scores],
            np.concatenate([r[key].word_end_s for r in results]),
        )
        for key in results[0]
    }


Row = dict[str, str | float | None]


def table(scores: dict[str, Tracks], window: int = 5) -> list[Row]:
    """One row a condition, then one a kind of stream; None where no cutoff reaches that count."""
    rows = [_clip_row(scores, condition, window) for condition in CONDITIONS]
    return rows + [_stream_row(scores[key], key, window) for key in ("speech", "joined")]


def _clip_row(scores: dict[str, Tracks], condition: str, window: int) -> Row:
    positives, negatives = scores[f"positives/{condition}"], scores[f"negatives/{condition}"]
    hit, wrong = clip_maxima(positives.scores, window), clip_maxima(negatives.scores, window)
    row: Row = {"on": condition, "positives": len(hit), "negatives": len(wrong)}
    for cutoff in REPORTED:
        limit = Rule(cutoff, window).limit
        row[f"missed at {cutoff}"] = int((hit <= limit).sum())
        row[f"FA at {cutoff}"] = int((wrong > limit).sum())
    for count in FA_COUNTS:
        row[f"missed at {count} FA"] = missed_at(hit, wrong, count, window)
    row["negatives at the ceiling"] = int((wrong > CUTOFFS[-1] * window).sum())
    for cutoff in REPORTED:
        ends = zip(positives.scores, positives.word_end_s, strict=True)
        late = [latency_s(track, end, Rule(cutoff, window)) for track, end in ends]
        row[f"latency at {cutoff}"] = None if np.all(np.isnan(late)) else float(np.nanmedian(late))
    return row


def missed_at(hit: np.ndarray, wrong: np.ndarray, n_false: int, window: int) -> int | None:
    """Positives missed at the lowest live cutoff that accepts at most `n_false` negatives."""
    for cutoff in CUTOFFS:
        if (wrong > cutoff * window).sum() <= n_false:
            return int((hit <= cutoff * window).sum())
    return None


@dataclass(frozen=True)
class Shipped(Rule):
    """What 05's rule chose for a model on its validation split, and how it treats its float net."""

    unlike_float: dict[str, int]  # condition -> test words that int8 and float decide differently


def shipped(results: Sequence[dict[str, Tracks]], own: Sequence[Shipped]) -> list[Row]:
    """Counts over several folds, each at the cutoff and window that its own model ships with."""
    rows: list[Row] = []
    for condition in CONDITIONS:
        row: Row = {"on": condition, "unlike float": 0}
        late: list[float] = []
        for role, counted in (("positives", "missed"), ("negatives", "FA")):
            over = [
                choice.wakes(scores[f"{role}/{condition}"].scores)
                for scores, choice in zip(results, own, strict=True)
            ]
            row[role] = sum(map(len, over))
            n_over = int(sum(o.sum() for o in over))
            row[counted] = row[role] - n_over if role == "positives" else n_over
        for scores, choice in zip(results, own, strict=True):
            row["unlike float"] += choice.unlike_float.get(condition, 0)
            words = scores[f"positives/{condition}"]
            ends = zip(words.scores, words.word_end_s, strict=True)
            late += [latency_s(track, end, choice) for track, end in ends]
        row["latency"] = None if np.all(np.isnan(late)) else float(np.nanmedian(late))
        rows.append(row)
    for key in ("speech", "joined"):
        hours = sum(len(t) for scores in results for t in scores[key].scores) * STEP_S / 3600
        events = sum(
            len(detections(track, choice))
            for scores, choice in zip(results, own, strict=True)
            for track in scores[key].scores
        )
        rows.append({"on": key, "hours": hours, "events": events})
    return rows


def shipped_markdown(rows: list[Row]) -> str:
    """The table of `shipped` as text, with exact 95 % intervals."""
    lines = [
        _line(["on", "missed", "95 %", "FA", "per 1,000", "unlike float", "latency s"]),
        _line(["---"] * 7),
    ]
    for row in rows:
        if "hours" in row:
            rate = Hourly.counted(round(row["events"]), row["hours"])
            lines.append(f"\n{row['on']}: {rate.counts}: {rate.an_hour} ({rate.interval})")
            continue
        n, wrong = int(row["positives"]), int(row["negatives"])
        missed = proportion(round(row["missed"]), n)
        late = "-" if row["latency"] is None else f"{row['latency']:.2f}"
        cells = [
            row["on"],
            missed.counts,
            f"{missed.percent} ({missed.interval})",
            f"{row['FA']:g} of {wrong}",
            f"{1000 * row['FA'] / wrong:.1f}",
            f"{row['unlike float']:g}",
            late,
        ]
        lines.append(_line(cells))
    return "\n".join(lines)


def _stream_row(streams: Tracks, key: str, window: int) -> Row:
    row: Row = {"on": key, "hours": sum(map(len, streams.scores)) * STEP_S / 3600}
    for cutoff in REPORTED:
        row[f"events at {cutoff}"] = sum(
            len(detections(track, Rule(cutoff, window))) for track in streams.scores
        )
    return row


def median(runs: Sequence[list[Row]]) -> list[Row]:
    """The table of several seeds: the middle of each number; a missing one counts as worst."""
    merged = []
    for rows in zip(*runs, strict=True):
        merged.append({key: _middle([row[key] for row in rows]) for key in rows[0]})
    return merged


def _middle(values: list) -> str | float | None:
    if isinstance(values[0], str):
        return values[0]
    middle = float(np.median([np.inf if value is None else value for value in values]))
    return middle if np.isfinite(middle) else None


def markdown(rows: list[Row]) -> str:
    """The table as text: miss % (FA; FA per 1,000 negatives), and what the streams did."""
    clips = [row for row in rows if "positives" in row]
    head = [
        "on",
        "positives, negatives",
        *(f"miss % (FA; per 1,000) at {c}" for c in REPORTED),
        f"miss % at {'/'.join(map(str, FA_COUNTS))} FA",
        "at the ceiling",
        "median latency s at " + " / ".join(map(str, REPORTED)),
    ]
    lines = [_line(head), _line(["---"] * len(head))]
    lines += [_line(_clip_cells(row)) for row in clips]
    lines += ["", _line(["on", "hours", *(f"events at {c}: an hour (95 %)" for c in REPORTED)])]
    lines.append(_line(["---"] * (2 + len(REPORTED))))
    lines += [_line(_stream_cells(row)) for row in rows if "hours" in row]
    return "\n".join(lines)


def _clip_cells(row: Row) -> list[str]:
    n, n_wrong = row["positives"], row["negatives"]

    def miss(key: str) -> str:
        return "sat" if row[key] is None else f"{100 * row[key] / n:.1f}"

    def at(cutoff: float) -> str:
        false = row[f"FA at {cutoff}"]
        return f"{miss(f'missed at {cutoff}')} ({false:g}; {1000 * false / n_wrong:.1f})"

    def latency(cutoff: float) -> str:
        value = row[f"latency at {cutoff}"]
        return "-" if value is None else f"{value:.2f}"

    return [
        str(row["on"]),
        f"{n:g}, {n_wrong:g}",
        *map(at, REPORTED),
        "/".join(miss(f"missed at {count} FA") for count in FA_COUNTS),
        f"{row['negatives at the ceiling']:g}",
        " / ".join(map(latency, REPORTED)),
    ]


def _stream_cells(row: Row) -> list[str]:
    def rate(cutoff: float) -> str:
        count = row[f"events at {cutoff}"]
        found = Hourly.counted(count, row["hours"])
        return f"{count:g}: {found.an_hour} ({found.interval})"

    return [str(row["on"]), f"{row['hours']:.2f}", *map(rate, REPORTED)]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Score one model that saw none of the audio, e.g. an official one."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("model", type=Path, help="a streaming int8 .tflite")
    parser.add_argument("--word", choices=["computer", "alexa"], required=True)
    parser.add_argument("--folds", type=int, default=2, help="of how many; babble is of one fold")
    parser.add_argument("--window", type=int, default=5)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--reference", action="store_true", help="the device's arithmetic, slower")
    parser.add_argument("--made", type=Path, default=Path(tempfile.gettempdir(), "mwwkit-stimuli"))
    options = parser.parse_args()
    data = Path(os.environ["MWWKIT_REAL_AUDIO"])
    results = []
    for fold in folds(options.word, data, options.folds):
        files = prepare(fold, data, options.made, options.workers)
        results.append(score(options.model, files, options.workers, options.reference))
    rows = table(pooled(results), options.window)
    print(markdown(rows))
    clean = rows[0]
    right = int(clean["positives"] - clean["missed at 0.9"])
    print(f"\nclean recall at 0.9, 95 %: {proportion(right, int(clean['positives']))}")


if __name__ == "__main__":
    main()

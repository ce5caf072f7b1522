"""How well the word's start and end are found, against 60 clips read off their spectrograms.

    MWWKIT_REAL_AUDIO=... python -m benchmarks.alignment

word_ends.csv: 40 clips of "alexa" and 20 training clips of "computer", drawn by seed, each looked
at as a spectrogram (0 to 8 kHz, 5 ms hop) and waveform before any detector's answer was seen. The
end is the last clear period of the voice in the final vowel, some 20 dB under its loudest: echo is
not the word. Read a second time in another frame, ten of them moved by 5 ms (median; most: 28 ms,
where the vowel creaks in an echo).

Each row is measured on those clips; the model learns from all clips of the word, as 02 does, or
from 20 drawn ones, a dozen times. "Planted": every third clip of all has another word, a noise or
a click added before or after the word.
"""

import csv
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import conditions
from benchmarks.folds import SPLIT, index
from mwwkit.audio.alignment import hear, learn
from mwwkit.audio.endpoints import RATE_HZ, Span, sure, word_span
from mwwkit.audio.reading import read
from mwwkit.run.seeds import rng

WORDS = ("alexa", "computer")
ENDS = Path(__file__).with_name("word_ends.csv")
DRAWS, DRAWN = 12, 20
PLANTED = 1 / 3

Audio = dict[str, np.ndarray]  # path -> float [samples]
Spans = dict[str, Span]


def truth(word: str) -> Spans:
    """Path -> where the word was read to be."""
    with open(ENDS, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if f"/{word}/" in row["path"]]
    return {row["path"]: Span(float(row["start_s"]), float(row["end_s"])) for row in rows}


def clips(word: str, data: Path) -> Audio:
    """All clips of the word that may train."""
    with open(data / SPLIT, encoding="utf-8", newline="") as file:
        computer = {r["path"] for r in csv.DictReader(file) if r["split"] == "train"}
    paths = [r.path for r in index(data).values() if r.word == word]
    return {p: read(data / p) for p in sorted(paths) if word != "computer" or p in computer}


def by_energy(audio: np.ndarray) -> Span:
    """10 ms hops within 20 dB of the loudest."""
    start, end = conditions.word_span(audio)
    return Span(start / RATE_HZ, end / RATE_HZ)


def each_alone(rule: Callable[[np.ndarray], Span]) -> Callable[[Audio], Spans]:
    """A rule for one clip as a rule for many."""
    return lambda audio: {path: rule(samples) for path, samples in audio.items()}


def compared(audio: Audio) -> Spans:
    """The model learned from these clips, on these clips."""
    heard = {path: hear(samples) for path, samples in audio.items()}
    model = learn(list(heard.values()))
    return {path: model.align(clip) for path, clip in heard.items()}


def with_planted(audio: Audio, true: Spans, others: list[np.ndarray]) -> tuple[Audio, Spans]:
    """The clips with sounds beside the word in a third of them, and where the word is now."""
    made, moved = {}, {}
    for path, samples in audio.items():
        draws, span = rng(1, "planted", path), true.get(path) or word_span(samples)
        if draws.random() < PLANTED:
            samples, span = planted(samples, span, others, draws)
        made[path] = samples
        if path in true:
            moved[path] = span
    return made, moved


def planted(
    audio: np.ndarray, span: Span, others: list[np.ndarray], draws: np.random.Generator
) -> tuple[np.ndarray, Span]:
    """One more sound 0.05 to 0.5 s before or after the word, -8 to 6 dB beside it."""
    n = int(draws.uniform(0.1, 0.6) * RATE_HZ)
    sound = [
        others[draws.integers(len(others))],
        draws.standard_normal(n) * np.hanning(n),
        draws.standard_normal(40),
    ][draws.integers(3)]
    level = conditions.loudest(audio) * 10 ** (draws.uniform(-8, 6) / 20)
    sound = sound * level / conditions.loudest(sound)
    gap = int(draws.uniform(0.05, 0.5) * RATE_HZ)
    start, end = round(span.start_s * RATE_HZ), round(span.end_s * RATE_HZ)
    at = start - gap - len(sound) if draws.random() < 0.5 else end + gap
    before = max(-at, 0)
    after = max(at + len(sound) - len(audio), 0)
    made = np.pad(audio, (before, after))
    made[at + before : at + before + len(sound)] += sound
    late_s = before / RATE_HZ
    return np.clip(made, -1, 1), Span(span.start_s + late_s, span.end_s + late_s)


def row(word: str, rule: str, found: list[Spans], true: Spans, total: int | None = None) -> str:
    """A line of the table, milliseconds; several draws are counted together."""
    pairs = [(spans[path], true[path]) for spans in found for path in spans if path in true]
    cells = [word, rule, str(sum(map(len, found))), str(total or sum(map(len, found)))]
    for edge in ("end_s", "start_s"):
        off_ms = np.array([1000 * abs(getattr(a, edge) - getattr(b, edge)) for a, b in pairs])
        cells += [f"{np.median(off_ms):.0f}", f"{np.percentile(off_ms, 90):.0f}"]
        cells += [f"{100 * np.mean(off_ms <= ms + 0.5):.0f} %" for ms in (50, 100)]
        cells.append(f"{np.sum(off_ms > 200)} of {len(pairs)}")
    return "| " + " | ".join(cells) + " |"


def kept(found: Spans) -> Spans:
    """Those of plausible length: what 02 makes scenes of."""
    plausible = sure(found.values())
    return {p: s for (p, s), is_sure in zip(found.items(), plausible, strict=True) if is_sure}


RULES = {
    "energy within 20 dB": each_alone(by_energy),
    "activity in bands, each clip alone": each_alone(word_span),
    "all clips compared": compared,
}


def lines(word: str, audio: Audio, others: list[np.ndarray]) -> list[str]:
    """The table of one word."""
    true, made = truth(word), []
    for rule, find in RULES.items():
        found = find(audio)
        made.append(row(word, rule, [found], true))
        made.append(row(word, f"{rule}, plausible ones", [kept(found)], true, len(found)))
    draws = rng(1, "twenty", word)
    some = [sorted(draws.choice(sorted(audio), DRAWN, replace=False)) for _ in range(DRAWS)]
    for rule, find in list(RULES.items())[1:]:
        found = [find({path: audio[path] for path in paths}) for paths in some]
        made.append(row(word, f"{rule}; 20 clips, 12 draws", found, true))
    noisy, moved = with_planted(audio, true, others)
    for rule, find in RULES.items():
        made.append(row(word, f"{rule}; planted", [find(noisy)], moved))
    return made


def main() -> None:
    """Print the table, then what aligning costs."""
    data = Path(os.environ["MWWKIT_REAL_AUDIO"])
    jarvis = [r.path for r in index(data).values() if r.word == "jarvis"][:20]
    others = [conditions.voiced(read(data / path)) for path in sorted(jarvis)]
    edges = "median | p90 | within 50 ms | within 100 ms | over 200 ms |"
    print(f"| word | rule | clips | of | end: {edges} start: {edges}")
    print("|" + "---|" * 14)
    for word in WORDS:
        audio = clips(word, data)
        print("\n".join(lines(word, audio, others)))
    costs(audio)


def costs(audio: Audio) -> None:
    """CPU milliseconds a clip."""

    def timed(work: Callable) -> tuple:
        started = time.process_time()
        result = work()
        return result, 1000 * (time.process_time() - started) / len(audio)

    _, alone_ms = timed(lambda: [word_span(samples) for samples in audio.values()])
    heard, hear_ms = timed(lambda: [hear(samples) for samples in audio.values()])
    model, learn_ms = timed(lambda: learn(heard))
    _, align_ms = timed(lambda: [model.align(clip) for clip in heard])
    print(f"\nCPU ms a clip: each alone {alone_ms:.1f}; hear {hear_ms:.1f}, learn {learn_ms:.1f}")
    print(f"(300 clips at most), align {align_ms:.1f}")


if __name__ == "__main__":
    main()

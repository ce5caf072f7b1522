"""Draw the pictures that the notebooks and the README explain with: `make pictures`.

Nothing in them is measured but what says so: they show ideas. They lie in docs/pictures and are
attached to the notebooks by `make notebooks`, so that they show wherever a notebook is opened.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from mwwkit.metrics.rates import false_accepts_at_most
from mwwkit.previews.drawing import ACCENT, GOOD, INK, OTHER, SOFT, WIDTH_IN, plain
from mwwkit.training.labels import LabelSettings

FOLDER = Path(__file__).parent / "pictures"
PALE, TEXT = "#eef1f6", {"fontsize": 9, "color": INK}
STAGES = {
    "01 acquire": ("what people and\nmachines say", "clips/"),
    "02 featurize": ("scenes as the\ndevice hears them", "features/"),
    "03 train": ("a net that scores\nevery 30 ms", "training/"),
    "04 mine": ("what fools it,\ntrained against", "mined/ tuned/"),
    "05 export": ("int8 model, cutoff,\nreport", "export/"),
}


def save(figure: Figure, name: str, behind: str = "white") -> None:
    """Write a picture with few colours, so that it is small."""
    path = FOLDER / f"{name}.png"
    figure.savefig(path, dpi=120, facecolor=behind)
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def empty(height_in: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """A picture as wide as a notebook's cell, with axes beside one another."""
    figure = Figure(figsize=(WIDTH_IN, height_in), layout="constrained")
    return figure, list(np.atleast_1d(figure.subplots(1, columns)))


def five(here: int) -> None:
    """The five notebooks, number `here` (1..5) marked; 0 marks none."""
    figure, [axes] = empty(1.75)
    axes.set(xlim=(-0.05, 10.55), ylim=(0, 2.1))
    axes.axis("off")
    for at, (name, (what, folder)) in enumerate(STAGES.items()):
        is_here = at + 1 == here
        left, colour = 2.2 * at, ACCENT if is_here else SOFT
        box = FancyBboxPatch((left, 0.75), 1.7, 1.2, boxstyle="round,pad=0.02,rounding_size=0.1")
        box.set(facecolor="#fdf1ef" if is_here else PALE, edgecolor=colour, linewidth=1.2 + is_here)
        axes.add_patch(box)
        middle = left + 0.85
        axes.text(middle, 1.68, name, ha="center", weight="bold", fontsize=11, color=INK)
        axes.text(middle, 1.15, what, ha="center", va="center", **TEXT)
        axes.text(middle, 0.48, folder, ha="center", fontsize=9, family="monospace", color=INK)
        if is_here:
            axes.text(middle, 0.12, "you are here", ha="center", fontsize=9, color=ACCENT)
        if at < len(STAGES) - 1:
            ends = {"xy": (left + 2.16, 1.35), "xytext": (left + 1.76, 1.35)}
            axes.annotate("", **ends, arrowprops={"arrowstyle": "-|>", "color": INK})
    save(figure, f"five-{here}" if here else "five")


def badge(where: str) -> None:
    """What opens a notebook elsewhere."""
    figure = Figure(figsize=(1.15, 0.25))
    figure.text(0.5, 0.5, f"Open in {where}", ha="center", va="center", fontsize=9, color="white")
    save(figure, f"open-in-{where.lower()}", INK)


def splits() -> None:
    """The same recordings split by file and by speaker."""
    figure, both = empty(2.5, 2)
    speakers = ["ann", "ben", "cem", "dora", "eva", "finn"]
    by_speaker = [0, 0, 0, 0, 1, 2]
    colours, names = (INK, OTHER, GOOD), ("trains", "chooses", "tests")
    draw = np.random.default_rng(3)
    titles = (
        "by file: everybody trains, everybody tests\nthe figure says how well it knows these six",
        "by speaker: who tests never trained\nthe figure says how a stranger is heard",
    )
    for axes, title, is_apart in zip(both, titles, (False, True), strict=True):
        for row, who in enumerate(reversed(range(len(speakers)))):
            part = (
                np.full(12, by_speaker[who]) if is_apart else draw.choice(3, 12, p=[0.6, 0.2, 0.2])
            )
            for split in range(3):
                at = np.flatnonzero(part == split)
                label = names[split] if not row else None
                axes.plot(at, np.full(len(at), row), "o", color=colours[split], label=label)
        axes.set_yticks(range(len(speakers)), speakers[::-1])
        axes.set_xticks([])
        axes.set_title(title, fontsize=9, color=INK, loc="left")
        axes.spines[:].set_visible(False)
    handles = [
        both[0].plot([], [], "o", color=c, label=n)[0] for c, n in zip(colours, names, strict=True)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    save(figure, "splits")


def scene() -> None:
    """A scene of 12 s as lanes, and what the model shall say over it."""
    figure, [axes] = empty(2.7)
    lanes = {
        "behind it: babble": [(0, 12, SOFT)],
        "other words": [(0.8, 0.7, INK), (4.6, 0.6, INK), (7.0, 0.8, INK)],
        "near miss": [(9.3, 0.9, OTHER)],
        "wake word": [(2.4, 0.9, ACCENT), (5.9, 0.8, ACCENT)],
    }
    for row, (name, parts) in enumerate(reversed(lanes.items()), start=1):
        for start, length, colour in parts:
            axes.barh(row, length, left=start, height=0.55, color=colour)
        axes.text(-0.1, row, name, ha="right", va="center", **TEXT)
    axes.barh(0, 12, height=0.45, color=PALE)
    label, either = LabelSettings(), {"color": "white", "hatch": "////", "edgecolor": SOFT}
    for start, length, _ in lanes["wake word"]:
        end = start + length
        for from_s, to_s, how in (
            (label.ignore_from_s, label.ignore_to_s, either),
            (label.from_s, label.to_s, {"color": GOOD}),
        ):
            axes.barh(0, to_s - from_s, left=end + from_s, height=0.45, **how)
    axes.text(-0.1, 0, "what it is taught", ha="right", va="center", **TEXT)
    note = "green: wake now    hatched: either will do    pale: stay quiet"
    axes.text(12, -0.62, note, ha="right", va="center", fontsize=8, color=INK)
    axes.set(xlim=(-2.4, 12.1), ylim=(-0.8, 4.6), xlabel="seconds")
    axes.set_yticks([])
    axes.set_xticks(range(0, 13, 2))
    plain(axes).spines["left"].set_visible(False)
    save(figure, "scene")


def decision() -> None:
    """Scores every 30 ms, their sliding mean, a cutoff; a word, a blip and a near miss."""
    figure, [axes] = empty(2.5)
    at_s = np.arange(0, 6, 0.03)
    draw = np.random.default_rng(7)
    score = 0.03 + 0.03 * draw.random(len(at_s))
    for middle, width, height in ((1.5, 0.12, 0.95), (3.1, 0.025, 0.9), (4.7, 0.13, 0.52)):
        score = np.maximum(score, height * np.exp(-(((at_s - middle) / width) ** 2)))
    mean = np.convolve(score, np.ones(5) / 5)[: len(score)]
    axes.plot(at_s, score, color=SOFT, linewidth=1, label="score, one every 30 ms")
    axes.plot(at_s, mean, color=INK, linewidth=1.6, label="mean of the last 5")
    axes.axhline(0.6, color=ACCENT, linestyle="--", linewidth=1, label="cutoff")
    for x, text in (
        (1.5, "the word: it wakes"),
        (3.1, "a blip: the mean\nstays low"),
        (4.7, "a near miss:\nstays low"),
    ):
        axes.text(x, 1.0, text, ha="center", va="bottom", **TEXT)
    axes.set(xlim=(0, 6), ylim=(0, 1.28), xlabel="seconds", ylabel="score", yticks=(0, 0.5, 1))
    axes.legend(fontsize=8, frameon=False, loc="upper right", bbox_to_anchor=(1.0, 0.8))
    plain(axes)
    save(figure, "decision")


def day() -> None:
    """Left: 16 waking hours at three rates. Right: what silence proves, by its hours."""
    figure, (left, right) = empty(2.6, 2)
    draw = np.random.default_rng(11)
    for row, rate in enumerate((5.0, 0.5, 0.1)):
        n = round(rate * 16)
        left.hlines(2 - row, 7, 23, color=SOFT, linewidth=1)
        at = np.sort(draw.uniform(7, 23, n))
        left.plot(at, np.full(n, 2 - row), "|", color=ACCENT, markersize=13, markeredgewidth=1.6)
        left.text(6.7, 2 - row, f"{rate:g} an hour", ha="right", va="center", **TEXT)
        left.text(23.3, 2 - row, f"{n} a day", va="center", **TEXT)
    left.set(xlim=(1.5, 27.5), ylim=(-0.6, 2.5), xticks=(7, 11, 15, 19, 23), yticks=())
    left.set_xticklabels(["7:00", "11:00", "15:00", "19:00", "23:00"])
    left.set_title(
        "waking for nothing in a home where talk or a radio is on", fontsize=9, color=INK
    )
    plain(left).spines["left"].set_visible(False)
    hours = np.geomspace(0.1, 30, 80)
    right.plot(hours, [false_accepts_at_most(0, each) for each in hours], color=INK)
    for each in (0.2, 6.0):
        high = false_accepts_at_most(0, each)
        right.plot(each, high, "o", color=ACCENT)
        text = f"{each:g} h: under {high:.2g} an hour"
        right.annotate(text, (each, high), (8, 6), textcoords="offset points", **TEXT)
    right.set(xscale="log", yscale="log", xlabel="hours listened without a false accept")
    right.set(ylabel="at most, an hour (95 %)")
    for axis in (right.xaxis, right.yaxis):
        axis.set_major_formatter("{x:g}")
    right.set_title("what hearing none proves", fontsize=9, color=INK)
    plain(right).grid(color="0.93", linewidth=0.6)
    save(figure, "day")


def trade() -> None:
    """A cutoff moved: words heard and false accepts both fall as it rises."""
    figure, [axes] = empty(2.5)
    cutoff = np.linspace(0.02, 0.98, 200)
    heard = 1 / (1 + np.exp((cutoff - 0.86) / 0.07))
    wakes = 12 * np.exp(-cutoff / 0.14)
    axes.plot(cutoff, heard, color=INK, label="words heard (share)")
    axes.plot(cutoff, wakes, color=ACCENT, label="false accepts an hour")
    for at, name in ((0.3, "lenient"), (0.45, "shipped"), (0.75, "strict")):
        axes.axvline(at, color=SOFT, linewidth=1, linestyle=":")
        axes.text(at, 1.24, name, ha="center", va="bottom", **TEXT)
    axes.annotate("", (0.1, 0.55), (0.27, 0.55), arrowprops={"arrowstyle": "-|>", "color": ACCENT})
    axes.text(0.275, 0.55, "wakes for nothing", va="center", fontsize=8, color=ACCENT)
    axes.annotate("", (0.95, 0.55), (0.77, 0.55), arrowprops={"arrowstyle": "-|>", "color": INK})
    axes.text(0.76, 0.55, "calls are missed", va="center", ha="right", fontsize=8, color=INK)
    axes.set(xlim=(0, 1), ylim=(0, 1.23), xlabel="cutoff", yticks=(0, 0.5, 1))
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    plain(axes)
    save(figure, "trade")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for number in range(6):
        five(number)
    for place in ("Colab", "Kaggle"):
        badge(place)
    for picture in (splits, scene, decision, day, trade):
        picture()

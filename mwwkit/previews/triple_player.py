"""A triple of the data engine: dry, in its bad room, as the model hears it, as it shall sound.

    triple_player.triple(run, config.bad_irs)         # in a notebook

Input and target are read from the batch file; the dry speech is in the sterilised chunks, and
the bad room alone is made again where its impulse response is at hand.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy
from IPython.display import HTML, Image, Markdown
from matplotlib.figure import Figure

from mwwkit.audio.wav16 import to_float
from mwwkit.previews import drawing
from mwwkit.previews.panel import counter, panel
from mwwkit.run import paths
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.triples import impulse_responses, ledger, sterilising
from mwwkit.triples.audio_files import listed
from mwwkit.triples.examples import N_SAMPLES, RATE_HZ, Room, Spectra, in_rooms, quantised

RANGE_DB = 80.0  # of a spectrogram's colours, under its loudest
N_BANDS = 160  # of a spectrogram
TICKS_KHZ = (0.5, 1, 2, 4, 8, 16)
TEXTS = ("dry_id", "bad_ir", "target_ir", "recipe")


@dataclass(frozen=True)
class Shown:
    """One triple: what it is made of, and its sounds by title, int16 [240000] each."""

    number: int
    dry_id: str
    bad_ir: str
    target_ir: str
    recipe: dict
    sounds: dict[str, np.ndarray]


def triple(run: Run, bad_irs: Sequence[str] = (), number: int | None = None, seed: int = 0) -> None:
    """Show one triple of the run (a drawn one unless given), and a box for others.

    `bad_irs`: folders of the bad rooms, those of paths.md where none is given.
    """
    batches = _batches(run)
    n = sum(len(rows) for _, rows in batches)
    if not n:
        print("no batch is written yet: run on, then come back to listen")
        return
    if number is None:
        number = int(rng(seed, "preview of a triple").integers(n))

    def show(number: int) -> tuple[Image, HTML, Markdown]:
        shown = read(run, batches, number, bad_irs)
        return drawing.png(figure(shown)), players(shown), Markdown(done_to(shown))

    panel(show, number=counter(n, number, "triple"))


def _batches(run: Run) -> list[tuple[Path, list[str]]]:
    """Each batch file of this and earlier runs, in order, and the dry ids in it."""
    folders = reversed(run.all(ledger.BATCHES))  # the newest run's last: it counts
    paths = {path.name: path for folder in folders for path in folder.glob("batch_*.npz")}
    return [(paths[name], list(_array(paths[name], "dry_id"))) for name in sorted(paths)]


def read(run: Run, batches: list, number: int, bad_irs: Sequence[str] = ()) -> Shown:
    """Triple `number` of all of `batches`, with the sounds that can be had of it."""
    row, at = number, 0
    while row >= len(batches[at][1]):
        row, at = row - len(batches[at][1]), at + 1
    path = batches[at][0]
    dry_id, bad_ir, target_ir, recipe = (str(_array(path, key)[row]) for key in TEXTS)
    sounds = {"messy input": _array(path, "input", row), "target": _array(path, "target", row)}
    dry = _dry(run, dry_id)
    if dry is not None:
        bad = _in_bad_room(run, dry, bad_ir, bad_irs)
        sounds = {"dry": dry} | ({"bad room": bad} if bad is not None else {}) | sounds
    return Shown(number, dry_id, bad_ir, target_ir, json.loads(recipe), sounds)


def _array(path: Path, key: str, row: int | None = None) -> np.ndarray:
    """An array of a batch; one row of it without reading the others into memory."""
    with zipfile.ZipFile(path) as file, file.open(f"{key}.npy") as entry:
        if row is None:
            return np.lib.format.read_array(entry, allow_pickle=False)
        np.lib.format.read_magic(entry)
        shape, _, dtype = np.lib.format.read_array_header_1_0(entry)
        n_bytes = shape[1] * dtype.itemsize
        entry.seek(entry.tell() + row * n_bytes)
        return np.frombuffer(entry.read(n_bytes), dtype)


def _dry(run: Run, dry_id: str) -> np.ndarray | None:
    for folder in run.all(ledger.STERILE):
        for chunk in sorted(folder.glob("chunk_*")):
            names = sterilising.read_names(chunk)
            if dry_id in names:
                return np.array(sterilising.read_segments(chunk)[names.index(dry_id)])
    return None


def _in_bad_room(
    run: Run, dry: np.ndarray, bad_ir: str, folders: Sequence[str]
) -> np.ndarray | None:
    roots = [paths.typed_path(f) for f in folders] or paths.locations("bad_irs")
    files = {file.name: file.path for file in listed(roots, impulse_responses.SUFFIXES)}
    if bad_ir not in files:
        return None
    voice = to_float(dry)
    room = Room(files[bad_ir], "")
    samples, reason = quantised(in_rooms(voice, [room], Spectra())[0])
    return None if reason else samples


def figure(shown: Shown) -> Figure:
    """Waveform over spectrogram of each sound, side by side."""
    made = Figure(figsize=(drawing.WIDTH_IN, 3.1), layout="constrained")
    rows = made.subplots(
        2, len(shown.sounds), squeeze=False, sharex=True, sharey="row", height_ratios=(2, 3)
    )
    for column, (title, samples) in enumerate(shown.sounds.items()):
        above, below = rows[:, column]
        drawing.waveform(above, samples, sample_rate_hz=RATE_HZ)
        above.set_ylim(-1.1, 1.1)
        above.set_title(title, fontsize=9)
        _spectrogram(below, samples)
        below.set(xlabel="time (s)", ylabel="" if column else "kHz")
        above.set_ylabel("" if column else "amplitude")
    return made


def _spectrogram(axes, samples: np.ndarray) -> None:
    """dB under the loudest, to half the rate; in mels, or speech would fill the lowest fifth."""
    at_hz, _, power = scipy.signal.spectrogram(
        samples / 32_768, RATE_HZ, nperseg=1024, noverlap=512
    )
    top = float(_mel(RATE_HZ / 2))
    edges = np.searchsorted(_mel(at_hz), np.linspace(0, top, N_BANDS, endpoint=False))
    widths = np.maximum(np.diff(edges, append=len(at_hz)), 1)
    bands = np.add.reduceat(power, edges) / widths[:, None]  # a band without a bin has the next one
    levels_db = 10 * np.log10(np.maximum(bands, 1e-20))
    axes.imshow(
        levels_db,
        origin="lower",
        aspect="auto",
        extent=(0, N_SAMPLES / RATE_HZ, 0, top),
        vmin=levels_db.max() - RANGE_DB,
        vmax=levels_db.max(),
        cmap="magma",
    )
    axes.set_yticks(_mel(1000 * np.array(TICKS_KHZ)), map(str, TICKS_KHZ))
    drawing.plain(axes)


def _mel(hz):
    """O'Shaughnessy's scale of pitch."""
    return 2595 * np.log10(1 + np.asarray(hz) / 700)


def players(shown: Shown) -> HTML:
    """A row of players under the pictures."""
    titles, sounds = zip(*shown.sounds.items(), strict=True)
    return HTML(drawing.players(sounds, len(sounds), RATE_HZ, titles))


def done_to(shown: Shown) -> str:
    """What the triple is made of and what was done to its input, in Markdown."""
    recipe = shown.recipe
    lines = [
        f"**Triple {shown.number}** (item {recipe['item']})",
        "",
        f"* dry: `{shown.dry_id}`",
        f"* input: {recipe['wet']:.0%} in the room `{shown.bad_ir}`, the rest dry; then",
    ]
    for number, record in enumerate(recipe["chain"], 1):
        lines.append(f"    {number}. {_sentence(record)}")
    lines.append(f"* target: the room `{shown.target_ir}`, and nothing else")
    if missing := {"dry", "bad room"} - shown.sounds.keys():
        lines.append(f"* not at hand here: {', '.join(sorted(missing))}")
    return "\n".join(lines)


def _sentence(record: dict) -> str:
    """One effect of a chain in words."""
    name = record["effect"]
    if name == "noise":
        fan = f" of {record['fan_hz']} Hz" if record["colour"] == "hvac" else ""
        return f"noise: {record['colour']}{fan}, {record['snr_db']:.1f} dB under the sound"
    if name == "eq":
        bands = ("low", "mid", "high")
        gains = (f"{record[f'{b}_db']:+.1f} dB at {record[f'{b}_hz']:.0f} Hz" for b in bands)
        return "EQ: " + ", ".join(gains)
    if name in ("high_pass", "low_pass"):
        slope = 6 * record["order"]
        return f"{name.replace('_', '-')}: {record['cutoff_hz']:.0f} Hz, {slope} dB an octave"
    if name == "bit_crush":
        return f"crushed to {record['bits']} bits"
    return f"clipped {record['under_peak_db']:.1f} dB under its peak"

"""Triples: a messy recording, the room it shall sound like, and how it sounds there.

    item = draw(42, 17, bad_ids, target_ids)          # depends on the seed and 17 alone
    made = make(dry, bad_room, target_room, item, SPECTRA)   # Triple, or the reason for none
    write_batch(path, triples, embeddings, names)

Sound is 5.0 s at 48 kHz: 240,000 samples, int16, peak 32767. A batch file is an uncompressed (or
zlib) `.npz` with

    input, target   int16   [n, 240000]
    embedding       float32 [n, 512]       of the target's impulse response
    dry_id, bad_ir, target_ir, recipe      text [n]; recipe is JSON
    format_version  int     1
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy

from mwwkit.audio.wav16 import to_float
from mwwkit.run.seeds import rng
from mwwkit.triples import impulse_responses
from mwwkit.triples.messy import N_EFFECTS, WET, apply_chain, draw_chain, draw_mix

RATE_HZ = 48_000
N_SAMPLES = 240_000  # 5.0 s
FULL_SCALE = 32_767
SILENT_PEAK = 1e-6
SILENT_RMS = 3e-3  # of what has peak 1: a click of one sample has 2e-3
FORMAT_VERSION = 1
EMBEDDING = 512
KEYS = ("input", "target", "embedding", "dry_id", "bad_ir", "target_ir", "recipe", "format_version")
ITEM_BYTES = 2 * 2 * N_SAMPLES + 4 * EMBEDDING  # and names, and the recipe
SPECTRA_BYTES = 192 << 20  # of cached spectra in a process: some 160 rooms of 1 s


@dataclass(frozen=True)
class Item:
    """What item `index` is made of; `recipe` is JSON text."""

    index: int
    bad_ir: str
    target_ir: str
    recipe: str


@dataclass(frozen=True)
class Triple:
    """One example's sound: input and target, int16 [240000]."""

    input: np.ndarray
    target: np.ndarray


def draw(
    seed: int,
    index: int,
    bad_ids: Sequence[str],
    target_ids: Sequence[str],
    n_effects: tuple[int, int] = N_EFFECTS,
    wet: tuple[float, float] = WET,
) -> Item:
    """Item `index`: two rooms, the share of room in the input, and what else happens to it."""
    of_item = rng(seed, "triple", index)
    bad = bad_ids[int(of_item.integers(len(bad_ids)))]
    target = target_ids[int(of_item.integers(len(target_ids)))]
    recipe = {"item": index, "seed": seed, "wet": draw_mix(of_item, wet)}
    recipe["chain"] = draw_chain(of_item, n_effects)
    return Item(index, bad, target, json.dumps(recipe, sort_keys=True))


@dataclass(frozen=True)
class Room:
    """A file with an impulse response, and its SHA-256."""

    path: Path
    sha256: str
    align_onset: bool = False


class Spectra:
    """Spectra of rooms, the most recent ones kept up to a bound in bytes."""

    def __init__(self, most_bytes: int = SPECTRA_BYTES):
        """Keep at most `most_bytes`."""
        self.most_bytes = most_bytes
        self.n_bytes = 0
        self._kept: OrderedDict[Room, tuple[int, np.ndarray]] = OrderedDict()

    def of(self, room: Room) -> tuple[int, np.ndarray]:
        """The size of the FFT, and the spectrum complex64 [size // 2 + 1]."""
        if room in self._kept:
            self._kept.move_to_end(room)
            return self._kept[room]
        response = impulse_responses.load(room.path, room.sha256, align_onset=room.align_onset)[
            :N_SAMPLES
        ]
        whole_s = -(-response.size // RATE_HZ) * RATE_HZ  # few sizes: rooms can share a voice's FFT
        size = scipy.fft.next_fast_len(N_SAMPLES + whole_s, real=True)
        spectrum = size, scipy.fft.rfft(response, size)
        self._kept[room] = spectrum
        self.n_bytes += spectrum[1].nbytes
        while self.n_bytes > self.most_bytes and len(self._kept) > 1:
            _, (_, oldest) = self._kept.popitem(last=False)
            self.n_bytes -= oldest.nbytes
        return spectrum


def make(
    dry: np.ndarray, bad: Room, target: Room, item: Item, spectra: Spectra
) -> tuple[Triple | None, str]:
    """The triple of a dry segment, int16 [240000]; or None and the reason.

    Raises AudioValidationError for a room whose file has changed.
    """
    voice = to_float(dry)
    recipe = json.loads(item.recipe)
    wet, clean = in_rooms(voice, [bad, target], spectra)
    messy = mix(voice, wet, recipe["wet"])
    messy = apply_chain(messy, RATE_HZ, recipe["chain"])[:N_SAMPLES]
    takes = []
    for what, audio in (("input", messy), ("target", clean)):
        samples, reason = quantised(audio)
        if reason:
            return None, f"{what} {reason}"
        takes.append(samples)
    return Triple(*takes), ""


def in_rooms(voice: np.ndarray, rooms: Sequence[Room], spectra: Spectra) -> list[np.ndarray]:
    """float32 [240000] each: the first 5 s of `voice` in each room.

    One FFT over all of it, which the rooms share where they have the same size.
    """
    of_voice: dict[int, np.ndarray] = {}
    heard = []
    for room in rooms:
        size, spectrum = spectra.of(room)
        if size not in of_voice:
            of_voice[size] = scipy.fft.rfft(voice, size)
        heard.append(scipy.fft.irfft(of_voice[size] * spectrum, size)[:N_SAMPLES])
    return heard


def mix(dry: np.ndarray, wet: np.ndarray, share: float) -> np.ndarray:
    """`share` of `wet`, brought to the level of `dry`, and the rest dry."""
    level, wet_level = (float(np.sqrt(np.mean(a**2, dtype=np.float64))) for a in (dry, wet))
    gain = level / wet_level if wet_level > 0 else 0.0
    return (np.float32(share * gain) * wet + np.float32(1 - share) * dry).astype(np.float32)


def quantised(audio: np.ndarray) -> tuple[np.ndarray, str]:
    """int16 of peak 32767, and why it is no good: "silent", "not finite" or empty."""
    nothing = np.zeros(0, np.int16)
    if not np.isfinite(audio).all():
        return nothing, "not finite"
    peak = float(max(audio.max(), -audio.min()))
    if peak < SILENT_PEAK:
        return nothing, "silent"
    samples = np.rint(audio * np.float32(FULL_SCALE / peak))
    if np.sqrt(np.mean(samples**2, dtype=np.float64)) < SILENT_RMS * FULL_SCALE:
        return nothing, "silent"
    return samples.astype("<i2"), ""


def batch_bytes(n: int) -> int:
    """What a batch of `n` takes on disk, at most."""
    return 65_536 + n * (ITEM_BYTES + 16_384)


class OpenBatch:
    """A batch being filled: preallocated arrays that triples are added to."""

    def __init__(self, most: int):
        """Room for `most` triples."""
        self.input = np.empty((most, N_SAMPLES), "<i2")
        self.target = np.empty((most, N_SAMPLES), "<i2")
        self.items: list[Item] = []
        self.dry_ids: list[str] = []

    def __len__(self) -> int:
        """The number of triples in it."""
        return len(self.items)

    def add(self, triple: Triple, item: Item, dry_id: str) -> None:
        """Add a triple, its item and its dry id."""
        n = len(self)
        self.input[n], self.target[n] = triple.input, triple.target
        self.items.append(item)
        self.dry_ids.append(dry_id)

    def write(self, path: Path, embeddings: dict[str, np.ndarray], *, compressed: bool) -> None:
        """Write the file; the same triples are the same bytes."""
        n = len(self)
        save = np.savez_compressed if compressed else np.savez
        with open(path, "wb") as file:
            save(
                file,
                input=self.input[:n],
                target=self.target[:n],
                embedding=np.stack([embeddings[item.target_ir] for item in self.items]),
                dry_id=np.array(self.dry_ids),
                bad_ir=np.array([item.bad_ir for item in self.items]),
                target_ir=np.array([item.target_ir for item in self.items]),
                recipe=np.array([item.recipe for item in self.items]),
                format_version=np.int64(FORMAT_VERSION),
            )

    def clear(self) -> None:
        """Begin the next one."""
        self.items, self.dry_ids = [], []

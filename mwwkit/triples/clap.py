"""What a room sounds like as 512 numbers: CLAP's embedding of noise played in it.

    embeddings = embed_all(run, {ir_id: load_ir, ...}, seed=42)    # {ir_id: float32 [512]}

Torch and transformers are the extra `clap`; they are imported only when an embedding is missing.
`clap_cache.npz` holds one float32 array under the id of each impulse response (IR), and in
`__about__` the settings they were made under, as JSON text.
"""

import importlib.util
import json
import shutil
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import scipy

from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.files import replacing, sha256
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng
from mwwkit.run.session import Session

MODEL = "laion/larger_clap_music_and_speech"
MODEL_BYTES = 800_000_000  # about what it takes on the disk
FOLDER, CACHE, ABOUT = "clap_model", "clap_cache.npz", "__about__"
NOISE_S = 3.0
LONGEST_S = 10.0  # CLAP cuts longer sound at a random place
UNIT = 8  # IRs between two writes of the cache


class Embedder(Protocol):
    """Anything that turns sound into a vector."""

    sample_rate_hz: int
    identity: str  # of the model: two that embed differently have different ones

    def embed(self, audio: np.ndarray) -> np.ndarray:
        """float32 [samples] -> float32 [dimensions]."""
        ...


def probe(ir: np.ndarray, sample_rate_hz: int, seed: int) -> np.ndarray:
    """float32 [samples]: 3 s of white noise and its tail in the room, of peak 1.

    All rooms hear the same noise, so what differs is the room.
    """
    noise = rng(seed, "clap", "noise").standard_normal(int(NOISE_S * sample_rate_hz))
    sound = scipy.signal.oaconvolve(noise, ir)[: int(LONGEST_S * sample_rate_hz)]
    return (sound / max(np.abs(sound).max(), 1e-9)).astype(np.float32)


def embed_all(
    run: Run,
    irs: Mapping[str, Callable[[], np.ndarray]],
    seed: int,
    load: Callable[[Run, Session | None], Embedder] | None = None,
    session: Session | None = None,
) -> dict[str, np.ndarray]:
    """The embeddings of `irs` by id, from the caches of this and earlier runs or made now.

    `irs` gives for each id a function that loads its IR at the embedder's rate (48 kHz). What is
    new is saved every few IRs; when `session` says stop, those that are left are missing from the
    result. Nothing is loaded when nothing is missing.

    Raises CannotGoOn for a cache that is damaged or of other settings, and where CLAP is needed
    but cannot be loaded.
    """
    caches = {path: _read(path, seed) for path in run.all(CACHE)}
    known, about = _overlaid(caches)
    missing = [ir_id for ir_id in irs if ir_id not in known]
    embedder = None
    for first in range(0, len(missing), UNIT):
        if session is not None and session.stop(4096 * (len(known) + UNIT)):
            break
        if embedder is None:
            embedder = (load or Clap.load)(run, session)
            about = _same_model(about, embedder.identity, seed)
        for ir_id in missing[first : first + UNIT]:
            known[ir_id] = _embedding(embedder, ir_id, irs[ir_id](), seed)
        _write(run / CACHE, known, about)
    return {ir_id: known[ir_id] for ir_id in irs if ir_id in known}


def _embedding(embedder: Embedder, ir_id: str, ir: np.ndarray, seed: int) -> np.ndarray:
    vector = np.asarray(embedder.embed(probe(ir, embedder.sample_rate_hz, seed)), np.float32)
    if vector.ndim != 1 or not np.isfinite(vector).all():
        raise CannotGoOn(f"the embedding of {ir_id} is no finite vector; its shape: {vector.shape}")
    return vector


def _read(path: Path, seed: int) -> tuple[dict[str, np.ndarray], dict]:
    """The embeddings and the settings of a cache; zip checks every entry's CRC."""
    try:
        with np.load(path, allow_pickle=False) as file:
            vectors = {name: file[name] for name in file.files}
        about = json.loads(str(vectors.pop(ABOUT)))
        sizes = {v.shape for v in vectors.values()}
        if len(sizes) != 1 or not all(v.dtype == np.float32 for v in vectors.values()):
            raise WrongInput(f"wanted float32 vectors of one length, found {sizes}")
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as e:
        raise CannotGoOn(
            f"{path} is damaged ({e}); delete it, and its embeddings are made again (for an "
            "earlier run: take that run off PREVIOUS)"
        ) from e
    if about["seed"] != seed:
        raise CannotGoOn(
            f"{path} was made under seed {about['seed']}, not {seed}; set that seed, or move the "
            "file away and its embeddings are made again"
        )
    return vectors, about


def _overlaid(caches: dict[Path, tuple[dict, dict]]) -> tuple[dict[str, np.ndarray], dict]:
    """All embeddings of all caches, which must agree where they meet."""
    known: dict[str, np.ndarray] = {}
    origin: dict[str, Path] = {}
    about: dict = {}
    for path, (vectors, model_facts) in caches.items():
        if about and model_facts["model"] != about["model"]:
            other = next(iter(caches))
            raise CannotGoOn(f"{path} and {other} were made by different models; keep one of them")
        about = model_facts
        for ir_id, vector in vectors.items():
            if ir_id in known and not np.array_equal(known[ir_id], vector):
                raise CannotGoOn(
                    f"{path} and {origin[ir_id]} disagree on {ir_id}; keep one of them"
                )
            known[ir_id], origin[ir_id] = vector, path
    return known, about


def _same_model(about: dict, identity: str, seed: int) -> dict:
    if about and about["model"] != identity:
        raise CannotGoOn(
            f"{CACHE} was made by the model {about['model']}, but {FOLDER}/ holds {identity}; put "
            "the first one there, or move the cache away and all embeddings are made again"
        )
    return about or {"model": identity, "seed": seed, "noise_s": NOISE_S, "version": 1}


def _write(path: Path, vectors: dict[str, np.ndarray], about: dict) -> None:
    entries = {ir_id: vectors[ir_id] for ir_id in sorted(vectors)}
    entries[ABOUT] = np.array(json.dumps(about, sort_keys=True))
    with replacing(path) as part, zipfile.ZipFile(part, "w") as file:  # as `np.savez` writes, for
        for name, array in entries.items():  # names that are no keyword, such as "file"
            with file.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)


class Clap:
    """The real model; `Clap.load(run)` finds or fetches it."""

    sample_rate_hz = 48_000

    def __init__(self, folder: Path):
        """From a folder of transformers' making; raises CannotGoOn where it is not whole."""
        torch, transformers = _torch()
        from safetensors import SafetensorError

        try:
            model, report = transformers.ClapModel.from_pretrained(
                folder, output_loading_info=True, local_files_only=True
            )
            self._features = transformers.ClapFeatureExtractor.from_pretrained(
                folder, local_files_only=True
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise _not_whole(folder, str(error)) from error
        if report["missing_keys"] or report["mismatched_keys"]:  # it would go on with random ones
            raise _not_whole(folder, "weights are missing")
        weights = sorted(p for p in folder.iterdir() if p.suffix in (".safetensors", ".bin"))
        self.identity = ",".join(sha256(path)[:16] for path in weights)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = model.to(self._device).eval()

    @classmethod
    def load(cls, run: Run, session: Session | None = None) -> "Clap":
        """From `clap_model/` of this run; else copied there from an earlier one, else downloaded.

        Raises CannotGoOn where torch or transformers are missing, the disk budget is too small, or
        the model cannot be downloaded.
        """
        _torch()
        folder = run / FOLDER
        if not folder.is_dir():
            if session is not None and (reason := session.stop(MODEL_BYTES)):
                raise CannotGoOn(f"no room for CLAP's {MODEL_BYTES / 1e9:.1f} GB: {reason}")
            if folders := run.all(FOLDER):
                print(f"CLAP: copied from {folders[0]}")
                with replacing(folder) as part:
                    shutil.copytree(folders[0], part)
            else:
                print(f"CLAP: downloading {MODEL}")
                _download(folder)
            if session is not None:
                session.budget.spent(sum(p.stat().st_size for p in folder.iterdir()))
        return cls(folder)

    def embed(self, audio: np.ndarray) -> np.ndarray:
        """float32 [samples] at 48 kHz, at most 10 s -> float32 [512] of length 1."""
        torch, _ = _torch()
        inputs = self._features(audio, sampling_rate=self.sample_rate_hz, return_tensors="pt")
        with torch.inference_mode():
            output = self._model.get_audio_features(**inputs.to(self._device))
        vector = getattr(output, "pooler_output", output)  # the tensor itself before version 5
        return vector.float().cpu().numpy().reshape(-1)


def _download(folder: Path) -> None:
    _, transformers = _torch()
    try:
        model = transformers.ClapModel.from_pretrained(MODEL)
        features = transformers.ClapFeatureExtractor.from_pretrained(MODEL)
    except OSError as error:
        raise CannotGoOn(
            f"{MODEL} cannot be downloaded ({error}); switch the internet on, attach an earlier "
            f"run that has {FOLDER}/, or go on without embeddings"
        ) from error
    with replacing(folder) as part:
        model.save_pretrained(part)
        features.save_pretrained(part)


def _torch() -> tuple[Any, Any]:
    """The modules torch and transformers, imported here and nowhere else."""
    missing = [m for m in ("torch", "transformers") if importlib.util.find_spec(m) is None]
    if missing:
        raise CannotGoOn(
            f"{' and '.join(missing)} missing: pip install 'mwwkit[clap]', or go on without "
            "embeddings"
        )
    import torch
    import transformers

    return torch, transformers


def _not_whole(folder: Path, why: str) -> CannotGoOn:
    return CannotGoOn(f"{folder} does not hold a whole CLAP ({why}); delete it and run again")

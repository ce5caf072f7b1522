"""Other people's programs on a run's model: pymicro-wakeword detects, ESPHome accepts.

    python tests/conformance/detects.py RUN [--seed 1]

From the test split ten wake words and ten others are drawn. Exits with 1 unless pymicro-wakeword,
which knows only the manifest and the model, detects at least nine of the first and none of the
second, and ESPHome's own schema takes the manifest. All clips of the split are counted as well.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pymicro_wakeword
import whole_runs  # noqa: F401  # it puts the checkout on the path

from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split, load_clips
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.checkpoint import completed
from mwwkit.run.paths import Run
from mwwkit.run.seeds import rng

LEAD_IN_S, TAIL_S = 1.0, 0.5  # a device has been listening, and goes on to
FLOOR = 3.0  # rms of the faint noise in both, in 16-bit steps
N_DRAWN, N_TO_DETECT = 10, 9


def detected(manifest: Path, pcm: np.ndarray, noise: np.random.Generator) -> bool:
    """Whether pymicro-wakeword hears the word anywhere in [n] int16."""
    model = pymicro_wakeword.MicroWakeWord.from_config(manifest)
    features = pymicro_wakeword.MicroWakeWordFeatures()
    lead_in, tail = (
        noise.normal(0, FLOOR, int(s * SAMPLE_RATE_HZ)).astype(np.int16)
        for s in (LEAD_IN_S, TAIL_S)
    )
    heard = np.concatenate([lead_in, pcm, tail]).tobytes()
    return any([model.process_streaming(frame) for frame in features.process_streaming(heard)])


def main() -> None:
    """Draw, listen, count, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("run", type=Path)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    here = Run(given.run.absolute())
    manifest = here.find(f"export/{completed(here, 'export')['manifest']}")
    test = load_clips(here).of(kind=Kind.CLIP, split=Split.TEST)

    def is_detected(record: SampleRecord) -> bool:
        noise = rng(given.seed, "faint", record.path)
        return detected(manifest, np.array(test.audio(record)[:]), noise)

    hits = {record.path: is_detected(record) for record in test}
    print("| clips of the test split | detected |\n|---|---|")
    for label in Label:
        of_label = [hits[record.path] for record in test.of(label=label)]
        print(f"| {label.value} | {sum(of_label)} of {len(of_label)} |")
    words = [r.path for r in test if r.label is Label.POSITIVE]
    others = [r.path for r in test if r.label is not Label.POSITIVE]
    n_hit, n_wrong = (
        sum(hits[path] for path in rng(given.seed, "drawn", name).permutation(paths)[:N_DRAWN])
        for name, paths in (("words", words), ("others", others))
    )
    print(f"Of {N_DRAWN} drawn each: {n_hit} wake words, {n_wrong} others.")

    from esphome.components.micro_wake_word import MANIFEST_SCHEMA_V2
    from esphome.const import __version__

    MANIFEST_SCHEMA_V2(json.loads(manifest.read_text(encoding="utf-8")))  # raises Invalid
    print(f"ESPHome {__version__} takes {manifest.name}.")
    sys.exit(bool(n_hit < N_TO_DETECT or n_wrong))


if __name__ == "__main__":
    main()

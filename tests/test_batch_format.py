"""The README's readers, pasted into a fresh interpreter beside batches that the engine wrote."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mwwkit.triples.examples import KEYS, N_SAMPLES, OpenBatch, Triple, draw

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
SECTION = README.split("## Triples: the batch format")[1].split("\n## ")[0]
READER, WITH_TENSORFLOW = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """batches/ with a file of two examples and one of one, compressed."""
    root = tmp_path_factory.mktemp("batches")
    (root / "batches").mkdir()
    noise = np.random.default_rng(1)
    for number, n in enumerate((2, 1)):
        batch = OpenBatch(2)
        for i in range(n):
            sounds = noise.integers(-32_767, 32_768, (2, N_SAMPLES)).astype("<i2")
            batch.add(Triple(*sounds), draw(42, i, ["bad.irs"], ["hall.wav"]), f"ann/{i}.wav:000")
        embeddings = {"hall.wav": np.full(512, 512**-0.5, np.float32)}
        path = root / "batches" / f"batch_{number:04d}.npz"
        batch.write(path, embeddings, compressed=number == 1)
    return root


def pasted(code: str, folder: Path) -> str:
    """What an interactive interpreter prints; its prompts and errors go elsewhere."""
    ran = subprocess.run(
        [sys.executable, "-i", "-q", "-I"],
        input=code,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Traceback" not in ran.stderr and "Error" not in ran.stderr, ran.stderr[-2000:]
    return ran.stdout


def test_the_reader_is_ten_lines_and_reads_every_example(folder):
    assert len([line for line in READER.splitlines() if line]) <= 10
    show = (
        "print(len(list(triples('batches'))), sorted(one), one['input'].dtype, "
        "one['input'].shape, one['embedding'].dtype, str(one['dry_id']))\n"
    )
    wanted = sorted(set(KEYS) - {"format_version"})
    assert pasted(READER + show, folder).strip() == (
        f"3 {wanted} int16 (240000,) float32 ann/0.wav:000"
    )


def test_the_tf_data_example_batches_it(folder):
    pytest.importorskip("tensorflow")
    show = (
        "\nfor (voice, room), target in data: "
        "print(voice.shape, room.shape, target.shape, float(tf.reduce_max(abs(voice))) <= 1)\n\n"
    )
    printed = pasted(READER + "\n" + WITH_TENSORFLOW + show, folder)
    assert printed.strip() == "(3, 240000) (3, 512) (3, 240000) True"


def test_the_table_names_every_key():
    for key in KEYS:
        assert f"`{key}`" in SECTION

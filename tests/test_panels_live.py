"""Panels in a kernel: what a browser sends is written down, and a restart loses none of it."""

import base64
import io
from pathlib import Path

import nbformat
import numpy as np
import pytest
import soundfile
import tiny_run
import warm
from jupyter_client.provisioning import local_provisioner
from nbclient import NotebookClient

from mwwkit.corpus.clips import Label, load_clips
from mwwkit.run.decisions import clip_decisions, parameter_decisions
from mwwkit.run.paths import Run

CELLS = (
    "from mwwkit.previews import augmentation_ab, clip_browser, guided_recorder\n"
    "from mwwkit.run.paths import Run\n"
    "from mwwkit.scenes.augmentation import Recipe\n"
    "from pathlib import Path\n"
    "run = Run(Path({folder!r}))",
    "guide = guided_recorder.Guide(run, 'hey you'); guide.show()",
    "browser = clip_browser.Browser(run); browser.show()",
    "compared = augmentation_ab.Comparison(run, Recipe(), 200, 42); compared.show()",
    "controls = {{**vars(guide), **vars(browser), **compared.sliders, 'use': compared.use}}\n"
    "print({{n: w.model_id for n, w in controls.items() if hasattr(w, 'model_id')}})",
)


class Session:
    """A kernel that runs the panels' cells, and a browser beside it."""

    def __init__(self, folder: Path):
        cells = [nbformat.v4.new_code_cell(c.format(folder=str(folder))) for c in CELLS]
        self.notebook = nbformat.v4.new_notebook(cells=cells)
        self.client = NotebookClient(self.notebook, timeout=240, kernel_name="python3")

    def shown(self) -> str:
        """What a saved copy holds."""
        return nbformat.writes(self.notebook)

    def send(self, control: str, **state) -> None:
        """What a browser says when somebody moves a control."""
        content = {"comm_id": self.models[control], "data": {"method": "update", "state": state}}
        kernel = self.client.kc
        kernel.shell_channel.send(kernel.session.msg("comm_msg", content))

    def play(self, *moves: tuple[str, str, object]) -> None:
        """Run the cells, then move controls; ends when the kernel has taken all of it."""
        with self.client.setup_kernel():
            for index, cell in enumerate(self.notebook.cells):
                self.client.execute_cell(cell, index)
            [printed] = self.notebook.cells[-1].outputs
            pairs = printed["text"].strip().strip("{}").replace("'", "").split(", ")
            self.models = dict(pair.split(": ") for pair in pairs)
            for control, trait, value in moves:
                self.send(control, **{trait: value})
            last = nbformat.v4.new_code_cell("print('taken')")
            self.notebook.cells.append(last)
            self.client.execute_cell(last, len(CELLS))


def recording() -> str:
    t = np.arange(24_000) / 16_000
    audio = 0.3 * np.sin(2 * np.pi * 300 * t) * ((t > 0.4) & (t < 1.0))
    stream = io.BytesIO()
    soundfile.write(stream, audio, 16_000, format="OGG", subtype="VORBIS")
    return "data:audio/ogg;base64," + base64.b64encode(stream.getvalue()).decode()


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(local_provisioner, "launch_kernel", warm.launch)
    tiny_run.make(Run(tmp_path / "run"), tiny_run.PER_SPLIT)
    return Run(tmp_path / "run")


def test_what_a_browser_sends_is_written_down_and_a_restart_loses_none_of_it(run):
    first = Session(run.folder)
    first.play(
        ("speaker", "value", "ann"),
        ("recording", "value", recording()),
        ("sort", "index", 2),  # all, positive, negative
        ("action", "index", 2),  # decide, keep, exclude
        ("reason", "value", "a door"),
        ("write", "value", True),
        ("eq", "value", 0.9),
        ("use", "value", True),
    )
    clip = load_clips(run).of(label=Label.NEGATIVE).records[0].path
    assert (run / "recorded/positive/ann/near-01.wav").exists()
    assert {path: d.reason for path, d in clip_decisions(run).items()} == {clip: "a door"}
    assert parameter_decisions(run) == {"featurize": {"EQ": 0.9}}
    assert "Nothing was recorded in this notebook" in first.shown()
    again = Session(run.folder)  # another kernel, which knows of nothing
    again.play()
    copy = again.shown()
    for kept in ("1 of 6", "near-01.wav: good", "1 decided on", "a door", "image/png"):
        assert kept in copy, kept
    assert "HBox(children" not in copy

"""`mwwkit kaggle`: what it writes is what Kaggle's own client pushes, and what that would refuse or
bend is refused before."""

import importlib
import json
import os
import re
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from test_fresh_session import wheel

from mwwkit.__main__ import OK, USAGE, main
from mwwkit.cli import chain, kaggle_kernels, wheelhouse
from mwwkit.run.errors import CannotGoOn, WrongInput

# Loaded, they try values in this process: a child would import TensorFlow each time.
STAGES = [importlib.import_module(f"mwwkit.stages.{name}") for name in chain.SECTIONS.values()]
WORDS = ["--owner", "me", "-p", "WORD=hey kitchen"]


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Kaggle's own client, up to the request that it would send."""
    monkeypatch.setenv("KAGGLE_USERNAME", "me")
    monkeypatch.setenv("KAGGLE_KEY", "0" * 32)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "no-config"))
    api = pytest.importorskip("kaggle.api.kaggle_api_extended", reason="extra dev, Python 3.11")
    client = api.KaggleApi()
    client.config_values = {"username": "me", "key": "0" * 32}
    client.sent = []

    class Caught:
        def save_kernel(self, request):
            client.sent.append(request)

    @contextmanager
    def caught():
        inside = Caught()
        inside.kernels = Caught()
        inside.kernels.kernels_api_client = Caught()
        yield inside

    client.build_kaggle_client = caught
    return client


def kernels(folder: Path, *words: str) -> dict[str, dict]:
    """What was written: stage -> metadata."""
    assert main(["kaggle", str(folder), *WORDS, *words]) == OK
    files = sorted(folder.glob("*/kernel-metadata.json"))
    return {path.parent.name[:2]: json.loads(path.read_text()) for path in files}


def given(folder: Path, stage: str) -> str:
    """The cell that was put in after the parameters."""
    [notebook] = folder.glob(f"{stage}-*/*.ipynb")
    cells = nbformat.read(notebook, 4).cells
    [at] = [n for n, c in enumerate(cells) if "injected-parameters" in c.metadata.get("tags", [])]
    assert "parameters" in cells[at - 1].metadata.tags
    return cells[at].source


def test_kaggle_s_own_client_pushes_all_five(tmp_path, client, capsys):
    written = kernels(tmp_path / "k", "--wheelhouse", "me/mwwkit-wheelhouse")
    capsys.readouterr()
    for folder in sorted((tmp_path / "k").iterdir()):
        client.kernels_push(str(folder))
    assert not capsys.readouterr().out, "the client has a remark on it"
    assert [r.slug for r in client.sent] == [m["id"] for m in written.values()]
    assert [r.slug for r in client.sent][::4] == [
        "me/hey-kitchen-01-acquire",
        "me/hey-kitchen-05-export",
    ]
    for request, (stage, about) in zip(client.sent, written.items(), strict=True):
        assert request.new_title == f"hey kitchen {stage} {chain.SECTIONS[stage]}"
        assert request.machine_shape == "NvidiaTeslaT4" and request.enable_gpu
        assert request.enable_internet and request.is_private and not request.enable_tpu
        before = [other["id"] for s, other in written.items() if s < stage]
        assert request.kernel_data_sources == before == about["kernel_sources"]
        own = ["me/recordings"] * (stage == "01")
        assert request.dataset_data_sources == ["me/mwwkit-wheelhouse", *own]
        notebook = json.loads(request.text)
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"
        assert 'PREVIOUS = "auto"' in request.text.replace("\\", "")


def test_a_kernel_is_given_what_differs_from_its_notebook_and_finds_its_places_itself(tmp_path):
    kernels(tmp_path, "-p", "SESSION_HOURS=9", "RECORDINGS=auto", "--preset", "fast_test")
    told = given(tmp_path, "01")
    assert 'WORD = "hey kitchen"' in told and "SESSION_HOURS = 9" in told and "RUN_DIR" not in told
    assert "TTS_POSITIVE = 60" in told and "SEED" not in told
    assert 'SHAPE = "tiny"' in given(tmp_path, "03") and "PREVIOUS" not in given(tmp_path, "03")


def test_a_kernel_s_links_to_the_notebooks_beside_it_lead_to_their_kernels(tmp_path):
    kernels(tmp_path)
    [notebook] = tmp_path.glob("02-*/*.ipynb")
    title = nbformat.read(notebook, 4).cells[0].source
    for at in ("01-acquire", "03-train"):
        assert f"](https://www.kaggle.com/code/me/hey-kitchen-{at})" in title
    assert not re.findall(r"\]\(0\d_\w+\.ipynb\)", title)


def test_what_is_said_of_the_run_is_handed_over_though_it_is_the_default(tmp_path):
    kernels(tmp_path, "-p", "SEED=42", "TARGET_FAH=0.5", "--stages", "01")
    told = given(tmp_path, "01")
    assert "SEED = 42" in told and "TARGET_FAH = 0.5" in told and "SESSION_HOURS = 11" in told


def test_a_preset_s_hours_win_over_kaggle_s_and_a_name_given_twice_is_told(tmp_path, capsys):
    (tmp_path / "mine.yaml").write_text("all: {session_hours: 5}\ntrain: {session_hours: 8}\n")
    kernels(tmp_path / "k", "--preset", str(tmp_path / "mine.yaml"))
    hours = {stage: given(tmp_path / "k", stage) for stage in ("01", "03")}
    assert "SESSION_HOURS = 5" in hours["01"] and "SESSION_HOURS = 8" in hours["03"]
    assert main(["kaggle", str(tmp_path / "k"), *WORDS, "-p", "WORD=hey"]) == USAGE
    assert "WORD is given twice" in capsys.readouterr().err


def test_what_the_parameters_name_is_attached(tmp_path):
    places = "/kaggle/input/datasets"
    words = ["-p", f"RECORDINGS={places}/ann/voices/all", "PRODUCT=both", "EMBEDDINGS=none"]
    words += [f"BACKGROUND=[{places}/bob/noise, /kaggle/input/notebooks/bob/hours-of-talk/out]"]
    written = kernels(tmp_path, *words, "--again", "03", "--cpu")
    sets = written["01"]["dataset_sources"]
    assert {"ann/voices", "bob/noise", "itorousa/impulse-responses", "dromosys/ljspeech"} <= set(
        sets
    )
    assert "me/recordings" not in sets and len(sets) == len(set(sets))
    assert written["01"]["kernel_sources"] == ["bob/hours-of-talk"]
    assert written["02"]["dataset_sources"] == [] and not written["02"]["enable_gpu"]
    assert written["03"]["kernel_sources"][-1] == written["03"]["id"], "it goes on from itself"
    assert written["04"]["kernel_sources"] == [written[s]["id"] for s in ("01", "02", "03")]


def test_what_this_machine_lacks_is_no_matter(tmp_path):
    kernels(tmp_path, "--stages", "03,05", "-p", "DEVICE=gpu", "ONNX=true", "REPLICAS=2")
    assert 'DEVICE = "gpu"' in given(tmp_path, "03") and "ONNX = True" in given(tmp_path, "05")


GOOD = {
    "title": "hey kitchen 01 acquire",
    "address": "me/hey-kitchen-01-acquire",
    "datasets": ["me/recordings"],
    "kernels": ["me/hey-kitchen-00-before"],
}


@pytest.mark.parametrize(
    "broken, told",
    [
        ({"title": "hey", "address": "me/hey"}, "'hey' has 3 characters; Kaggle wants 5 to 50"),
        ({"title": "w" * 51}, "has 51 characters; Kaggle wants 5 to 50"),
        ({"title": "straße 01 acquire"}, "has ß, which Kaggle spells in its own way"),
        ({"title": "hey kitchen"}, "becomes 'hey-kitchen' at Kaggle, and the id is 'me/hey-kit"),
        ({"address": "hey-kitchen-01-acquire"}, "wanted OWNER/SLUG in lower-case letters"),
        ({"address": "Me You/hey-kitchen-01-acquire"}, "give --owner as in your profile's address"),
        ({"address": "me/hey-kitchen-01-acquire/2"}, "wanted OWNER/SLUG"),
        ({"datasets": ["recordings"]}, "the data set 'recordings' cannot be attached; wanted OWN"),
        ({"datasets": ["me/My Words"]}, "the data set 'me/My Words' cannot be attached"),
        ({"kernels": ["me/run1"]}, "the kernel 'me/run1' cannot be .* of 5 characters or more"),
        ({"kernels": ["me/hey-kitchen/with/more"]}, "the kernel 'me/hey-kitchen/with/more' can"),
        ({"kernels": ["<owner>/hey-kitchen"]}, "the kernel '<owner>/hey-kitchen' cannot be"),
    ],
)
def test_slugs_sources_and_titles_that_kaggle_would_refuse_or_bend_are_refused(broken, told):
    kaggle_kernels.refuse(**GOOD)
    with pytest.raises(WrongInput, match=told):
        kaggle_kernels.refuse(**GOOD | broken)


@pytest.mark.parametrize(
    "field, value, told",
    [
        ("title", "hey", "at least five characters"),
        ("kernel_sources", ["me/run1"], "at least five characters"),
        ("kernel_sources", ["me/a-kernel/1/more"], "specified in the form"),
        ("dataset_sources", ["recordings"], "form"),
    ],
)
def test_kaggle_s_client_refuses_the_same(tmp_path, client, field, value, told):
    kernels(tmp_path, "--stages", "01")
    path = tmp_path / "01-acquire/kernel-metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(ValueError, match=told):
        client.kernels_push(str(path.parent))
    assert not client.sent


@pytest.mark.parametrize(
    "title", ["Hey Küche 01 acquire", "it's 01 acquire", "a_b -- 01 (acquire)"]
)
def test_a_title_becomes_the_slug_that_kaggle_makes_of_it(title):
    slugify = pytest.importorskip("slugify", reason="extra dev, Python 3.11").slugify
    assert kaggle_kernels.slug(title) == slugify(title)


@pytest.mark.parametrize(
    "words, told",
    [
        (["--owner", "me"], "the kernels have no name; give -p WORD=..., or --name"),
        (["--owner", "me", "-p", "WORD=компьютер"], "a --name with letters a to z"),
        (["--owner", "My Name", "-p", "WORD=hey"], "give --owner as in your profile"),
        ([*WORDS, "-p", "RECORDINGS=voices"], "RECORDINGS is 'voices', which Kaggle does not have"),
        ([*WORDS, "--no-internet"], "--no-internet needs a --wheelhouse"),
        ([*WORDS, "--wheelhouse", "wheels"], "the data set 'wheels' cannot be attached"),
        ([*WORDS, "-p", "STEPS=0"], "train: "),
        ([*WORDS, "another"], "/k is given; wanted one folder"),
    ],
)
def test_what_cannot_be_pushed_is_told_before_anything_is_written(tmp_path, capsys, words, told):
    assert main(["kaggle", str(tmp_path / "k"), *words]) != OK
    assert told in capsys.readouterr().err
    assert not (tmp_path / "k").exists()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index of tiny wheels; `lacked` and `voice` are what no image has."""
    folder = tmp_path / "index"
    for name in wheelhouse.HAD:
        wheel(folder, name, "9.0", ["behind"] if name == "tensorflow" else [])
    wheel(folder, "behind", "1.0")
    wheel(folder, "lacked", "1.2", ["behind", "deeper"])
    wheel(folder, "deeper", "3.0")
    wheel(folder, "voice", "2.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    needs = ["tensorflow", "numpy", "lacked", 'voice; extra == "tts"']
    return wheel(tmp_path / "source", "mwwkit", "0.1.0", needs)


def test_a_wheelhouse_has_mwwkit_and_what_an_image_lacks_and_nothing_else(tmp_path, index, capsys):
    folder = tmp_path / "house"
    words = ["--owner", "me", "--source", str(index), "--extras", "tts", "--python", "3.12"]
    assert main(["kaggle", "wheelhouse", str(folder), *words]) == OK
    names = [re.match("[a-z]+", path.name)[0] for path in sorted(folder.glob("*.whl"))]
    assert names == ["deeper", "lacked", "mwwkit", "voice"]
    about = json.loads((folder / "dataset-metadata.json").read_text())
    assert about["id"] == "me/mwwkit-wheelhouse" and 6 <= len(about["title"]) <= 50
    assert kaggle_kernels.slug(about["title"]) == "mwwkit-wheelhouse"
    assert f"kaggle datasets create -p {folder}" in capsys.readouterr().out


def test_what_pip_cannot_find_for_a_wheelhouse_is_told(tmp_path, index):
    bad = wheel(tmp_path / "bad", "mwwkit", "0.1.0", ["no-such-thing>=1"])
    with pytest.raises(CannotGoOn, match="pip install failed: ERROR.*no-such-thing"):
        wheelhouse.make(tmp_path / "house", "me", str(bad), ["3.12"], [])


def test_the_wheelhouse_counts_on_nothing_that_mwwkit_does_not_require():
    text = (Path(__file__).parents[1] / "requirements.txt").read_text()
    required = set(re.findall(r"^[a-z0-9-]+", text, flags=re.M))
    assert set(wheelhouse.HAD) - required == {"pandas"}
    assert USAGE == 2

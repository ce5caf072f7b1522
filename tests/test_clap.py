import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from mwwkit.run.disk_budget import Budget
from mwwkit.run.errors import CannotGoOn
from mwwkit.run.paths import Run
from mwwkit.run.session import Session
from mwwkit.triples import clap
from mwwkit.triples.clap import ABOUT, CACHE, FOLDER, Clap, embed_all, probe

RATE_HZ = 48_000
N_IRS = 11


def room(number):
    draw = np.random.default_rng(number)
    seconds = 0.1 + 0.1 * number
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    ir = np.exp(-6.9 * t / seconds) * draw.standard_normal(t.size)
    ir[0] = 3
    return (ir / np.abs(ir).max()).astype(np.float32)


IRS = {f"rooms/{i}.wav": (lambda i=i: room(i)) for i in range(N_IRS)}


class Levels:
    """A small real embedder: how loud the sound is in eight equal stretches."""

    sample_rate_hz = RATE_HZ

    def __init__(self, identity="levels"):
        self.identity, self.n_embedded = identity, 0

    def embed(self, audio):
        self.n_embedded += 1
        return np.array([np.std(part) for part in np.array_split(audio, 8)], np.float32)


def never(here, session):
    raise AssertionError("a model is loaded though nothing is missing")


def embed(here, irs=IRS, seed=42, embedder=None):
    return embed_all(here, irs, seed, lambda here, session: embedder or Levels())


def test_the_probe_is_the_same_three_seconds_of_noise_in_each_room():
    dry = probe(np.eye(1, 64, dtype=np.float32)[0], RATE_HZ, 42)
    assert dry.dtype == np.float32 and dry.size == 3 * RATE_HZ + 63
    assert np.abs(dry).max() == pytest.approx(1)
    power = np.abs(np.fft.rfft(dry)) ** 2
    octaves = [power[f : 2 * f].mean() for f in (3000, 9000, 27_000)]
    np.testing.assert_allclose(octaves, np.mean(octaves), rtol=0.1)  # white
    late = probe(np.eye(1, 64, 40, dtype=np.float32)[0], RATE_HZ, 42)
    np.testing.assert_allclose(late[40:], dry[:-40], atol=1e-6)
    assert not np.allclose(probe(np.ones(1), RATE_HZ, 43)[:100], dry[:100], atol=1e-3)


def test_a_probe_is_never_so_long_that_clap_would_cut_it_somewhere():
    assert probe(np.ones(9 * RATE_HZ, np.float32), RATE_HZ, 1).size == 10 * RATE_HZ


def test_the_cache_holds_each_irs_vector_under_its_id_and_is_used_again(tmp_path):
    here = Run(tmp_path / "run")
    made = embed(here, embedder=(levels := Levels()))
    assert list(made) == list(IRS) and levels.n_embedded == N_IRS
    with np.load(here / CACHE, allow_pickle=False) as file:
        assert set(file.files) == {*IRS, ABOUT}
        for ir_id, vector in made.items():
            assert file[ir_id].dtype == np.float32 and file[ir_id].shape == (8,)
            np.testing.assert_array_equal(file[ir_id], vector)
        about = json.loads(str(file[ABOUT]))
    assert about == {"model": "levels", "seed": 42, "noise_s": 3.0, "version": 1}
    before = (here / CACHE).stat()
    again = embed_all(here, IRS, 42, never)
    assert all(np.array_equal(again[i], made[i]) for i in IRS)
    assert (here / CACHE).stat().st_mtime_ns == before.st_mtime_ns  # not written again either


def test_an_earlier_runs_cache_is_read_where_it_lies_and_only_what_is_new_is_made(tmp_path):
    earlier, here = tmp_path / "one", Run(tmp_path / "two", (tmp_path / "one",))
    some = dict(list(IRS.items())[:7])
    made = embed(Run(earlier), some)
    assert all(np.array_equal(v, made[i]) for i, v in embed_all(here, some, 42, never).items())
    assert not (here / CACHE).exists()
    everything = embed(here, embedder=(levels := Levels()))
    assert levels.n_embedded == N_IRS - 7
    whole = embed(Run(tmp_path / "three"))
    assert all(np.array_equal(everything[i], whole[i]) for i in IRS)
    assert (here / CACHE).read_bytes() == (tmp_path / "three" / CACHE).read_bytes()


def test_stopped_and_continued_makes_the_same_cache_and_redoes_at_most_a_unit(tmp_path):
    class Dies(Levels):
        def embed(self, audio):
            if self.n_embedded == 9:
                raise KeyboardInterrupt
            return super().embed(audio)

    here = Run(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        embed(here, embedder=Dies())
    levels = Levels()
    embed(here, embedder=levels)
    assert levels.n_embedded == N_IRS - clap.UNIT
    embed(Run(tmp_path / "whole"))
    assert (here / CACHE).read_bytes() == (tmp_path / "whole" / CACHE).read_bytes()


def test_at_the_budget_what_is_left_is_missing_and_nothing_is_written(tmp_path):
    here = Run(tmp_path / "run")
    session = Session(Budget(here.folder, 1000), 0.0)
    assert embed_all(here, IRS, 42, never, session) == {}
    assert "disk budget" in session.reason and not (here / CACHE).exists()


def test_any_id_can_be_kept(tmp_path):
    irs = {name: IRS["rooms/1.wav"] for name in ("file", "arr_0", "a b/ä.irs", "x.npy.wav")}
    here = Run(tmp_path / "run")
    embed(here, irs)
    assert set(embed_all(here, irs, 42, never)) == set(irs)


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.95])
def test_a_cache_that_is_cut_off_is_named(tmp_path, kept):
    here = Run(tmp_path / "run")
    embed(here)
    data = (here / CACHE).read_bytes()
    (here / CACHE).write_bytes(data[: kept if isinstance(kept, int) else int(kept * len(data))])
    with pytest.raises(CannotGoOn, match=r"clap_cache.npz is damaged .*delete it"):
        embed(here)


def test_a_cache_with_a_changed_byte_is_named(tmp_path):
    here = Run(tmp_path / "run")
    made = embed(here)
    data = bytearray((here / CACHE).read_bytes())
    data[data.index(made["rooms/3.wav"].tobytes()) + 5] ^= 1
    (here / CACHE).write_bytes(data)
    with pytest.raises(CannotGoOn, match="clap_cache.npz is damaged"):
        embed(here)


def test_a_cache_of_another_seed_or_another_model_is_not_mixed_in(tmp_path):
    here = Run(tmp_path / "run")
    embed(here, dict(list(IRS.items())[:3]))
    with pytest.raises(CannotGoOn, match="made under seed 42, not 43"):
        embed(here, seed=43)
    with pytest.raises(CannotGoOn, match="made by the model levels, but clap_model/ holds other"):
        embed(here, embedder=Levels("other"))
    embed(Run(tmp_path / "other"), embedder=Levels("other"))
    with pytest.raises(CannotGoOn, match="made by different models"):
        embed(Run(tmp_path / "run", (tmp_path / "other",)))


def test_two_caches_that_disagree_are_both_named(tmp_path):
    embed(Run(tmp_path / "one"), {"a": IRS["rooms/1.wav"]})
    embed(Run(tmp_path / "two"), {"a": IRS["rooms/2.wav"]})
    here = Run(tmp_path / "run", (tmp_path / "one", tmp_path / "two"))
    with pytest.raises(CannotGoOn, match=r"one.*two.* disagree on a|two.*one.* disagree on a"):
        embed(here, {"a": IRS["rooms/1.wav"]})


def test_a_vector_with_nan_is_refused_with_the_irs_name(tmp_path):
    class Broken(Levels):
        def embed(self, audio):
            return np.full(8, np.nan, np.float32)

    with pytest.raises(CannotGoOn, match="the embedding of rooms/0.wav is no finite vector"):
        embed(Run(tmp_path / "run"), embedder=Broken())


def test_without_the_extra_one_line_says_what_to_install(tmp_path):
    code = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n in ('torch', 'transformers') else find(n, *a)\n"
        "from pathlib import Path; from mwwkit.run.paths import Run\n"
        "from mwwkit.triples.clap import Clap\n"
        f"Clap.load(Run(Path({str(tmp_path)!r})))"
    )
    root = Path(__file__).parents[1]
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, env=os.environ
    )
    assert ran.stderr.strip().splitlines()[-1] == (
        "mwwkit.run.errors.CannotGoOn: torch and transformers missing: "
        "pip install 'mwwkit[clap]', or go on without embeddings"
    )


@pytest.fixture(scope="module")
def tiny_clap(tmp_path_factory) -> Path:
    """A real CLAP of random weights, 1/1,000 of the size, as transformers saves one."""
    torch = pytest.importorskip("torch", reason="needs the extra clap")
    transformers = pytest.importorskip("transformers", reason="needs the extra clap")
    torch.manual_seed(1)
    audio = {
        **{"patch_embeds_hidden_size": 8, "hidden_size": 64, "depths": [1, 1, 1, 1]},
        **{"num_attention_heads": [1, 1, 1, 1], "spec_size": 256, "window_size": 8},
    }
    text = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    text |= {"intermediate_size": 8, "vocab_size": 50}
    config = transformers.ClapConfig(text_config=text, audio_config=audio, projection_dim=512)
    folder = tmp_path_factory.mktemp("clap") / "tiny"
    transformers.ClapModel(config).save_pretrained(folder)
    transformers.ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(folder)
    return folder


def test_clap_is_downloaded_once_and_then_lies_in_the_run(tmp_path, tiny_clap, monkeypatch, capsys):
    monkeypatch.setattr(clap, "MODEL", str(tiny_clap))  # the hub's name may also be a folder
    here = Run(tmp_path / "run")
    session = Session(Budget(here.folder, 10**10), 0.0)
    model = Clap.load(here, session)
    assert "CLAP: downloading" in capsys.readouterr().out
    assert (here / FOLDER / "model.safetensors").is_file() and session.budget.used_bytes > 10_000
    monkeypatch.setattr(clap, "MODEL", "nobody/no-such-model")
    again = Clap.load(here)
    assert not capsys.readouterr().out
    assert again.identity == model.identity and len(model.identity) == 16
    sound = probe(room(3), RATE_HZ, 42)
    np.testing.assert_array_equal(again.embed(sound), model.embed(sound))


def test_clap_is_copied_from_an_earlier_run_before_it_is_downloaded(
    tmp_path, tiny_clap, monkeypatch, capsys
):
    monkeypatch.setattr(clap, "MODEL", "nobody/no-such-model")
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / FOLDER).symlink_to(tiny_clap)
    here = Run(tmp_path / "two", (tmp_path / "one",))
    Clap.load(here)
    assert f"copied from {tmp_path / 'one' / FOLDER}" in capsys.readouterr().out
    for file in tiny_clap.iterdir():
        assert (here / FOLDER / file.name).read_bytes() == file.read_bytes()


def test_an_embedding_is_512_numbers_and_the_same_each_time(tmp_path, tiny_clap):
    model = Clap(tiny_clap)
    assert not model._model.training
    one, two = (model.embed(probe(room(i), RATE_HZ, 42)) for i in (1, 9))
    assert one.shape == (512,) and one.dtype == np.float32 and np.isfinite(one).all()
    assert not np.allclose(one, two)
    np.random.seed(5)  # CLAP's own draws must not reach it, whoever seeds them
    np.testing.assert_array_equal(model.embed(probe(room(1), RATE_HZ, 42)), one)


def test_the_older_librarys_tensor_is_taken_too(tiny_clap, monkeypatch):
    model = Clap(tiny_clap)
    sound = probe(room(2), RATE_HZ, 42)
    wanted = model.embed(sound)
    of_the_model = model._model.get_audio_features

    def tensor(**inputs):
        found = of_the_model(**inputs)
        return getattr(found, "pooler_output", found)

    def wrapped(**inputs):
        return type("Output", (), {"pooler_output": tensor(**inputs)})()

    for form in (tensor, wrapped):
        monkeypatch.setattr(model._model, "get_audio_features", form)
        np.testing.assert_array_equal(model.embed(sound), wanted)


def test_the_real_model_fills_the_cache(tmp_path, tiny_clap):
    here = Run(tmp_path / "run")
    (tmp_path / "run").mkdir()
    (here / FOLDER).symlink_to(tiny_clap)
    some = dict(list(IRS.items())[:3])
    made = embed_all(here, some, 42)
    again = embed_all(here, some, 42, never)
    assert all(v.shape == (512,) and np.array_equal(v, again[i]) for i, v in made.items())


def test_a_model_that_is_not_whole_is_refused_rather_than_filled_with_chance(tmp_path, tiny_clap):
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "half"
    folder.mkdir()
    for file in tiny_clap.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    weights = load_file(folder / "model.safetensors")
    weights.pop(next(name for name in weights if "audio_projection" in name))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CannotGoOn, match="does not hold a whole CLAP .*weights are missing"):
            Clap(folder)
    (folder / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(CannotGoOn, match="does not hold a whole CLAP .*delete it"):
        Clap(folder)


def test_without_a_way_to_the_model_the_message_says_the_three_ways(
    tmp_path, tiny_clap, monkeypatch
):
    monkeypatch.setattr(clap, "MODEL", str(tmp_path / "nothing" / "here" / "at" / "all"))
    with pytest.raises(CannotGoOn, match="internet on, attach an earlier run .* or go on without"):
        Clap.load(Run(tmp_path / "run"))
    assert not (tmp_path / "run" / FOLDER).exists()


def test_no_room_for_the_model_is_said_before_it_is_fetched(tmp_path, tiny_clap, monkeypatch):
    monkeypatch.setattr(clap, "MODEL", str(tiny_clap))
    here = Run(tmp_path / "run")
    with pytest.raises(CannotGoOn, match="no room for CLAP's 0.8 GB: the disk budget"):
        Clap.load(here, Session(Budget(here.folder, 10**8), 0.0))

"""Half of the people are never tested: drawn among made-up names, kept in a list of real ones."""

import csv
import sys
from collections import Counter
from pathlib import Path

import pytest

from mwwkit.run.errors import WrongInput

sys.path.insert(0, str(Path(__file__).parents[1]))  # the benchmarks are not installed

from benchmarks import reserve  # noqa: E402

HEAD = "path,kind,word,source,speaker,seconds"


def made_up(**n_speakers: int) -> dict[str, str]:
    """Speakers and their sources."""
    return {f"{source}_{i}": source for source, n in n_speakers.items() for i in range(n)}


def folder(path: Path, sources: dict[str, str]) -> Path:
    """A folder whose index.csv names each speaker, with one to three clips."""
    rows = [
        f"{name}/{take}.wav,keyword,up,{source},{name},1.0"
        for i, (name, source) in enumerate(sources.items())
        for take in range(1 + i % 3)
    ]
    (path / "index.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    return path


def refuse_all_but_halves(sources: dict[str, str], taken: frozenset[str]) -> None:
    """Fail unless `taken` are half of the speakers of each source and half of them all."""
    assert taken <= sources.keys()
    n_all, n_taken = (Counter(sources[name] for name in names) for names in (sources, taken))
    for source, n in n_all.items():
        assert n_taken[source] in (n // 2, (n + 1) // 2), source
    assert len(taken) == len(sources) // 2


@pytest.mark.parametrize(
    "sources", [made_up(a=10, b=10), made_up(a=7, b=3, c=974, d=1), made_up(a=1), {}]
)
def test_half_of_each_source_is_reserved_whatever_the_order_of_the_names(sources):
    taken = reserve.halved(sources)
    assert len(set(taken)) == len(taken)
    refuse_all_but_halves(sources, frozenset(taken))
    assert reserve.halved(dict(reversed(sources.items()))) == taken


def test_another_seed_reserves_others_and_a_source_that_comes_later_changes_nobody():
    sources = made_up(a=200)
    taken = reserve.halved(sources)
    both = set(taken) & set(reserve.halved(sources, seed=reserve.SEED + 1))
    assert 20 < len(both) < 80  # 50 where the draws are independent
    with_more = reserve.halved(sources | made_up(b=30))
    assert set(taken) == set(with_more) & sources.keys()


def test_the_list_is_written_once_and_never_again(tmp_path):
    people, path = folder(tmp_path, made_up(a=9, b=4)), tmp_path / "list.csv"
    assert reserve.write(people, path) == 6
    before = path.read_bytes()
    refuse_all_but_halves(reserve.sources_of(people), reserve.reserved(path))
    with pytest.raises(WrongInput, match="list.csv is there and stays"):
        reserve.write(people, path)
    assert path.read_bytes() == before


def test_a_speaker_without_a_name_or_of_two_sources_is_refused(tmp_path):
    (tmp_path / "index.csv").write_text(f"{HEAD}\n1.wav,keyword,up,a,,1.0\n")
    with pytest.raises(WrongInput, match=r"1.wav is of speaker '' of a; wanted"):
        reserve.sources_of(tmp_path)
    two = tmp_path / "two"
    two.mkdir()
    rows = ("1.wav,keyword,up,a,ann,1.0", "2.wav,keyword,up,b,ann,1.0")
    (two / "index.csv").write_text("\n".join([HEAD, *rows]) + "\n")
    with pytest.raises(WrongInput, match=r"2.wav is of speaker 'ann' of b; wanted"):
        reserve.write(two, tmp_path / "list.csv")
    assert not (tmp_path / "list.csv").exists()


def test_the_committed_list_names_each_speaker_once_in_order_and_nothing_else():
    with open(reserve.LIST, encoding="utf-8", newline="") as file:
        columns, *rows = list(csv.reader(file))
    assert columns == reserve.COLUMNS == ["source", "speaker"]
    assert rows == sorted(rows) and len({name for _, name in rows}) == len(rows) == 650
    assert all(reserve.is_reserved(name) for _, name in rows)
    assert not reserve.is_reserved("nobody of this name")
    with pytest.raises(WrongInput, match="the speaker is not named"):
        reserve.is_reserved("")


def test_of_the_real_people_exactly_half_are_reserved_as_the_draw_says(people):
    sources = reserve.sources_of(people)
    refuse_all_but_halves(sources, reserve.reserved())
    assert reserve.halved(sources) == sorted(reserve.reserved(), key=lambda n: (sources[n], n))
    rows = reserve.index(people).values()
    trains = {row.path for row in rows if reserve.is_reserved(row.speaker)}
    tests = {row.path for row in rows if not reserve.is_reserved(row.speaker)}
    assert not trains & tests and len(trains) + len(tests) == len(rows)
    for kind in {row.kind for row in rows}:
        of_kind = {row.path for row in rows if row.kind == kind}
        assert 0.45 < len(of_kind & trains) / len(of_kind) < 0.55

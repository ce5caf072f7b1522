"""The data engine killed, stopped at its budget, on full disks, read by a stranger, in notebook 01.

    python tests/conformance/triples.py FOLDER [--seed 1] [--only kills budget disk read notebook]

Needs root on Linux: earlier runs of a chain are mounted read-only, small disks are tmpfs. FOLDER
is made anew. Real speech and rooms go through the notebook where MWWKIT_REAL_AUDIO names a folder
that has them. Prints tables, and exits with 1 unless everything that they promise holds.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import triples_kills as kills
import triples_limits as limits
from triples_disks import small_disk
from triples_sessions import HERE, UNIT, sit, write_world

sys.path.insert(0, str(HERE.parent))
import stranger  # noqa: E402

from mwwkit.triples import impulse_responses  # noqa: E402
from mwwkit.triples.audio_files import listed  # noqa: E402

WORDS = 48  # files of speech, a segment each: two more are too short or silent
MORE_WORDS = 80  # to be stopped at the budget, and read
ROOMS = 16
SECTIONS = ("kills", "budget", "disk", "read", "notebook")


def verdict(said: list[str]) -> str:
    """The last cell of a row."""
    return "; ".join(said) or "yes"


class Check:
    """All that is promised, section by section; `wrong` is what does not hold."""

    def __init__(self, folder: Path, seed: int):
        """Make two worlds, and a run of each that nothing disturbs."""
        self.folder, self.seed, self.wrong = folder, seed, []
        self.worlds = {n: folder / f"world{n}" for n in (WORDS, MORE_WORDS)}
        self.whole = {n: folder / f"whole{n}" for n in self.worlds}

    def undisturbed(self, words: int) -> dict[str, float]:
        """The run that the others are compared with, and how long each thing in it took."""
        write_world(self.worlds[words], words, ROOMS)
        more = {"triples_per_file": limits.PER_FILE, "chunk_files": limits.CHUNK}
        given = {} if words == WORDS else more
        sitting = sit(self.worlds[words], self.whole[words], [], self.folder / "said", **given)
        report = sitting.to_its_end()
        print(f"Not disturbed: {report['status']} of {words} words.\n", flush=True)
        if report["triples_completed"] != words:
            self.wrong.append(f"{report['triples_completed']} triples")
        return kills.seconds_of(sitting)

    def killed(self) -> None:
        """30 kills, in one folder and as a chain, by 1, 2 and 3 workers."""
        seconds = self.undisturbed(WORDS)
        print(f"\n{kills.HEAD}", flush=True)
        for workers in (1, 2, 3):
            for chained in (False, True):
                folder = self.folder / f"killed-{workers}-{chained}"
                given = {"workers": workers, "chained": chained, "seed": self.seed}
                found = kills.killed_chain(self.worlds[WORDS], folder, seconds, **given)
                said = kills.wrong(found, self.whole[WORDS])
                self.wrong += said
                print(kills.row(found, said), flush=True)
                shutil.rmtree(folder)

    def budget(self) -> None:
        """20 triples a file, 60 MB."""
        self.undisturbed(MORE_WORDS)
        print(
            "| first on | share for speech | batches in each run | most MB in each | same batches |"
        )
        print("|---|---|---|---|---|")
        for share, on_disk in ((0.3, False), (0.5, False), (0.3, True)):
            folder = self.folder / f"budget-{share}-{on_disk}"
            if on_disk:
                with small_disk(self.folder / "disk") as disk:
                    self._budget(folder, share, disk)
            else:
                self._budget(folder, share, None)

    def _budget(self, folder: Path, share: float, disk: Path | None) -> None:
        world = self.worlds[MORE_WORDS]
        ended, runs = limits.budgeted_chain(world, folder, share, disk=disk)
        said = limits.wrong_at_budget(ended[1:] if disk else ended, runs, self.whole[MORE_WORDS])
        if disk and "the disk is full" not in ended[0].report["status"]:
            said.append(ended[0].report["status"])
        self.wrong += said
        cells = ("a disk of 64 MiB" if disk else "a budget of 60 MB", share)
        cells += (", ".join(str(e.batches) for e in ended),)
        cells += (", ".join(f"{e.largest / 1e6:.1f}" for e in ended), verdict(said))
        print(f"| {' | '.join(map(str, cells))} |")
        for number, session in enumerate(ended, 1):
            print(f"  run {number} {session.report['status']}", file=sys.stderr)

    def disk(self) -> None:
        """The disk's last byte is taken in the middle of every phase."""
        if not self.whole[WORDS].exists():
            self.undisturbed(WORDS)
        told, runs = limits.filled_chain(self.worlds[WORDS], self.folder / "filled")
        said = limits.wrong_when_filled(told, runs, self.whole[WORDS])
        self.wrong += said
        print("\n| the disk is full in phase | says |\n|---|---|")
        for phase, status in told.items():
            where = f"{phase}, {kills.PHASES[phase]}" if phase else "none any more"
            print(f"| {where} | {status.replace(str(self.folder) + '/', '')} |")
        print(f"\nThe same batches and totals in the end: {verdict(said)}.", flush=True)

    def read(self) -> None:
        """A run of 80 triples, row by row."""
        if not self.whole[MORE_WORDS].exists():
            self.undisturbed(MORE_WORDS)
        run = self.whole[MORE_WORDS]
        seen = stranger.read([run], run / "clap_cache.npz", self.worlds[MORE_WORDS] / "target")
        if seen.rows != list(range(MORE_WORDS)):
            self.wrong.append(f"rows {seen.rows}")
        print(
            f"\nA stranger read {len(seen.rows)} rows in {seen.files} files: keys, types, shapes,"
        )
        print(
            f"peaks; the least RMS is {seen.least_rms:.0f} of 32,767; embeddings are the cache's;"
        )
        print(
            f"targets made again from the ids are at most {seen.worst_lsb:.0f} LSB off.", flush=True
        )

    def notebook(self) -> None:
        """01, twice, on this world and on real sound."""
        world, given = self.worlds[WORDS], {}
        if not self.whole[WORDS].exists():
            self.undisturbed(WORDS)
        cached = self.folder / "cached"  # torch is not needed where every embedding is known
        cached.mkdir()
        shutil.copy(self.whole[WORDS] / "clap_cache.npz", cached)
        places = {"BAD_IRS": "bad", "TARGET_IRS": "target", "DRY_SPEECH": "dry"}
        given = {name: [str(world / pool)] for name, pool in places.items()}
        given |= {"TRIPLES_PER_FILE": UNIT[5], "CHUNK_FILES": UNIT[4]}
        print("\n| 01 on | triples | files changed by the second run | skips proved |")
        print("|---|---|---|---|")
        twice = limits.notebook_twice(
            self.folder / "notebook", [cached], EMBEDDINGS="clap", **given
        )
        said = limits.wrong_in_notebook(twice, (2, 3, 4, 6))
        if kills.hashes([self.folder / "notebook"]) != kills.hashes([self.whole[WORDS]]):
            said.append("other batches than by the engine alone")
        self._show("words and rooms made up", twice, said)
        real = os.environ.get("MWWKIT_REAL_AUDIO", "")
        if not real:
            print("Real sound was left out: MWWKIT_REAL_AUDIO is not set.")
            return
        given = {name: [str(path)] for name, path in self._halves(Path(real)).items()}
        given["DRY_SPEECH"] = [str(Path(real) / "dry48k")]
        given |= {"TRIPLES_PER_FILE": 20, "CHUNK_FILES": 20, "EMBEDDINGS": "none"}
        twice = limits.notebook_twice(self.folder / "notebook-real", [], **given)
        self._show("real speech and rooms", twice, limits.wrong_in_notebook(twice, (2, 4, 6)))

    def _show(self, what: str, twice: limits.Twice, said: list[str]) -> None:
        self.wrong += said
        cells = (what, twice.triples, len(twice.changed), verdict(said))
        print(f"| {' | '.join(map(str, cells))} |")
        for line in twice.second:
            print(f"  {line.replace(str(self.folder) + '/', '')}", file=sys.stderr, flush=True)

    def _halves(self, real: Path) -> dict[str, Path]:
        """Half of the rooms as bad ones and half as targets, by turns."""
        for number, room in enumerate(listed([real / "rirs"], impulse_responses.SUFFIXES)):
            path = self.folder / "halves" / ("bad", "target")[number % 2] / room.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(room.path.absolute())
        return {"BAD_IRS": self.folder / "halves/bad", "TARGET_IRS": self.folder / "halves/target"}


def main() -> None:
    """Every section that is asked for."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="for all runs; deleted first")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    given = options.parse_args()
    folder = given.folder.absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    check = Check(folder, given.seed)
    methods = dict(
        zip(
            SECTIONS,
            (check.killed, check.budget, check.disk, check.read, check.notebook),
            strict=True,
        )
    )
    for name in SECTIONS:
        if name in given.only:
            methods[name]()
    print("\nAll holds." if not check.wrong else f"\nWRONG: {check.wrong}")
    sys.exit(bool(check.wrong))


if __name__ == "__main__":
    main()

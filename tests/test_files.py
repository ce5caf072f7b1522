import hashlib
import json
import math
import os

import pytest
from killing import killed_by_itself

from mwwkit.run.files import read_json, replacing, sha256, tree_bytes, write_json


class Broken(Exception):
    pass


def write(part, text):
    """A file, or a folder with a folder in it."""
    if part.suffix:
        part.write_text(text)
    else:
        (part / "deep").mkdir(parents=True)
        (part / "a.txt").write_text(text)
        (part / "deep/b.txt").write_text(text)


def read(path):
    return [f.read_text() for f in ([path] if path.suffix else sorted(path.rglob("*.txt")))]


@pytest.fixture(params=["scores.txt", "shard"])
def path(request, tmp_path):
    return tmp_path / "new" / "folders" / request.param


def test_what_was_written_is_there_under_its_name_and_nothing_beside_it(path):
    with replacing(path) as part:
        write(part, "one")
        assert not path.exists()
    assert set(read(path)) == {"one"}
    assert [f.name for f in path.parent.iterdir()] == [path.name]


def test_a_second_writing_replaces_the_first_whole(path):
    for text in ("one", "two"):
        with replacing(path) as part:
            write(part, text)
            if text == "one" and not path.suffix:
                (part / "only in the first.txt").write_text("one")
    assert set(read(path)) == {"two"}
    assert [f.name for f in path.parent.iterdir()] == [path.name]


def test_a_block_that_raises_leaves_what_was_there_before(path):
    with replacing(path) as part:
        write(part, "one")
    with pytest.raises(Broken), replacing(path) as part:
        write(part, "two")
        raise Broken
    assert set(read(path)) == {"one"}
    assert [f.name for f in path.parent.iterdir()] == [path.name]


def test_a_block_that_writes_nothing_is_an_error_and_leaves_what_was_there(path):
    with replacing(path) as part:
        write(part, "one")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert set(read(path)) == {"one"}


KILLED_INSIDE = """
import os, signal, sys
from pathlib import Path
from test_files import write
from mwwkit.run.files import replacing
with replacing(Path(sys.argv[1])) as part:
    write(part, "half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_inside_leaves_what_was_there_and_its_leftover_is_overwritten(path):
    with replacing(path) as part:
        write(part, "one")
    killed_by_itself(KILLED_INSIDE, path)
    assert set(read(path)) == {"one"}
    assert len(list(path.parent.iterdir())) == 2  # the leftover, under a name nobody reads
    with replacing(path) as part:
        assert not part.exists()
        write(part, "two")
    assert set(read(path)) == {"two"}
    assert [f.name for f in path.parent.iterdir()] == [path.name]


KILLED_REPLACING = """
import os, signal, sys
from pathlib import Path
from mwwkit.run.files import replacing
calls = []
def killing(function):
    def call(*args, **named):
        calls.append(function)
        if len(calls) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **named)
    return call
for generation in ("old", "new"):
    if generation == "new":
        os.replace, os.unlink, os.fsync = map(killing, (os.replace, os.unlink, os.fsync))
    with replacing(Path(sys.argv[1])) as part:
        part.mkdir()
        for name in range(5):
            (part / f"{name}.txt").write_text(generation)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_being_replaced_is_old_absent_or_new_but_never_in_part(tmp_path):
    seen = []
    for call in range(1, 17):  # six files and folders synced, two renames, the parent, five removed
        path = tmp_path / str(call) / "shard"
        killed_by_itself(KILLED_REPLACING, path, call)
        found = {f.name: f.read_text() for f in path.iterdir()} if path.exists() else {}
        assert len(found) in (0, 5) and len(set(found.values())) < 2
        seen.append(next(iter(found.values()), "absent"))
        with replacing(path) as part:
            write(part, "after")
        assert [f.name for f in path.parent.iterdir()] == ["shard"]
    assert seen[0] == "old" and seen[-1] == "new"
    assert seen.count("absent") == 1  # between two renames: the unit is made again


def test_json_reads_back_and_the_same_value_is_the_same_bytes(tmp_path):
    value = {"b": [1, 2.5, None, True], "a": {"ü": "日本", "empty": {}}}
    write_json(tmp_path / "1.json", value)
    write_json(tmp_path / "2.json", dict(reversed(list(value.items()))))
    assert read_json(tmp_path / "1.json") == value
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert "日本" in (tmp_path / "1.json").read_text(encoding="utf-8")  # readable by people


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_json_has_no_nan_and_no_infinity(tmp_path, number):
    write_json(tmp_path / "facts.json", {"loss": 1.0})
    with pytest.raises(ValueError):
        write_json(tmp_path / "facts.json", {"loss": number})
    assert read_json(tmp_path / "facts.json") == {"loss": 1.0}


@pytest.mark.parametrize("data", [b"", b'{"a": ', b"\xff\xfe", b"\0\0\0\0"])
def test_a_file_that_is_no_json_is_named(tmp_path, data):
    path = tmp_path / "facts.json"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="facts.json is not readable as JSON"):
        read_json(path)


def test_sha256_is_that_of_the_bytes_however_long(tmp_path):
    data = os.urandom(3 << 20)
    (tmp_path / "data").write_bytes(data)
    assert sha256(tmp_path / "data") == hashlib.sha256(data).hexdigest()
    (tmp_path / "empty").write_bytes(b"")
    assert sha256(tmp_path / "empty") == hashlib.sha256().hexdigest()


def test_the_bytes_of_a_tree_are_those_of_its_files(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c").write_bytes(bytes(1000))
    (tmp_path / "a/d").write_bytes(bytes(24))
    (tmp_path / "a/dangling").symlink_to(tmp_path / "nowhere")
    link = len(str(tmp_path / "nowhere"))  # a link counts for itself, not for what it points at
    assert tree_bytes(tmp_path) == 1024 + link
    assert tree_bytes(tmp_path / "not there") == 0


def test_a_full_disk_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "facts.json", {"generation": 1})
    with pytest.raises(OSError), replacing(tmp_path / "facts.json") as part:
        with open(part, "w") as file:
            file.write("half of it")
            file.flush()
            with open("/dev/full", "w") as full:  # the kernel's own "no space left on device"
                full.write(json.dumps({"generation": 2}))
    assert read_json(tmp_path / "facts.json") == {"generation": 1}
    assert [f.name for f in tmp_path.iterdir()] == ["facts.json"]

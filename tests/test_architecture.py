"""Who may import whom, and what nobody may do, read off the sources."""

import ast
import collections
import graphlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import mwwkit

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mwwkit"
MODULES = sorted(PACKAGE.rglob("*.py"))
FLOORS = (  # from the top down: a room imports only from rooms on lower floors
    ("__main__",),
    ("cli",),
    ("stages", "previews"),
    ("report",),
    ("evaluation",),
    ("training", "scenes", "triples"),
    ("model", "esphome", "metrics", "corpus"),
    ("audio",),
    ("device", "presets"),
    ("run",),
)
WITH_TENSORFLOW = {"model", "training", "evaluation", "stages"}
WITHOUT_TENSORFLOW = (  # in those rooms, yet needed where TensorFlow is not to be loaded
    *("model/shapes.py", "model/targets.py", "evaluation/scoring.py", "evaluation/live.py"),
    *("stages/acquire.py", "stages/featurize.py", "stages/triples.py"),
)
WITHOUT_THE_MODEL = {"audio", "device", "metrics", "corpus", "scenes", "triples", "esphome", "run"}


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a source imports, at its top or inside a function."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name(path)}: write imports in full: from mwwkit..."
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def own_imports(path: Path) -> set[str]:
    return {i for i in imports(path) if i.startswith("mwwkit.")}


def rooms_imported(path: Path) -> set[str]:
    return {i.split(".")[1] for i in own_imports(path)} - {"__version__"}


def test_imports_point_down():
    floor = {room: n for n, rooms in enumerate(FLOORS) for room in rooms}
    for path in MODULES:
        if path != PACKAGE / "__init__.py":
            others = rooms_imported(path) - {room(path)}
            up = sorted(r for r in others if floor[r] <= floor[room(path)])
            assert not up, f"{name(path)} imports {up}, which do not stand below {room(path)}"


def test_no_two_modules_import_each_other():
    dotted = {
        ".".join(("mwwkit", *m.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): m
        for m in MODULES
    }
    graph = {d: (own_imports(m) & dotted.keys()) - {d} for d, m in dotted.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_stages_do_not_import_stages():
    for path in (PACKAGE / "stages").glob("*.py"):
        among = {i.split(".")[2] for i in own_imports(path) if i.startswith("mwwkit.stages.")}
        assert among <= {"inputs"}, f"{name(path)} imports {among}; stages meet only on disk"


def test_no_two_modules_share_a_stem():
    where = collections.defaultdict(list)
    for path in MODULES:
        if path.stem not in ("__init__", "__main__"):
            where[path.stem].append(name(path))
    assert not [names for names in where.values() if len(names) > 1]


def test_every_room_is_on_the_map_and_says_what_it_holds():
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} | {"__main__"}
    assert {r for floor in FLOORS for r in floor} == rooms
    on_the_map = re.findall(r"^    (\w+)/?  ", mwwkit.__doc__, flags=re.M)
    assert sorted(on_the_map) == sorted(rooms), "mwwkit/__init__.py names every room once"
    for path in MODULES:
        if path.name == "__init__.py" and path.parent not in (PACKAGE, PACKAGE / "presets"):
            told = ast.get_docstring(tree(path))
            unsaid = [
                m.stem
                for m in sorted(path.parent.glob("*.py"))
                if m != path and not re.search(rf"\b{m.stem}\b", told)
            ]
            assert not unsaid, f"{name(path)} does not say what {unsaid} are for"


def test_only_the_model_side_imports_tensorflow():
    for path in MODULES:
        if room(path) not in WITH_TENSORFLOW or name(path) in WITHOUT_TENSORFLOW:
            assert not {i.split(".")[0] for i in imports(path)} & {"tensorflow", "keras"}, name(
                path
            )


def test_sound_device_and_metrics_know_no_net():
    for path in MODULES:
        if room(path) in WITHOUT_THE_MODEL:
            assert not rooms_imported(path) & {"model", "training"}, name(path)


def test_the_command_line_imports_no_heavy_library_to_show_its_help():
    heavy = {"numpy", "tensorflow", "keras", "scipy", "matplotlib", "papermill", "av", "joblib"}
    for path in [PACKAGE / "__main__.py", *(PACKAGE / "cli").glob("*.py")]:
        tops = [n for n in tree(path).body if isinstance(n, ast.Import | ast.ImportFrom)]
        names = [
            [n.module] if isinstance(n, ast.ImportFrom) else [a.name for a in n.names] for n in tops
        ]
        assert not {n.split(".")[0] for found in names for n in found} & heavy, name(path)


def test_no_module_loads_the_slow_parts_of_scipy_before_they_are_used():
    # `import scipy` is next to nothing and finds its parts when they are named; these take from a
    # third of a second to one and a half, twice for each notebook that `mwwkit run` starts
    slow = {"signal", "stats", "ndimage", "integrate", "optimize", "cluster"}
    for path in MODULES:
        tops = [n for n in tree(path).body if isinstance(n, ast.Import | ast.ImportFrom)]
        for node in tops:
            whole = getattr(node, "module", None)
            names = [f"{whole}.{a.name}" if whole else a.name for a in node.names]
            found = {n.split(".")[1] for n in names if n.startswith("scipy.")}
            assert not found & slow, f"{name(path)} loads scipy.{found & slow} when it is imported"


def test_only_clap_imports_torch():
    for path in MODULES:
        found = {i.split(".")[0] for i in imports(path)}
        assert name(path) == "triples/clap.py" or not found & {"torch", "transformers"}, name(path)


def test_no_pickle_no_global_randomness_no_shell():
    banned = {
        "an unsafe load": r"allow_pickle=True|yaml\.(unsafe_)?load\(|[^.\w](eval|exec)\(",
        "a draw without a seed": r"np\.random\.(?!default_rng\([^)])[a-z_]+\(",
        "a shell": r"shell=True|os\.system\(",
    }
    may_pickle = "corpus/speaker_weights_child.py"  # an unpickler of three names, see there
    for path in MODULES:
        unwanted = set(imports(path)) & {"pickle", "dill", "shelve", "random"}
        assert not unwanted - ({"pickle"} if name(path) == may_pickle else set()), name(path)
        text = path.read_text(encoding="utf-8")
        for what, pattern in banned.items():
            assert not re.search(pattern, text), f"{name(path)} holds {what}"


def test_what_is_caught_is_named_or_raised_again():
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
                caught = ast.unparse(node.type) if node.type else "everything"
                where = f"{name(path)}:{node.lineno}"
                assert caught not in {"everything", "Exception", "BaseException"}, where


def test_only_paths_md_names_a_platforms_folder():
    sources = [*MODULES, *(ROOT / "notebooks").glob("*.py"), *PACKAGE.rglob("*.yaml")]
    for path in sources:
        code = path.read_text(encoding="utf-8")
        if path.suffix == ".py":  # a docstring or a comment may show an example
            code = ast.unparse(_without_docstrings(ast.parse(code)))
        assert not re.search(r"/kaggle/|/content/", code), path


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            if isinstance(body[0].value, ast.Constant):
                body[0] = ast.Pass()
    return tree


def test_a_module_is_small_enough_to_read_in_one_sitting():
    for path in MODULES:
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= 400, f"{name(path)} has {lines} lines; split it where its subject splits"


def test_requirements_txt_and_pyproject_name_the_same_ranges():
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    ranges = {line.split(";")[0].strip() for line in lines if line and not line.startswith("#")}
    cupy = {line.split(";")[0] for line in project["optional-dependencies"]["gpu"]}
    assert ranges == set(project["dependencies"]) | cupy

"""Who may import whom, and what nobody may do, read off the sources."""

import ast
import graphlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mwwkit"
MODULES = sorted(PACKAGE.rglob("*.py"))
FLOOR = {
    *("files", "paths", "checkpoint", "disk", "session", "random", "parallel"),
    "progress",
    *("device", "metrics", "groups"),
}
MAY_IMPORT = {  # a room of the house -> the rooms it may import; the floor is open to all
    "audio": {"audio"},
    "device": {"model"},  # the quieting of C++ libraries
    "model": {"model"},
    "esphome": {"esphome"},
    "triples": {"audio", "triples"},
    "handover": {"audio", "model"},
    "worst": {"audio"},
    "parity": {"audio", "model", "worst"},
    "figures": {"audio", "worst"},
    "report": {"audio", "model", "report"},
    "stages": {
        "audio",
        "model",
        "handover",
        "figures",
        "worst",
        "parity",
        "report",
        "triples",
        "esphome",
    },
    "previews": {"audio", "model", "previews", "scoring", "triples", "esphome"},
    "presets": {"presets"},
    "judge": {"audio", "model", "judge"},
    "scoring": {"audio", "esphome"},
    "live": {"audio", "esphome", "scoring"},
    "chain": {"presets", "preflight"},
    "preflight": {"presets", "stages", "model"},
    "ablation": {"chain", "presets"},
    "tta": {"audio", "model"},
    "shift": {"audio", "model", "tta"},
    "measuring": {"audio", "ablation", "shift", "presets"},
    "spaces": {"presets", "chain", "preflight"},
    "tuning": {"stages", "spaces"},
    "summary": {"model"},
    "__main__": {
        *("esphome", "stages", "presets", "chain", "scoring", "summary", "report", "measuring"),
        *("spaces", "tuning", "live"),
    },
}
MAY_USE_TENSORFLOW = (
    *("model/", "handover.py"),
    *("stages/train.py", "stages/mine.py", "stages/export.py"),
)


def name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Every module that a source imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name(path)}: write imports in full: from mwwkit..."
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def own_imports(path: Path) -> set[str]:
    return {i for i in imports(path) if i.startswith("mwwkit.")}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_point_down(path):
    if room(path) == "__init__":
        return
    allowed = FLOOR | MAY_IMPORT.get(room(path), set())
    found = {i.split(".")[1] for i in own_imports(path)} - {"__version__"}
    assert found <= allowed, f"{name(path)} imports {sorted(found - allowed)}"


def test_no_two_modules_import_each_other():
    dotted = {
        ".".join(("mwwkit", *m.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): m
        for m in MODULES
    }
    graph = {d: (own_imports(m) & dotted.keys()) - {d} for d, m in dotted.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_the_model_side_imports_tensorflow(path):
    if not name(path).startswith(MAY_USE_TENSORFLOW):
        found = {i.split(".")[0] for i in imports(path)}
        assert not found & {"tensorflow", "keras"}, name(path)


def test_the_command_line_imports_no_heavy_library_to_show_its_help():
    heavy = {"numpy", "tensorflow", "keras", "scipy", "matplotlib", "papermill", "av", "joblib"}
    tree = ast.parse((PACKAGE / "__main__.py").read_text(encoding="utf-8"))
    tops = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    names = [
        [n.module] if isinstance(n, ast.ImportFrom) else [a.name for a in n.names] for n in tops
    ]
    assert not {n.split(".")[0] for found in names for n in found} & heavy


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_only_clap_imports_torch(path):
    found = {i.split(".")[0] for i in imports(path)}
    assert name(path) == "triples/clap.py" or not found & {"torch", "transformers"}, name(path)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_pickle_no_global_randomness_no_shell(path):
    assert not set(imports(path)) & {"pickle", "dill", "shelve", "random"}, name(path)
    text = path.read_text(encoding="utf-8")
    banned = {
        "an unsafe load": r"allow_pickle=True|yaml\.(unsafe_)?load\(|[^.\w](eval|exec)\(",
        "a draw without a seed": r"np\.random\.(?!default_rng\([^)])[a-z_]+\(",
        "a shell": r"shell=True|os\.system\(",
    }
    for what, pattern in banned.items():
        assert not re.search(pattern, text), f"{name(path)} holds {what}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_what_is_caught_is_named_or_raised_again(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
            caught = ast.unparse(node.type) if node.type else "everything"
            assert caught not in {"everything", "Exception", "BaseException"}, node.lineno


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


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_small_enough_to_read_in_one_sitting(path):
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

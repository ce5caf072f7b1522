"""Put an executed run into docs/executed, as small as readers need it: `make executed`.

python docs/executed.py run/executed

Takes the notebooks that papermill left in the run, the report and the files for a device. Sounds
become MP3 and pictures have fewer colours; places of this machine and times are left out. Raises
where it would be more than MOST_BYTES, or a cell longer than a page of LINES.
"""

import base64
import io
import re
import shutil
import sys
from pathlib import Path

import nbformat
import soundfile
from PIL import Image

import mwwkit

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "executed"
MOST_BYTES, LINES = 3_000_000, 60
SHOWN = ("tags", "jupyter", "_kg_hide-input")  # of a cell's metadata: the rest is papermill's
DATA = re.compile(r"data:(audio|image)/([\w.+-]+);base64,([A-Za-z0-9+/=]+)")


def smaller_sound(content: bytes) -> bytes:
    """A sound as MP3."""
    samples, rate_hz = soundfile.read(io.BytesIO(content), dtype="float32")
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate_hz, format="MP3", compression_level=0.6)
    return stream.getvalue()


def smaller_picture(content: bytes) -> bytes:
    """A PNG of at most 128 colours."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        few = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
        few.save(stream, "PNG", optimize=True)
    return min(stream.getvalue(), content, key=len)


def base64_of(content: bytes) -> str:
    """As JSON and HTML hold it."""
    return base64.b64encode(content).decode("ascii")


def _smaller(found: re.Match) -> str:
    kind, form, text = found.groups()
    content = base64.b64decode(text)
    if kind == "audio":
        return f"data:audio/mpeg;base64,{base64_of(smaller_sound(content))}"
    if form == "png":
        return f"data:image/png;base64,{base64_of(smaller_picture(content))}"
    return found[0]


def cleaned(text: str, run: Path) -> str:
    """A text without places of this machine, its sounds and pictures smaller."""
    text = DATA.sub(_smaller, text)
    for place, name in ((run, "run/executed"), (ROOT, "."), (Path(sys.prefix), ".venv")):
        text = text.replace(str(place), name)
    return text.replace("../export/", "export/")


def clean(notebook: nbformat.NotebookNode, run: Path) -> None:
    """Make an executed notebook fit to be kept, in place."""
    for gone in ("papermill", "widgets"):
        notebook.metadata.pop(gone, None)
    for cell in notebook.cells:
        cell.metadata = {n: v for n, v in cell.metadata.items() if n in SHOWN}
        cell.source = cleaned(cell.source, run)
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = cleaned(output.text, run)
            for kind, content in output.get("data", {}).items():
                if kind == "image/png":
                    content = base64_of(smaller_picture(base64.b64decode(content)))
                output.data[kind] = cleaned(content, run) if isinstance(content, str) else content


def refuse_long_cells(name: str, notebook: nbformat.NotebookNode) -> None:
    """ValueError for a cell that shows more than a page of text."""
    for cell in notebook.cells:
        texts = [o.get("text", "") or _plain(o) for o in cell.get("outputs", [])]
        n_lines = sum(text.count("\n") + 1 for text in texts if text)
        if n_lines > LINES:
            raise ValueError(f"{name} shows {n_lines} lines in {cell.source[:60]!r}")


def _plain(output: nbformat.NotebookNode) -> str:
    data = output.get("data", {})
    return "" if "text/html" in data or "image/png" in data else data.get("text/plain", "")


def closing(notebook: nbformat.NotebookNode) -> str:
    """The sentences on whether it is good enough."""
    [cell] = [c for c in notebook.cells if re.search(r"^[^#\n]* good_enough\.", c.source, re.M)]
    return cell.outputs[0].data["text/markdown"]


def write(run: Path) -> None:
    """All of docs/executed, from a finished run."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "export").mkdir(parents=True)
    told = []
    for path in sorted((run / "executed").glob("0*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        clean(notebook, run)
        refuse_long_cells(path.name, notebook)
        nbformat.write(notebook, FOLDER / path.name)
        title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        told.append(f"## [{title}]({path.name})\n\n{closing(notebook)}")
    for path in sorted((run / "export").iterdir()):
        if not path.name.startswith("checkpoint"):
            _copy(path, run)
    (FOLDER / "README.md").write_text(_index(told), encoding="utf-8")
    sizes = {path: path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()}
    if sum(sizes.values()) > MOST_BYTES:
        raise ValueError(f"{sum(sizes.values()):,} bytes, wanted {MOST_BYTES:,} or less: {sizes}")
    print(f"{FOLDER}: {len(sizes)} files, {sum(sizes.values()):,} bytes")


def _copy(path: Path, run: Path) -> None:
    """A file of export/; the report's page with smaller sounds."""
    if path.suffix == ".tflite":
        shutil.copyfile(path, FOLDER / "export" / path.name)
    else:
        text = cleaned(path.read_text(encoding="utf-8"), run)
        (FOLDER / "export" / path.name).write_text(text, encoding="utf-8")


def _index(told: list[str]) -> str:
    [card] = (FOLDER / "export").glob("*.card.md")
    word = f"export/{card.name.removesuffix('.card.md')}"
    return (
        "# The demo, executed\n\n"
        "`make executed` made this: the five notebooks with the preset `demo`, a wake word that "
        f"machines alone spoke, and [its files](export): the [model]({word}.tflite), its "
        f"[manifest]({word}.json), the [report]({word}.report.html) (to be downloaded and opened) "
        f"and the [card]({word}.card.md). Nobody recorded anything, so it shows how the work goes "
        "and not how well people are heard; for that see "
        "[what it reaches](../../README.md#what-it-reaches). What each notebook said of itself at "
        "its end:\n\n" + "\n\n".join(told) + f"\n\nMade by mwwkit {mwwkit.__version__}.\n"
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]).absolute())

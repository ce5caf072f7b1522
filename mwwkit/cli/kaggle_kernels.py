"""The five notebooks as Kaggle's kernels: what `kaggle kernels push` wants of each.

    kernels = kernels_of(jobs, Series("me", "hey kitchen"))
    for kernel in kernels:
        kernel.write(Path("kernels"))       # kernels/01-acquire/: the notebook and its metadata

What the server or Kaggle's client would refuse, or take in another sense, is refused before.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mwwkit.cli import chain
from mwwkit.presets.pristine import as_it_came
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import replacing, write_json
from mwwkit.run.paths import places

T4 = "NvidiaTeslaT4"
METADATA = "kernel-metadata.json"
ROWS = {  # parameter of 01 -> its row in paths.md, asked where it says "auto" or names none
    "RECORDINGS": "recordings",
    "BAD_IRS": "bad_irs",
    "TARGET_IRS": "target_irs",
    "DRY_SPEECH": "dry_speech",
}
FOLDERS = ("POSITIVE", "NEGATIVE", "HARD_NEGATIVE", "AMBIENT", "BACKGROUND", "RIRS")
PLACES = (*ROWS, *FOLDERS, "TABLE", "GIVEN_SPLITS", "PIPER_VOICES")  # parameters that are paths
_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_ADDRESS = re.compile(r"/(datasets|notebooks)/([^/]+)/([^/]+)")


@dataclass(frozen=True)
class Series:
    """What the kernels of one wake word share."""

    owner: str  # a Kaggle user
    name: str  # in every title; usually the word
    datasets: tuple[str, ...] = ()  # OWNER/NAME, attached to all
    machine: str = T4  # "": no accelerator
    internet: bool = True
    again: tuple[str, ...] = ()  # stages that go on from their own output

    def title(self, stage: str) -> str:
        """A kernel's title, such as "hey kitchen 01 acquire"."""
        return f"{self.name} {stage} {chain.SECTIONS[stage]}"

    def address(self, stage: str) -> str:
        """A kernel's id, OWNER/SLUG."""
        return f"{self.owner}/{slug(self.title(stage))}"

    def linked(self, text: str) -> str:
        """A notebook's text whose links to the notebooks beside it lead to the kernels."""
        for stage, name in chain.NOTEBOOKS.items():
            kernel = f"https://www.kaggle.com/code/{self.address(stage)}"
            text = text.replace(f"]({name}.ipynb)", f"]({kernel})")
        return text


@dataclass(frozen=True)
class Kernel:
    """One notebook, what it is given, and what is attached to it."""

    series: Series
    stage: str
    given: dict[str, Any]
    datasets: tuple[str, ...]
    kernels: tuple[str, ...]  # whose outputs it reads

    @property
    def folder(self) -> str:
        """The folder that it is pushed from, such as 01-acquire."""
        return f"{self.stage}-{chain.SECTIONS[self.stage]}"

    def metadata(self) -> dict[str, Any]:
        """kernel-metadata.json; WrongInput for what Kaggle would refuse."""
        title, address = self.series.title(self.stage), self.series.address(self.stage)
        refuse(title, address, self.datasets, self.kernels)
        return {
            "id": address,
            "title": title,
            "code_file": chain.notebook(self.stage).name,
            "language": "python",
            "kernel_type": "notebook",
            "is_private": True,
            "enable_gpu": bool(self.series.machine),
            "enable_tpu": False,
            "enable_internet": self.series.internet,
            "machine_shape": self.series.machine,
            "dataset_sources": list(self.datasets),
            "kernel_sources": list(self.kernels),
            "competition_sources": [],
            "model_sources": [],
        }

    def write(self, folder: Path) -> Path:
        """Write the notebook with its parameters, and the metadata last; where they are."""
        from papermill.iorw import load_notebook_node
        from papermill.parameterize import parameterize_notebook

        metadata = self.metadata()
        with TemporaryDirectory() as held:
            path = as_it_came(chain.notebook(self.stage), Path(held))
            notebook = load_notebook_node(str(path))
        filled = parameterize_notebook(notebook, self.given) if self.given else notebook
        with replacing(folder / self.folder / metadata["code_file"]) as part:
            text = self.series.linked(json.dumps(filled, indent=1, ensure_ascii=False))
            part.write_text(text + "\n", "utf-8")
        write_json(folder / self.folder / METADATA, metadata)
        return folder / self.folder


def kernels_of(jobs: Sequence[chain.Job], series: Series) -> list[Kernel]:
    """A kernel for each job: attached are its data sets and the outputs of all stages before it.

    Raises WrongInput for a place that is not one of Kaggle's.
    """
    kernels = []
    for job in jobs:
        defaults = chain.parameters(job.stage)
        given = {n: v for n, v in job.given.items() if n in defaults and _counts(n, v, defaults)}
        values = defaults | given
        _refuse_local_places(given)
        attached = [*_attached(values, series.owner)]
        before = [s for s in chain.NOTEBOOKS if s < job.stage or s == job.stage in series.again]
        outputs = [series.address(s) for s in before]
        outputs += [address for kind, address in attached if kind == "notebooks"]
        datasets = [address for kind, address in attached if kind == "datasets"]
        kernels.append(
            Kernel(
                series,
                job.stage,
                given,
                tuple(dict.fromkeys([*series.datasets, *datasets])),
                tuple(dict.fromkeys(outputs)),
            )
        )
    return kernels


def _counts(name: str, value: Any, defaults: dict[str, Any]) -> bool:
    """Whether a value must be handed over: a default need not, but wins over an attached run's."""
    return value != defaults[name] or name.lower() in chain.RUN_WIDE


def slug(text: str) -> str:
    """A title as Kaggle has it in an address: "Hey Küche 01" is hey-kuche-01."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def refuse(title: str, address: str, datasets: Sequence[str], kernels: Sequence[str]) -> None:
    """Raise WrongInput, naming what is wrong, unless Kaggle takes all of them as they are meant."""
    if not 5 <= len(title) <= 50:
        raise WrongInput(
            f"the title {title!r} has {len(title)} characters; Kaggle wants 5 to 50: give another "
            "--name"
        )
    plain = (c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c))
    if foreign := sorted({c for c in plain if not c.isascii()}):
        raise WrongInput(
            f"the title {title!r} has {''.join(foreign)}, which Kaggle spells in its own way in an "
            "address; give a --name with letters a to z"
        )
    if not re.fullmatch(f"{_NAME}/{_NAME}", address):
        raise WrongInput(
            f"the id is {address!r}; wanted OWNER/SLUG in lower-case letters, digits and dashes: "
            "give --owner as in your profile's address, and a --name with letters a to z"
        )
    if slug(title) != address.partition("/")[2]:
        raise WrongInput(
            f"the title {title!r} becomes {slug(title)!r} at Kaggle, and the id is {address!r}; "
            "they must agree, or another kernel is written"
        )
    for what, sources, least in (("data set", datasets, 3), ("kernel", kernels, 5)):
        for source in sources:
            if not re.fullmatch(f"{_NAME}/(?=.{{{least},}}$){_NAME}", source):
                raise WrongInput(
                    f"the {what} {source!r} cannot be attached; wanted OWNER/NAME as in its "
                    f"address, in lower case, the name of {least} characters or more"
                )


def _attached(values: dict[str, Any], owner: str) -> Iterator[tuple[str, str]]:
    """("datasets" or "notebooks", OWNER/NAME) of every place that a notebook will read."""
    triples = values.get("PRODUCT", "clips") != "clips"
    wanted = {n for n in ROWS if n in values and (triples or n == "RECORDINGS")}
    if values.get("PRODUCT") == "triples":
        wanted -= {"RECORDINGS"}
    for name in PLACES:
        value = values.get(name, "")
        texts = [value] if isinstance(value, str) else value
        if name in wanted and value in ("auto", []):
            texts = [str(place) for place in places(ROWS[name], "first run")]
        for text in texts:
            if found := _ADDRESS.search(text):
                named = found[2].replace("<owner>", owner)
                yield found[1], f"{named}/{found[3]}"


def _refuse_local_places(given: dict[str, Any]) -> None:
    for name in PLACES:
        value = given.get(name, "")
        for text in [value] if isinstance(value, str) else value:
            if text not in ("", "auto") and not _ADDRESS.search(text):
                raise WrongInput(
                    f"{name} is {text!r}, which Kaggle does not have; upload it as a data set and "
                    f"give its place there, such as {places('recordings', 'first run')[0]}"
                )

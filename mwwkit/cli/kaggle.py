"""`mwwkit kaggle`: the five notebooks ready for `kaggle kernels push`; a wheelhouse for them."""

import argparse
from pathlib import Path

from mwwkit import presets
from mwwkit.cli import chain, options, preflight
from mwwkit.cli.command import OK, Command

SESSION_HOURS = 11.0  # Kaggle ends a session after 12
# What a machine may lack without being told: the kernels run on another one.
_ELSEWHERE = {"DEVICE": "cpu", "ONNX": False, "ARENA_BYTES": 1, "REPLICAS": 1}


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[wheelhouse] DIR",
        help="a folder to write kernels or wheels to",
    )
    parser.add_argument("--owner", required=True, help="your name in Kaggle's addresses")
    parser.add_argument("--name", default="", help="in the kernels' titles (default: the word)")
    options.add_parameters(parser, preset="standard")
    options.add_stages(parser)
    parser.add_argument(
        "--wheelhouse", default="", metavar="OWNER/NAME", help="a data set of wheels"
    )
    parser.add_argument("--no-internet", action="store_true", help="needs a --wheelhouse")
    parser.add_argument("--cpu", action="store_true", help="no GPU T4")
    parser.add_argument(
        "--again", type=options.stages, default=[], help="stages that stopped early, such as 03"
    )
    parser.add_argument("--source", default="", help="wheelhouse: what mwwkit's wheel is made from")
    parser.add_argument(
        "--python", nargs="+", default=["3.11", "3.12"], help="wheelhouse: versions"
    )
    parser.add_argument("--extras", nargs="*", default=["tts", "tflm"], help="wheelhouse: extras")


def _kaggle(arguments: argparse.Namespace) -> int:
    if arguments.words[0] == "wheelhouse":
        return _wheelhouse(arguments)
    folder = Path(_one(arguments.words))
    jobs = _jobs(arguments)
    kernels = _kernels(arguments, jobs)
    for kernel in kernels:
        kernel.metadata()  # raises for what Kaggle would refuse, before anything is written
    _refuse_nonsense(jobs)
    for kernel in kernels:
        kernel.write(folder)
        attached = ", ".join([*kernel.datasets, *kernel.kernels]) or "nothing"
        print(f"kaggle kernels push -p {folder / kernel.folder}   # attached: {attached}")
    print(
        "Each after the one before has ended. Where one stopped early, add --again and its number, "
        "and push it once more."
    )
    return OK


def _jobs(arguments: argparse.Namespace) -> list[chain.Job]:
    """What each notebook is given; where it runs and what it goes on from, it finds by itself."""
    given, preset = options.parameters_of(arguments), presets.load(arguments.preset)
    jobs = chain.assembled(arguments.stages, preset, given, Path("auto"), ["auto"])
    unsaid, always = {"SESSION_HOURS": SESSION_HOURS}, {"PREVIOUS": "auto"}
    return [chain.Job(job.stage, unsaid | job.given | always) for job in jobs]


def _refuse_nonsense(jobs: list[chain.Job]) -> None:
    given = {chain.SECTIONS[job.stage]: chain.parameters(job.stage) | job.given for job in jobs}
    preflight.refuse_nonsense(
        {s: {n: _ELSEWHERE.get(n, v) for n, v in values.items()} for s, values in given.items()}
    )


def _kernels(arguments: argparse.Namespace, jobs: list[chain.Job]) -> list:
    from mwwkit.cli.kaggle_kernels import T4, Series, kernels_of

    if arguments.no_internet and not arguments.wheelhouse:
        raise presets.PresetError("--no-internet needs a --wheelhouse: `mwwkit kaggle wheelhouse`")
    word = next((job.given["WORD"] for job in jobs if job.given.get("WORD")), "")
    if not (arguments.name or word):
        raise presets.PresetError("the kernels have no name; give -p WORD=..., or --name")
    series = Series(
        arguments.owner,
        arguments.name or word,
        datasets=(arguments.wheelhouse,) if arguments.wheelhouse else (),
        machine="" if arguments.cpu else T4,
        internet=not arguments.no_internet,
        again=tuple(arguments.again),
    )
    return kernels_of(jobs, series)


def _wheelhouse(arguments: argparse.Namespace) -> int:
    from mwwkit.cli import wheelhouse

    folder = Path(_one(arguments.words[1:]))
    wheels = wheelhouse.make(
        folder, arguments.owner, arguments.source, arguments.python, arguments.extras
    )
    size = sum(wheel.stat().st_size for wheel in wheels) / 1e6
    print(f"{len(wheels)} wheels, {size:.0f} MB: kaggle datasets create -p {folder}")
    print(f"then: mwwkit kaggle DIR --wheelhouse {arguments.owner}/{wheelhouse.NAME} ...")
    return OK


def _one(words: list[str]) -> str:
    if len(words) != 1:
        raise presets.PresetError(f"{' '.join(words) or 'nothing'} is given; wanted one folder")
    return words[0]


KAGGLE = Command("kaggle", "notebooks or wheels ready to be pushed to Kaggle", _options, _kaggle)

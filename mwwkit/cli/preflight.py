"""Check every parameter against the stages' settings before the first notebook starts.

    refuse_nonsense({"acquire": {"WORD": "marvin"}, "train": {"LEARNING_RATE": 7.0}})

raises PresetError: "train: learning_rate is 7.0; wanted 0 to 1, as 0.003". The Configs live with
their stages, which import much that would be held for as long as the notebooks run. So they are
tried in a child process, unless this one has the stages loaded already.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from mwwkit.cli.command import say
from mwwkit.presets import PresetError
from mwwkit.run.checkpoint_files import OtherSettings
from mwwkit.run.config_base import Checked
from mwwkit.run.errors import CannotGoOn, MwwkitError, all_told
from mwwkit.run.fresh_session import lacking_extras
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits

Values = Mapping[str, Mapping[str, Any]]  # section -> name of a parameter -> its value
Fault = tuple[int, str]  # the number of a run, and what is wrong with it
Stop = tuple[str, bool]  # why a run cannot go on, and whether it could with the values it has


def refuse_nonsense(values: Values, *, goes_on: bool = False) -> None:
    """Raise PresetError, in one line, for the first value that a stage would refuse.

    `values` has every parameter of a notebook, in upper case, in the order the stages run. Where
    the run that they name `goes_on` also if what is in it was made with others; CannotGoOn if
    that cannot be read.
    """
    found, (why, by_other_values) = _looked_at([values], goes_on)
    if found:
        raise PresetError(found[1])
    if why:
        raise PresetError(why) if by_other_values else CannotGoOn(why)


def first_fault(runs: Sequence[Values]) -> Fault | None:
    """The number of the first run with a value that a stage would refuse, and what is wrong."""
    return _looked_at(runs, goes_on=False)[0]


def _looked_at(runs: Sequence[Values], goes_on: bool) -> tuple[Fault | None, Stop]:
    """The first fault, and where there is none and they go on, why one of them cannot."""
    modules = {f"mwwkit.stages.{section}" for values in runs for section in values}
    look = _look if modules <= sys.modules.keys() else _in_a_child
    return look(runs, goes_on)


def _look(runs: Sequence[Values], goes_on: bool) -> tuple[Fault | None, Stop]:
    found = next(((at, told) for at, run in enumerate(runs) if (told := fault(run))), None)
    stops = map(why_it_cannot_go_on, runs if goes_on and not found else ())
    return found, next((stop for stop in stops if stop[0]), ("", False))


def fault(values: Values) -> str:
    """What is wrong with the first bad value, as "section: what"; empty if all are good.

    Of what the values need and is not here, that of all sections is told together.
    """
    for section, parameters in values.items():
        if wrong := _refused(section, [partial(_try, section, parameters)]):
            return wrong
    lacks = (_refused(section, _needs(parameters)) for section, parameters in values.items())
    told = [line for line in lacks if line]
    lacking = (e for given in values.values() for e in lacking_extras(given))
    if told and len(extras := dict.fromkeys(lacking)) > 1:
        speak = " (tts: where machines have to speak)" if "tts" in extras else ""
        told.append(f"all at once: pip install 'mwwkit[{','.join(extras)}]'{speak}")
    return "; ".join(told)


def why_it_cannot_go_on(values: Values) -> Stop:
    """What in the run was made with other values, as "section: what"; empty if nothing."""
    checks = [(section, partial(_match, section, of)) for section, of in values.items()]
    if "acquire" in values and len(values) > 1:
        checks.append(("acquire", partial(_keep_clips, values["acquire"])))
    for section, check in checks:
        try:
            check()
        except (MwwkitError, OSError) as error:
            return _in_a_line(section, error), isinstance(error, OtherSettings)
    return "", False


def _refused(section: str, checks: Iterable[Callable[[], object]]) -> str:
    """What checks of a section raise, in a line; empty if nothing."""
    try:
        all_told(checks)
    except (MwwkitError, OSError) as error:
        return _in_a_line(section, error)
    return ""


def _in_a_line(section: str, error: Exception) -> str:
    return f"{section}: {' '.join(str(error).split())}"


def _try(section: str, parameters: Mapping[str, Any]) -> None:
    """Raise WrongInput for a value that the section's stage would refuse."""
    for config in _configs(section, parameters):
        _made(config, parameters)


def _made(config: type[Checked], parameters: Mapping[str, Any]) -> Checked:
    own = config.taken(parameters)
    return config(**{n: v for n, v in own.items() if v is not None})  # None: as the run has it


def _match(section: str, parameters: Mapping[str, Any]) -> None:
    """Raise CheckpointError where the run was begun with other values of what must stay."""
    run = Run.of(parameters["RUN_DIR"], parameters["PREVIOUS"])
    begun = importlib.import_module("mwwkit.cli.begun")
    for config in _configs(section, parameters):
        begun.refuse_changes(_made(config, parameters), run)


def _keep_clips(parameters: Mapping[str, Any]) -> None:
    """Raise CheckpointError where 01 would change clips under features that are made of them."""
    run = Run.of(parameters["RUN_DIR"], parameters["PREVIOUS"])
    begun = importlib.import_module("mwwkit.cli.begun")
    for config in _configs("acquire", parameters):
        begun.refuse_other_clips(_made(config, parameters), run)


def _needs(parameters: Mapping[str, Any]) -> Iterator[Callable[[], object]]:
    """Checks of what is needed for some values: a GPU, ONNX, something to measure the arena with.

    Whether machines have to speak, 01 finds out when it has counted what people said.
    """
    if "DEVICE" in parameters:
        processors = importlib.import_module("mwwkit.training.processors")
        yield partial(processors.needed, parameters["DEVICE"])
    if parameters.get("ONNX"):
        yield importlib.import_module("mwwkit.model.onnx_model").needed
    if parameters.get("ARENA_BYTES") == 0:
        yield importlib.import_module("mwwkit.device.arena").needed
    if parameters.get("REPLICAS", 1) != 1:
        yield partial(_several_devices, parameters["DEVICE"], parameters["REPLICAS"])


def _several_devices(device: str, replicas: int) -> None:
    importlib.import_module("mwwkit.training.processors").use(device)
    importlib.import_module("mwwkit.training.replicas").names(replicas)


def _configs(section: str, parameters: Mapping[str, Any]) -> Iterator[type[Checked]]:
    """The Configs that a notebook makes of its parameters."""
    yield Limits
    module = importlib.import_module(f"mwwkit.stages.{section}")
    if section != "acquire":
        yield module.Config
        return
    engine = importlib.import_module("mwwkit.stages.triples")
    wanted = engine.products(parameters.get("PRODUCT", "clips"))
    yield from (
        m.Config for m, is_wanted in zip((module, engine), wanted, strict=True) if is_wanted
    )


def _in_a_child(runs: Sequence[Values], goes_on: bool) -> tuple[Fault | None, Stop]:
    say("checking all settings first, in a second or two ...")
    call = [sys.executable, "-m", "mwwkit.cli.preflight"]
    given = json.dumps([runs, goes_on])
    done = subprocess.run(call, input=given, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise CannotGoOn(f"the values could not be checked before the start: {last}")
    found, stop = json.loads(done.stdout.splitlines()[-1])
    return found, tuple(stop)


if __name__ == "__main__":
    print("\n" + json.dumps(_look(*json.load(sys.stdin))))

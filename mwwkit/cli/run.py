"""`mwwkit run` and `mwwkit demo`: the notebooks, one after another."""

import argparse
import shlex
import time
from collections.abc import Sequence

from mwwkit import presets
from mwwkit.cli import chain, options, preflight, run_folder, unchanged
from mwwkit.cli.command import OK, Command, say
from mwwkit.presets.notebooks import of_section, refuse_its_word
from mwwkit.run import fresh_session
from mwwkit.run.ending import next_places
from mwwkit.run.paths import Run, given_path
from mwwkit.run.quantities import how_long
from mwwkit.run.session import DiskIsFull, StoppedEarly

NOTHING_WAS_MADE = "Everything was done already: nothing was made"
EVERYTHING_WAS_DONE = f"{NOTHING_WAS_MADE}, no file of the run changed."


def _run_options(parser: argparse.ArgumentParser) -> None:
    options.add_new_run(parser, preset="the run's, else standard", run_dir="run/WORD-PRESET")
    parser.set_defaults(preset="", run_dir="")
    options.add_stages(parser)


def _demo_options(parser: argparse.ArgumentParser) -> None:
    options.add_new_run(parser, preset="demo", run_dir="run/demo")
    parser.set_defaults(stages=list(chain.NOTEBOOKS))


def _run(arguments: argparse.Namespace) -> int:
    code = _notebooks(arguments, _settled(arguments))
    if "05" in arguments.stages:
        from mwwkit.cli import summary

        if told := summary.ending(options.run_of(arguments)):
            print(told)
    return code


def _settled(arguments: argparse.Namespace) -> list[str]:
    """Settle the run's folder where it was not given; what to say of it, if nothing is refused."""
    if arguments.run_dir:
        return []
    word = _word(arguments)
    taken = run_folder.of_word(word, arguments.preset)
    arguments.run_dir = str(taken)
    other = run_folder.passed_over(word, taken)
    also = f"; a run of {word!r} is in {other} itself too: --run-dir {other} takes that one"
    return [f"the run is in {taken} (another: --run-dir DIR){also if other else ''}"]


def _word(arguments: argparse.Namespace) -> str:
    """The word that is given, or that an earlier run or the preset has; else none."""
    if word := options.parameters_of(arguments).get("WORD"):
        return word
    if arguments.previous:
        earlier = options.run_of(argparse.Namespace(run_dir="auto", previous=arguments.previous))
        return run_folder.word_of(earlier)
    preset = presets.load(arguments.preset or run_folder.PRESET)
    return str(of_section(preset, "acquire").get("WORD") or "")


def _notebooks(arguments: argparse.Namespace, settled: Sequence[str] = ()) -> int:
    run = options.run_of(arguments)
    parameters = options.parameters_of(arguments)
    preset = presets.load(arguments.preset) if arguments.preset else {}
    for what, found in fresh_session.read_back(run.folder, can_ask=False).items():
        say(f"{what}: {found}")
    if arguments.preset and "01" in arguments.stages:
        word = run_folder.word_of(run)
        refuse_its_word(arguments.preset, ({"WORD": word} if word else {}) | parameters)
    preset, named = run_folder.beside(run, preset), arguments.preset
    if not named:
        arguments.preset, named, preset = run_folder.preset_of(run)
        settled = [*settled, f"the preset is {arguments.preset} (another: --preset NAME)"]
    if named and named not in presets.names():  # a file, which is found from another folder too
        named = str(given_path(named).absolute())
    places = run.folder, arguments.previous
    jobs = chain.assembled(arguments.stages, preset, parameters, *places, named)
    chain.refuse_missing(jobs)
    made = unchanged.Made(jobs, run)
    if made.is_all_there():
        for line in (*settled, EVERYTHING_WAS_DONE):
            say(line)
        if "01" in arguments.stages:
            _say_what_became_of_what_was_given(run)
        return OK
    preflight.refuse_nonsense(chain.every_value(jobs), goes_on=True)
    for line in settled:
        say(line)
    from mwwkit.cli.forecast import Forecast  # loads NumPy, which a wrong setting need not wait for

    if made.was_of_others:
        say(
            "something that this was made of has changed (a value, a place, mwwkit itself): the "
            "notebooks run again, and each keeps what it has made"
        )
    before = chain.snapshot(run)
    forecast = Forecast(jobs, run)
    made.look()
    if jobs:
        say(forecast.told(jobs))
    is_to_be_told = False  # what 01 made of what was given: once anything was made, or at the end
    try:
        for n_done, done in enumerate(chain.execute(jobs, run, show=True), start=1):
            left = forecast.told(jobs[n_done:])
            said = f"{done.name}: {how_long(done.seconds)}, {done.notebook}"
            say(f"{said}; {left}" if left else said)
            is_to_be_told |= done.name == chain.NOTEBOOKS["01"]
            if is_to_be_told and not (before and chain.snapshot(run) == before):
                is_to_be_told = False
                _say_what_became_of_what_was_given(run)
    except StoppedEarly as stop:
        raise type(stop)(f"{stop}\nThe next session:\n    {_next(arguments, run, stop)}") from stop
    if before and chain.snapshot(run) == before:
        say(f"{NOTHING_WAS_MADE}; the notebooks in executed/ and their logs are of this start.")
    if is_to_be_told:
        _say_what_became_of_what_was_given(run)
    made.keep()
    return OK


def _next(arguments: argparse.Namespace, run: Run, stop: StoppedEarly) -> str:
    """The command line that goes on: into the same folder, or a new one where that is full."""
    folder, earlier = next_places(run, is_full=isinstance(stop, DiskIsFull))
    words = ["mwwkit", "run", "--preset", arguments.preset, "--run-dir", str(folder)]
    words += ["--stages", ",".join(arguments.stages)]
    words += ["--previous", *map(str, earlier)] if earlier else []
    given = [f"{name}={value}" for name, value in arguments.parameter]
    return shlex.join([*words, *(["-p", *given] if given else [])])


def _say_what_became_of_what_was_given(run: Run) -> None:
    from mwwkit.corpus.caveats import known_caveats
    from mwwkit.corpus.clips import CATALOGUE, load_clips
    from mwwkit.corpus.fates import fates_of
    from mwwkit.corpus.own_recordings import where_they_went

    if run.all(CATALOGUE):  # there is none where 01 made triples only
        say(f"\n{fates_of(run)}\n")
        for caveat in known_caveats(run):
            say(f"note: {caveat}")
        say(where_they_went(load_clips(run).records))


def _demo(arguments: argparse.Namespace) -> int:
    from mwwkit.cli import summary

    began = time.monotonic()
    code = _notebooks(arguments)
    print(summary.demo(options.run_of(arguments), (time.monotonic() - began) / 60))
    return code


RUN = Command("run", "run the notebooks, one after another; again to continue", _run_options, _run)
DEMO = Command("demo", "all five on what machines say, and what came out", _demo_options, _demo)

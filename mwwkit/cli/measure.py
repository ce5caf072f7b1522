"""Commands that measure more than 05 does: `mwwkit shift`, `mwwkit ablate`, `mwwkit folds`."""

import argparse
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mwwkit import presets
from mwwkit.cli import options
from mwwkit.cli.command import BAD, OK, Command, say, show
from mwwkit.run import settings
from mwwkit.run.checkpoint_files import as_json
from mwwkit.run.paths import Run, given_path


def _shift_options(parser: argparse.ArgumentParser) -> None:
    options.add_run(parser, what="where 05 is finished; it is only read")
    parser.add_argument("--clips", type=int, default=300, metavar="N", help="most of a kind (300)")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="0: one a core")
    parser.add_argument("--tta", action="store_true", help="scores averaged over moments and gains")
    options.add_json(parser, "one JSON list")


def _shift(arguments: argparse.Namespace) -> int:
    from mwwkit.evaluation import domain_shift
    from mwwkit.run.session import Limits
    from mwwkit.run.typed_json import to_json

    if arguments.clips < 1:
        raise presets.PresetError(f"--clips is {arguments.clips}; wanted 1 or more")
    workers = Limits(workers=arguments.workers).n_workers
    run = options.made_run_of(arguments)
    rows = domain_shift.measure(run, workers, arguments.clips, arguments.tta)
    show(arguments, to_json(rows), domain_shift.table(rows))
    return OK


def _ablate_options(parser: argparse.ArgumentParser) -> None:
    options.add_new_run(parser, preset="standard", run_dir="run/ablation")
    parts = "parts to leave out, one a run: no_rir, no_background, no_specaugment, ..."
    flags = ["no_rir", "no_background", "no_specaugment"]
    parser.add_argument("--flags", nargs="+", default=flags, metavar="FLAG", help=parts)
    parser.add_argument("--seeds", nargs="+", type=int, default=[], help="of training, a run each")
    options.add_json(parser, "one JSON list")


def _ablate(arguments: argparse.Namespace) -> int:
    from mwwkit.cli import ablation
    from mwwkit.run.files import write_json
    from mwwkit.run.typed_json import to_json

    if len(arguments.previous) > 1:
        raise presets.PresetError(
            f"--previous is {', '.join(arguments.previous)}; wanted one finished run of 01"
        )
    folder = given_path(arguments.run_dir)
    study = ablation.Ablation(
        folder,
        presets.load(arguments.preset),
        tuple(arguments.flags),
        options.parameters_of(arguments),
        tuple(arguments.seeds),
        *map(str, map(given_path, arguments.previous)),
    )
    rows = []
    for row in study.rows(show=True):
        rows.append(row)
        say(f"{row.flag}: {row.failed or 'done'}")
        write_json(folder / "ablation.json", to_json(rows))
    show(arguments, to_json(rows), ablation.table(rows))
    return BAD if any(row.failed for row in rows) else OK


def _folds_options(parser: argparse.ArgumentParser) -> None:
    options.add_run(parser, what="where 01 is finished; it is only read")
    parser.add_argument("--k", type=int, default=5, help="runs, each with its own test (5)")
    parser.add_argument(
        "--to", type=options.path, default=Path("folds"), metavar="DIR", help="(folds)"
    )
    parser.add_argument("--seed", type=int, default=42)
    each = "a run for each known speaker of the word, who is left out of it and tests it"
    parser.add_argument("--by-speaker", action="store_true", help=each)
    now = "make these runs too, one after another, and a table of them; again to go on"
    parser.add_argument("--run", action="store_true", help=now)
    options.add_parameter(parser, "with --run, parameters of these runs beside those of 01")
    options.add_json(parser, "one JSON list, with --run")


def _folds(arguments: argparse.Namespace) -> int:
    from mwwkit.corpus.clips import load_clips
    from mwwkit.corpus.folds import write_folds, write_speakers

    if not arguments.run and (arguments.parameter or arguments.json):
        raise presets.PresetError("-p and --json go with --run, which makes the folds' runs")
    run, to = options.made_run_of(arguments), arguments.to.absolute()
    clips = load_clips(run).records
    if arguments.by_speaker:
        written = {
            f"without {speaker}": table
            for speaker, table in write_speakers(clips, arguments.seed, to).items()
        }
    else:
        folds = write_folds(clips, arguments.k, arguments.seed, to)
        written = {f"fold {number}": table for number, table in enumerate(folds, start=1)}
    caution = "" if arguments.by_speaker else _not_by_speaker(clips)
    if arguments.run:
        for name, (_, tested) in written.items():
            say(f"{name}: tests {_counts(tested)}")
        code = _run_folds(arguments, run, to, {path.stem: path for path, _ in written.values()})
        if caution:
            say(caution)
        return code
    _print_commands(run, written)
    if arguments.by_speaker:
        print("Each run's card says how a stranger is heard; the counts of all may be added up.")
    if caution:
        print(caution)
    return OK


def _not_by_speaker(clips: Sequence[Any]) -> str:
    from mwwkit.corpus.splits import speakers_kept_whole

    few = {record.speaker for record in clips} - {""} - speakers_kept_whole(clips)
    if not few:
        return ""
    return (
        f"{len(few)} speakers are too few to keep apart, so a voice may be on both sides; "
        "--by-speaker leaves one out of each run."
    )


def _counts(tested: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in tested.items())


def _print_commands(run: Run, written: Mapping[str, tuple[Path, Mapping[str, int]]]) -> None:
    from mwwkit.corpus.recording_folders import RECORDED

    if recorded := run.all(RECORDED):
        print(f"Before each command: copy {recorded[0]} into its --run-dir, as {RECORDED}/.")
    print(
        "Each command has the word, the preset and the recordings of the run whose clips these are;"
    )
    print("add what else that was given by -p. --run makes these runs, one after another.")
    for name, (path, tested) in written.items():
        print(f"{name}: tests {_counts(tested)}")
        where = f"GIVEN_SPLITS={path}", "--run-dir", f"run/{path.stem}"
        print(f"  {shlex.join(['mwwkit', 'run', *_like(run), *where])}")


def _run_folds(arguments: argparse.Namespace, run: Run, to: Path, tables: dict[str, Path]) -> int:
    from mwwkit.cli import ablation, folding
    from mwwkit.corpus.asked import settings_of
    from mwwkit.run.files import write_json
    from mwwkit.run.typed_json import to_json

    of_01 = {name.upper(): value for name, value in settings_of(run).items()}
    like, rows = _like(run, of_01 | options.parameters_of(arguments)), []
    for row in folding.Folds(run, to, tables, like).rows():
        rows.append(row)
        say(f"{row.flag} ({len(rows)} of {len(tables)}): {row.failed or 'done'}")
        write_json(to / "folds.json", to_json([*rows, folding.pooled(rows)]))
    rows.append(folding.pooled(rows))
    show(arguments, to_json(rows), ablation.table(rows))
    say(f"the table's figures are in {to / 'folds.json'}, each run's report in its own folder")
    return BAD if any(row.failed for row in rows) else OK


def _like(run: Run, more: Mapping[str, Any] | None = None) -> list[str]:
    """What `mwwkit run` takes for another run of its word and recordings; more `-p` may follow."""
    has = settings.of_run(run)
    words = []
    words += ["--preset", has["preset"].value] if "preset" in has and has["preset"].value else []
    default = as_json(asdict(settings.RunSettings()))
    values = as_json({name: held.value for name, held in has.items() if name != "preset"})
    as_given = {name: value for name, value in values.items() if value != default[name]}
    parameters = {n.upper(): value for n, value in as_given.items() if n != "given_splits"}
    parameters |= more or {}
    texts = (
        f"{name}={value if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)}"
        for name, value in parameters.items()
    )
    return [*words, "-p", *texts]


SHIFT = Command(
    "shift", "how a finished model stands noise, rooms, gains and codecs", _shift_options, _shift
)
ABLATE = Command(
    "ablate", "the same run with parts left out; again to continue", _ablate_options, _ablate
)
FOLDS = Command(
    "folds", "tables of splits for k runs, or for one without each speaker", _folds_options, _folds
)

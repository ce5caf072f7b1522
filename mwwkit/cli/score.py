"""`mwwkit score`: a model over files and folders, or live at a microphone, as the device hears."""

import argparse
import sys

from mwwkit.cli import options
from mwwkit.cli.command import BAD, OK, Command, say, show
from mwwkit.presets import PresetError


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=options.path, metavar="MODEL.json")
    files = {"type": options.path, "help": "files or folders"}
    parser.add_argument("audio", nargs="*", metavar="AUDIO", **files)
    vad = {"type": options.path, "help": "a detection needs its voice"}
    parser.add_argument("--vad", metavar="VAD.json", **vad)
    options.add_json(parser, "one JSON object; live, one a detection")
    seconds = {"type": options.amount, "metavar": "S"}
    parser.add_argument("--lead-in", **seconds, help="faint noise in front (1)")
    parser.add_argument("--live", action="store_true", help="listen at the microphone (extra live)")
    parser.add_argument("--microphone", metavar="NAME", help="of several; a part of its name")
    parser.add_argument("--seconds", **seconds, default=0.0, help="of --live; 0: on")


def _score(arguments: argparse.Namespace) -> int:
    from mwwkit.evaluation import scoring
    from mwwkit.run.typed_json import to_json

    _refuse_idle_options(arguments)
    _refuse_missing(arguments)
    if arguments.live:
        return _live(arguments)
    lead_in_s = scoring.LEAD_IN_S if arguments.lead_in is None else arguments.lead_in
    report = scoring.score(arguments.model, arguments.audio, lead_in_s, arguments.vad)
    show(arguments, to_json(report), scoring.table(report))
    return BAD if report.totals.not_read else OK


def _refuse_idle_options(arguments: argparse.Namespace) -> None:
    """PresetError for options that would do nothing."""
    if bool(arguments.audio) == arguments.live:
        raise PresetError("score wants files or folders, or --live, and not both")
    if arguments.live and arguments.lead_in is not None:
        raise PresetError("--lead-in goes before files; it is not for --live")
    if not arguments.live and (arguments.microphone or arguments.seconds):
        raise PresetError("--microphone and --seconds are for --live")


def _refuse_missing(arguments: argparse.Namespace) -> None:
    """PresetError for a place that is not there: a mistyped one is told before any is heard."""
    for model in filter(None, (arguments.model, arguments.vad)):
        options.refuse_missing_model(model)
    options.refuse_missing_audio(arguments.audio)


def _live(arguments: argparse.Namespace) -> int:
    from mwwkit.esphome.component import Component
    from mwwkit.evaluation import live

    component, last = Component.load(arguments.model, arguments.vad), None
    with live.microphone(arguments.microphone) as blocks:
        say("listening; Ctrl-C ends it")
        try:
            for last in live.follow(component, blocks):
                for line in live.lines(last, arguments.json):
                    print(line, flush=True)
                if sys.stderr.isatty():
                    print(f"\r{live.meter(last, component)}", end="", file=sys.stderr, flush=True)
                if arguments.seconds and last.seconds >= arguments.seconds:
                    break
        except KeyboardInterrupt:
            pass  # that is how it is ended
    say(f"\nlistened for {last.seconds if last else 0:.0f} s")
    return OK


SCORE = Command("score", "hear audio as the device would: files, or live", _options, _score)

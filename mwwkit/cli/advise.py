"""`mwwkit advise`: what to know about a wake word before any work."""

import argparse
import importlib

from mwwkit.cli import options
from mwwkit.cli.command import OK, Command, show


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("word", metavar="WORD", help="as it is written: 'hey kitchen'")
    what = "an espeak-ng voice of the word's language: roa/es, gmw/de (default gmw/en-US)"
    parser.add_argument("--voice", default="gmw/en-US", metavar="VOICE", help=what)
    options.add_json(parser)


def _advise(arguments: argparse.Namespace) -> int:
    lexicon = importlib.import_module("mwwkit.corpus.lexicon")
    advice = importlib.import_module("mwwkit.corpus.word_advice")
    engines = importlib.import_module("mwwkit.corpus.engines").here(arguments.voice)
    engines[0].check()  # espeak-ng, and that it has this voice
    language = lexicon.language_of(arguments.voice)
    facts = advice.advise(arguments.word, arguments.voice, [language], engines)
    show(arguments, facts, facts)
    return OK


ADVISE = Command("advise", "what to know about a wake word before any work", _options, _advise)

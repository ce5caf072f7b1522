"""`mwwkit verify`: whether the device would run a model."""

import argparse

from mwwkit.cli import options
from mwwkit.cli.command import BAD, OK, Command, show


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=options.path, metavar="MODEL.json")
    parser.add_argument("--envelope", choices=("wake_word", "vad"), default="wake_word")
    options.add_json(parser)


def _verify(arguments: argparse.Namespace) -> int:
    from mwwkit.esphome.certificate import certify

    options.refuse_missing_model(arguments.model)
    certificate = certify(arguments.model, arguments.envelope)
    show(arguments, certificate.as_dict(), certificate)
    return OK if certificate.ok else BAD


VERIFY = Command("verify", "whether the device would run a model", _options, _verify)

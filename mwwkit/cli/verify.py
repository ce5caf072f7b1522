"""`mwwkit verify`: whether the device would run a model, or several together."""

import argparse
from typing import Any

from mwwkit.cli import options
from mwwkit.cli.command import BAD, OK, Command, show
from mwwkit.presets import PresetError


def _options(parser: argparse.ArgumentParser) -> None:
    models = {"type": options.path, "nargs": "+", "metavar": "MODEL.json"}
    parser.add_argument("models", **models, help="several: what they need and do together")
    parser.add_argument("--envelope", choices=("wake_word", "vad"), default="wake_word")
    vad = "of a VAD model that is on the device too"
    parser.add_argument("--vad", type=options.path, metavar="VAD.json", help=vad)
    audio = {"type": options.path, "action": "append", "default": []}
    sound = "a file or folder without the words, or several: how often the device wakes on it"
    parser.add_argument("--audio", metavar="AUDIO", help=sound, **audio)
    options.add_json(parser)


def _verify(arguments: argparse.Namespace) -> int:
    for model in filter(None, (*arguments.models, arguments.vad)):
        options.refuse_missing_model(model)
    options.refuse_missing_audio(arguments.audio)
    if arguments.models[1:] or arguments.vad or arguments.audio:
        return _together(arguments)
    from mwwkit.esphome.certificate import certify

    certificate = certify(arguments.models[0], arguments.envelope)
    show(arguments, certificate.as_dict(), certificate)
    return OK if certificate.ok else BAD


def _together(arguments: argparse.Namespace) -> int:
    from mwwkit.evaluation.together import together

    if arguments.envelope != "wake_word":
        raise PresetError("--envelope vad is for one model by itself; beside others give it --vad")
    sheet = together(arguments.models, arguments.vad, arguments.audio)
    show(arguments, _as_json(sheet), sheet)
    return OK if sheet.ok else BAD


def _as_json(sheet: Any) -> dict[str, Any]:
    members = [
        {
            "name": member.name,
            "vad": member.is_vad,
            "model bytes": member.model_bytes,
            "arena bytes": member.arena_bytes,
            "cpu ms a second": round(member.cpu_ms, 3),
            "certificate": member.certificate.as_dict(),
        }
        for member in sheet.members
    ]
    return {
        "members": members,
        "arena bytes": sheet.arena_bytes,
        "model bytes": sheet.model_bytes,
        "wakes": [vars(rate) for rate in sheet.wakes],
        "all wakes": vars(sheet.all_wakes) if sheet.all_wakes else None,
        "blocked": sheet.blocked,
        "not heard": sheet.not_heard,
        "not read": list(sheet.not_read),
    }


VERIFY = Command("verify", "whether the device would run a model, or several", _options, _verify)

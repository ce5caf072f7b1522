"""mwwkit: from recordings to a streaming int8 wake word that ESPHome runs.

The notebooks 01 to 05 are the stages acquire, featurize, train, mine and export.

The map. A package imports only from packages below it; its own docstring names its modules.

    __main__      the command line's door
    cli/          what is behind it: one module a command or family of commands
    stages/       what the five notebooks call: acquire, featurize, train, mine, export; triples
    previews/     what the notebooks show: pictures, players, tables, panels
    report/       the page, the model card, and their data
    evaluation/   a finished model looked at: rates, groups, mistakes, parity, domain shift, scoring
    triples/      the data engine: 48 kHz triples for another model
    scenes/       training scenes drawn as records and rendered; their features on disk
    corpus/       clips of the wake word and of everything else: sources, speech synthesis, splits
    training/     the training loop, losses, schedule, distillation, evaluator
    model/        the net and its forms: MixedNet, streaming, int8, ONNX
    esphome/      manifest, certificate, and what ESPHome itself says
    audio/        pure functions of sound: reading, effects, rooms, the front end
    metrics/      rates and their intervals, curves, operating points
    device/       what the device does, on a PC: detector, simulator, exact twin, arena
    presets/      the notebooks' parameters as YAML
    run/          where, when and how much: paths, whole files, checkpoints, sessions, seeds
"""

__version__ = "0.1.0"

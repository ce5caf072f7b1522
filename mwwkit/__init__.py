"""mwwkit: from recordings to a streaming int8 wake word that ESPHome runs.

The map, bottom up:

    files, paths, checkpoint          whole files; where things are; which units are done
    disk, session, random, parallel   the limits of a session; seeds; many processes
    device/                           what the device does, on a PC
    metrics/                          how good a detector is
    esphome/                          manifest, certificate, component
    audio/                            sound and spectrograms, never TensorFlow
    model/                            the net, its training and its int8 twin
    triples/                          the data engine of 48 kHz triples
    handover                          what 02 hands over to 03, 04 and 05
    stages/                           what the five notebooks call
    previews/                         pictures and players for the notebooks
    chain, presets, scoring, live, summary  behind the command line
"""

__version__ = "0.1.0"

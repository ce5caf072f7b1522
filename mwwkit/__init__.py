"""mwwkit: from recordings to a streaming int8 wake word that ESPHome runs.

The map, bottom up:

    firmware                          what the device fixes, each number with its source
    files, paths, checkpoint          whole files; where things are; which units are done
    disk, session, random, parallel   the limits of a session; seeds; many processes
    detector, metrics                 the device's decision; what it gets right and wrong
    audio/                            sound and spectrograms, never TensorFlow
    model/                            the net, its training and its int8 twin
    stages/                           what the five notebooks call
"""

__version__ = "0.1.0"

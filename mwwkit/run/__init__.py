"""Where, when and how much: files, sessions and work that can be killed. Knows nothing of sound.

paths         every place that is read or written; paths.md as code
files         files and folders appear whole or not at all
checkpoint    which units of a stage are done
session, disk the limits of a session: disk, time, processes; room left under a budget
errors, ranges   what mwwkit raises on purpose; settings that say what they may hold
parallel      one map over many processes
seeds         the only source of randomness: a seed and the names of what is made
spacing       evenly spaced indices
exports       the names that a room offers, loaded when asked for
progress, profiling, quiet   bars; where time goes; C++ libraries kept quiet
"""

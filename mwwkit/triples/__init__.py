"""The data engine of "Genesis": 48 kHz triples of a messy recording, a room, and the sound in it.

audio_files        speech and rooms in folders, in one order on every machine
impulse_responses  rooms in two pools, bad ones and targets, and a catalogue that knows them
sterilising        speech without noise, room or silence, in segments of 5 s
messy              recordings made bad: noise, tone, roll-off, crushing, clipping
examples           one triple, drawn by its number, then made
batch_files        files of triples, whatever was interrupted
batch_manifest     the manifest of those files, and the check that they are what it says
ledger             what is finished, and the files that prove it
phases             the phases that prepare rooms and speech
status             what the data engine says of itself
clap               what a room sounds like, as 512 numbers (extra clap)
"""

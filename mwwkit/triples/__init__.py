"""The data engine of "Genesis": 48 kHz triples of a messy recording, a room, and the sound in it.

listing                   speech and rooms in folders, in one order on every machine
impulse_responses         rooms in two pools, bad ones and targets, and a catalogue that knows them
sterilising               speech without noise, room or silence, in segments of 5 s
messy, examples           recordings made bad; an example drawn by its number, then made
batch_files, batch_manifest   files of examples, and the manifest that checks them
ledger, phases, status    what is finished and proven; phase by phase; said in plain words
clap                      what a room sounds like, as 512 numbers (extra clap)
"""

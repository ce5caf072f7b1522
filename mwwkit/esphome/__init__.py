"""What ESPHome wants of a model, and what its `micro_wake_word` would do with one.

manifest         the JSON that ESPHome reads, beside the model it names
component        the component on a PC: from features to detections, by a manifest
gate             does a model file keep the device's contract?
checks           every check of a model and its manifest, one after another
findings         what a check found, and the cure
certificate      the sheet of all checks, for people and as JSON
file_names       the name of a model's files, by its word
esphome_package  the word of the installed `esphome` package on a manifest and on ops
"""

"""Evaluation of a finished model: rates, mistakes, parity, domain shift, live scoring.

measured       the types of what 05 measures on a split
metrics_file   the types of the whole metrics file
split_metrics  everything that 05 says about one split: rates, curves, groups, mistakes
groups         figures by group: which speakers are missed, what is taken for the word
mistakes       the worst misses and false accepts, with what is known of them
calibrated     what calibrating its logit changed, on the test split
net_forms      the forms of a net (float, streaming, int8) compared step by step
parity         that comparison for 05, with the names of clips
domain_shift   a finished model under noise, rooms, gains and codecs
decided_cutoff the cutoff and window to ship: a person's, else the best
tta            scores averaged over small delays and gains
exported       the files that 05 left in a run, read
together       several wake words and a VAD model on one device
scoring        files and folders heard as the device would hear them
live           a model that listens at a microphone
"""

"""A finished model looked at.

split_metrics   everything that 05 says about one split: rates, curves, groups, mistakes
groups          figures by group: which speakers are missed, what is taken for the word
mistakes        the worst misses and false accepts, with what is known of them
net_forms, parity   the forms of a net compared step by step; with the names of clips, for 05
domain_shift    a finished model under noise, rooms, gains and codecs
tta             scores averaged over small delays and gains
scoring, live   files and folders heard as the device would; the microphone
"""

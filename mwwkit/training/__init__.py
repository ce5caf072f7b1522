"""How weights are found, and which are chosen.

batches, labels, spec_augment   what a step is given: spectrograms, labels, masks
losses, triplet                 what training minimises
schedule, stepper, replicas     rates and stages; a step as a graph, on one device or several
trainer, snapshots              steps whose state can be saved after any of them; the files of it
loop                            training in units, for 03 and 04: steps, evaluation, snapshots
evaluator, candidates           what weights would do on the device; nothing is scored twice
qat, teacher, distillation      int8 in the loop; a larger net, and what it says of every scene
lr_finder, diagnosis, history   a rate to start from; what is wrong, in words; the curves
"""

from mwwkit.run.exports import offered

__getattr__ = offered(
    __name__,
    EMA="stepper",
    LRFinder="lr_finder",
    WakeWordDataset="batches",
    batch_spec_augment_gpu="spec_augment",
    spec_augment_gpu="spec_augment",
)

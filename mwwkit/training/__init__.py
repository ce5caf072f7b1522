"""Training: batches, losses, the loop, and how candidate weights are evaluated.

batches           training batches, gathered from the feature store
labels            the label of every step of a scene: the word, not the word, or none
spec_augment      masks over frequency and time, on NumPy or CuPy
losses            what training minimises
triplet_loss      a loss that pulls words together and near misses away
schedule          rates, stages and limits, each a plain number of a step
stepper           one training step as a TensorFlow graph
processors        CPU or GPU, for all of a training
replicas          a step on one device, or shared by several
trainer           steps whose state can be saved after any of them
snapshots         weights and training states on disk
loop              training in units, for 03 and 04
evaluator         what weights would do on the device, int8, stepped through streams
evaluated         what they were found to do, in words; which unit is best
evaluation_cache  what weights were found to do, kept, so that nothing is scored twice
whole_net         the float net over whole spectrograms
qat               the net as its int8 file computes it, for the last steps
teacher_shape     how large a teacher is
teacher           a larger net that cannot be streamed
distillation      the teacher's training, and its soft labels for every scene
lr_finder         a learning rate to start from
diagnosis         what is wrong with a training, in a sentence
told              what 03 and 04 plan and reached, in sentences and tables
history           the curves of a training as a CSV and for TensorBoard
"""

from mwwkit.run.lazy_names import offered

__getattr__ = offered(
    __name__,
    EMA="stepper",
    LRFinder="lr_finder",
    WakeWordDataset="batches",
    batch_spec_augment_gpu="spec_augment",
    spec_augment_gpu="spec_augment",
)

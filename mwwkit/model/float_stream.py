"""Run the float .tflite that 05 exports beside the int8 model, to compare the two."""

from collections.abc import Sequence

import numpy as np

from mwwkit.device import firmware
from mwwkit.run.errors import WrongInput
from mwwkit.run.quiet import quiet


def float_tracks(model: bytes, spectrograms: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Scores 0..1, float32 [frames // stride], of each int8 [frames, 40], each from reset.

    Raises ValueError for a model that does not take float features.
    """
    from ai_edge_litert.interpreter import Interpreter

    def fresh() -> Interpreter:  # nothing else resets LiteRT's resource variables
        interpreter = Interpreter(model_content=model, num_threads=1)
        interpreter.allocate_tensors()
        return interpreter

    with quiet():
        first = fresh()
    [entry], [exit_] = first.get_input_details(), first.get_output_details()
    if entry["dtype"] != np.float32:
        raise WrongInput(f"the model takes {np.dtype(entry['dtype']).name}; wanted float32")
    stride, tracks = int(entry["shape"][1]), []
    for spectrogram in spectrograms:
        features = spectrogram.astype(np.float32) - firmware.INPUT_ZERO_POINT
        features *= np.float32(firmware.INPUT_SCALE)
        n_steps, interpreter = len(features) // stride, fresh()
        scores = np.empty(n_steps, np.float32)
        for step in range(n_steps):
            chunk = features[step * stride : (step + 1) * stride]
            interpreter.set_tensor(entry["index"], chunk[None])
            interpreter.invoke()
            scores[step] = interpreter.get_tensor(exit_["index"])[0, 0]
        tracks.append(scores)
    return tracks

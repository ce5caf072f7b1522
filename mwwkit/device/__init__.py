"""What the device does, on a PC, to the last bit; no TensorFlow.

firmware     what the device fixes, each number with its source
detector     from scores to detections, in the device's own integer arithmetic
simulator    a shipped .tflite stepped as the device steps it
twin         the exact engine: TensorFlow Lite Micro's integers in NumPy
twin_ops     the operations of the exact engine
integer_ops  the integer arithmetic of those operations
flatbuffer   a .tflite file, read without TensorFlow
arena        how much memory a model needs, found by trying
"""

from mwwkit.run.lazy_names import offered

__getattr__ = offered(
    __name__,
    StreamingDetector="detector",
)

"""ESPHome's rules in C (`conformance/device_rules.c`), compiled here and called."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).parent / "conformance/device_rules.c"
_REPORT = np.dtype([("slice", "i4"), ("mean", "u1"), ("peak", "u1"), ("blocked", "u1")], align=True)


def compiler() -> str | None:
    """A C compiler, or None."""
    return shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")


class DeviceRules:
    """The compiled rules."""

    def __init__(self, folder: Path):
        library = folder / "device_rules.so"
        flags = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
        subprocess.run([compiler(), *flags, "-o", library, SOURCE], check=True)
        self._c = ctypes.CDLL(str(library))
        self._c.device_cutoff.restype = ctypes.c_uint8
        self._c.device_cutoff.argtypes = [ctypes.c_double]
        self._c.device_detect.restype = ctypes.c_int32

    def cutoff(self, probability: float) -> int:
        """A manifest's cutoff as the device holds it."""
        return self._c.device_cutoff(probability)

    def features(self, raw: np.ndarray) -> np.ndarray:
        """uint16 -> int8, of the same shape."""
        raw = np.ascontiguousarray(raw)
        features = np.empty(raw.shape, np.int8)
        self._c.device_features(_pointer(raw), ctypes.c_int32(raw.size), _pointer(features))
        return features

    def detect(self, slices, scores, cutoff, window, stride=3, vad=None):
        """(slice, mean, peak, blocked) of each report.

        `vad` is (scores, cutoff, window, stride); cutoffs are those of manifests.
        """
        scores = np.ascontiguousarray(scores)
        vad_scores, vad_cutoff, vad_window, vad_stride = vad or (None, 0.0, 1, 1)
        assert len(scores) >= slices // stride
        if vad:
            vad_scores = np.ascontiguousarray(vad_scores)
            assert len(vad_scores) >= slices // vad_stride
        reports = np.zeros(max(slices, 1), _REPORT)
        n = self._c.device_detect(
            ctypes.c_int32(slices),
            *(_pointer(scores), ctypes.c_int32(stride), ctypes.c_uint8(self.cutoff(cutoff))),
            ctypes.c_int32(window),
            *(_pointer(vad_scores) if vad else None, ctypes.c_int32(vad_stride)),
            *(ctypes.c_uint8(self.cutoff(vad_cutoff)), ctypes.c_int32(vad_window)),
            *(_pointer(reports), ctypes.c_int32(len(reports))),
        )
        return [tuple(int(x) for x in report) for report in reports[:n]]


def reports_of(detector_found, blocked) -> list[tuple[int, int, int, int]]:
    """mwwkit's detections in the same form: the slice is counted from the first frame's, 0."""
    both = [(d, 0) for d in detector_found] + [(d, 1) for d in blocked]
    rows = [(round((d.time_s - 0.03) / 0.01), d.mean, d.peak, is_blocked) for d, is_blocked in both]
    return sorted(rows)


def _pointer(array: np.ndarray):
    return array.ctypes.data_as(ctypes.c_void_p)

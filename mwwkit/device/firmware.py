"""What the device fixes: nothing in this file is ours to choose.

Numbers come from ESPHome's `micro_wake_word` component (read in release 2026.6.5; the Python
package `esphome` carries the C++ sources) and from the official model files it downloads.  Where a
line names a file without a folder, it is in `esphome/components/micro_wake_word/`.
"""

ESPHOME_VERSION = "2026.6.5"  # the release that all of this was read in

SAMPLE_RATE_HZ = 16_000  # preprocessor_settings.h: AUDIO_SAMPLE_FREQUENCY

# The audio front end (preprocessor_settings.h; micro_wake_word.cpp fills FrontendConfig with them).
WINDOW_MS = 30  # FEATURE_DURATION_MS
HOP_MS = 10  # manifest `feature_step_size`; every published v2 model uses 10
N_BANDS = 40  # PREPROCESSOR_FEATURE_SIZE
SAMPLES_PER_HOP = SAMPLE_RATE_HZ * HOP_MS // 1000  # 160

# From the front end's uint16 to the model's int8 (micro_wake_word.cpp, generate_features_):
#   clamp((value * 256 + 333) / 666 - 128, -128, 127), in integers.
FEATURE_SCALE_NUM = 256
FEATURE_SCALE_DEN = 666  # 25.6 * 26 = 665.6, rounded
FEATURE_ROUNDING = 333  # half of FEATURE_SCALE_DEN
INT8_MIN, INT8_MAX = -128, 127

# The model's two ends (official v2 model files; streaming_model.cpp checks shapes and types at
# load).
FEATURE_MAX = 26.0  # the range 0..26 that the int8 grid spans
INPUT_SCALE = FEATURE_MAX / 255  # 0.10196078
INPUT_ZERO_POINT = -128
STRIDE = 3  # frames a model step takes in; the component reads it from input dimension 1
INPUT_SHAPE = (1, STRIDE, N_BANDS)  # int8
OUTPUT_SHAPE = (1, 1)  # uint8
OUTPUT_SCALE = 1 / 256
OUTPUT_ZERO_POINT = 0
STEP_MS = STRIDE * HOP_MS  # 30 ms between two scores

# Detection (streaming_model.cpp, micro_wake_word.h).
MIN_SLICES_BEFORE_DETECTION = 100  # frames that must pass after start or a detection: 1 s
CUTOFF_LEVELS = 255  # the cutoff is stored as int(cutoff * 255); it fires when a mean is above it

# Memory (streaming_model.h): the arena that holds the descriptors of resource variables.
MAX_RESOURCE_VARIABLES = 20  # MicroResourceVariables::Create(..., 20)
VARIABLE_ARENA_BYTES = 1024  # STREAMING_MODEL_VARIABLE_ARENA_SIZE
SRAM_BYTES = (
    512 * 1024
)  # on the chip (ESP32-S3 datasheet, "512 KB SRAM"): all there is without PSRAM

# The ops the component registers (streaming_model.cpp, register_streaming_ops_), by their names in
# the TFLite schema's BuiltinOperator.
OPS = frozenset(
    {
        "CALL_ONCE",
        "VAR_HANDLE",
        "RESHAPE",
        "READ_VARIABLE",
        "STRIDED_SLICE",
        "CONCATENATION",
        "ASSIGN_VARIABLE",
        "CONV_2D",
        "MUL",
        "ADD",
        "MEAN",
        "FULLY_CONNECTED",
        "LOGISTIC",
        "QUANTIZE",
        "DEPTHWISE_CONV_2D",
        "AVERAGE_POOL_2D",
        "MAX_POOL_2D",
        "PAD",
        "PACK",
        "SPLIT_V",
    }
)

# The published models' sizes, for scale: 52,272 (hey_jarvis) to 60,264 bytes (okay_nabu).
MODEL_BYTES_LIMIT = 62_000
MANIFEST_VERSION = 2
MINIMUM_ESPHOME_VERSION = "2024.7.0"  # the first release with manifest v2 models

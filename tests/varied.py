"""What a run of the suite may be varied by, to stand in for other machines and other luck.

MWWKIT_TEST_SEED moves the seed of everything that trains; 0, the default, leaves each where its
test has it.  MWWKIT_TEST_THREADS is how many threads TensorFlow computes with; 1 by default.
"""

import os

import pytest

# New objects before a collection, which else walks TensorFlow's six times while it is imported.
SELDOM = (20_000, 20, 20)

SEED = int(os.environ.get("MWWKIT_TEST_SEED", "0"))
THREADS = int(os.environ.get("MWWKIT_TEST_THREADS", "1"))


def seed(usual: int) -> int:
    """The seed a test trains with: `usual`, moved by a thousand for each step of the variable."""
    return usual + 1000 * SEED


# Nothing of ours: TensorFlow 2.21 ends with SIGSEGV in a plain tf.matmul of float16 or bfloat16
# where oneDNN is held to SSE4.1.
HALF_CRASHES = (
    os.environ.get("ONEDNN_MAX_CPU_ISA") == "SSE41"
    and os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "0"
)
in_half_precision = pytest.mark.skipif(
    HALF_CRASHES, reason="TensorFlow crashes in half precision where oneDNN is held to SSE4.1"
)

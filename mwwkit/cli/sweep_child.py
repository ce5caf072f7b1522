"""One row of a sweep: `mwwkit run` that ends with the process which started it.

    python -m mwwkit.cli.sweep_child PID --run-dir ... -p WORD=...

Otherwise it would go on beside the next session of a sweep that was killed.
"""

import sys

from mwwkit.cli.command import carry_out
from mwwkit.cli.run import RUN
from mwwkit.run.parallel import end_with

if __name__ == "__main__":
    end_with(int(sys.argv[1]))
    sys.exit(carry_out(RUN, sys.argv[2:]))

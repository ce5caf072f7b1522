"""Room left under a disk budget, cheap to ask before every write."""

import shutil
from pathlib import Path

from mwwkit.run.errors import WrongInput
from mwwkit.run.files import tree_bytes

SPARE_BYTES = 64 << 20  # left free on the disk itself: logs, notebooks and the checkpoint need some


class Budget:
    """How much a run's folder may still grow.

    The tree is walked once, when the budget is made; after that what is written is added up, so
    asking costs a comparison and one `statvfs`.
    """

    def __init__(self, folder: Path, budget_bytes: int):
        """Measure `folder` (which need not exist yet) against `budget_bytes`."""
        if budget_bytes <= 0:
            raise WrongInput(f"budget_bytes is {budget_bytes}; wanted more than 0")
        self.folder = folder
        self.budget_bytes = int(budget_bytes)
        self.used_bytes = tree_bytes(folder)

    def refusal(self, n_bytes: int) -> str:
        """Why `n_bytes` more do not fit, in plain words; empty when they do."""
        if self.used_bytes + n_bytes > self.budget_bytes:
            return (
                f"the disk budget is reached: {self.used_bytes / 1e9:.3f} GB used, "
                f"{n_bytes / 1e9:.3f} GB wanted next, {self.budget_bytes / 1e9:.3f} GB allowed"
            )
        existing = next(p for p in [self.folder, *self.folder.resolve().parents] if p.exists())
        free = shutil.disk_usage(existing).free
        spare = min(SPARE_BYTES, self.budget_bytes // 10)
        if free < n_bytes + spare:
            return (
                f"the disk is full: {free / 1e6:.0f} MB free, {n_bytes / 1e6:.0f} MB wanted next "
                f"and {spare / 1e6:.0f} MB to be left free"
            )
        return ""

    def spent(self, n_bytes: int) -> None:
        """Count `n_bytes` as written."""
        self.used_bytes += int(n_bytes)

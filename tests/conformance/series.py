"""The five stages over the smallest data that has work in each: a session that can be forked."""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from small_run import write_corpus  # noqa: E402

from mwwkit.run.paths import Run  # noqa: E402
from mwwkit.run.session import Limits  # noqa: E402
from mwwkit.stages import acquire, export, featurize, mine, train  # noqa: E402

STAGES = {"01": acquire, "02": featurize, "03": train, "04": mine, "05": export}
MADE_UP = {"tts_positive": 0, "tts_negative": 0, "tts_hard_negative": 0, "tts_ambient_minutes": 0.0}


def configs(words: Path) -> dict[str, object]:
    """Each stage's settings; `words` is a folder of recordings by role."""
    fine = {"fine_tune_steps": 250, "batch": 4, "keep_above": 0.01, "max_events": 10}
    return {
        "01": acquire.Config(
            "wake", recordings=str(words), noise_minutes=0.5, rooms=4, **MADE_UP, tts_when="always"
        ),
        "02": featurize.Config(scenes=60, scene_seconds=3.0, conditions=("clean",)),
        "03": train.Config(shape="tiny", steps=500, batch=4, evaluate_every=250, target_fah=20.0),
        "04": mine.Config(**fine, target_fah=20.0),
        "05": export.Config(
            "wake", arena_bytes=30_000, other_calibrations=False, target_fah=20.0, max_clip_fpr=1.0
        ),
    }


def recordings(folder: Path) -> Path:
    """A folder of recordings by role, made of small_run's sounds."""
    write_corpus(Run(folder / "corpus"))
    roles = {"positive": "clip/*-w*", "negative": "clip/*-o*", "ambient": "ambient/*"}
    for role, pattern in (roles | {"background": "noise/*"}).items():
        for path in (folder / "corpus/clips").glob(f"{pattern}.wav"):
            (folder / "recordings" / role).mkdir(parents=True, exist_ok=True)
            path.rename(folder / "recordings" / role / path.name)
    return folder / "recordings"


def session(
    folder: Path, words: Path, said: Path, earlier: Sequence[Path] = (), workers: int = 1
) -> None:
    """All five stages, or what is left of them; `said` keeps the stage that is under way."""
    given, run = configs(words), Run(folder, tuple(earlier))
    for stage, module in STAGES.items():
        said.write_text(stage)
        module.run(given[stage], run, Limits(workers=workers))
    said.write_text("end")

"""The clips of many units as one collection."""

from collections.abc import Sequence

from mwwkit.corpus.clips import STAGE, Label, Rejected
from mwwkit.corpus.unit_folders import Made, read_unit, remarks_of
from mwwkit.run.paths import Run

Found = list[tuple[str, Made]]  # path in the run, clip


def assemble(run: Run, folder: str, units: Sequence[str]) -> tuple[Found, list[Rejected]]:
    """The clips of all units with their paths in the run, each sound once; and the rejected."""
    clips_of_units: Found = []
    rejected: list[Rejected] = []
    for unit in units:
        clips, refused = read_unit(run.find(f"{folder}/{unit}"))
        clips_of_units += [(f"{folder}/{unit}/{clip.file}", clip) for clip in clips]
        rejected += [Rejected(row["path"], row["reason"], STAGE) for row in refused]
    kept, doubles = _without_doubles(clips_of_units)
    return kept, rejected + doubles


def remarks(run: Run, folder: str, units: Sequence[str]) -> list[tuple[str, str]]:
    """(input, remark) about inputs of all units that are used all the same."""
    return [row for unit in units for row in remarks_of(run.find(f"{folder}/{unit}"))]


def _without_doubles(clips: Found) -> tuple[Found, list[Rejected]]:
    """Keep one clip of each sound; reject all of a sound labelled as the wake word and as other."""
    first: dict[str, Made] = {}
    labels: dict[str, set[Label]] = {}
    for _, clip in clips:
        first.setdefault(clip.sha256, clip)
        labels.setdefault(clip.sha256, set()).add(clip.about.label)
    kept, rejected = [], []
    for path, clip in clips:
        of_sound, lead = labels[clip.sha256], first[clip.sha256]
        if Label.POSITIVE in of_sound and len(of_sound) > 1:
            names = " and ".join(sorted(label.value for label in of_sound))
            reason = f"the same sound is labelled {names}; remove the wrong one"
            rejected.append(Rejected(clip.input, reason, STAGE))
        elif clip is not lead:
            rejected.append(Rejected(clip.input, f"the same sound as {lead.input}", STAGE))
        else:
            kept.append((path, clip))
    return kept, rejected

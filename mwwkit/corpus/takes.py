"""Recordings that are made in the notebook: what is asked for, what there is, and each one's check.

    made = Takes(run, "hey kitchen")
    take = made.keep(TASKS[0], "ann", content, "ann's phone.m4a")    # bytes of any audio file
    take.path, take.remarks
    made.left()                                                       # task -> how many more

They lie in the run as any folder of recordings does, `recorded/positive/ann/near-01.wav`, and 01
reads them. What there is, is counted there each time, so that nothing else need be remembered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mwwkit.audio.reading import read
from mwwkit.audio.wav16 import to_float, to_int16, write_wav16
from mwwkit.corpus.clip_measures import LONG_S, Measured, measured, remarks_on
from mwwkit.corpus.clips import validate
from mwwkit.corpus.folder_names import names_a_split, speaker_of
from mwwkit.corpus.recording_folders import RECORDED
from mwwkit.run import kept
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import replacing
from mwwkit.run.paths import Run


@dataclass(frozen=True)
class Task:
    """What somebody is asked to record, and how often."""

    name: str  # begins the files' names
    role: str  # the folder that they lie in
    ask: str  # WORD stands for the wake word
    count: int
    most_s: float = LONG_S
    least_s: float = 0.2

    def asked(self, word: str) -> str:
        """The request, to people."""
        return self.ask.replace("WORD", f"“{word}”" if word else "the wake word")


TASKS = (
    Task("near", "positive", "say WORD at arm's length, as you would to a person", 6),
    Task("far", "positive", "say WORD from across the room", 5),
    Task("quiet", "positive", "say WORD softly, as when somebody sleeps", 3),
    Task("loud", "positive", "say WORD loudly, as over music", 3),
    Task("second", "positive", "let somebody else say WORD (write their name above)", 3),
    Task("other", "negative", "say other words: names, a greeting, what sounds like WORD", 6),
    Task("talk", "ambient", "talk or read aloud for a minute without WORD", 1, 120.0, 5.0),
    Task("room", "background", "leave the room as it sounds for twenty seconds", 1, 120.0, 5.0),
)
BY_NAME = {task.name: task for task in TASKS}
MOST_READ_S = 150.0


@dataclass(frozen=True)
class Take:
    """A recording that was kept, what it is like, and what could be better."""

    path: Path
    samples: np.ndarray  # int16 [n] at 16 kHz
    found: Measured
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        """What a person wants to know about it, in a line."""
        found = self.found
        figures = (
            f"{found.seconds:.1f} s, loudest {found.loudest_db:.0f} dBFS, "
            f"{found.over_noise_db:.0f} dB over its noise"
        )
        return f"{self.path.name}: {'; '.join(self.remarks) or 'good'} ({figures})"


@dataclass(frozen=True)
class Takes:
    """All recordings of a run that were made in the notebook."""

    run: Run
    word: str

    def files(self, task: Task) -> list[Path]:
        """Those of a task, in this run and earlier ones, in the order of their numbers."""
        folders = [folder / task.role for folder in self.run.all(RECORDED)]
        names = re.compile(rf"{task.name}-\d+\.wav")
        found = (p for folder in folders for p in folder.rglob("*.wav") if names.fullmatch(p.name))
        return sorted(found, key=lambda path: (_number(path), str(path)))

    def left(self) -> dict[str, int]:
        """How many more of each task are asked for; 0 where it is done."""
        return {task.name: max(task.count - len(self.files(task)), 0) for task in TASKS}

    def next_task(self) -> str:
        """The first task that is not done; the first of all where all are."""
        left = self.left()
        return next((name for name, n in left.items() if n), TASKS[0].name)

    def speakers(self) -> list[str]:
        """Who recorded, by name."""
        roots = [folder / "positive" for folder in self.run.all(RECORDED)]
        return sorted({path.name for root in roots if root.is_dir() for path in root.iterdir()})

    def keep(self, task: Task, speaker: str, content: bytes, name: str) -> Take:
        """Check a recording and keep it; `name` is what a file was called, for messages.

        Raises WrongInput, or AudioValidationError, for what is no recording that can be used:
        nothing is kept then.
        """
        folder = Path(RECORDED, task.role)
        if task.role != "background":
            folder /= self._speaker(speaker)
        with TemporaryDirectory() as trial:  # decoders want a file, and judge it by its content
            path = Path(trial) / (Path(name).name or "recording")
            path.write_bytes(content)
            audio = read(path, seconds=MOST_READ_S)
        if faults := validate(audio, task.least_s, task.most_s * 4):
            raise WrongInput(f"{'; '.join(faults)}: not kept, record it again")
        samples, target = to_int16(audio), self.run / str(folder / self._file(task))
        with replacing(target) as part:
            write_wav16(part, samples)
        kept.save(self.run.folder)
        return self._take(task, target, samples)

    def newest(self, task: Task) -> Take | None:
        """The last of this run's recordings of a task."""
        own = [path for path in self.files(task) if path.is_relative_to(self.run.folder)]
        return self._take(task, own[-1], to_int16(read(own[-1]))) if own else None

    def take_back(self, task: Task) -> str:
        """Remove the last of this run's recordings of a task; its name, "" where there is none."""
        take = self.newest(task)
        if take is None:
            return ""
        take.path.unlink()
        for folder in list(take.path.parents)[:3]:  # a folder with nothing in it is refused by 01
            if folder == self.run.folder or any(folder.iterdir()):
                break
            folder.rmdir()
        kept.save(self.run.folder)
        return take.path.name

    def _take(self, task: Task, path: Path, samples: np.ndarray) -> Take:
        found = measured(to_float(samples))
        remarks = remarks_on(found, task.most_s) if task.role in ("positive", "negative") else []
        return Take(path, samples, found, tuple(remarks))

    def _file(self, task: Task) -> str:
        """The next name, over all speakers and runs, so that none stands twice."""
        numbers = map(_number, self.files(task))
        return f"{task.name}-{max(numbers, default=0) + 1:02d}.wav"

    def _speaker(self, given: str) -> str:
        """A folder's name for a person; WrongInput for what would be nobody to 01."""
        name = re.sub(r"[^\w .-]+", "", given).strip(" .")
        if not name or names_a_split(name) or not speaker_of([name], self.word, 0):
            why = "a place, a device or a set" if name else "nobody's name"
            raise WrongInput(f"{given!r} is {why}: say who speaks, such as ann, then record again")
        return name


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def progress(takes: Takes) -> Sequence[tuple[str, str, str]]:
    """A row for each task: what is asked, how many there are, how many are wanted."""
    rows = []
    for task in TASKS:
        have = len(takes.files(task))
        state = "done" if have >= task.count else f"{have} of {task.count}"
        rows.append((task.name, task.asked(takes.word), state))
    return rows

"""Sessions of the data engine as real processes that say what they are doing while they do it.

Each is forked from here (so imports are paid once), leads a group of its own, and says over a
pipe which phase it is in and which room, embedding, file or triple every one of its processes has
begun and ended. That is how a kill is put inside a phase, and how it is counted where it landed.
"""

import json
import os
import select
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process with threads must not be forked
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]
os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:3])  # for the processes of the sessions

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
from triples_world import RATE_HZ, config, hear  # noqa: E402

from mwwkit.run import files, parallel  # noqa: E402
from mwwkit.run.paths import Run  # noqa: E402
from mwwkit.run.session import Limits  # noqa: E402
from mwwkit.stages import triples  # noqa: E402
from mwwkit.triples import batch_files, clap, examples, impulse_responses, phases, sterilising  # noqa: E402

SPANS = {"rooms": 2, "embed_all": 3, "speech": 4, "stretch": 5, "_write": 6}  # function: phase
WORK = {2: "read", 3: "_embedding", 4: "sterilise", 5: "make"}  # what a unit of each is made of
UNIT = {2: 2, 3: 2, 4: 4, 5: 4}  # rooms, embeddings, files, triples in one: small, to be hit often


def write_world(folder: Path, n_speech: int, n_rooms: int) -> None:
    """`bad`, `target` and `dry`: short files of all rates, and some of each that are no good."""
    draws = np.random.default_rng(11)
    for pool in ("bad", "target", "dry"):
        (folder / pool).mkdir(parents=True)
    for number in range(n_rooms):
        for pool, rate_hz in (("bad", (44_100, 48_000)[number % 2]), ("target", RATE_HZ)):
            n = int(rate_hz * draws.uniform(0.05, 0.15))
            tail = draws.standard_normal(n) * np.exp(-np.arange(n) / rate_hz * (30 + 5 * number))
            tail[0] = 3
            path = folder / pool / f"room{number:02d}.wav"
            soundfile.write(path, tail / 5, rate_hz, subtype="FLOAT")
    soundfile.write(folder / "bad" / "silent.wav", np.zeros(4_800), RATE_HZ)
    soundfile.write(folder / "bad" / "short.wav", np.ones(40), RATE_HZ)
    for number in range(n_speech):
        rate_hz = (22_050, 44_100, 48_000, 96_000)[number % 4]
        t = np.arange(int(rate_hz * draws.uniform(1.1, 1.6))) / rate_hz
        pitch = 110 + 10 * (number % 9)
        buzz = sum(np.sin(2 * np.pi * pitch * k * t + k) / k for k in range(1, 9))
        voice = 0.1 * buzz * np.sin(2 * np.pi * 2 * t) ** 2 + 1e-4 * draws.standard_normal(t.size)
        sound = np.stack([voice, 0.5 * voice], axis=1) if number % 2 else voice
        kind = ("PCM_24", "PCM_16", "PCM_16")[number % 3]
        soundfile.write(folder / "dry" / f"s{number:03d}.wav", sound, rate_hz, subtype=kind)
    soundfile.write(folder / "dry" / "hush.wav", np.zeros(2 * RATE_HZ), RATE_HZ)
    soundfile.write(folder / "dry" / "word.wav", 0.1 * draws.standard_normal(RATE_HZ // 2), RATE_HZ)


@dataclass(frozen=True)
class Event:
    """One line of what a session says."""

    pid: int
    at_s: float
    begins: bool
    phase: int  # 0 outside of all
    what: str
    key: str


class Voice:
    """What a process says, into the pipe that the session was given; `at` is called at each."""

    def __init__(self, pipe: str, at: Callable[[int], None] | None = None):
        self.pipe, self.at = pipe, at
        self.under: list[int] = []  # the phases that this process is inside
        self.descriptor = os.open(pipe, os.O_WRONLY)

    def say(self, *, begins: bool, what: str, key: str) -> None:
        phase = self.under[-1] if self.under else 0
        facts = (os.getpid(), time.monotonic(), int(begins), phase, what, key)
        os.write(self.descriptor, ("\t".join(map(str, facts)) + "\n").encode())
        if self.at and begins and what not in SPANS:
            self.at(phase)

    def watch(self, owner: Any, name: str, key: Callable = lambda *given: "") -> None:
        """Say when `owner.name` begins and ends; a phase's own function leads into the phase."""
        real = getattr(owner, name)

        def watched(*given: Any, **named: Any) -> Any:
            about = {"what": name, "key": key(*given)}
            self.under += [SPANS[name]] if name in SPANS else []
            self.say(begins=True, **about)
            try:
                return real(*given, **named)
            finally:
                self.say(begins=False, **about)
                if name in SPANS:
                    self.under.pop()

        setattr(owner, name, watched)

    def watch_work(self) -> None:
        """What the processes that work do."""
        self.watch(impulse_responses, "read", lambda path, *_: f"{path.parent.name}/{path.name}")
        self.watch(sterilising, "sterilise", lambda path, *_: path.name)
        self.watch(examples, "make", lambda *given: given[3].index)


_VOICES: dict[str, Voice] = {}  # of this process, which may be a worker


class Told:
    """A worker's function that says what it does, in whatever process it runs."""

    def __init__(self, function: Callable, pipe: str, phase: int):
        self.function, self.pipe, self.phase = function, pipe, phase

    def __call__(self, item: Any) -> Any:
        if self.pipe not in _VOICES:
            _VOICES[self.pipe] = Voice(self.pipe)
            _VOICES[self.pipe].watch_work()
        voice = _VOICES[self.pipe]
        voice.under.append(self.phase)
        try:
            return self.function(item)
        finally:
            voice.under.pop()


def _tell(pipe: str, at: Callable[[int], None] | None) -> None:
    """Let this process, a session, and its workers say what they do; units become small."""
    impulse_responses.GROUP, clap.UNIT, batch_files.TASK = UNIT[2], UNIT[3], 1
    voice = _VOICES[pipe] = Voice(pipe, at)
    voice.watch_work()
    for owner, name in ((phases, "rooms"), (clap, "embed_all"), (phases, "speech")):
        voice.watch(owner, name)
    voice.watch(batch_files._Maker, "stretch")
    voice.watch(batch_files._Maker, "_write")
    voice.watch(clap, "_embedding", lambda embedder, ir_id, *_: ir_id)
    voice.watch(files, "_sync", lambda path: path.name)
    for module, phase in ((impulse_responses, 2), (sterilising, 4), (batch_files, 5)):

        def each(function: Callable, *given: Any, phase: int = phase, **named: Any) -> Any:
            return parallel.each(Told(function, pipe, phase), *given, **named)

        module.each = each


@dataclass
class Sitting:
    """A session that runs, and what it has said so far."""

    pid: int
    reader: int
    report: Path
    events: list[Event] = field(default_factory=list)
    status: int | None = None  # of the process, once it has ended
    _rest: bytes = b""

    def listen(self, seconds: float) -> list[Event]:
        """What it says in at most so many seconds; returns as soon as it says something."""
        ready, _, _ = select.select([self.reader], [], [], max(0.0, seconds))
        if not ready:
            return []
        *lines, self._rest = (self._rest + os.read(self.reader, 1 << 16)).split(b"\n")
        new = []
        for line in lines:
            pid, at_s, begins, phase, what, key = line.decode().split("\t")
            new.append(Event(int(pid), float(at_s), begins == "1", int(phase), what, key))
        self.events += new
        return new

    def ended(self) -> bool:
        """Whether the session's own process is gone."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def to_its_end(self) -> dict:
        """Wait; the engine's report. Stops the script where the engine failed."""
        while not self.ended():
            self.listen(0.2)
        while self.listen(0.0):
            pass
        os.close(self.reader)
        if self.status:
            sys.exit(f"the session failed:\n{self.report.with_suffix('.log').read_text()[-3000:]}")
        return json.loads(self.report.read_text())


def sit(
    world: Path,
    run: Path,
    previous: list[Path],
    scratch: Path,
    *,
    workers: int = 1,
    budget_gb: float = 19.0,
    at: Callable[[int], None] | None = None,
    **settings: Any,
) -> Sitting:
    """Begin a session over `run`; its log, report and pipe are made in `scratch`.

    `at(phase)` is called in the session's own process whenever it begins something.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    number = len(list(scratch.glob("*.pipe")))
    pipe, report = scratch / f"{number:03d}.pipe", scratch / f"{number:03d}.json"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDWR)  # also a writer, so that it never ends
    given = {"embeddings": "clap", "chunk_files": UNIT[4], "triples_per_file": UNIT[5]}
    pid = os.fork()
    if pid:
        return Sitting(pid, reader, report)
    code = 1
    try:
        os.setsid()
        log = os.open(report.with_suffix(".log"), os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        _tell(str(pipe), at)
        here, limits = Run.of(str(run), [str(p) for p in previous]), Limits(budget_gb, 0, workers)
        made = triples.run(config(world, **given | settings), here, limits, hear)
        report.write_text(json.dumps(made))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)

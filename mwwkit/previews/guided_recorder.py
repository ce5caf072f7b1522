"""Twenty recordings of your own, made in the notebook: what to say, and whether it was good.

    guided_recorder.guide(run, config.word)            # in 01, before its plan

Each recording is checked and kept at once, in `recorded/` of the run, which 01 reads: a restart of
the kernel loses nothing. Phones' files come in by the upload. Where nobody can record (papermill, a
saved page) it shows what there is.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

from IPython.display import display
from ipywidgets import Dropdown, FileUpload, Layout, Text, ToggleButton
from matplotlib.figure import Figure

from mwwkit.corpus.takes import BY_NAME, TASKS, Take, Takes, progress
from mwwkit.previews import drawing, recorder
from mwwkit.previews.panel import Words, hidden_field, is_live, panel, sentence
from mwwkit.run.paths import Run
from mwwkit.run.shown import as_html, as_lines

MOST_S = 75  # the button stops by itself: a minute of talk fits
ADVICE = (
    "Twenty recordings of the word are the most that you can do for your model: one of machines' "
    "voices alone misses most of what people say."
)


def guide(run: Run, word: str) -> None:
    """Show what to record, a button that records, an upload, and how the last recording was."""
    Guide(run, word).show()


class Guide:
    """What is asked for now, and the controls."""

    def __init__(self, run: Run, word: str):
        """Begin with what is still to be recorded."""
        self.takes, self._given = Takes(run, word), ("", (), False)
        self._last = ""  # the task of what was recorded last
        self._live = is_live()  # asked in the cell: when a control moves, no front end says so
        wide = {"style": {"description_width": "initial"}, "layout": Layout(width="18em")}
        speakers = self.takes.speakers()
        self.recording = hidden_field()
        self.speaker = Text(speakers[0] if speakers else "me", description="who speaks", **wide)
        self.task = Dropdown(
            options=[task.name for task in TASKS],
            value=self.takes.next_task(),
            description="how",
            layout=Layout(width="12em"),
        )
        self.upload = FileUpload(accept="audio/*,video/webm,.flac,.m4a", multiple=True)
        self.retake = ToggleButton(
            False, description="Take the last one back", layout=Layout(width="auto")
        )

    def show(self) -> None:
        """Display the button, the controls, the list, and the last recording."""
        if self._live:
            display(recorder.button(self.recording, MOST_S))
        names = ("recording", "speaker", "task", "upload", "retake")
        panel(self.draw, **{name: getattr(self, name) for name in names})

    def draw(
        self, recording: str, speaker: str, task: str, upload: Sequence[dict], retake: bool
    ) -> tuple[Any, ...]:
        """The list, a line about the last recording, its picture and player.

        What is new among the values is done first: a recording or files kept, one taken back.
        """
        before, self._given = self._given, (recording, upload, retake)
        told, take = "", None
        if recording and recording != before[0]:
            told, take = self._keep(task, speaker, [("your recording", recording)])
        elif upload and upload != before[1]:
            files = [(each["name"], bytes(each["content"])) for each in upload]
            told, take = self._keep(task, speaker, files)
        elif retake != before[2]:
            gone = self.takes.take_back(BY_NAME[self._last or task])
            told = f"{gone} is taken back: record it again" if gone else "nothing to take back"
        now = BY_NAME[self.task.value]  # the next one, where that was the last
        take = take or self.takes.newest(now)
        asked = f"now: {now.asked(self.takes.word)}" if self._live else ""
        return self._list(), _lines(told, str(take or ""), asked), *_seen(take)

    def _keep(
        self, task: str, speaker: str, sounds: Sequence[tuple[str, str | bytes]]
    ) -> tuple[str, Take | None]:
        """Keep what is good of some sounds; what was not, in words, and the last that was."""
        refused, take = [], None
        for name, sound in sounds:
            try:
                content = sound if isinstance(sound, bytes) else recorder.sound(sound)
                take = self.takes.keep(BY_NAME[task], speaker, content, name)
            except ValueError as error:  # WrongInput and AudioValidationError are such
                refused.append(f"{name}: {error}")
        self._last = task if take else self._last
        if take and not self.takes.left()[task]:
            self.task.value = self.takes.next_task()
        return "; ".join(refused), take

    def _list(self) -> Words:
        rows = progress(self.takes)
        n_words = sum(len(self.takes.files(t)) for t in TASKS if t.role == "positive")
        if not n_words and not self._live:
            return sentence(f"Nothing was recorded in this notebook. {ADVICE}")
        head = f"{n_words} recordings of the word were made here. " + (
            ADVICE if n_words < 20 else ""
        )
        table = [("how", "what", "recorded"), *rows]
        return Words(f"<p>{head}</p>{as_html(table, n_heads=1)}", f"{head}\n{as_lines(table)}")


def _lines(*texts: str) -> Words:
    told = [text for text in texts if text]
    return Words("".join(f"<p>{escape(text)}</p>" for text in told), "\n".join(told))


def _seen(take: Take | None) -> tuple[Any, Any]:
    """Picture and player of a recording; nothing where there is none."""
    if take is None:
        return sentence(""), sentence("")
    figure = Figure(figsize=(drawing.WIDTH_IN, 2.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    drawing.sound(above, below, take.samples, take.path.name)
    return drawing.png(figure), drawing.player(take.samples)

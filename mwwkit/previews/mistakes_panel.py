"""The model's mistakes one by one, to be heard and judged, by buttons or by keys.

    mistakes_panel.listen(run)                       # 05: what it missed, what it took for the word
    mistakes_panel.mined(run)                        # 04: what fooled it in its training audio

Keep, drop and mislabelled are kept in the run's `decisions/`: of clips in clips.csv, of mined
events as 04's DROP in parameters.json. Without a live notebook the worst stand in a table.
"""

from collections.abc import Sequence
from typing import Any

from IPython.display import display
from ipywidgets import Button, Layout, Text

from mwwkit.previews import drawing
from mwwkit.previews.cases import Case, Cases, mined_cases, shipped_cases
from mwwkit.previews.html_tables import Told, table
from mwwkit.previews.panel import ELSEWHERE, Words, controls, is_live, sentence
from mwwkit.report.markup import tag
from mwwkit.run.paths import Run

KEYS = {
    "k": "keep",
    "d": "drop",
    "m": "mislabelled",
    "p": "play again",
    "b": "back",
    "n": "next",
}
DECISIONS = ("keep", "drop", "mislabelled")
MOST_IN_TABLE = 3  # of each kind, in an executed copy: a sound is some 40 kB
ADVICE = (
    "Drop what is broken and tell what is mislabelled; what is merely hard should stay. To leave "
    "it out makes the figures better, and the model worse."
)


def listen(run: Run) -> None:
    """Show 05's misses and false accepts, of both splits. CheckpointError before 05 has ended."""
    show(shipped_cases(run))


def mined(run: Run) -> None:
    """Show what 04 mined, the worst first."""
    show(mined_cases(run))


def show(cases: Cases) -> None:
    """The panel where a notebook is live, else the table."""
    if not cases.all:
        display(sentence(cases.none))
    elif is_live():
        MistakesPanel(cases).show()
    else:
        display(sentence(ADVICE), sentence(ELSEWHERE), static_table(cases))


class MistakesPanel:
    """One mistake at a time, and the controls."""

    def __init__(self, cases: Cases):
        """Begin with the first that nobody has judged."""
        self.cases = cases
        decided = cases.decided()
        undecided = [n for n, case in enumerate(cases.all) if not decided(case)]
        self.at = undecided[0] if undecided else 0
        self.buttons = {
            what: Button(description=f"{what} ({key})", layout=Layout(width="9.5em"))
            for key, what in KEYS.items()
        }
        for what, button in self.buttons.items():
            button.on_click(lambda _, what=what: self.do(what))
        self.keys = Text(placeholder="type keys here", layout=Layout(width="9em"))
        self.keys.observe(self._typed, "value")
        self.reason = Text(placeholder="why (kept with it)", layout=Layout(width="18em"))
        self._places: list[Any] = []
        self._n_played = 0

    def show(self) -> None:
        """Display the controls and the first mistake."""
        display(sentence(ADVICE))
        controls(*self.buttons.values(), self.keys, self.reason)
        self._places = [display(thing, display_id=True) for thing in self.draw(play=False)]

    def do(self, what: str) -> None:
        """One of the values of KEYS."""
        if what in DECISIONS:
            self.cases.decide(self.case, what, self.reason.value.strip())
            self.reason.value = ""
        step = {"back": -1, "play again": 0}.get(what, 1)
        self.at = min(max(self.at + step, 0), len(self.cases.all) - 1)
        for place, thing in zip(self._places, self.draw(play=True), strict=False):
            if place is not None:  # none is there before it is shown
                place.update(thing)

    @property
    def case(self) -> Case:
        """The mistake that is shown."""
        return self.cases.all[self.at]

    def draw(self, play: bool) -> Sequence[Any]:
        """What it is, its picture, its sound and how far one has come."""
        case = self.case
        figure, samples = case.draw()
        judged = [*map(self.cases.decided(), self.cases.all)]
        n_done, here = sum(map(bool, judged)), judged[self.at]
        told = f"Judged: {here}. " if here else "Not judged yet. "
        head = f"{self.at + 1} of {len(self.cases.all)}: {case.title}"
        sound: Any = sentence("its sound is not at hand: attach the run that holds the clips")
        if samples is not None:
            self._n_played += 1
            sound = drawing.player(samples, autoplay=play, number=self._n_played)
        done = f"{told}{n_done} of {len(self.cases.all)} are judged. {self.cases.after}"
        return [_headed(head, case.lines), drawing.png(figure), sound, sentence(done)]

    def _typed(self, change: dict[str, Any]) -> None:
        """Do what the letters say that came after those that were there.

        The field is not emptied from here: a kernel that is slow would do a letter twice.
        """
        before, now = str(change["old"]), str(change["new"])
        for key in now[len(before) :].lower() if now.startswith(before) else "":
            if key in KEYS:
                self.do(KEYS[key])


def static_table(cases: Cases) -> Words:
    """The worst of each kind with picture, player and what was decided."""
    kinds = list(dict.fromkeys(case.kind for case in cases.all))
    chosen = [[c for c in cases.all if c.kind == kind][:MOST_IN_TABLE] for kind in kinds]
    decided = cases.decided()
    rows = [_row(case, decided(case)) for of_kind in chosen for case in of_kind]
    n_shown, n = len(rows), len(cases.all)
    told = f"all {n}" if n_shown == n else f"{n_shown} of {n}, the worst of each kind"
    title = f"{told}{cases.of}"
    return table(("what", "clip", "", "sound", "judged"), rows, title=title)


def _row(case: Case, decided: str) -> tuple[Any, ...]:
    features, samples = case.excerpt()
    picture = drawing.embedded(drawing.thumbnail(features), "its spectrogram")
    player = "not at hand"
    if samples is not None:
        player = Told(drawing.player(samples)._repr_html_())
    return case.title, "; ".join(case.lines), Told(picture), player, decided


def _headed(head: str, lines: Sequence[str]) -> Words:
    told = sentence("; ".join(lines))
    return Words(f"{tag('b', head)}{told.html}", f"{head}\n{told.text}")

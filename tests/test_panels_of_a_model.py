"""Panels over a finished model: what is clicked, typed and pressed is decided, and kept."""

import os
import signal
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

from mwwkit.corpus.clips import load_clips
from mwwkit.device.detector import Rule, manifest_cutoff
from mwwkit.evaluation.metrics_file import Threshold
from mwwkit.evaluation.split_metrics import at_rule
from mwwkit.metrics.operating_points import operating_points
from mwwkit.previews import mistakes_panel, page_clicks, panel, training_panel
from mwwkit.previews.cases import MISSED, TAKEN, Case, Cases, mined_cases, shipped_cases
from mwwkit.previews.threshold_explorer import Explorer
from mwwkit.previews.threshold_picture import ThresholdPicture
from mwwkit.previews.training_panel import TrainingPanel, interrupts_stop_between_units
from mwwkit.report.voices import by_condition, heard_words
from mwwkit.run.decisions import clip_decisions, cutoff_decision, parameter_decisions
from mwwkit.run.ending import Ending
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits, ask_to_stop
from mwwkit.scenes.mining import table_digest
from mwwkit.stages import mine

LIMITS = Limits(workers=1)


@pytest.fixture(scope="module")
def surfaces():
    """What a model that is unsure does, for every cutoff and two windows."""
    draws = np.random.default_rng(4)
    positives = [draws.integers(100, 256, 50).astype(np.uint8) for _ in range(40)]
    negatives = [draws.integers(0, 160, 50).astype(np.uint8) for _ in range(40)]
    ambient = [draws.integers(0, 200, 40_000).astype(np.uint8)]
    surface = operating_points(positives, negatives, ambient, windows=(3, 5))
    return {"validation": surface, "test": surface}


SHIPPED = Threshold(manifest_cutoff(190), 3, 0.5, True, None, False, "")


def share_of(picture: ThresholdPicture, axes, x: float, y: float) -> tuple[float, float]:
    """Where a point of a chart lies in the picture, as a browser counts: from the upper left."""
    width, height = picture.figure.get_size_inches() * picture.figure.dpi
    across, up = axes.transData.transform((x, y))
    return across / width, 1 - up / height


def test_a_click_on_the_map_is_the_cutoff_and_the_window_there(surfaces):
    picture = ThresholdPicture(surfaces, SHIPPED, Rule(SHIPPED.cutoff, 3))
    for integer, window in ((1, 3), (100, 5), (201, 3), (254, 5)):
        row = surfaces["validation"].windows.index(window)
        place = share_of(picture, picture.right, integer / 255, row + 0.2)
        found = picture.rule_at(*place)
        assert (found.integer, found.window) == (integer, window)
    assert picture.rule_at(0.5, 0.999) is None, "between the charts there is no rule"


def test_a_click_on_the_curve_is_a_cutoff_that_does_what_is_drawn_there(surfaces):
    surface = surfaces["validation"]
    picture = ThresholdPicture(surfaces, SHIPPED, Rule(SHIPPED.cutoff, 5))
    at = next(point for point in surface.row(5) if point.missed.value > 0.3)
    x, y = at.hourly().value, 100 * at.missed.value
    found = surface.at(picture.rule_at(*share_of(picture, picture.left, x, y)))
    assert (found.hits, found.events) == (at.hits, at.events)


def test_what_is_tried_is_marked_beside_what_ships(surfaces):
    def marks(tried: Rule) -> list[str]:
        picture = ThresholdPicture(surfaces, SHIPPED, tried)
        return [t.get_text() for t in picture.right.get_legend().get_texts()]

    assert marks(Rule(SHIPPED.cutoff, 3)) == ["ships now"]
    assert marks(Rule(0.5, 3)) == ["ships now", "tried"]


def test_a_click_comes_through_the_page_as_shares_of_the_picture():
    field = panel.hidden_field()
    assert page_clicks.place(field.value) is None
    assert page_clicks.place("0.2500 0.5000 3") == (0.25, 0.5)
    assert field.model_id in page_clicks.script(field).html and field.layout.display == "none"


@pytest.fixture
def here(exported, tmp_path) -> Run:
    """A folder to decide in, over a run that 05 has finished."""
    return Run(tmp_path, (*exported.earlier, exported.folder))


def test_any_rule_is_counted_as_05_counts_the_one_that_ships(here):
    explorer = Explorer(here)
    rule = Rule(explorer.shipped.cutoff, explorer.shipped.window)
    assert {"validation", "test"} == set(explorer.splits)
    for split in explorer.splits:
        of, found = (
            explorer._shipped(split),
            at_rule(explorer._scored[split], rule, explorer._about),
        )
        assert (found.recall, found.latency) == (of.recall, of.latency)
        assert found.other_clips_accepted == of.other_clips_accepted
        assert found.false_accepts_per_hour.events == of.false_accepts_per_hour.events
        by_name = {by.dimension: by for by in of.groups if by.dimension != "rt60"}
        assert {by.dimension: by for by in found.groups} == by_name


def test_words_heard_have_the_interval_that_the_report_has(here):
    explorer = Explorer(here)
    for split, figures in explorer.splits.items():
        heard, shown = heard_words(figures), explorer._recall(split, explorer._shipped(split))
        one_kind = {"people": heard.people, "machines": heard.machines}
        wanted = one_kind.get(figures.words.whose, shown)
        assert (shown.counts, shown.interval) == (wanted.counts, wanted.interval)
        shown = repr(explorer.by_group(explorer.shipped, split))
        of_conditions = by_condition(figures)
        assert all(f"({row.interval}; {row.counts})" in shown for row in of_conditions)
    assert figures.words.whose in one_kind


def test_use_this_is_kept_for_05_with_the_weights_it_was_looked_at_with(here):
    explorer = Explorer(here)
    assert "Nobody decided" in repr(explorer.state())
    explorer.cutoff.value, explorer.window.value = 77, 5
    explorer.draw(77, 5, "test")
    explorer.reason.value = "rather miss than annoy"
    explorer.use.click()
    decided = cutoff_decision(here)
    assert (decided.cutoff, decided.window, decided.reason) == (77, 5, "rather miss than annoy")
    assert decided.weights == explorer.exported.record.made_of["weights"]
    assert "Run 05's cells again" in repr(explorer.state())
    again = Explorer(here)  # as after a restart of the kernel
    assert "rather miss than annoy" in repr(again.state())
    again.take_back.click()
    assert cutoff_decision(here) is None


def case(name: str, kind: str, clip: str) -> Case:
    samples = np.zeros(8000, np.int16)
    features = np.zeros((50, 40), np.int8)
    return Case(
        name,
        kind,
        name,
        ("of a test",),
        clip,
        lambda: (Figure(), samples),
        lambda: (features, samples),
    )


def test_keys_judge_and_move_on_and_a_new_kernel_goes_on_where_nobody_has_judged(monkeypatch):
    judged = {}
    cases = Cases(
        tuple(case(f"c{n}", MISSED, f"clips/c{n}.wav") for n in range(4)),
        lambda: lambda case: judged.get(case.name, ("",))[0],
        lambda case, what, why: judged.update({case.name: (what, why)}),
        "after",
        "none",
    )
    monkeypatch.setattr(panel, "is_live", lambda: True)
    shown = mistakes_panel.MistakesPanel(cases)
    shown.reason.value = "a door"
    shown.keys.value = "k"
    assert shown.at == 1
    shown.keys.value = "kdbm"  # drop the second, back to it, it is mislabelled
    assert judged == {"c0": ("keep", "a door"), "c1": ("mislabelled", "")}
    shown.keys.value = "kdbmpx"
    assert shown.at == 2, "to play again stays, and other keys do nothing"
    shown.keys.value = "kdbm"
    assert shown.at == 2, "nor does taking letters back"
    shown.buttons["next"].click()
    shown.buttons["next"].click()
    assert shown.at == 3, "there is nothing after the last"
    assert mistakes_panel.MistakesPanel(cases).at == 2


def test_a_judgement_of_a_clip_is_a_decision_that_01_and_02_read(here):
    clips = load_clips(here).records
    word = next(r for r in clips if r.label.value == "positive" and r.split.value == "test")
    other = next(r for r in clips if r.label.value == "negative" and r.kind.value == "clip")
    talk = next(r for r in clips if r.kind.value == "ambient")
    cases = shipped_cases(here)
    for record, kind, what in (
        (word, MISSED, "mislabelled"),
        (other, TAKEN, "mislabelled"),
        (talk, TAKEN, "mislabelled"),
    ):
        cases.decide(case("x", kind, record.path), what, "heard")
    found = {clip: decision.action for clip, decision in clip_decisions(here).items()}
    assert found == {word.path: "negative", other.path: "positive", talk.path: "exclude"}
    cases.decide(case("x", MISSED, word.path), "keep", "")
    assert cases.decided()(case("x", MISSED, word.path)) == "keep"
    cases.decide(case("x", TAKEN, ""), "drop", "")  # between clips there is none to judge
    assert "" not in clip_decisions(here)


def mined_table(run: Run, ids: str) -> None:
    (run / "mined").mkdir(parents=True, exist_ok=True)
    head = "id,score,clip,clip_s,unit,index,at_s,first_frame\n"
    rows = [f"{name},0.9,,0.0,train/000000,0,3.0,0\n" for name in ids.split()]
    (run / "mined/mined.csv").write_text(head + "".join(rows))


def test_a_dropped_event_is_04s_drop_until_other_events_are_mined(tmp_path, capsys):
    run = Run(tmp_path)
    mined_table(run, "m0000 m0001")
    cases = mined_cases(run)
    for each in cases.all:
        cases.decide(each, "drop", "")
    cases.decide(cases.all[0], "keep", "")  # takes it back
    dropped = parameter_decisions(run)["mine"]["DROP"]
    assert dropped == [f"m0001@{table_digest(run)}"]
    assert [*map(cases.decided(), cases.all)] == ["", "dropped: not trained against"]
    assert mine._of_this_table((*dropped, "m0000"), run) == ["m0001", "m0000"]
    mined_table(run, "m0000 m0001 m0002")  # by other weights: the same id, another event
    assert mine._of_this_table((*dropped, "m0000"), run) == ["m0000"]
    assert "of another mined/mined.csv" in capsys.readouterr().out


class Stage:
    """A stage of three units, each of which waits until it is let go."""

    def __init__(self):
        self.done, self.begun, self.let_go = [], threading.Event(), threading.Semaphore(0)

    def run(self, config, run, limits, on_unit):
        session = limits.session(run)
        for unit in session.units([n for n in range(3) if n not in self.done], lambda _: 0):
            self.begun.set()
            assert self.let_go.acquire(timeout=20)
            self.done.append(unit)
            on_unit({f"step-{unit:07d}": {"loss": 1.0, "gradient_norm": 1.0}})
        session.must_be_continued("03 train", 3 - len(self.done))
        return "made"


@pytest.fixture
def training(tmp_path, monkeypatch):
    monkeypatch.setattr(training_panel, "display", lambda *_, **__: None)
    monkeypatch.setattr(training_panel.LiveCurves, "__call__", lambda *_: None)
    stage, run = Stage(), Run(tmp_path)
    return stage, TrainingPanel(Ending(run), stage.run, SimpleNamespace(), run, LIMITS)


def test_stop_ends_a_training_after_the_unit_under_way_and_start_goes_on(training, capsys):
    stage, panel_ = training
    pressed = threading.Thread(
        target=lambda: stage.begun.wait(20) and (panel_.stop.click(), stage.let_go.release())
    )
    pressed.start()
    assert panel_.go() is None and panel_.ending.stopped
    pressed.join()
    assert stage.done == [0] and not panel_.start.disabled and panel_.stop.disabled
    assert "you asked it to" in capsys.readouterr().out
    stage.let_go.release(2)
    panel_.start.click()
    panel_.worker.join(20)
    assert stage.done == [0, 1, 2] and not panel_.ending.stopped


def test_the_first_interrupt_asks_and_the_second_interrupts(tmp_path, monkeypatch):
    monkeypatch.setattr(training_panel, "is_live", lambda: True)
    before, said = signal.getsignal(signal.SIGINT), []
    session = LIMITS.session(Run(tmp_path))
    with pytest.raises(KeyboardInterrupt), interrupts_stop_between_units(said.append):
        os.kill(os.getpid(), signal.SIGINT)
        assert said == [training_panel.STOPPING] and session.stop() == "you asked it to"
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_wish_to_stop_is_of_one_session_only(tmp_path):
    ask_to_stop()
    assert list(LIMITS.session(Run(tmp_path)).units([1, 2], lambda _: 0)) == [1, 2]

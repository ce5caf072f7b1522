"""What is seen of a notebook that runs: one line of progress, and what it came to."""

import io
import logging
import signal

import nbclient
import nbformat
import pytest

from mwwkit.cli import watching
from mwwkit.cli.watching import DOING, LOADS, Screen, heading_of, tell
from mwwkit.presets.notebooks import NOTEBOOKS, notebook
from mwwkit.run.progress_bars import ENDED, GOING_ON, MARK, progress

CELL = """
from mwwkit.run.progress_bars import progress
from mwwkit.run.shown import Facts
with progress(total=30, unit="shard", desc="02 featurize") as bar:
    for number in range(30):
        bar.update()
        bar.set_postfix(loss="0.5")
with progress(total=4, initial=1, unit="step", desc="03 train") as bar:
    bar.update(2)
with progress(total=4, initial=4, unit="step", desc="nothing to do", disable=True) as bar:
    pass
Facts({"left": 2}, "Two are left.")
"""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def message(text, kind="execute_result", **transient):
    content = {"data": {"text/plain": text}, "transient": transient}
    return {"msg_type": kind, "content": content}


def test_an_executed_notebook_keeps_one_line_of_a_bar_and_no_stream():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    outputs = notebook.cells[0].outputs
    assert [each.output_type for each in outputs] == ["display_data"] * 2 + ["execute_result"]
    texts = [each.data["text/plain"] for each in outputs]
    assert texts[0].startswith("02 featurize: 30 shards in ") and texts[0].endswith(", loss 0.5")
    assert texts[1].startswith("03 train: stopped at 3 of 4 steps after ")
    assert texts[2] == "Two are left." and "<p " in outputs[2].data["text/html"]
    assert "<progress" not in outputs[0].data["text/html"]


def test_outside_of_a_notebook_it_is_tqdms_bar(capsys):
    assert list(progress(range(3), desc="listening")) == [0, 1, 2]
    assert "listening: 100%" in capsys.readouterr().err


def test_a_terminal_replaces_the_line_and_a_log_has_its_end_alone():
    log, terminal = io.StringIO(), Terminal()
    screen = Screen(log, terminal)
    for text, state in (("1 of 3", GOING_ON), ("2 of 3", GOING_ON), ("3 in 2 s", ENDED)):
        tell(screen, message(text, "update_display_data", **{MARK: state}), "")
    screen.write("a line\n")
    assert log.getvalue() == "3 in 2 s\na line\n"
    shown = terminal.getvalue()
    assert shown == "\r\x1b[K1 of 3\r\x1b[K2 of 3\r\x1b[K3 in 2 s\na line\n"


def test_where_no_line_can_be_replaced_only_the_end_is_told_at_once():
    terminal = io.StringIO()
    screen = Screen(io.StringIO(), terminal)
    tell(screen, message("1 of 3", "display_data", **{MARK: GOING_ON}), "")
    tell(screen, message("3 in 2 s", "update_display_data", **{MARK: ENDED}), "")
    assert terminal.getvalue() == "3 in 2 s\n"


def test_a_log_has_every_result_and_a_terminal_that_of_the_run():
    log, terminal = io.StringIO(), io.StringIO()
    screen = Screen(log, terminal)
    tell(screen, message("7 units are to be made."), "acquire.plan(clips, run, limits)")
    tell(screen, message("7 units made now."), "ending.of(acquire.run, clips, run, limits)")
    tell(screen, message("<IPython.core.display.Image object>", "display_data"), "")
    tell(screen, message("HBox(children=(IntSlider(", "display_data"), "")
    assert log.getvalue() == "7 units are to be made.\n7 units made now.\n"
    assert terminal.getvalue() == "7 units made now.\n"


def test_a_sentence_that_every_notebook_prints_is_shown_once_and_logged_by_each():
    said, terminal, logs = set(), io.StringIO(), [io.StringIO(), io.StringIO()]
    for log in logs:
        screen = Screen(log, terminal, said=said)
        screen.begins("run = Run.of(RUN_DIR)", "Setup")
        screen.write("SEED is 1 here; the run has 42\n")
        screen.begins("ending.of(train.run, config, run, limits)", "Run")
        screen.write("step 250: good\n")  # of the work itself each is shown
    assert terminal.getvalue().count("SEED is 1 here") == 1
    assert terminal.getvalue().count("step 250: good") == 2
    assert all("SEED is 1 here" in log.getvalue() for log in logs)


def test_whoever_waits_is_told_what_goes_on(monkeypatch):
    terminal, plain = Terminal(), io.StringIO()
    screen = Screen(io.StringIO(), terminal)
    screen.begins("given", "Plan")
    assert terminal.getvalue() == f"\r\x1b[K{DOING['Plan']} ..."
    screen.end()
    assert terminal.getvalue().endswith("\r\x1b[K"), "nothing is left of it"
    screen = Screen(io.StringIO(), plain)
    screen.begins("given", "Plan")
    assert not plain.getvalue(), "a log is not filled with what takes no time"
    monkeypatch.setattr(watching, "SILENT_S", -1.0)
    screen.begins("given", "Run")
    assert plain.getvalue() == f"{DOING['Run']} ...\n"


def test_after_an_interrupt_nothing_but_the_log_has_what_the_kernel_says_of_its_end():
    terminal, log = Terminal(), io.StringIO()
    screen, level = Screen(log, terminal), logging.getLogger("asyncio").level
    try:
        with pytest.raises(KeyboardInterrupt), watching.quiet_at_interrupt(screen):
            screen.write("before\n")
            signal.raise_signal(signal.SIGINT)
        assert not logging.getLogger("asyncio").isEnabledFor(logging.ERROR)
    finally:
        logging.getLogger("asyncio").setLevel(level)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    screen.write("Traceback\n")
    assert log.getvalue() == "before\nTraceback\n" and terminal.getvalue() == "before\n"


def test_every_heading_with_a_word_for_it_is_in_a_notebook_and_so_is_every_cell_that_loads_much():
    headings, sources = set(), []
    for stage in NOTEBOOKS:
        cells = nbformat.read(notebook(stage), as_version=4).cells
        headings |= {heading_of(cells[:number]) for number in range(len(cells))}
        sources += [cell.source for cell in cells if any(call in cell.source for call in LOADS)]
    assert DOING.keys() <= headings
    assert len(sources) >= 3, "03, 04 and 05"

"""The verdict's truth table on recorded metrics of real trainings: what people would say of each.

`tests/conformance/verdicts.py` trained them; nothing is trained here. What each model is to be
called is in `fixtures/verdicts/judged.csv`, with the facts that a person judged it by.
"""

from itertools import product

import pytest
import recorded_verdicts as table
from recorded_verdicts import CELLS, HOURS, KINDS, VOICES, Cell

from mwwkit.report.verdict import Verdict, verdict
from mwwkit.report.voices import heard_words
from mwwkit.run.files import read_json
from mwwkit.training.diagnosis import diagnose

RECORDED = [cell for cell in CELLS if table.path_of(cell).exists()]
EVERY_CELL = pytest.mark.parametrize("cell", RECORDED, ids=lambda cell: cell.name)
# How the headline of a kind may begin.
HEADLINES = {
    "deaf": ("Deaf",),
    "shy": ("Too shy", "Rather shy"),
    "trigger-happy": ("Trigger-happy", "Rather trigger-happy"),
    "untested": ("Untested",),
    "good": ("Promising, not proven", "Promising with machines' voices", "Good"),
}
# What minutes and ten hours are: files are taken whole.
BETWEEN_H = {"few": (0.05, 0.5), "many": (9.0, 11.0)}  # of both splits together


def said(cell: Cell) -> Verdict:
    """The verdict on what was recorded of a cell."""
    recorded = table.read(cell)
    metrics = recorded.metrics
    validation = metrics.validation.false_accepts_per_hour
    return verdict(metrics.threshold, validation, metrics.test, recorded.data)


def test_what_is_recorded_is_judged_and_nothing_else():
    recorded = {path.stem for path in table.PLACE.glob("*.json")}
    assert recorded == table.judged().keys() == {cell.name for cell in RECORDED}


def test_every_cell_of_the_table_is_recorded():
    assert set(RECORDED) == set(CELLS)


def test_the_table_has_each_kind_of_model_with_few_and_with_many_hours_of_each_voices():
    tested = {(cell.kind, cell.voices, cell.hours) for cell in CELLS if cell.kind != "untested"}
    assert tested == {*product([kind for kind in KINDS if kind != "untested"], VOICES, HOURS)}
    assert {cell.voices for cell in CELLS if cell.kind == "untested"} == set(VOICES)


@EVERY_CELL
def test_the_facts_are_those_that_were_judged(cell):
    found = table.facts(read_json(table.path_of(cell))["metrics"])
    assert table.as_text(found) == table.judged()[cell.name].facts


@EVERY_CELL
def test_the_verdict_is_what_a_person_says_of_the_facts(cell):
    judged, found = table.judged()[cell.name], said(cell)
    assert (found.kind, found.grade) == (judged.kind, judged.grade)
    assert judged.kind == cell.kind and found.headline.startswith(HEADLINES[cell.kind])
    by_machines_alone = cell.kind == "good" and cell.voices == "machines"
    assert ("untested with people's" in found.headline) == by_machines_alone


@EVERY_CELL
def test_the_diagnosis_of_its_training_agrees(cell):
    assert diagnose(table.read(cell).history).name == table.judged()[cell.name].diagnosis


@EVERY_CELL
def test_people_and_machines_are_counted_apart(cell):
    found = table.facts(read_json(table.path_of(cell))["metrics"])
    told, heard = " ".join(said(cell).sentences), heard_words(table.read(cell).metrics.test)
    people, machines = (
        (found.people_heard, found.people_of),
        (
            found.machines_heard,
            found.machines_of,
        ),
    )
    assert (heard.people.count, heard.people.of) == people
    assert (heard.machines.count, heard.machines.of) == machines
    for whose, (hits, of) in (("people", people), ("machines", machines)):
        assert (f"Of {whose}{'s' * (whose == 'people')}" in told.replace("'", "")) == bool(of)
        assert (f"heard {hits:,} of {of:,}: " in told) == bool(of)
    if people[1] and machines[1]:
        hits, of = (sum(both) for both in zip(people, machines, strict=True))
        assert f"{hits:,} of {of:,}" not in told


@EVERY_CELL
def test_whose_words_they_are_and_what_the_hours_are_is_in_the_file(cell):
    recorded = table.read(cell)
    found = table.facts(read_json(table.path_of(cell))["metrics"])
    of = {"people": found.people_of, "machines": found.machines_of}
    assert {voices for voices, n in of.items() if n} == (
        set(of) if cell.voices == "mixed" else {cell.voices}
    )
    measured = {"validation": found.validation_hours, "test": found.test_hours}
    assert measured.keys() == {long.split for long in recorded.long_sound}
    for long in recorded.long_sound:
        made_up = long.made_up_talk + long.made_up_noise
        hours = made_up + long.speech_of_people + long.recorded_noise
        assert hours == pytest.approx(measured[long.split], rel=0.02)
        assert long.speech_of_people and bool(made_up) == (cell.hours == "many")
    low, high = BETWEEN_H[cell.hours]
    assert low < sum(measured.values()) < high


def test_a_file_tells_how_it_was_made_and_is_small():
    for cell in RECORDED:
        recorded = table.read(cell)
        assert "tests/conformance/verdicts.py" in recorded.command and recorded.version
        stages = {of.stage for of in recorded.settings}
        assert stages == {"clips", "features", "training", "export"}
        assert table.path_of(cell).stat().st_size < 30_000

"""What 05 plans, made and checked, as a notebook shows it: sentences and small tables.

Facts(facts, *of_plan(weights, "as given", names, "about a minute"))
Facts(facts, *of_run(Exported(run)))      # the verdict, and what is where
Facts(facts, *of_sheet(certificate))      # every check, and what was found
"""

from collections.abc import Iterator

from mwwkit.esphome.certificate import Certificate
from mwwkit.esphome.findings import FAIL, PASS, UNCHECKED
from mwwkit.evaluation.exported import Exported, Names
from mwwkit.report.key_facts import read_report
from mwwkit.run.quantities import how_many
from mwwkit.run.shown import Heading, Table

Block = str | Table


def of_plan(weights: str, arena: str, names: Names, needs: str) -> Iterator[Block]:
    """Which weights, how long (nothing where it is done), and what will be written."""
    stage = "04" if weights.startswith("tuned/") else "03"
    yield f"05 exports the weights that {stage} made ({weights})."
    yield f"It takes {needs}." if needs else "That is done already: nothing is left to make."
    yield Table(files(names), ("file", "what it is for"))
    yield f"The memory that the device sets aside (arena) is {arena}."


def of_run(exported: Exported) -> Iterator[Block]:
    """The verdict in short, and where the files for ESPHome are; the report says the rest."""
    names, folder = exported.record, exported.path(exported.record.manifest).parent
    if exported.record.report:  # an earlier version wrote none
        report = read_report(exported)
        yield Heading(f'"{report.wake_word}": {report.verdict.headline}.')
        yield from report.verdict.in_short
    yield f"For ESPHome: {names.model} and {names.manifest}, in {folder}."
    yield f"Beside your YAML they need the lines in {names.yaml}; the report is {names.page}."


def of_sheet(found: Certificate) -> Iterator[Block]:
    """Whether the device would run it, and every check by itself."""
    n = found.counted()
    verdict = "fit for the device" if found.ok else "NOT fit for the device"
    yield Heading(
        f"{found.subject} is {verdict}: {how_many(n[PASS], 'check')} passed, {n[FAIL]} failed, "
        f"{n[UNCHECKED]} not made."
    )
    rows = [(c.title, c.result, f"{c.found} {c.do}".strip()) for c in found.checks]
    yield Table(rows, ("check", "result", "what was found"))


def files(names: Names) -> list[tuple[str, str]]:
    """The name of each file and what it is for, those for the device first."""
    told = {
        names.model: "the model that the device runs (streaming, int8)",
        names.manifest: "its manifest: what ESPHome reads",
        names.yaml: "lines for your ESPHome YAML, the files beside it",
        names.yaml_url: "the same, for files behind an address",
        names.page: "the report: figures, mistakes to hear, licences",
        names.card: "the model card, to publish beside the model",
        names.certificate: "every check that was made",
        names.metrics: "all figures, for programs",
        names.report: "what the report shows, for programs",
        names.float_model: "the same net unrounded, to compare",
        names.onnx: "the same net for ONNX Runtime",
    }
    return [(name, what) for name, what in told.items() if name]

"""Report section on parity: from the float net to the device, and the clips where forms differ."""

from collections.abc import Sequence

from mwwkit.evaluation.metrics_file import Against, FormRates, Place, Unlike
from mwwkit.report import charts, components, formatting
from mwwkit.report.facts import Report
from mwwkit.report.markup import Html, tag
from mwwkit.report.mistake_sounds import Moment
from mwwkit.report.voices import heard_words
from mwwkit.run.quantities import span

FORMS = {
    "float": "float, the whole at once",
    "float_streaming": "float, step by step",
    "int8": "int8, as the device computes",
    "int8_fast": "int8, LiteRT's fast kernels",
    "tflm": "int8, TensorFlow Lite Micro",
    "calibrated_on_other_streams": "int8, calibrated on other streams",
    "calibrated_on_half_as_many": "int8, on half as many",
    "calibrated_on_twice_as_many": "int8, on twice as many",
}
NAMED = 12  # rows of clips that are not folded away


def parity(report: Report, unlike: Sequence[Moment]) -> Html:
    """Every form of the model on the same audio, and the clips they decide differently."""
    measured = report.parity
    heard, test, counted = measured.heard, measured.test, heard_words(report.validation).called
    explanation = (
        f"Heard by all: {heard.words:,} of {counted}, {heard.others:,} other clips and "
        f"{span(heard.stream_hours)} of long recordings of the validation split. A "
        "flip is a step at which one is over the cutoff and the other is not; most are an edge "
        "that comes 30 ms sooner or later."
    )
    parts = [
        _chart(report),
        tag("p", explanation),
        _rates(measured.forms, counted),
        _steps(measured.against),
    ]
    named = [
        (_form(row.form), _form(row.than), place)
        for row in measured.against
        for place in row.differ
    ]
    if named:
        parts += [tag("h3", "Decided differently, validation split"), *_named(named)]
    n, of = len(test.differ), test.words + test.others
    parts.append(tag("h3", f"Clips of the test split that int8 decides otherwise: {n:,} of {of:,}"))
    if n:
        parts += _named([(_form("int8"), _form("float"), place) for place in test.differ])
        parts.append(components.moments(unlike, report.threshold))
    lead = "The device computes in 8-bit integers. This is what the model lost on the way there."
    return components.section("parity", "Float and int8", lead, *parts)


def _form(name: str) -> str:
    return FORMS.get(name, name)


def _chart(report: Report) -> Html:
    return components.figure(
        [charts.agreement(report.parity.test.clips, report.threshold)],
        "A dot a test clip: its highest mean by both. On the dashed line they agree; dots in the "
        "upper left or lower right corner are decided differently.",
        [("c1", "the wake word"), ("c2", "other words")],
    )


def _rates(forms: Sequence[FormRates], counted: str) -> Html:
    rows = []
    for of in forms:
        hourly = of.false_accepts_per_hour
        streams = hourly.counts if hourly.hours else "no long recordings"
        rows.append((_form(of.form), of.recall.counts, of.other_clips_accepted.counts, streams))
    heads = "form", f"{counted} that woke it", "other clips", "false accepts"
    return components.table(heads, rows, (1, 2, 3))


def _steps(against: Sequence[Against]) -> Html:
    heads = "form", "than", "mean difference", "largest", "at", "flips", "decided differently"
    rows = [
        (
            _form(row.form),
            _form(row.than),
            f"{row.mean_difference:.2g}",
            f"{row.largest_difference:.2g}",
            _place(row.largest_at) if row.largest_at else "",
            f"{row.flips:,} of {row.steps:,}",
            f"{len(row.differ):,}",
        )
        for row in against
    ]
    return components.table(heads, rows, (2, 3, 5, 6))


def _place(place: Place | Unlike) -> str:
    return f"{place.clip.rpartition('/')[2] or 'between clips'}, {formatting.seconds(place.at_s)}"


def _named(rows: Sequence[tuple[str, str, Place | Unlike]]) -> list[Html]:
    """A table of clips, folded from NAMED on."""
    heads = "clip, at", "form", "highest mean", "than", "highest mean"
    lines = [
        (_place(at), form, f"{at.means[0]:.3f}", than, f"{at.means[1]:.3f}")
        for form, than, at in rows
    ]
    tables = [components.table(heads, lines[:NAMED], (2, 4))]
    if more := lines[NAMED:]:
        rest = components.table(heads, more, (2, 4))
        tables.append(tag("details", tag("summary", f"{len(more):,} more"), rest))
    return tables

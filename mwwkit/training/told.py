"""What 03 and 04 plan and reached, as people read it: sentences and tables.

Facts(facts, *of_net(SHAPES["mixed"]))     # a plan: what the net costs, and on which devices
Facts(facts, *of_choice(facts))            # which weights were chosen, and what they reach
Facts(facts, *of_tuning(tuned, found))     # before and after fine-tuning, and whether it helped
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mwwkit.metrics import judgement
from mwwkit.metrics.rates import Rate, percent, roughly
from mwwkit.model import targets
from mwwkit.model.shapes import SizeReport
from mwwkit.run.quantities import as_sentence, how_many, how_much
from mwwkit.run.shown import Heading, Table
from mwwkit.training.evaluated import Evaluated, read

Block = str | Table


def of_net(size: SizeReport) -> Iterator[Block]:
    """What a net costs, and how much of each device it takes."""
    yield (
        f"The net, {size.shape}: {size.parameters:,} parameters, about "
        f"{how_much(size.int8_bytes)} as a file; it needs about {how_much(size.arena_bytes)} of "
        f"working memory and {size.macs_per_second / 1e6:.1f} million multiplications a second."
    )
    yield Table(targets.rows(size), targets.HEADS)
    yield as_sentence(targets.warning(size)) if targets.warning(size) else ""


def of_choice(facts: Mapping[str, Any]) -> Iterator[Block]:
    """A check of 03: the step whose weights were chosen, what they reach, what it shows."""
    found, _, cure = facts["diagnosis"].partition(" -> ")
    yield f"Chosen: the weights after step {int(facts['chosen'].rpartition('-')[2]):,}."
    names = ("reached", "cutoff", "latency", "target")
    yield Table([(name, facts[name]) for name in names if name in facts])
    yield f"Diagnosis: {_in_short(found).rstrip('.')}."
    yield f"What may help: {cure.rstrip('.')}." if cure else ""
    yield ROUNDED


def _in_short(diagnosis: str) -> str:
    """What it is called and what that means; the figures that say so stand beside it."""
    name, _, words = diagnosis.partition(": ")
    return f"{name}: {judgement.MEANS.get(name, words)}"


# Scores of the two are up to a few of 255 apart, in one in ten of them, which moves a steep tail.
ROUNDED = (
    "03 and 04 score by quicker arithmetic than the device's, 05 scores what ships by the device's "
    "own. So 05 may count an event more or fewer, and where few sounds make the tail of the scores "
    "it may expect half or twice as many false accepts: then 05's number counts."
)
# MAX_PER_CLIP and MAX_EVENTS are parameters of 04.
WHY_FEWER = (
    ": the worst of each clip (MAX_PER_CLIP says how many), and of all together no more than "
    "MAX_EVENTS, without those that were dropped"
)
HEADS = ("on the validation split", "before (03)", "after (04)")


def of_tuning(tuned: Mapping[str, Any], found: int) -> Iterator[Block]:
    """A check of 04: how many mistakes there were, and what training against them changed."""
    yield _fooled(found, tuned["mined"])
    yield Heading(gained(tuned))
    if not tuned["mined"]:
        return
    before, after = read(tuned["before"]), read(tuned["after"])
    both = zip(_rows(before), _rows(after), strict=True)
    yield Table([(name, old, new) for (name, old), (_, new) in both if {old, new} != {"-"}], HEADS)
    yield ROUNDED


def _fooled(found: int, against: int) -> str:
    moments = f"{how_many(found, 'moment')} of training sound fooled the model"
    why = f"{'their' if found != 1 else 'its'} score passed KEEP_ABOVE"
    if not found:
        return "No moment of training sound fooled the model: no score passed KEEP_ABOVE."
    used = how_many(against, "of them was", "of them were") if against else "none of them was"
    return f"{moments} ({why}); {used} trained against{WHY_FEWER if against < found else ''}."


def gained(tuned: Mapping[str, Any]) -> str:
    """Whether fine-tuning helped, in one sentence; 05 takes the better of the two."""
    if not tuned["mined"]:
        return "Nothing was left to train against: 03's weights stay."
    if not tuned["weights"].startswith("tuned/"):
        return "Fine-tuning did not help: 03's weights stay."
    if tuned["after"]["rank"] == tuned["before"]["rank"]:
        return (
            "Fine-tuning changed no figure: the tuned weights are taken, since they do as well as "
            "03's and have been trained against these moments too."
        )
    before, after = read(tuned["before"]), read(tuned["after"])
    return f"Fine-tuning helped{_because(before, after)}: the tuned weights are taken."


# What the parts of a rank say (`Choice.rank`), after the first two, where limits are kept and not.
_WITHIN = "it hears more words", "it wakes sooner", "fewer other words wake it"
_BEYOND = (
    "it wakes less often for nothing",
    "fewer other words wake it",
    "it hears more words",
    "it wakes sooner",
)


def _because(before: Evaluated, after: Evaluated) -> str:
    """In which figure, where the limits on false accepts come first; nothing where none is kept."""
    ranks = before.rank or (), after.rank or ()
    first = next((i for i, (old, new) in enumerate(zip(*ranks, strict=False)) if old != new), None)
    if first is None or not (before.hourly and after.hourly and before.heard and after.heard):
        return ""
    within = "it keeps to the limits on false accepts now"
    by = _WITHIN if after.rank[1] else _BEYOND
    why = ("it recognises something now", within, *by)[first : first + 1]
    if not why:
        return ", in how many cutoffs do as well"
    told = f", since {why[0]}"
    if why[0] in (within, _BEYOND[0]):
        told += f" ({before.hourly.counts} before, {after.hourly.counts} after)"
    if after.recall < before.recall:
        told += (
            ", which comes before the words that it hears "
            f"({before.heard.counts} before, {after.heard.counts} after)"
        )
    return told


def _rows(reached: Evaluated) -> Iterator[tuple[str, str]]:
    yield reached.whose, _words(reached.heard)
    yield "machines' words beside them", _words(reached.machines)
    yield "false accepts", str(reached.hourly.counts) if reached.hourly else "-"
    expected = reached.false_accepts_expected
    yield (
        "expected by the scores' tail",
        "-" if expected is None else f"{roughly(expected)} an hour",
    )
    near = reached.clip_false_accepts
    yield "other words that wake it", "-" if near is None else percent(near)


def _words(heard: Rate | None) -> str:
    return f"{heard.counts}: {heard.percent}" if heard else "-"

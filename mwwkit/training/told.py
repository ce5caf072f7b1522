"""What 03 and 04 plan and reached, as people read it: sentences and tables.

Facts(facts, *of_net(SHAPES["mixed"]))     # a plan: what the net costs, and on which devices
Facts(facts, *of_choice(facts))            # which weights were chosen, and what they reach
Facts(facts, *of_tuning(tuned))            # before and after fine-tuning, and whether it helped
"""

from collections.abc import Iterator, Mapping
from typing import Any

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
    name, _, cure = facts["diagnosis"].partition(" -> ")
    yield f"Chosen: the weights after step {int(facts['chosen'].rpartition('-')[2]):,}."
    names = ("reached", "cutoff", "latency", "target")
    yield Table([(name, facts[name]) for name in names if name in facts])
    yield f"Diagnosis: {name.rstrip('.')}."
    yield f"What may help: {cure.rstrip('.')}." if cure else ""


WHY_FEWER = (
    ": the worst MAX_PER_CLIP of a clip and MAX_EVENTS in all, without those that were dropped"
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
    return "Fine-tuning helped: the tuned weights are taken."


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

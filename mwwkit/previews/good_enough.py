"""Is what a notebook made good enough? Three sentences, by the figures of the run.

    good_enough.clips(run)     # 01: what there is, who trains and tests, and whether that is enough
    good_enough.scenes(run)    # 02
    good_enough.weights(run)   # 03
    good_enough.mining(run)    # 04
    good_enough.model(run)     # 05

The limits are those of the verdict (`metrics.judgement`, `corpus.own_recordings`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from mwwkit.corpus.clips import Clips, Kind, Label, Split, load_clips
from mwwkit.corpus.own_recordings import FEWEST_TO_TEST, is_recording, recordings_told
from mwwkit.evaluation.exported import Exported
from mwwkit.metrics.judgement import FEWEST_RECORDINGS
from mwwkit.metrics.rates import Rate, an_hour, false_accepts_at_most, hours_to_prove
from mwwkit.metrics.whose_words import conversion
from mwwkit.report.cutoff_choices import Advice, Reached
from mwwkit.report.facts import Report
from mwwkit.report.formatting import condition
from mwwkit.report.key_facts import read_report
from mwwkit.report.verdict import BY_WEIGHT, Verdict
from mwwkit.report.voices import heard_words
from mwwkit.run.checkpoint import completed, finished
from mwwkit.run.paths import Run
from mwwkit.run.quantities import span
from mwwkit.run.settings import RunSettings, of_run
from mwwkit.scenes.provenance import clip_names, conditions
from mwwkit.scenes.sets import CONDITIONS
from mwwkit.scenes.shards import FeatureSet
from mwwkit.training.diagnosis import diagnose, length
from mwwkit.training.evaluated import Evaluated, best, read
from mwwkit.training.told import gained

_STAY = "03's weights stay; more hours of talk and radio in 01 (ambient/) give it more to find."
KINDS = ("quiet", "noise", "babble", "room")  # of conditions, each wanted for a whole test


@dataclass(frozen=True)
class Sentences:
    """What there is to say, in order; a notebook shows a list."""

    told: tuple[str, ...]

    def __repr__(self) -> str:
        """A line each."""
        return "\n".join(self.told)

    def _repr_markdown_(self) -> str:
        return "\n".join(f"* {sentence}" for sentence in self.told)


def _sentences(told: Iterable[str]) -> Sentences:
    return Sentences(tuple(each[:1].upper() + each[1:] for each in told if each))


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def clips(run: Run) -> Sentences:
    """What 01 gathered, whose recordings train and test, and what to do about too few."""
    there = load_clips(run)
    words = there.of(label=Label.POSITIVE)
    own = sum(map(is_recording, words))
    others = len(there.of(kind=Kind.CLIP)) - len(words)
    hours = there.of(kind=Kind.AMBIENT).hours
    what = (
        f"The wake word is there {len(words):,} times, {own:,} from people and "
        f"{len(words) - own:,} from machines; beside it {others:,} clips of other words and "
        f"{span(hours)} of speech without it."
    )
    return _sentences([what, f"{recordings_told(there.records)}.", _next_of_clips(words, own)])


def _next_of_clips(words: Clips, own: int) -> str:
    tested = sum(map(is_recording, words.of(split=Split.TEST)))
    if not own:
        return (
            "Enough to see that all of it works, and not enough for people: record the word twenty "
            "times and run this notebook again."
        )
    if own < FEWEST_RECORDINGS:
        return (
            "Go on, and record more: twenty recordings of the word are a start, of which 14 train; "
            f"of 70 enough are in the validation split ({FEWEST_RECORDINGS} or more) to choose by "
            f"people alone, of 130 in the test split too ({FEWEST_TO_TEST} or more)."
        )
    if tested < FEWEST_TO_TEST:
        return (
            "Enough to train a model for the people who recorded it; its figures will be rough, "
            "since few recordings test it."
        )
    return "Enough to train on and to test on: go on with 02."


def scenes(run: Run) -> Sentences:
    """How much 02 made for training, how many words choose and test, and what that can prove."""
    train = FeatureSet.open(run, "train")
    choose, test = (FeatureSet.open(run, f"{split}-words") for split in ("validation", "test"))
    hours = FeatureSet.open(run, "validation-ambient").hours
    n_words = sum(map(len, train.ends_s))
    names = conditions(test)
    return _sentences(
        [
            f"{span(train.hours)} of scenes train, and say the word {n_words:,} times.",
            _joined(
                f"{_n_words(choose):,} held-out words choose weights and cutoff, "
                f"{_n_words(test):,} test them.",
                conversion(len(set(names)), len(choose), len(test)),
                _tested_in(names),
            ),
            _proof(hours, _target(run)),
        ]
    )


def _n_words(features: FeatureSet) -> int:
    """How many different ones, each of which is there under every condition."""
    return len(set(clip_names(features)))


def _tested_in(names: Iterable[str]) -> str:
    """Under which conditions words are tested, and which of the usual ones are not tried."""
    here = list(dict.fromkeys(names))
    if not here:
        return ""
    kinds = {kind for name, (kind, _) in CONDITIONS.items() if name in here}
    lacking = [kind for kind in KINDS if kind not in kinds]
    told = f"Words are tested in: {', '.join(map(condition, here))}"
    if not lacking:
        return f"{told}."
    verb = "is" if len(lacking) == 1 else "are"
    return f"{told}; {' and '.join(lacking)} {verb} not tested here."


def _target(run: Run) -> float:
    found = of_run(run).get("target_fah")
    return found.value if found else RunSettings().target_fah


def _proof(hours: float, target: float) -> str:
    """What a stretch of speech without the word can support."""
    needed = hours_to_prove(target)
    if not hours:
        return "No long speech chooses the cutoff: give 01 some (ambient/, TTS_AMBIENT_MINUTES)."
    if hours >= needed:
        return f"{hours:.1f} h of speech choose the cutoff: enough to prove {target:g} an hour."
    most = an_hour(false_accepts_at_most(0, hours))
    return (
        f"{span(hours)} of speech without the word choose the cutoff: no false accept in it means "
        f"no more than {most} an hour, and {target:g} an hour takes {needed:g} h to prove; more "
        "talk and radio in 01 (ambient/) proves more."
    )


def weights(run: Run) -> Sentences:
    """What the weights that 03 kept reach on the validation split, and what is wrong with them."""
    done = finished(run, "training")
    unit = best(done)
    reached, found = read(done[unit]["choice"]), diagnose(done, unit, length(run))
    kept = f"The weights of step {int(unit.rpartition('-')[2]):,} are kept: the int8 model"
    enough = "Good enough to go on: 04 looks for what still fools it."
    if found.name != "fine":
        enough = f"Not yet good enough ({found.name}): {found.means}; {found.cure}."
    told = [f"{kept} {reached} on the validation split.", _proved(reached), enough]
    return _sentences(told)


def _proved(reached: Evaluated) -> str:
    hourly, target = reached.hourly, reached.false_accepts_target
    if not hourly or target is None:
        return ""
    if hourly.at_most <= target:
        return f"That is enough speech to believe it: asked for were {target:g} an hour."
    return (
        f"So little speech leaves room for {an_hour(hourly.at_most)} false accepts an hour (95 %); "
        f"asked for were {target:g}."
    )


def mining(run: Run) -> Sentences:
    """What fooled the model in 04, and whether training against it was worth keeping."""
    found, tuned = completed(run, "mined")["found"], completed(run, "tuned")
    n = (
        f"{found:,} moments of the training audio fooled the model; {tuned['mined']:,} of them "
        "were trained against."
    )
    if not tuned["mined"]:
        return _sentences([n, f"There was nothing to train against: {_STAY}"])
    before, after = read(tuned["before"]), read(tuned["after"])
    result = f"On the validation split it {before} before, and {after} after."
    helped = f"{gained(tuned)} They go to 05."
    if not tuned["weights"].startswith("tuned/"):
        helped = f"Fine-tuning did not help, and nothing is lost: {_STAY}"
    return _sentences([n, result, helped])


def model(run: Run) -> Sentences:
    """The verdict on the finished model: who was heard, what wakes it, its cutoff, what to do."""
    exported = Exported(run)
    if not exported.record.report:
        return _sentences(["an earlier version exported this: `mwwkit report` makes the report."])
    report = read_report(exported)
    heard = heard_words(report.test, report.data)
    tested = _tested_in(row.condition for row in report.test.recall)
    told = f"{report.verdict.headline}. {heard}"
    nobody = "" if heard.people.of else " Of people none was tested."
    return _sentences(
        [
            _joined(f"{told}{nobody}", heard.conversion, tested, _wakes(report)),
            _cutoffs(report),
            f"What to do: {_cure(report.verdict)}",
        ]
    )


def _cure(found: Verdict) -> str:
    """What to do about the worst, or about a training that was too short to tell."""
    cures = {each.cure for each in BY_WEIGHT}
    worst = next((told for told in found.sentences if told in cures), found.sentences[-1])
    return found.too_short or worst


def _wakes(report: Report) -> str:
    """How often it woke for nothing on the test split, and what that leaves open."""
    hourly = report.test.false_accepts_per_hour
    if not hourly.hours:
        return "How often it wakes for nothing was not tested."
    target = report.threshold.target_false_accepts_per_hour
    return (
        f"It woke for nothing {hourly.events} times in {span(hourly.hours)} of other sound: "
        f"at most {an_hour(hourly.at_most)} an hour (95 %, one-sided), {target:g} were asked for."
    )


def _cutoffs(report: Report) -> str:
    """The shipped cutoff, and what a lower one would trade on the split to choose by."""
    lenient, shipped = (_named(report, name) for name in ("lenient", "balanced"))
    told = f"The cutoff is {report.threshold.told}"
    now, then = shipped.validation, lenient.validation
    if lenient.cutoff >= shipped.cutoff or not (now.recall and then.recall):
        counted, target = now.false_accepts_per_hour, report.threshold.target_false_accepts_per_hour
        if counted and counted.value > target:
            return (
                f"{told}, at which the validation split has {counted.counts}, more than the "
                f"{target:g} an hour that were asked for; a lower one wakes no less often."
            )
        return f"{told}; a lower one would exceed the limits that were set for false accepts."
    return (
        f"{told}. By the validation split, which is the one to choose by, the lenient one, "
        f"{lenient.cutoff:g}, {_traded(now, then)}. The test split is for looking: a cutoff "
        "that is chosen by it has no test left."
    )


def _traded(now: Reached, then: Reached) -> str:
    """ "hears 269 of 274 words instead of 268, and wakes to 5 of 626 other words, as now"."""
    told = f"hears {_instead(now.recall, then.recall, 'words')}"
    if not (now.other_clips_accepted and then.other_clips_accepted):
        return told
    others = _instead(now.other_clips_accepted, then.other_clips_accepted, "other words")
    return f"{told}, and wakes to {others}"


def _instead(now: Rate, then: Rate, what: str) -> str:
    told = f"{then.counts} {what}"
    return f"{told}, as now" if then.count == now.count else f"{told} instead of {now.count:,}"


def _named(report: Report, name: str) -> Advice:
    return next(each for each in report.advice if each.name == name)

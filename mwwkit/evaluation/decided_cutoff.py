"""The cutoff and window to ship: those that a person decided on, else those that do best.

    choice = decided_cutoff.choice(run, weights, tracks, target_fah=0.5, max_clip_fpr=0.01)

A decision counts for the weights that it was made with; other weights score otherwise.
"""

from mwwkit.corpus.clips import Split
from mwwkit.device.detector import Rule, manifest_cutoff
from mwwkit.metrics.cutoff_selection import Choice, at_cutoff
from mwwkit.run.decisions import CUTOFF, CutoffDecision, cutoff_decision
from mwwkit.run.errors import WrongInput
from mwwkit.run.paths import Run
from mwwkit.training.evaluator import WINDOWS, Tracks


def of_weights(run: Run, weights: str) -> CutoffDecision | None:
    """What a person chose for the weights of this SHA-256; None where nobody did.

    Raises WrongInput for a window at which nothing is measured.
    """
    decision = cutoff_decision(run)
    if decision is None or decision.weights != weights:
        return None
    if decision.window not in WINDOWS:
        wanted = ", ".join(map(str, WINDOWS))
        raise WrongInput(f"{CUTOFF} has the window {decision.window}; wanted one of {wanted}")
    return decision


def told(run: Run, weights: str) -> tuple[tuple[str, str], ...]:
    """What becomes of a cutoff that was decided on, by name, for a plan; none where none was."""
    decision = cutoff_decision(run)
    if decision is None:
        return ()
    if not of_weights(run, weights):
        words = f"{decision.cutoff} of 255 was for other weights: not used, it is chosen again"
        return (("cutoff decided on", words),)
    why = f" ({decision.reason})" if decision.reason else ""
    words = f"{decision.cutoff} of 255 over {decision.window} scores{why}"
    return (("cutoff decided on", words),)


def choice(
    run: Run, weights: str, tracks: Tracks, target_fah: float, max_clip_fpr: float
) -> Choice:
    """The choice on the tracks of the words that count, with its rates.

    Raises WrongInput where it recognises nothing.
    """
    decision, cure = of_weights(run, weights), "Train longer, or with more clips of the word."
    if decision is None:
        chosen = tracks.choose(target_fah, max_clip_fpr, split=Split.VAL.value)
    else:
        rule = Rule(manifest_cutoff(decision.cutoff), decision.window)
        surface = tracks.surface()
        chosen = at_cutoff(
            surface, rule, target_fah, max_clip_fpr, decision.reason, Split.VAL.value
        )
        cure = f"Choose a lower one, or take the choice back: delete {CUTOFF}."
    if not chosen.recall.value:
        raise WrongInput(f"{chosen.note} {cure}")
    return chosen

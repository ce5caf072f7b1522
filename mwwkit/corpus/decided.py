"""The catalogue as a person's decisions have it: clips left out, and clips that are something else.

    clips = decided_clips(run)         # as the decisions say now: what 02 makes its features of
    clips = featurized_clips(run)      # as 02 made them of it: what 03 to 05 work with
    not_yet_heard(run)                 # in words, where the two differ
    mark(run)                          # what of it 03's weights hang on; "" where nothing

01's catalogue stays as it is, so that a decision can be taken back.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mwwkit.corpus.clips import CATALOGUE, Clips, Kind, Label, SampleRecord, load_clips
from mwwkit.corpus.recording_folders import recorded_in
from mwwkit.run.checkpoint import Checkpoint, finished, states
from mwwkit.run.checkpoint_files import MADE_OF, Anew, CheckpointError, changed_settings
from mwwkit.run.decisions import (
    CLIPS,
    EXCLUDE,
    KEEP,
    clip_decisions,
    of_other_sounds,
    parameter_decisions,
)
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import remove_whole
from mwwkit.run.paths import Run

FEATURES, FEATURES_SECTION = "features", "featurize"
Actions = Mapping[str, str]  # path in the catalogue -> one of run.decisions.ACTIONS


def actions_now(run: Run, clips: Clips) -> dict[str, str]:
    """What the decisions change about the clips: those that keep a clip as it is are left out.

    Raises WrongInput where one calls something a word that is none.
    """
    decided = {path: each.action for path, each in clip_decisions(run).items()}
    return {
        record.path: decided[record.path]
        for record in clips
        if record.path in decided and _changes(record, decided[record.path])
    }


def _changes(record: SampleRecord, action: str) -> bool:
    if action in (KEEP, EXCLUDE):
        return action == EXCLUDE
    if record.kind is not Kind.CLIP:
        raise WrongInput(
            f"{CLIPS} calls {record.path} {action!r}, which is {record.kind.value} and no clip of "
            f"a word; wanted {KEEP} or {EXCLUDE}"
        )
    return record.label.value != action


def with_actions(clips: Clips, actions: Actions) -> Clips:
    """The clips without those that are excluded, each other one as what it is called."""
    if not actions:
        return clips
    counts = Counter(record.word for record in clips.of(label=Label.POSITIVE))
    word = min(counts, key=lambda each: (-counts[each], each), default="")
    kept = (r for r in clips if actions.get(r.path) != EXCLUDE)
    called = (_called(r, actions[r.path], word) if r.path in actions else r for r in kept)
    return Clips(clips.run, tuple(called))


def _called(record: SampleRecord, action: str, word: str) -> SampleRecord:
    """The record under another label; what a clip says that is not the word after all is open."""
    label, said = Label(action), record.word
    if label is Label.POSITIVE:
        said = word
    elif record.label is Label.POSITIVE:
        said = ""
    return replace(record, label=label, word=said)


def decided_clips(run: Run) -> Clips:
    """The catalogue as the decisions say now; raises as `load_clips` and `actions_now` do."""
    clips = load_clips(run)
    return with_actions(clips, actions_now(run, clips))


def featurized_clips(run: Run) -> Clips:
    """The catalogue as 02 made its features of it, whatever was decided since."""
    return with_actions(load_clips(run), _actions_then(run))


def _actions_then(run: Run) -> dict[str, str]:
    done = (state["complete"] for _, state in states(run, FEATURES))
    return next((facts.get("decided", {}) for facts in done if facts is not None), {})


def not_yet_heard(run: Run) -> dict[str, str]:
    """That decisions changed since 02 made its features, for a plan; {} where they did not."""
    if not run.all(CATALOGUE):
        return {}
    now, then = actions_now(run, load_clips(run)), _actions_then(run)
    n = sum(now.get(path) != then.get(path) for path in now.keys() | then.keys())
    if not n:
        return {}
    return {"decisions about clips": f"{n} changed since 02: run 02 again, and what follows it"}


def mark(run: Run, *, tests_too: bool = False) -> str:
    """A digest of what decisions made another of 02's sets, "" where they made none.

    Without the sets of the test split, on which no weights hang. Raises CheckpointError where 02
    has not finished.
    """
    marked = {
        unit.split("/")[0]: facts["decided"]
        for unit, facts in finished(run, FEATURES).items()
        if "decided" in facts and (tests_too or not unit.startswith("test-"))
    }
    text = " ".join(f"{name} {digest}" for name, digest in sorted(marked.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16] if marked else ""


def made_of(run: Run, settings: dict[str, str]) -> dict[str, str]:
    """Settings that say what a checkpoint's units are made of, and the mark where there is one."""
    marked = mark(run)
    return settings | ({"decided": marked} if marked else {})


def anew(run: Run) -> Anew:
    """All units are made again where decisions changed what they are made of, and nothing else.

    So they are where recordings were made in the notebook, of which there may be more now.
    """
    others = FEATURES_SECTION in parameter_decisions(run) or bool(recorded_in(run))

    def all_of_them(then: dict, now: dict) -> list[str] | None:
        decided = others or "decided" in then or "decided" in now
        return [""] if decided and set(changed_settings(then, now)) <= set(MADE_OF) else None

    return all_of_them


def remove_outdated(checkpoints: Iterable[Checkpoint], stage: str, what: str) -> None:
    """Remove this run's part of checkpoints that begin anew as decisions changed `what`; say so."""
    for each in checkpoints:
        if each.begins_anew:
            folder = each.path.parent
            print(f"{stage}: decisions changed {what}: all of {folder.name}/ is made anew")
            remove_whole(folder)


def refuse_outdated(run: Run, folder: str, stage: str, **made: str) -> None:
    """CheckpointError where a finished `stage` made `folder` of what decisions changed since.

    `made`: what it would be made of now, by the names of its settings.
    """
    now = made_of(run, made)
    for _, state in list(states(run, folder))[:1]:
        then = {name: held for name, held in state["settings"].items() if name in MADE_OF}
        if anew(run)(then, now) and changed_settings(then, now):
            raise CheckpointError(
                f"decisions changed what {folder}/ was made of; run {stage} again: it makes anew "
                "what hangs on them"
            )


def told(run: Run, clips: Clips, actions: Actions) -> dict[str, str]:
    """What the decisions do to the clips, for a plan; {} where nothing was decided."""
    decided, others = clip_decisions(run), of_other_sounds(run)
    if not decided and not others:
        return {}
    counts = Counter(actions.values())
    words = [f"{counts.pop(EXCLUDE, 0)} left out", f"{sum(counts.values())} called otherwise"]
    gone = sorted(decided.keys() - {record.path for record in clips})
    if gone:
        words.append(f"{len(gone)} about clips that are gone ({gone[0]})")
    if others:
        at = next(iter(others))
        words.append(f"{len(others)} not applied, since the path has another sound now ({at})")
    return {"decisions about clips": ", ".join(words)}

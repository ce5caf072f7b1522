"""What to know about a run's clips, in whole sentences: for 01's check and for the command line.

for caveat in known_caveats(run): ...
"""

from collections import Counter
from collections.abc import Sequence

from mwwkit.audio.rooms import is_late
from mwwkit.corpus import scripts
from mwwkit.corpus.clips import FOLDER, Clips, Kind, Label, Rejected, Split, load_clips
from mwwkit.corpus.sources import FromSpeech, Input
from mwwkit.corpus.speech import READER, SpeechError, is_english, syllables
from mwwkit.corpus.splits import caveats_of
from mwwkit.corpus.spoken_check import HEARS
from mwwkit.run.checkpoint import states
from mwwkit.run.paths import Run


def known_caveats(run: Run) -> list[str]:
    """How what was given was read, whose voices are in which split, and what 03 will lack."""
    checkpoints = states(run, FOLDER)
    facts = [state["complete"] for _, state in checkpoints if state["complete"]]
    clips, notices = load_clips(run), facts[0].get("notices", []) if facts else []
    return [*notices, *caveats_of(clips.records), *missing_for_03(clips)]


def dropped_by_the_check(inputs: Sequence[Input], rejected: Sequence[Rejected]) -> list[str]:
    """How many of each engine's words a recogniser did not take for the word, if any."""
    dropped = {row.path for row in rejected if row.reason.startswith(HEARS)}
    of_word = [
        i.about for i in inputs if isinstance(i, FromSpeech) and i.about.label is Label.POSITIVE
    ]
    said = Counter(about.source for about in of_word)
    lost = Counter(about.source for about in of_word if about.origin in dropped)
    if not lost:
        return []
    parts = [f"{n:,} of {of}'s {said[of]:,} ({n / said[of]:.0%})" for of, n in lost.items()]
    return [
        f"the recogniser did not hear the word in {' and in '.join(parts)}, which were dropped; "
        "where that is most of an engine's, spell the word as it sounds (TTS_SPELLINGS) or take "
        "another engine (TTS_ENGINES)"
    ]


def short_word(word: str, languages: Sequence[str]) -> list[str]:
    """That an English word of one syllable is heard in much that people say; [] of any other.

    Measured with "cat" and "bed" from 200 people (benchmarks/README.md). Nothing is said where
    espeak-ng, which counts them, is not here.
    """
    if not is_english(languages) or scripts.unread(word, (READER,)):
        return []
    try:
        if syllables(word) != 1:
            return []
    except SpeechError:
        return []
    return [
        f"{word!r} has one syllable, and running speech is full of what sounds like it: two such "
        "words, taught by 200 people each, woke 23 and 28 times in 1.8 hours of strangers' speech "
        "where 1 was expected; two or more syllables, as in 'hey ...', are safer"
    ]


def missing_for_03(clips: Clips) -> list[str]:
    """What 03 chooses weights and cutoff by, and the validation split has nothing of."""
    chooses = clips.of(split=Split.VAL)
    long = {Kind.AMBIENT, Kind.NOISE}
    others = (r.kind is Kind.CLIP and r.label is not Label.POSITIVE for r in chooses)
    sorts = {
        "other words (a folder negative/, TTS_NEGATIVE)": any(others),
        "long speech or noise (ambient/, background/, NOISE_MINUTES)": any(
            record.kind in long for record in chooses
        ),
    }
    return [
        f"the validation split has no {what}, without which 03 cannot choose a cutoff"
        for what, there in sorts.items()
        if not there
    ]


def of_sound(clips: Clips) -> list[str]:
    """What the clips themselves tell: rooms that are none, and a word that nobody said."""
    told = []
    if late := [r.path for r in clips.of(kind=Kind.RIR) if is_late(clips.audio(r)[:])]:
        told.append(
            f"{len(late)} rooms peak past a tenth of their length, {late[0]} for one: an echo, or "
            "no room; listen to them"
        )
    if all(record.is_synthetic for record in clips.of(label=Label.POSITIVE)):
        told.append(
            "every clip of the wake word was spoken by a machine: a model of machines' words does "
            "not know people's (of espeak-ng's it heard 1 in 164 that people said, of espeak-ng's "
            "and kokoro's 7 in 71); give it twenty recordings of your own, made in 01 or put into "
            "positive/ of the folder that RECORDINGS names"
        )
    return told

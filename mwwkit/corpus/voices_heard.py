"""As how many people the machines of a run sound, measured once a catalogue and kept.

    measure(run, load_clips(run), content)     # 01, when its clips are there: clips/voices.json
    told(run)       # "machines speak with 89 voices of espeak-ng, which sound like 20 people"

Measured where the weights of a speaker embedding are (`mwwkit voices get speakers`), else not: a
count of voices alone says little, since many of an engine's may sound like one person.
"""

from collections import defaultdict

import numpy as np

from mwwkit.audio.endpoints import word_span
from mwwkit.audio.wav16 import Wav16, to_float
from mwwkit.corpus.clips import Clips, Kind, Label, SampleRecord
from mwwkit.corpus.speaker_embedding import WORDS_EACH, SpeakerEmbedder, n_people
from mwwkit.corpus.voice_files import SPEAKERS
from mwwkit.device.firmware import SAMPLE_RATE_HZ
from mwwkit.run.files import read_json, write_json
from mwwkit.run.paths import Run
from mwwkit.run.progress_bars import progress
from mwwkit.run.quantities import how_many

FILE = "clips/voices.json"


def measure(run: Run, clips: Clips, content: str) -> None:
    """Write FILE unless it is of this `content` already, no machine speaks, or no weights are here.

    A voice's vector is of its first WORDS_EACH clips, those of other words first: the same word by
    everybody makes all of them more alike than people are.
    """
    if any(read_json(path)["content"] == content for path in run.all(FILE)[:1]):
        return
    by_engine: dict[str, dict[str, list[SampleRecord]]] = defaultdict(lambda: defaultdict(list))
    for record in clips:
        if record.is_synthetic and record.kind is Kind.CLIP and record.speaker:
            by_engine[record.source][record.speaker].append(record)
    if not by_engine or not SPEAKERS.is_there(SPEAKERS.folder()):
        return
    embedder = SpeakerEmbedder.load(SPEAKERS.folder() / SPEAKERS.converted)
    engines, total = {}, sum(map(len, by_engine.values()))
    with progress(total=total, unit="voice", desc="01 voices") as bar:
        for engine, voices in sorted(by_engine.items()):
            vectors = []
            for _, records in sorted(voices.items()):
                vectors.append(embedder.embed([_word(clips, r) for r in _chosen(records)]))
                bar.update()
            engines[engine] = {"voices": len(vectors), "people": n_people(np.stack(vectors))}
    write_json(run / FILE, {"content": content, "engines": engines})


def _chosen(records: list[SampleRecord]) -> list[SampleRecord]:
    others_first = sorted(records, key=lambda r: (r.label is Label.POSITIVE, r.path))
    return others_first[:WORDS_EACH]


def _word(clips: Clips, record: SampleRecord) -> np.ndarray:
    """A clip without the silence around it."""
    audio = to_float(Wav16(clips.path(record))[:])
    span = word_span(audio)
    return audio[int(span.start_s * SAMPLE_RATE_HZ) : int(span.end_s * SAMPLE_RATE_HZ) + 1]


def told(run: Run) -> str:
    """What was measured, in a sentence; empty where nothing was."""
    for path in run.all(FILE)[:1]:
        parts = [
            f"{how_many(of['voices'], 'voice')} of {engine}, which "
            f"{'sounds' if of['voices'] == 1 else 'sound'} like {of['people']} "
            f"{'person' if of['people'] == 1 else 'people'}"
            for engine, of in read_json(path)["engines"].items()
        ]
        return f"machines speak with {', and with '.join(parts)}, by a speaker embedding"
    return ""

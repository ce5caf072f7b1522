"""Few long recordings cut over the splits, so that there are some to train, choose and test.

    gathered = cut_over_splits(gathered, (0.7, 0.15, 0.15), whole=set())

One evening of radio is in training only, and 03 then has none to choose a cutoff by. Parts of one
recording share its voices and its room, which a notice says: several recordings are worth more.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from mwwkit.audio.reading import duration_s
from mwwkit.corpus.clips import Kind, Split
from mwwkit.corpus.gathering import Gathered, Place
from mwwkit.corpus.sources import FromFile, Input
from mwwkit.corpus.splits import speakers_kept_whole
from mwwkit.run.files import printable

SHORTEST_S = 30.0  # of a part
ENOUGH_FILES = 3  # of a source: they reach every split whole


def cut_over_splits(
    gathered: Gathered, shares: Sequence[float], whole: Collection[str]
) -> Gathered:
    """The same with long speech and noise cut, where no source has files for every split.

    `whole`: origins of what is in a given split already, and stays as it is.
    """
    items = [item for item in gathered.inputs if isinstance(item, FromFile)]
    together = speakers_kept_whole(item.about for item in items)
    long = [
        item
        for item in items
        if item.about.kind in (Kind.AMBIENT, Kind.NOISE)
        and item.about.origin not in whole
        and item.about.speaker not in together
    ]
    of_source = Counter((item.about.kind, item.about.source) for item in long)
    enough = {kind for (kind, _), n in of_source.items() if n >= ENOUGH_FILES}
    chosen = {id(item) for item in long if item.about.kind not in enough}
    return Gathered(tuple(_cut(place, shares, chosen) for place in gathered.places))


def _cut(place: Place, shares: Sequence[float], chosen: Collection[int]) -> Place:
    inputs: list[Input] = []
    cut: list[str] = []
    for item in place.inputs:
        parts = list(_parts(item, shares)) if id(item) in chosen else []
        inputs += parts or [item]
        cut += [printable(item.path.name)] if parts else []
    if not cut:
        return place
    notice = (
        f"{place.name}: {', '.join(cut)} would be in one split only, so each is cut over the "
        "splits; the same voices and rooms are in all of them: several recordings tell more"
    )
    return replace(place, inputs=tuple(inputs), notices=(*place.notices, notice))


def _parts(item: FromFile, shares: Sequence[float]) -> Iterator[FromFile]:
    """One part for each split that has a share, in their order; none of a file too short for it."""
    length_s, start_s = duration_s(item.path), 0.0
    wanted = [(split, share) for split, share in zip(Split, shares, strict=True) if share]
    if len(wanted) < 2 or length_s * min(share for _, share in wanted) < SHORTEST_S:
        return
    for split, share in wanted:
        last = split is wanted[-1][0]
        # The last part ends where the file does, whatever its header says.
        seconds = None if last else float(round(length_s * share))
        end = "end" if last else f"{start_s + seconds:.0f} s"
        origin = f"{item.about.origin} {start_s:.0f} s to {end}"
        about, n_bytes = replace(item.about, origin=origin), round(item.n_bytes * share)
        yield replace(
            item, about=about, n_bytes=n_bytes, start_s=start_s, seconds=seconds, split=split
        )
        start_s += seconds or 0.0

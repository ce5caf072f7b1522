"""Names that a catalogue has for speakers, and which of them are only what a folder is called.

    named_people(records)        # {"ann", "ben"}
    only_folders(records)        # {"down", "go"}, of negative/down/ and negative/go/

A folder in `negative/` is kept together as a speaker's is, whatever it is called. Whether it is
somebody's nobody knows: of a word's folder it is not.
"""

from collections import defaultdict
from collections.abc import Iterable

from mwwkit.corpus.clips import Label, SampleRecord
from mwwkit.corpus.folder_names import plain
from mwwkit.corpus.role_folders import ROLES


def only_folders(records: Iterable[SampleRecord]) -> set[str]:
    """Names of folders in a role's folder, of none of which anybody is known to say the wake word.

    A name that a table gives, or by which somebody says the word, is a person's; and so are all
    names beside it in the same role's folder.
    """
    names, people = defaultdict(set), set()
    for record in records:
        if record.speaker and not record.is_synthetic:
            if record.label is Label.POSITIVE or not _is_of_folders(record.source):
                people.add(record.speaker)
            names[record.source].add(record.speaker)
    return set().union(*(each for each in names.values() if not each & people))


def named_people(records: Iterable[SampleRecord]) -> set[str]:
    """The speakers that are known by name, machines' voices too."""
    records = list(records)
    return {record.speaker for record in records if record.speaker} - only_folders(records)


def _is_of_folders(source: str) -> bool:
    """Whether a source is a role's folder, as in "recordings/negative", and no data set."""
    top, _, name = source.rpartition("/")
    return bool(top) and plain(name) in ROLES

"""What is only the name of a folder is not told as somebody who speaks."""

from dataclasses import replace

from mwwkit.corpus.clips import Kind, Label, SampleRecord, Split
from mwwkit.corpus.data_health import by_speaker
from mwwkit.corpus.named_speakers import named_people, only_folders
from mwwkit.corpus.splits import caveats_of


def clip(number: int, speaker: str, source: str, label: Label = Label.NEGATIVE) -> SampleRecord:
    split = (Split.TRAIN, Split.VAL, Split.TEST)[number % 3]
    return SampleRecord(
        *(f"{source}/{speaker}/{number}.wav", label, Kind.CLIP, "", speaker, split, 1.0),
        *(source, "", f"{source} {speaker} {number}", f"{speaker}/{number}.wav"),
    )


def of_folders(*names: str, source: str = "mine/negative") -> list[SampleRecord]:
    return [clip(number, name, source) for name in names for number in range(3)]


CALLS = [clip(number, "ann", "mine/positive", Label.POSITIVE) for number in range(3)]


def test_a_folder_a_word_is_of_nobody_and_is_called_a_folder():
    records = [*CALLS, *of_folders("go", "left")]
    assert only_folders(records) == {"go", "left"} and named_people(records) == {"ann"}
    assert dict(by_speaker(records)) == {"ann": 3, "go (folder)": 3, "left (folder)": 3}
    told = caveats_of(records)
    assert any("mine/negative: 2 folders (go, left), whose voices are not known" in t for t in told)
    assert any("mine/positive: 1 known speaker (ann)" in text for text in told)


def test_folders_beside_that_of_somebody_who_calls_are_peoples():
    records = [*CALLS, *of_folders("ann", "ben")]
    assert only_folders(records) == set() and named_people(records) == {"ann", "ben"}


def test_who_is_named_by_a_data_set_is_somebody():
    records = [*CALLS, *of_folders("p1", "p2", source="speech_commands")]
    assert named_people(records) == {"ann", "p1", "p2"}
    machines = [replace(record, source="espeak-ng") for record in of_folders("en-us")]
    assert only_folders([*records, *machines]) == set()

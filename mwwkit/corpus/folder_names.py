"""What the names of folders say: who speaks, which split it is for, which sort of sound it is.

    speaker_of(("kitchen", "ann"), "hey you", level=0)    # "ann": a kitchen is nobody
    splits_named({"train", "test_clean"})                 # {"train": TRAIN, "test_clean": TEST}

Who speaks is a function of one file's own folders, so that a file more never moves another.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from mwwkit.corpus.clips import Split

_SPLITS = {
    Split.TRAIN: "train training tr",
    Split.VAL: "validation validate valid val cv",
    Split.TEST: "test testing tst holdout heldout held_out",
}
_TOKENS = {token: split for split, tokens in _SPLITS.items() for token in tokens.split()}
_DEVELOPMENT = frozenset({"dev", "devel", "development"})  # validation, beside train
_EVALUATION = frozenset({"eval", "evaluation"})  # test, unless there is one
_MORE = r"(?:_?(?:set|split|data|audio|clips|files|clean|other|\d+))*"
_SPLIT = re.compile(
    f"({'|'.join(sorted({*_TOKENS, *_DEVELOPMENT, *_EVALUATION}, key=len, reverse=True))}){_MORE}"
)

# Folders that say where, when, how or what, and not who.
_NOBODY = frozenset(
    """
    kitchen office car hall hallway corridor livingroom living bedroom bed bathroom bath toilet
    garage garden balcony basement attic studio lab workshop outside outdoor outdoors inside indoor
    indoors street park home house work school room rooms lounge den study stairs terrace
    kueche küche wohnzimmer schlafzimmer bad badezimmer buero büro flur auto garten keller zimmer
    cuisine salon chambre bureau voiture couloir jardin maison
    cocina salón sala dormitorio oficina coche pasillo jardín casa baño
    cucina soggiorno camera ufficio macchina corridoio giardino bagno
    keuken woonkamer slaapkamer kantoor gang tuin
    near far close distant farfield nearfield far_field near_field middle mid
    quiet loud noisy noise silent clean soft whisper whispered shout shouted normal fast slow
    raw original originals recorded recordings recording record augmented processed converted
    wav wavs mp3 flac ogg m4a audio audios sound sounds clip clips file files sample samples data
    dataset take takes session sessions day days date dates batch batches part parts set sets
    morning noon afternoon evening night today yesterday weekend
    phone smartphone iphone android pixel samsung laptop notebook tablet ipad headset earbuds usb
    mic microphone microphones respeaker esp32 satellite device devices browser webcam
    male female males females man men woman women boy boys girl girls child children kid kids
    adult adults senior seniors teen teens
    english german french spanish italian dutch russian en de fr es it nl ru us uk gb
    positive positives negative negatives word words wakeword wakewords keyword keywords
    new old misc other others unknown various mixed all
    """.split()
)
# Folders that hold people and are none; with a number they are somebody.
_GROUPS = frozenset(
    "person persons people speaker speakers user users family friends colleagues".split()
)
# A word with a number, or a number with a unit: take 3, room2, 5m, 16khz, 10db, 30cm
_NUMBERED = re.compile(
    r"([^\W\d_]+)_?#?\d+[a-z]?|\d+(?:[.,]\d+)?_?(m|cm|ft|db|khz|hz|k|kbps|bit|s)"
)
_DATE = re.compile(
    r"(?:19|20)\d\d([-_.]?)(?:0[1-9]|1[0-2])\1(?:[0-2]\d|3[01])(?:[t_ .-]*\d[\d_.:hms-]*)?"
    r"|(?:[0-2]?\d|3[01])[-_.](?:0?[1-9]|1[0-2])[-_.](?:(?:19|20)\d\d|\d\d)"
    r"|(?:19|20)\d\d[-_.](?:0?[1-9]|1[0-2])"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
)


def plain(name: str) -> str:
    """A name as it is compared: lower case, one form of its accents, `_` between its words."""
    text = unicodedata.normalize("NFC", name.strip().casefold())
    return re.sub(r"[-_\s]+", "_", text).strip("_")


def splits_named(names: Iterable[str]) -> dict[str, Split]:
    """The names among these that are a split's, and which.

    `dev` is validation, but for data that call their training so; `eval` is test, but beside one.
    """
    found = {name: match[1] for name in names if (match := _SPLIT.fullmatch(plain(name)))}
    tokens = set(found.values())
    has = {_TOKENS[token] for token in tokens if token in _TOKENS}
    known = dict(_TOKENS)
    alone = Split.TRAIN in has or tokens <= _DEVELOPMENT
    known |= dict.fromkeys(_DEVELOPMENT, Split.VAL if alone else Split.TRAIN)
    chooses = Split.TEST in has and Split.VAL not in has and not tokens & _DEVELOPMENT
    known |= dict.fromkeys(_EVALUATION, Split.VAL if chooses else Split.TEST)
    return {name: known[token] for name, token in found.items()}


def names_a_split(name: str) -> bool:
    """Whether a folder of this name may be a split."""
    return bool(_SPLIT.fullmatch(plain(name)))


def speaker_of(folders: Sequence[str], word: str, level: int) -> str:
    """Who speaks in the files of these folders, the outermost first; "" where nobody is named.

    `level`: which of the folders names the speaker, 1 for the outermost, -1 for the innermost; 0
    for the outermost that is no place, time, device or manner.
    """
    if level:
        at = level - 1 if level > 0 else len(folders) + level
        return folders[at] if 0 <= at < len(folders) else ""
    return next(iter(people(folders, word)), "")


def people(folders: Sequence[str], word: str) -> list[str]:
    """Those of the folders that may be people: not a place, a time, a device or the word itself."""
    return [name for name in folders if not _is_nobody(name, word)]


def _is_nobody(name: str, word: str) -> bool:
    text = plain(name)
    if text in ("", plain(word)) or text in _GROUPS or _DATE.fullmatch(text):
        return True
    parts = text.split("_")
    known = {*_NOBODY, *_GROUPS}
    if text.replace("_", "") in _NOBODY or (
        not all(map(str.isdecimal, parts)) and all(p in known or p.isdecimal() for p in parts)
    ):
        return text.split("_")[0] not in _GROUPS  # "speaker 3" is somebody
    match = _NUMBERED.fullmatch(text)
    return bool(match) and (match[2] is not None or match[1] in _NOBODY)


def one_spelling(names: Collection[str]) -> dict[str, str]:
    """Names -> the first of those that differ only in case, spaces, hyphens or form of accents."""
    first: dict[str, str] = {}
    return {name: first.setdefault(plain(name), name) for name in sorted(names)}

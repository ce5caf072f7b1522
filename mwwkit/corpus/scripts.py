"""Which scripts the voices read as words, and which they spell letter by letter for seconds.

    scripts_of("hey Алиса")                         # {"LATIN", "CYRILLIC"}
    unread("Алиса", ("gmw/en", "zle/ru"))           # {"CYRILLIC": ["gmw/en"]}
    refuse_unread(("Алиса",), ("gmw/en",))          # WrongInput, which names zle/ru and others

Measured with espeak-ng 1.52: a word that is spelled takes two to fifteen times as long as by a
voice of its language. Piper's voices get their sounds from espeak-ng.
"""

import unicodedata
from collections.abc import Iterable, Sequence

from mwwkit.run.errors import WrongInput

# espeak-ng's voices that read a script which others spell.
_OWN = {
    "CYRILLIC": """
        zle/ru zle/uk zle/be zls/bg zls/mk zls/sr zls/bs trk/kk trk/tt trk/ky trk/ba trk/cv trk/nog
    """,
    "GREEK": "grk/el grk/grc",
    "HEBREW": "sem/he",
    "ARABIC": "sem/ar ira/fa inc/ur inc/sd trk/ug",
    "ORIYA": "inc/or",
    "TELUGU": "dra/te",
    "THAI": "tai/th",
    "MYANMAR": "sit/my",
    "ETHIOPIC": "sem/am sem/ti",
    "HIRAGANA": "jpx/ja",
    "KATAKANA": "jpx/ja",
    "CJK": "sit/cmn sit/yue",
}
OWN_VOICES = {script: tuple(voices.split()) for script, voices in _OWN.items()}
# For these every voice goes over to the language's own rules by itself.
READ_BY_ALL = frozenset(
    """
    LATIN ARMENIAN DEVANAGARI BENGALI GURMUKHI GUJARATI TAMIL KANNADA MALAYALAM SINHALA GEORGIAN
    HANGUL
    """.split()
)
_SHOWN = {"CJK": "Chinese"}
_SPELL_LATIN = frozenset("ja ky ba cv nog my shn ti hak".split())


def scripts_of(text: str) -> set[str]:
    """The scripts of a text's letters, by Unicode's names of them."""
    return {_script(c) for c in text if c.isalpha()} - {""}


def _script(letter: str) -> str:
    parts = unicodedata.name(letter, "").replace("-", " ").split()
    if "MODIFIER" in parts:
        return ""
    known = [part for part in parts if part in OWN_VOICES or part in READ_BY_ALL]
    return next(iter(known), "LATIN" if letter < "\u0250" else " ".join(parts[:1]))


def _code(voice: str) -> str:
    """The language of a voice: "ru" of "zle/ru-LV", "en" of "en-us"."""
    return voice.split("/")[-1].split("-")[0]


def reads(voice: str, script: str) -> bool:
    """Whether a voice reads words of a script, not letters."""
    code = _code(voice)
    if script == "LATIN":
        return code not in _SPELL_LATIN
    if script == "GREEK" and code != "en":
        return True
    return script in READ_BY_ALL or code in map(_code, OWN_VOICES.get(script, ()))


def unread(text: str, voices: Sequence[str]) -> dict[str, list[str]]:
    """Scripts of a text -> the voices that would spell it."""
    spelled = {s: [v for v in voices if not reads(v, s)] for s in sorted(scripts_of(text))}
    return {script: voices for script, voices in spelled.items() if voices}


def told_of(texts: Iterable[str], voices: Sequence[str], cure: str = "") -> str:
    """What is wrong with having the voices say these texts, and what to do; "" for nothing.

    `cure`: what to do where the voices are not espeak-ng's.
    """
    for text in texts:
        for script, spelling in unread(text, voices).items():
            who = ", ".join(spelling[:3]) + " and others" * (len(spelling) > 3)
            name = _SHOWN.get(script, script.capitalize())
            return (
                f"machines would spell {text!r} letter by letter: {who} do not read {name} "
                f"letters; {cure or _cure(script, text)}, or set TTS_POSITIVE and "
                "TTS_HARD_NEGATIVE to 0 and record the word"
            )
    return ""


def _cure(script: str, text: str) -> str:
    voices = OWN_VOICES.get(script, ())
    if script == "LATIN":
        return "set TTS_LANGUAGES to voices that do, such as gmw/en-US"
    kana = " (for Japanese write it in kana, for jpx/ja)" if script == "CJK" else ""
    if not voices:
        return "espeak-ng has no voice that does: write it in Latin letters, as it sounds"
    others = scripts_of(text) - {script, "LATIN"}
    mixed = "" if not others else " (and one script only)"
    return f"set TTS_LANGUAGES to voices that do: {', '.join(voices)}{kana}{mixed}"


def notices(word: str, voices: Sequence[str]) -> list[str]:
    """What to know about having machines speak for a word that is not in Latin letters."""
    if "LATIN" in scripts_of(word):
        return []
    spelling = [voice for voice in voices if not reads(voice, "LATIN")]
    how = f" ({', '.join(spelling[:3])} spell them letter by letter)" if spelling else ""
    return [
        f"the machines' near misses of {word!r}, other words and sentences are in Latin letters, "
        f"most of them English{how}; recordings of your language in hard_negative/, negative/ and "
        "ambient/ are worth more"
    ]


def refuse_unread(texts: Iterable[str], voices: Sequence[str], cure: str = "") -> None:
    """Raise WrongInput where one of the voices would spell one of the texts; see `told_of`."""
    if told := told_of(texts, voices, cure):
        raise WrongInput(told)

"""What is not the wake word, by letters: pieces and changes of it, common words, and sentences.

    cut_offs("hey jarvis")                # "hey", "jarvis", "hey jar", "vis"
    words("hey jarvis", rng, 100)         # "window", "seven", "never mind"
    sentence("hey jarvis", rng)           # "My brother cleaned the old bicycle after lunch."
    near_misses("hey jarvis", rng, 100)   # "hey carvis", "they jarvis"

What sounds like the word is `confusable`'s; `near_misses` is for languages whose words nobody has
listed, and for runs that older versions began.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np


def _parted(text: str) -> tuple[str, ...]:
    """The texts between commas."""
    return tuple(part.strip() for part in text.split(","))


COMMON = tuple(
    """
    about above across after again against almost alone along already also always animal another
    answer anyone apple around asleep autumn away baby balcony banana basket battery beautiful
    because bedroom before behind believe better between bicycle birthday blanket bottle bread
    breakfast bridge bring brother building butter button calendar camera candle candy captain
    carpet carrot castle ceiling center certain chair change cheese chicken children chocolate
    choose circle city class clean clock close cloud coffee color coming company complete
    control cookie corner could country cousin cover create curtain customer daddy dancing
    daughter december decide delete dinner direction doctor door double down drawer driver
    during early easy eight eleven email empty engine enough evening every example family farmer
    father february fifteen finger finish fireplace five flower follow football forest forget
    four fourteen friday friend future garage garden gentle glass going good grandmother grass
    great green guitar hallway hammer happy harbor heater heavy hello history holiday honey
    hospital hotel hour house hundred hungry hurry idea inside island jacket january juice
    jungle kettle kitchen ladder language later laugh leather lemon letter level library light
    listen little living lunch machine market matter maybe meeting melody member memory message
    middle milk minute mirror moment monday money monkey morning mother mountain movie muffin
    museum music napkin nearly never nine nobody north nothing november number ocean october
    office one onion open orange order other outside oven over pancake paper parent party pencil
    people pepper perfect phone photo piano picture pillow planet player please pocket police
    potato power present pretty printer problem program purple quarter question quick quiet
    rabbit radio rainbow ready really receive record red remember repeat report river robot
    rocket room sandwich saturday scissors season second seven several shadow shelf shoulder
    shower silver simple sister six sixteen sleep slowly smile snow sofa soldier something
    sometimes soon sorry speaker spider spring square stairs station stop story street strong
    student sugar summer sunday sunny supper sweater table tablet talk teacher telephone
    television temperature ten thank theater thirteen thirty thousand three thunder thursday
    ticket tiger timer today together tomato tomorrow tonight towel tower traffic train travel
    trouble trumpet tuesday twelve twenty two umbrella uncle under until upstairs vacuum
    vegetable very village visit volume waiter walk wallet water weather wednesday weekend
    welcome what where which whisper white window winter without woman wonder wooden word
    working yellow yes yesterday young zebra zero
    """.split()
)
PHRASES = _parted(
    """
    good morning, never mind, turn it off, come here, what time is it, of course, thank you,
    see you later, no problem, turn on the light, wait a minute, all right, good night,
    how are you, excuse me, hurry up, hey you, oh really, let me see, play some music,
    set a timer, stop it, hey there, close the door, i don't know
    """
)
_WHO = _parted(
    """
    my brother, the teacher, our neighbor, the old man, her sister, a young doctor, the driver,
    everyone here, my best friend, nobody in town, the children, the cook, that woman,
    your uncle, the whole family, the waiter, somebody, the farmer
    """
)
_DID = tuple(
    """
    bought cleaned found forgot painted repaired lost carried noticed wanted described sold
    watched remembered borrowed opened dropped
    """.split()
)
_WHAT = _parted(
    """
    the old bicycle, a bag of apples, some fresh bread, the blue curtains, a warm coat,
    the kitchen table, two concert tickets, the front door, a heavy suitcase, the map,
    an umbrella, a box of candles, the last sandwich, the guitar, a letter from home,
    the broken lamp, three yellow flowers, the newspaper, a very long story, the radio
    """
)
_WHEN = _parted(
    """
    after lunch, on monday morning, in the rain, before the storm, last summer,
    without saying a word, near the station, at half past nine, on the way home,
    for no reason at all, while we were talking, during the holidays, in the garden,
    because it was late, with a big smile, twenty minutes ago, behind the house
    """
)
# What is put in place of an onset or a vowel is of another class: "computor" and "gomputer" are
# too near to be called wrong.
_ONSETS = (
    ("b", "f", "m", "p", "v"),
    ("d", "n", "s", "st", "t", "z"),
    ("g", "h", "k"),
    ("l", "r", "w"),
)
_VOWELS = (("a", "ay"), ("ee", "i"), ("o", "oo", "ow"))
_CLASS_OF = {"c": "k", "j": "d", "q": "k", "x": "s", "y": "l", "e": "i", "u": "oo"}
_VOWEL = re.compile(r"(?:[aeiouäöüåæøœàáâãèéêëìíîïòóôõùúû]|[yýÿ](?![aeiou]))+")

# Hebrew points and Arabic harakat: the same word is written with them and without.
_POINTS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670]")


def letters(text: str) -> str:
    """Lower case, without spaces, hyphens, underscores or accents: to compare words by."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())


def holds(text: str, wake_word: str) -> bool:
    """Whether the wake word is in `text`, however it is spelled, spaced or hyphenated."""
    return letters(wake_word) in letters(text)


def says(text: str, wake_word: str, *, whole: bool = False) -> bool:
    """Whether `text` holds the wake word by what people wrote, or (`whole`) is nothing else.

    Case, spaces and hyphens say nothing; vowel signs, umlauts, accents and dakuten do. Points that
    are left out at will, as in Hebrew and Arabic, count where both texts have them.
    """
    ours, theirs = _written(wake_word), _written(text)
    if not (_POINTS.search(ours) and _POINTS.search(theirs)):
        ours, theirs = _POINTS.sub("", ours), _POINTS.sub("", theirs)
    return ours == theirs if whole else ours in theirs


def _written(text: str) -> str:
    """Letters, digits and the marks on them, in lower case and one form."""
    one_form = unicodedata.normalize("NFKC", text).casefold()
    kept = (c for c in one_form if c.isalnum() or unicodedata.category(c)[0] == "M")
    # Turkish capital I with a dot is the small i, whose dot is no mark.
    return unicodedata.normalize("NFC", "".join(kept)).replace("i\u0307", "i")


def syllables(word: str) -> list[str]:
    """A rough cut of one word: "com", "pu", "ter". Each piece has one group of vowels."""
    vowels = [m.span() for m in _VOWEL.finditer(word)]
    cuts = [0]
    for (_, end), (start, _) in zip(vowels, vowels[1:], strict=False):
        cuts.append(end + (1 if start - end >= 2 else 0))  # "com|pu": one consonant stays behind
    return [word[a:b] for a, b in zip(cuts, [*cuts[1:], len(word)], strict=True)]


def near_misses(wake_word: str, rng: np.random.Generator, n: int) -> list[str]:
    """`n` texts that sound almost like the wake word, none of which holds it.

    First its cut-off pieces, each once; then it with a syllable's onset or vowel, or one of its
    words, replaced. Drawn ones may repeat, as two voices may say the same.
    """
    texts = cut_offs(wake_word)[:n]
    tries = 0
    while len(texts) < n and tries < 20 * n + 100:
        tries += 1
        text = _changed(wake_word.casefold(), rng)
        if not holds(text, wake_word):
            texts.append(text)
    return texts


def cut_offs(wake_word: str) -> list[str]:
    """The beginnings and the ends of the wake word, by syllables and words; never all of it."""
    pieces = [
        (w, s) for w, word in enumerate(wake_word.casefold().split()) for s in syllables(word)
    ]
    parts = []
    for cut in range(1, len(pieces)):
        parts += [_joined(pieces[:cut]), _joined(pieces[cut:])]
    kept = (text for text in parts if len(letters(text)) >= 2 and not holds(text, wake_word))
    return list(dict.fromkeys(kept))


def _joined(pieces: list[tuple[int, str]]) -> str:
    words: dict[int, str] = {}
    for word, syllable in pieces:
        words[word] = words.get(word, "") + syllable
    return " ".join(words.values())


def _changed(wake_word: str, rng: np.random.Generator) -> str:
    """The wake word with one thing about it replaced."""
    words = wake_word.split()
    at = int(rng.integers(len(words)))
    if len(words) > 1 and rng.random() < 0.3:
        words[at] = str(rng.choice(COMMON))
        return " ".join(words)
    pieces = syllables(words[at])
    k = int(rng.integers(len(pieces)))
    vowel = _VOWEL.search(pieces[k])
    onset, core, coda = (
        (pieces[k][: vowel.start()], vowel.group(), pieces[k][vowel.end() :])
        if vowel
        else (pieces[k], "", "")
    )
    change = rng.random()
    if change < 0.75 or k == len(pieces) - 1:  # last vowels are often swallowed: not they alone
        onset = _another(onset, _ONSETS, rng)
    if change > 0.5:
        core = _another(core, _VOWELS, rng)
    pieces[k] = onset + core + coda
    words[at] = "".join(pieces)
    return " ".join(words)


def _another(sound: str, classes: tuple[tuple[str, ...], ...], rng: np.random.Generator) -> str:
    """A random speech sound from another class than `sound`'s, such as another vowel."""
    first = _CLASS_OF.get(sound[:1], sound[:1])
    others = [option for of in classes if first not in of for option in of]
    return str(rng.choice(others))


def words(wake_word: str, rng: np.random.Generator, n: int) -> list[str]:
    """`n` common words and short phrases, as evenly drawn as they go; none holds the wake word."""
    return evenly((*COMMON, *PHRASES), wake_word, rng, n)


def evenly(texts: Sequence[str], wake_word: str, rng: np.random.Generator, n: int) -> list[str]:
    """`n` of the texts that do not hold the wake word, each as often as the others."""
    usable = [text for text in texts if not holds(text, wake_word)]
    drawn: list[str] = []
    while len(drawn) < n:
        drawn += [usable[i] for i in rng.permutation(len(usable))]
    return drawn[:n]


def run_of_words(words: Sequence[str], wake_word: str, rng: np.random.Generator) -> str:
    """6 to 14 of the words in a row, about 3 s of speech without a meaning."""
    while True:
        text = " ".join(str(word) for word in rng.choice(words, int(rng.integers(6, 15))))
        if not holds(text, wake_word):
            return text[0].upper() + text[1:] + "."


def sentence(wake_word: str, rng: np.random.Generator) -> str:
    """An everyday sentence of 6 to 14 words, about 3 s; it does not hold the wake word."""
    while True:
        parts = [str(rng.choice(options)) for options in (_WHO, _DID, _WHAT, _WHEN)]
        if rng.random() < 0.3:
            parts += ["and", str(rng.choice(_DID)), str(rng.choice(_WHAT))]
        text = " ".join(parts)
        if not holds(text, wake_word):
            return text[0].upper() + text[1:] + "."

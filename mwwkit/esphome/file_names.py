"""The name of a model's files: letters, digits and underscores, and no two words have one name.

stem_of("Hey Kitchen!")        # hey_kitchen
stem_of("schön")               # schon_ and eight hex digits: "schon" is another word
"""

import hashlib
import re
import unicodedata

_BETWEEN_WORDS = re.compile(r"[\s\-_.,:;!?'\"’`()\[\]{}<>/\\|~^=*]+")


def stem_of(word: str) -> str:
    """A wake word as a file name; with a digest where Latin letters and digits do not say all."""
    former, text = former_stem_of(word), unicodedata.normalize("NFC", word).casefold()
    said = _BETWEEN_WORDS.sub("_", text).strip("_")
    if former == _digest_name(word):
        return former
    return said if re.fullmatch("[a-z0-9_]+", said) else f"{former}_{_digest(said)}"


def former_stem_of(word: str) -> str:
    """The name as versions gave it that left other letters out."""
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()
    named = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
    # A word in another script still gets a name of its own; checkpoint.json is the stage's.
    return _digest_name(word) if named in ("", "checkpoint") else named


def _digest_name(word: str) -> str:
    return f"word_{_digest(word)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]

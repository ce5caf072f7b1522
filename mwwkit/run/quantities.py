"""Amounts as people say them: counts, times, bytes.

how_many(1020, "clip")     # 1,020 clips
how_long(87.2)             # 1.5 min
how_much(331_000_000)      # 331 MB
"""

import re

# "words/other ...", "words.csv: ...", "my words/other: ..."
PLACE = re.compile(r"\S*/|\S+\.\w+: |[^:]*[^\s/]/[^\s:/]+: ")


def how_many(n: int, what: str, whats: str = "") -> str:
    """ "1 shard", "1,020 shards", "no shards"; `whats` where the plural is another."""
    return f"{f'{n:,}' if n else 'no'} {what if n == 1 else whats or f'{what}s'}"


def how_long(seconds: float) -> str:
    """ "4 s", "1.5 min", "12 min", "2.3 h"."""
    if seconds < 89.5:
        return f"{max(seconds, 1):.0f} s"
    minutes = seconds / 60
    if minutes < 89.5:
        return f"{minutes:.1f} min" if minutes < 9.95 else f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h"


def span(hours: float) -> str:
    """ "2.40 h" of sound; "2.8 min" or "14 s" where hours would show one digit or none."""
    return f"{hours:,.2f} h" if hours >= 0.0995 or not hours else how_long(3600 * hours)


def how_much(n_bytes: float) -> str:
    """ "12 kB", "331 MB", "1.2 GB"."""
    if n_bytes < 999_500:
        return f"{n_bytes / 1000:.0f} kB"
    return f"{n_bytes / 1e6:.0f} MB" if n_bytes < 999.5e6 else f"{n_bytes / 1e9:.1f} GB"


def made_now(n: int, what: str, done: str = "made") -> str:
    """ "28 shards made now", or that nothing was left."""
    return f"{how_many(n, what)} {done} now" if n else "Nothing was left to make"


def how_it_stands(n_done: int, n_left: int, what: str, *needs: str) -> str:
    """ "20 of 28 shards are left: about 1.5 min; 331 MB to write."; `needs` of those left."""
    n = n_done + n_left
    if not n_left:
        return f"All {how_many(n, what)} are done: nothing is left to make."
    if n_done:
        stands = f"{n_left:,} of {how_many(n, what)} {'is' if n_left == 1 else 'are'} left"
    else:
        stands = f"{how_many(n, what)} {'is' if n == 1 else 'are'} to be made"
    return f"{stands}: {'; '.join(needs)}." if needs else f"{stands}."


def as_sentence(text: str) -> str:
    """With a capital letter, unless a folder or a file is named first, and a full stop."""
    first = text[:1] if PLACE.match(text) else text[:1].upper()
    return f"{first}{text[1:]}{'' if text.endswith('.') else '.'}"

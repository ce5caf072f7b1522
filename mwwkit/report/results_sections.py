"""What the model does: how often it wakes, its mistakes, its threshold, its delay."""

from typing import Any

from mwwkit.report import charts, components, wording
from mwwkit.report.markup import Html, tag
from mwwkit.report.moments import PER_KIND, Moment

Facts = dict[str, Any]
DIMENSIONS = {
    "condition": "condition",
    "snr": "noise level",
    "room": "room",
    "rt60": "how long the room rings",
    "speaker": "speaker",
    "source": "source",
    "voice": "who spoke",
    "word": "what was said",
    "label": "kind of clip",
    "kind": "kind of sound",
}


def recall(facts: Facts) -> Html:
    """How often it wakes when it should."""
    rows = wording.by_condition(facts["test"]["recall"])
    parts = [
        components.shares_table("condition", rows)
        if rows
        else tag("p", "No word in the test split."),
        *_between_speakers(rows),
        *_by_group(facts["test"]["groups"]["recall"], components.shares_table, {"condition"}),
    ]
    if note := facts["test"]["groups"].get("note"):
        parts.append(tag("p", note, class_="lead"))
    lead = (
        "Words of the test split, which the model was neither taught nor tuned by. At 10 dB the "
        "word is that much louder than what goes on behind it. The bar shows the share that woke "
        "it and, lighter, where the true share lies with 95 % confidence."
    )
    return components.section("recall", "Does it wake when it should?", lead, *parts)


def _between_speakers(rows: list[tuple[str, Facts]]) -> list[Html]:
    """What to expect of other voices than these; nothing where fewer than two are known."""
    found = [(name, row["by_speaker"]) for name, row in rows if "by_speaker" in row]
    if not found:
        return []
    told = "; ".join(f"{name} {wording.interval(by)}" for name, by in found)
    n = max(by["speakers"] for _, by in found)
    return [tag("p", f"For voices other than these {n} (95 %): {told}.")]


def wrong(facts: Facts) -> Html:
    """How often it wakes when it should not."""
    test = facts["test"]
    parts: list[Html] = []
    if test["false_accepts_per_hour"]["hours"]:
        rows = [("all long recordings", test["false_accepts_per_hour"])]
        parts.append(components.hourly_table("long recordings", rows))
    else:
        parts.append(tag("p", "The test split has no long recordings to count in."))
    parts += _by_group(test["groups"]["false_accepts_per_hour"], components.hourly_table, set())
    if test["other_clips_accepted"]["of"]:
        accepted = test["other_clips_accepted"]
        rows = [("all other words", accepted)]
        parts += [tag("h3", "Clips of other words"), _wrong_shares("other words", rows)]
        parts += _by_group(test["groups"]["other_clips_accepted"], _wrong_shares, set())
    lead = (
        "False accepts: the device wakes and nobody called. Counted on long recordings without "
        "the word (talk, radio, noise), once in two seconds at most, and on clips of other words."
    )
    return components.section("wrong", "Does it stay quiet otherwise?", lead, *parts)


def _wrong_shares(head: str, rows: list[tuple[str, Facts]]) -> Html:
    return components.shares_table(head, rows, wrong=True)


def _by_group(groups: Facts, drawn: Any, without: set[str]) -> list[Html]:
    """A table for each dimension that tells groups apart, unfolded on demand."""
    parts = []
    for dimension, rows in groups.items():
        if dimension in without or len(rows) < 2:
            continue
        named = [(_group(row), row) for row in rows]
        name = DIMENSIONS.get(dimension, dimension)
        summary = tag("summary", f"By {name}: {len(rows)} groups, the worst first")
        parts.append(tag("details", summary, drawn(name, named)))
    return parts


def _group(row: Facts) -> str:
    return f"{row['merged']} small groups together" if row["merged"] else row["group"]


def mistakes(facts: Facts, misses: list[Moment], accepts: list[Moment]) -> Html:
    """The worst ones, to listen to."""
    keys = [
        ("c1", f"mean of {facts['threshold']['window']} scores"),
        ("accent dashed", "cutoff"),
        ("good", "the word ends"),
    ]
    shown = tag("ul", *(tag("li", text, class_=c) for c, text in keys), class_="keys")
    worst = facts["test"]["worst"]
    parts = [shown]
    for title, those, n, none in (
        ("Words it missed", misses, len(worst["misses"]), "It missed none."),
        ("What it took for the word", accepts, len(worst["false_accepts"]), "Nothing woke it."),
    ):
        parts.append(tag("h3", title))
        told = f"The worst {len(those)} of {n}{' or more' if n >= 20 else ''}." if those else none
        parts += [tag("p", told), components.moments(those, facts["threshold"])]
    lead = (
        "Made again from their recipes, as the device heard them: waveform, spectrogram, and the "
        "score the model gave over time. It wakes when the blue line passes the dashed one. "
        f"At most {PER_KIND} of each; the rest is in the data file."
    )
    return components.section("mistakes", "Hear its mistakes", lead, *parts)


def trade_off(facts: Facts) -> Html:
    """What another threshold would have done."""
    threshold = facts["threshold"]
    det = components.figure(
        charts.det(facts["trade_off"], threshold),
        "Every cutoff is a point: a stricter one goes left and up, a looser one right and down. "
        "Lower and further left is better. The shade is the 95 % interval of the misses; the "
        "cross is the shipped threshold with its intervals. The share axes follow the normal "
        "distribution, so that small shares can be told apart; 0 lies at the edge.",
        [("c1 dashed", "validation: chosen here"), ("c2", "test: reported here")],
    )
    windows = facts["validation"]["surface"]["windows"]
    surface = components.figure(
        charts.surface(facts["validation"]["surface"], threshold),
        "On the validation split, for every cutoff the device can be set to. The ring is what "
        "ships.",
        [
            *((c, f"mean of {w} scores") for c, w in zip(charts.SERIES, windows, strict=False)),
            ("accent", "shipped"),
            ("accent dashed", "target"),
        ],
    )
    alone = facts["test"].get("at_target")
    transfer = tag("p", _transfer(alone)) if alone else ""
    choices = [
        (
            *(each["name"], f"{each['cutoff']:g}", wording.shown(each["validation"]["recall"])),
            wording.hourly(each["validation"]["false_accepts_per_hour"]),
            each["why"],
        )
        for each in facts["advice"]
    ]
    heads = "", "cutoff", "words heard", "false accepts an hour", "what it is"
    three = components.table(heads, choices, (1,))
    lead = (
        f"It wakes when the mean of {threshold['window']} scores passes {threshold['cutoff']:g}. "
        "Both were chosen on the validation split: false accepts within the target first, then "
        "as many words as possible."
    )
    return components.section("threshold", "The threshold", lead, three, det, transfer, surface)


def _transfer(alone: Facts) -> str:
    """Whether the test split would have chosen the same."""
    return (
        f"The test split alone would have chosen {alone['cutoff']:g} on the mean of "
        f"{alone['window']}, and with it a recall of {wording.percent(alone['recall']['value'])}. "
        "The nearer that is to what ships, the more a threshold holds for other voices."
    )


def reaction(facts: Facts) -> Html:
    """How fast, and whether scores mean what they say."""
    late = facts["test"]["latency"]
    parts = []
    if late["detected"]:
        told = (
            f"Half of the {late['detected']:,} words that were heard woke it within "
            f"{wording.seconds(late['median_s'])} of their end, nine in ten within "
            f"{wording.seconds(late['p90_s'])}. Before 0 means before the word was over."
        )
        parts.append(components.figure([charts.latency(late)], told, [("accent", "median")]))
    clips = wording.by_condition(facts["test"]["clips"])
    conditions = {name: of_clips["calibration"] for name, of_clips in clips}
    if conditions:
        gaps = ", ".join(f"{n} {c['expected_error']:.2f}" for n, c in conditions.items())
        told = (
            "Of the clips whose highest score was so high, how many were the wake word? On the "
            "dashed line a score means what it says; larger dots are more clips. Mean gap "
            f"(expected calibration error): {gaps}. It hangs on how many other words are tested."
        )
        keys = list(zip(charts.SERIES, conditions, strict=False))
        parts.append(components.figure([charts.reliability(conditions)], told, keys))
    lead = "The delay a person feels, and how far a score can be read as a chance."
    both = tag("div", *parts, class_="charts two")
    return components.section("reaction", "Delay and confidence", lead, both)

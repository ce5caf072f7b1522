"""Scenes: continuous labelled audio, drawn as a record first and rendered after.

A scene is what a device hears: words one after another with pauses, in a room, over somebody
else's talk or a fan, at some level. The record alone makes the same samples again, so features
are kept and audio is not. Here is the record; `scene_drawing` draws one, `rendering` renders it.
"""

from dataclasses import asdict, dataclass, field

from mwwkit.device import firmware

RATE_HZ = firmware.SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Piece:
    """A part of a clip: its path in the run, from and to in seconds."""

    path: str
    from_s: float
    to_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.to_s - self.from_s


@dataclass(frozen=True)
class Item:
    """One sound of the foreground."""

    piece: Piece
    at_s: float  # where it begins in the scene
    speed: float = 1.0  # played so much faster and higher
    level_db: float | None = 0.0  # loudest frame re the reference; None: as it was recorded
    effects: dict = field(default_factory=dict)  # AudioAugmentation's recipe
    end_s: float | None = None  # where in the scene a whole wake word ends; None for anything else

    @property
    def pace(self) -> float:
        """How many seconds of its clip pass in one of the scene: its speed, and any stretching."""
        return self.speed * self.effects.get("time_stretch", {"rate": 1.0})["rate"]

    @property
    def seconds(self) -> float:
        """How long it is in the scene."""
        return self.piece.seconds / self.pace


@dataclass(frozen=True)
class Background:
    """What goes on behind: nothing, a recording, coloured noise, or voices."""

    kind: str  # quiet, noise, coloured, voice, babble
    snr_db: float = 0.0  # loudest frame of an item at 0 dB over the loudest of this
    voices: tuple[tuple[Piece, ...], ...] = ()  # each a chain that fills the scene
    slope_db_octave: float = 0.0
    gains_db: tuple[float, ...] = ()  # slow changes, evenly spaced over the scene


@dataclass(frozen=True)
class Scene:
    """Everything that a stretch of audio is made of."""

    seconds: float
    seed: int  # of the noises
    items: tuple[Item, ...] = ()
    background: Background = Background("quiet")
    room: str = ""  # path of a RIR in the run; empty for none
    dry: float = 0.0  # the share of the foreground that is outside the room
    floor_db: tuple[float, ...] = ()  # RMS of faint noise under everything, dB re 1, in jumps
    peak_dbfs: float | None = None  # None: levels are left as they are

    def word_ends(self) -> list[float]:
        """Where the wake words end, in seconds."""
        return [item.end_s for item in self.items if item.end_s is not None]

    def as_dict(self) -> dict:
        """The record as JSON has it."""
        return asdict(self)


def scene_from(record: dict) -> Scene:
    """The scene of a record that `Scene.as_dict` gave and JSON kept; it renders the same samples.

    Raises KeyError or TypeError for a record of another form.
    """
    behind = record["background"]
    voices = tuple(tuple(Piece(**part) for part in chain) for chain in behind["voices"])
    behind = behind | {"voices": voices, "gains_db": tuple(behind["gains_db"])}
    return Scene(
        **record
        | {
            "items": tuple(Item(**i | {"piece": Piece(**i["piece"])}) for i in record["items"]),
            "background": Background(**behind),
            "floor_db": tuple(record["floor_db"]),
        }
    )

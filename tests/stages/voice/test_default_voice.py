"""The default voice of a spec is a fixed table: a new backend changes no existing character."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from assets.spec.avatar import AvatarSpec
from assets.spec.behaviour import PersonaSpec
from stages.stage import Registry
from stages.voice import default_voice
from stages.voice.backend import VoiceBackend
from stages.voice.default_voice import DEFAULT_VOICES, Gender, choose_voice, describe_gender_mismatch, describe_voice_terms, resolve_voice
from stages.voice.stage import BACKENDS

LANGUAGES: tuple[str, ...] = get_args(PersonaSpec.model_fields["language"].annotation)


class ToyVoice:
    """It would win under any rule on the registry: it comes first, speaks every language, fits every gender and may be sold."""

    name = "toy"
    languages = LANGUAGES
    gender = 0.5
    restriction = ""


@pytest.fixture
def extended_registry(monkeypatch: pytest.MonkeyPatch) -> Registry[VoiceBackend]:
    """A copy of the registry with the toy voice."""
    registry: Registry[VoiceBackend] = Registry("voice", {"toy": f"{__name__}:ToyVoice", **BACKENDS.table}, default="toy")
    monkeypatch.setattr(default_voice, "BACKENDS", registry)
    return registry


def make_spec(**sections: object) -> AvatarSpec:
    return AvatarSpec.model_validate({"name": "A", **sections})


def make_specs() -> list[AvatarSpec]:
    """Every language with genders from 0 to 1, with and without rights.strict, bare or with a voice or a model folder."""
    genders = [number / 8 for number in range(9)]
    voices: list[dict[str, str]] = [{}, {"backend": "coqui"}, {"model": "mine"}]
    return [
        make_spec(identity={"gender": gender}, persona={"language": language}, voice=voice, rights={"strict": strict})
        for language, gender, strict, voice in itertools.product(LANGUAGES, genders, (False, True), voices)
    ]


def test_a_new_voice_changes_the_voice_of_no_spec(request: pytest.FixtureRequest) -> None:
    specs = make_specs()
    assert len(specs) >= 100
    before = [resolve_voice(spec) for spec in specs]
    registry = request.getfixturevalue("extended_registry")
    assert next(iter(registry)) == "toy"
    assert [resolve_voice(spec) for spec in specs] == before


def test_a_new_voice_is_offered_to_a_character_whose_default_voice_has_another_gender(extended_registry: object) -> None:
    spec = make_spec(identity={"gender": 1}, persona={"language": "zh"})
    assert resolve_voice(spec) == "mandarin"
    assert describe_gender_mismatch(spec) == "the mandarin voice is a woman's, identity.gender is 1: set voice.backend to toy for a man's"


def test_the_table_has_a_row_for_every_language_gender_and_right() -> None:
    assert set(DEFAULT_VOICES) == set(itertools.product(LANGUAGES, get_args(Gender), (False, True)))


def test_every_default_voice_exists_and_speaks_its_language() -> None:
    for (language, _, _), name in DEFAULT_VOICES.items():
        assert language in BACKENDS.get(name).languages


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_default_voice_may_be_sold_if_any_voice_of_the_language_may(language: str) -> None:
    sellable = {voice.name for voice in default_voice.find_voices(language) if not voice.restriction}
    defaults = {name for (spoken, _, _), name in DEFAULT_VOICES.items() if spoken == language}
    assert defaults <= sellable or not sellable


def test_the_choice_depends_on_language_gender_rights_and_the_model_folder() -> None:
    assert [choose_voice("en", gender, strict=strict) for gender in (0.0, 0.5, 1.0) for strict in (False, True)] == ["hibari"] * 6
    assert [choose_voice("zh", gender, strict=strict) for gender in (0.0, 0.5, 1.0) for strict in (False, True)] == ["mandarin"] * 6
    assert choose_voice("zh", 0.1, model="mine") == "coqui"


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({"identity": {"gender": 1}},
         "the hibari voice is a woman's, identity.gender is 1: no man's voice that speaks en may be sold; "
         "set voice.backend to coqui for one that may not"),
        ({"identity": {"gender": 1}, "rights": {"strict": True}},
         "the hibari voice is a woman's, identity.gender is 1: no man's voice that speaks en may be sold"),
        ({"identity": {"gender": 0.75}, "persona": {"language": "zh"}},
         "the mandarin voice is a woman's, identity.gender is 0.75: no man's voice speaks zh"),
        ({"identity": {"gender": 0}, "persona": {"language": "zh"}}, ""),
        ({"identity": {"gender": 0.5}}, ""),
        ({"identity": {"gender": 1}, "voice": {"backend": "hibari"}}, ""),
        ({"identity": {"gender": 0}, "voice": {"model": "mine"}}, ""),
    ],
)  # fmt: skip
def test_a_default_voice_of_another_gender_is_explained(sections: dict[str, object], sentence: str) -> None:
    assert describe_gender_mismatch(make_spec(**sections)) == sentence


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        ({}, ""),
        ({"voice": {"backend": "hibari"}}, ""),
        ({"voice": {"model": "mine"}}, ""),
        (
            {"voice": {"backend": "coqui"}},
            "A speaks with the coqui voice, fine for demos and research but not for sale: write `voice: {backend: hibari}` in the spec "
            "for a voice you may sell",
        ),
        (
            {"persona": {"language": "zh"}},
            "A speaks with the mandarin voice, fine for demos and research but not for sale: give voice.model a coqui model of your own "
            "for a voice you may sell",
        ),
    ],
)
def test_a_voice_that_may_not_be_sold_says_what_it_is_for_and_what_changes_it(sections: dict[str, object], sentence: str) -> None:
    assert describe_voice_terms(make_spec(**sections)) == sentence

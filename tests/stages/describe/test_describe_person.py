"""A description is a whole person: reproducible, varied, true of what is built, and valid as a spec."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from assets.artefacts.character import Body
from assets.errors import SpecError
from assets.spec.appearance import BodySpec, GroomSpec, IdentitySpec, TextureSpec
from flows.pipeline.spec_choices import collect_spec_choices
from stages.body.stage import BACKENDS as BODIES
from stages.body.stage import run as build_body
from stages.describe.colours import classify_eyes, classify_hair
from stages.describe.face import SHAPES
from stages.describe.person import draw_person
from stages.describe.resolve import describe, edit
from stages.describe.vocabulary import ATTRIBUTES, check_value
from stages.groom import colour
from stages.groom.hair.choices import choose_hair
from stages.groom.stage import choose_items

TEXT = "a cheerful sixty-year-old museum guide, dark skin, short grey hair, glasses"


def test_every_attribute_is_present_and_of_the_vocabulary() -> None:
    for text in (TEXT, "短发的年轻女老师，圆脸，戴眼镜，微笑", "somebody"):
        attributes = describe(text, seed=3).attributes
        assert tuple(attributes) == ATTRIBUTES
        assert [name for name, value in attributes.items() if not check_value(name, value)] == []


def test_the_same_text_and_seed_give_the_same_bytes() -> None:
    first, second = (json.dumps(describe(TEXT, seed=5).to_json()) for _ in range(2))
    assert first == second


def test_eight_seeds_are_eight_people_who_all_obey() -> None:
    found = [describe("a tall woman in her late forties with long brown hair and a red dress", seed=seed) for seed in range(8)]
    assert len({json.dumps(one.fields, sort_keys=True) for one in found}) == 8
    said = {"gender": "female", "height": "tall", "hair_length": "long", "hair_colour": "brown", "outfit": "dress"}
    assert all({name: one.attributes[name] for name in said} == said and 46 <= one.attributes["age"] <= 49 for one in found)


def test_what_a_text_does_not_say_is_drawn_as_in_a_spec_without_it() -> None:
    fields = describe("a man", seed=11).fields
    bare = draw_person({"identity.gender": 1.0}, 11)
    assert (fields["groom.hair"], fields["groom.beard"]) == (bare.hair, bare.beard)
    assert (fields["groom.hair_colour"], fields["groom.eye_colour"], fields["groom.outfit"]) == (
        bare.hair_colour,
        bare.eye_colour,
        bare.outfit,
    )
    assert (fields["identity.age"], fields["identity.tone"], fields["body.weight"]) == (30, 0.35, 0.5)


def test_the_seed_decides_the_gender_that_nothing_hints_at() -> None:
    assert {describe("glasses", seed=seed).attributes["gender"] for seed in range(8)} == {"female", "male"}


def test_explicit_fields_win_and_the_attributes_say_so() -> None:
    found = describe("an old man with long hair", seed=1, base={"identity.age": 25, "groom.hair": "buzz"})
    assert (found.fields["identity.age"], found.attributes["age"]) == (25, 25)
    assert (found.fields["groom.hair"], found.attributes["hair_length"]) == ("buzz", "buzz")


def test_explicit_local_changes_are_added_to_those_of_the_text() -> None:
    found = describe("a man with a round face", seed=1, base={"body.local": {"nose-hump-incr": 0.5, "head-fat-incr": 0.1}})
    local = found.fields["body.local"]
    assert (local["nose-hump-incr"], local["head-fat-incr"]) == (0.5, 0.1)
    assert local["head-scale-horiz-incr"] > 0.3


def test_the_spec_accepts_the_fields() -> None:
    """performance.expression is the one field that the spec gets from elsewhere."""
    for text in (
        TEXT,
        "a heavy man in a suit with a beret",
        "穿旗袍的女子，圆脸，雀斑",
        "a freckled chef with a big nose and hoop earrings",
    ):
        fields = describe(text, seed=2).fields
        sections: dict[str, dict[str, Any]] = {}
        for name, value in fields.items():
            section, _, leaf = name.partition(".")
            sections.setdefault(section, {})[leaf] = value
        for section, model in (("identity", IdentitySpec), ("body", BodySpec), ("groom", GroomSpec), ("texture", TextureSpec)):
            model.model_validate(sections.get(section, {}))
        names = collect_spec_choices().names
        for field in ("hair", "beard", "hat", "outfit", "glasses", "earrings"):
            value = sections["groom"].get(field)
            assert value is None or value in set(names[f"groom.{field}"]() or ()), field


@pytest.mark.slow
def test_hair_and_eyes_are_those_that_the_build_draws() -> None:
    """The attributes come from a phenotype alone; the build draws from a whole body."""
    from stages.identity.backend import BACKENDS as IDENTITIES
    from stages.identity.stage import run as build_identity

    for seed, gender in ((1, 0.0), (4, 1.0)):
        identity = build_identity(options=IdentitySpec(gender=gender, tone=0.8), backend=IDENTITIES.get(), seed=seed)
        body: Body = build_body(identity, options=BodySpec(), backend=BODIES.get(), seed=seed)
        hair = choose_hair(body, GroomSpec(), seed)
        rng = np.random.default_rng([seed, 0x6700])
        choose_items(body, GroomSpec(), rng)
        rng.integers(colour.NATURAL_COUNT)
        iris = colour.choose_iris_colour(body, None, rng)
        drawn = draw_person({"identity.gender": gender, "identity.tone": 0.8}, seed)
        assert (drawn.hair, drawn.beard) == (hair.style, hair.beard)
        assert drawn.eye_colour == "#" + "".join(f"{round(float(part) * 255):02x}" for part in iris)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_face_measures_as_it_was_described(shape: str) -> None:
    for seed in range(3):
        for person in ("woman", "man"):
            assert describe(f"a {person} with a {shape} face", seed=seed).attributes["face"] == shape


@pytest.mark.parametrize(("number", "grey", "name"), [
    ("#14100e", 0.0, "black"), ("#3b2619", 0.0, "brown"), ("#c9a86c", 0.0, "blond"), ("#8c3a1c", 0.0, "red"), ("#9c9a97", 0.0, "grey"),
    ("#e9e6e0", 0.0, "white"), ("#d4508c", 0.0, "dyed"), ("#b3201c", 0.0, "dyed"), ("#14100e", 0.5, "grey"),
])  # fmt: skip
def test_a_hair_colour_has_its_name(number: str, grey: float, name: str) -> None:
    assert classify_hair(number, grey) == name


@pytest.mark.parametrize(("number", "name"), [
    ("#2e1a10", "brown"), ("#5b86b4", "blue"), ("#5c7f4c", "green"), ("#7f8890", "grey"), ("#7a6336", "hazel"),
])  # fmt: skip
def test_an_eye_colour_has_its_name(number: str, name: str) -> None:
    assert classify_eyes(number) == name


def test_words_say_what_they_did_and_the_rest_is_listed() -> None:
    found = describe("a tall woman named Marco with purple socks, zzyqx", seed=1)
    assert [(word.text, dict(word.attributes)) for word in found.words[:2]] == [
        ("tall", {"height": "tall"}),
        ("woman", {"gender": "female"}),
    ]
    assert {"Marco", "zzyqx"} <= set(found.ignored)
    assert "socks: the wardrobe has no such thing yet; it is left out" in found.notes


def test_a_contradiction_is_reported_and_the_later_word_counts() -> None:
    found = describe("a tall short man", seed=1)
    assert found.attributes["height"] == "short"
    assert found.notes == ("tall contradicts short, which counts",)


def test_what_no_style_fulfils_is_reported() -> None:
    found = describe("a woman with a long curly ponytail", seed=1)
    assert any("goes with the rest" in note for note in found.notes)


@pytest.mark.parametrize(("text", "code"), [
    ("", "describe/empty"), ("  \n ", "describe/empty"), ("...", "describe/empty"), ("a " * 1500, "describe/too-long"),
    ("a naked man", "describe/nudity"), ("全裸的女人", "describe/nudity"), ("a woman without clothes", "describe/nudity"),
    ("looks like Taylor Swift", "describe/real-person"), ("长得像刘亦菲的女生", "describe/real-person"),
    ("周 杰 伦", "describe/real-person"),
    ("she resembles Jane Smithson", "describe/real-person"),
    ("a 10-year-old boy", "describe/child"), ("小女孩", "describe/child"), ("十二岁的少年", "describe/child"),
    ("七八岁的孩子", "describe/child"),
    ("a toddler", "describe/child"),
    ("a sexy schoolgirl", "describe/minor"), ("性感的少女", "describe/minor"), ("a naked child", "describe/minor"),
])  # fmt: skip
def test_what_is_refused_is_refused_in_one_sentence(text: str, code: str) -> None:
    with pytest.raises(SpecError) as error:
        describe(text, seed=1)
    (finding,) = error.value.findings
    assert finding.code == code
    assert "\n" not in str(finding)


@pytest.mark.parametrize("text", [
    "a mother of two children", "a kindergarten teacher who loves children", "带着孩子的妈妈", "娃娃脸的女生", "baby-faced man",
    "an Italian man named Marco", "女孩子", "a children's doctor", "不穿外套的男人", "baby blue eyes",
])  # fmt: skip
def test_what_only_looks_like_it_is_not_refused(text: str) -> None:
    assert describe(text, seed=1).attributes["age"] >= 18


def test_a_change_is_refused_like_a_text() -> None:
    person = describe("a woman", seed=1)
    with pytest.raises(SpecError, match="nudity"):
        edit(person, "take off her clothes", seed=1)


@pytest.mark.parametrize(
    "text", ["short " * 330, "又短又长" * 490, "no " * 600, "红" * 1990, "，" * 1990 + "高", "1" * 1990, "\u202eman\x00\n#: {}"]
)
def test_any_text_is_a_person(text: str) -> None:
    assert tuple(describe(text, seed=1).attributes) == ATTRIBUTES

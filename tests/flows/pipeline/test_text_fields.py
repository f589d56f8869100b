"""identity.text: it fills what the spec does not name, is refused with its place, and says what it did not understand."""

from __future__ import annotations

from pathlib import Path

import pytest

from assets.errors import SpecError
from assets.spec.avatar import AvatarSpec
from assets.spec.read import parse_spec
from flows.pipeline.bundle_writer import collect_spec_warnings
from flows.pipeline.request import BuildRequest, resolve_request
from flows.pipeline.spec_choices import collect_spec_choices
from flows.pipeline.text_fields import fill_from_text

ENGLISH = "a cheerful sixty-year-old man with dark skin, a moustache and glasses"
CHINESE = "六十岁的大叔，皮肤黝黑，留着八字胡，戴眼镜，笑眯眯的"


def fill(text: str, seed: int = 3, **fields: object) -> AvatarSpec:
    values = {"name": "Guide", "seed": seed, **fields}
    values["identity"] = {**dict(fields.get("identity", {})), "text": text}  # type: ignore[call-overload]
    return fill_from_text(AvatarSpec.model_validate(values))


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_a_text_fills_the_fields_of_the_looks(text: str) -> None:
    spec = fill(text)
    assert 58 <= spec.identity.age <= 62
    assert spec.identity.gender > 0.5
    assert spec.identity.tone > 0.6
    assert spec.groom.beard == "moustache"
    assert spec.groom.glasses not in (None, "no", "none")
    assert spec.performance.expression == "smile"


def test_fields_that_the_spec_names_win() -> None:
    spec = fill(ENGLISH, identity={"age": 33}, groom={"beard": "none", "hair_colour": "#ff0000"}, performance={"expression": "serious"})
    assert (spec.identity.age, spec.groom.beard, spec.performance.expression) == (33, "none", "serious")
    assert spec.groom.hair_colour == "#ff0000"
    assert spec.groom.grey is None
    assert spec.groom.glasses not in (None, "no", "none")


def test_pieces_that_the_spec_names_are_not_mixed_with_those_of_the_text() -> None:
    spec = fill("a man in a black suit", groom={"pieces": [{"garment": "tshirt"}]})
    assert [piece.garment for piece in spec.groom.pieces] == ["tshirt"]
    assert spec.groom.outfit is None


def test_a_filled_spec_stays_as_it_is() -> None:
    spec = fill(ENGLISH)
    assert fill_from_text(spec) == spec


def test_the_same_text_and_seed_give_the_same_person_and_other_seeds_do_not() -> None:
    assert fill(ENGLISH, seed=5) == fill(ENGLISH, seed=5)
    assert len({fill(ENGLISH, seed=seed).model_dump_json(exclude={"seed"}) for seed in range(8)}) == 8


def test_a_spec_without_a_text_is_not_touched() -> None:
    spec = AvatarSpec(name="Ada")
    assert fill_from_text(spec) is spec


def test_the_seed_of_the_command_line_draws_what_the_text_leaves_open(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"name: A\nidentity: {{text: {ENGLISH!r}}}\n", encoding="utf-8")
    filled = [resolve_request(BuildRequest(str(file), seed=seed))[0].spec for seed in (5, 6)]
    assert filled[0].identity.gender > 0.5
    assert filled[0] == fill_from_text(filled[0])
    assert filled[0].model_dump(exclude={"seed"}) != filled[1].model_dump(exclude={"seed"})


@pytest.mark.parametrize("text", ["a seven-year-old girl", "裸体的女人", "naked woman", "???"])
def test_a_text_that_is_refused_is_one_finding_at_its_line(text: str) -> None:
    source = f"name: A\nidentity:\n  text: {text!r}\n".encode()
    with pytest.raises(SpecError) as caught:
        parse_spec(source, "a.yaml", folder=Path(), constraints=collect_spec_choices())
    assert [finding.location.line for finding in caught.value.findings] == [3]


def test_words_that_did_nothing_are_a_warning() -> None:
    spec = AvatarSpec.model_validate({"name": "A", "identity": {"text": "a woman with a zxqwv on her blorpf"}})
    (warning,) = [one["message"] for one in collect_spec_warnings(spec) if "did nothing" in one["message"]]
    assert "zxqwv" in warning
    assert "fenshen describe" in warning

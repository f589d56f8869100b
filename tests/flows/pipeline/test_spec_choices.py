"""The reader of specs knows the names and rules of every stage."""

import pytest

from assets.errors import SpecError
from flows.pipeline.definition import STAGES
from flows.pipeline.request import BuildRequest, resolve_request
from flows.pipeline.spec_choices import collect_spec_choices

NAMES = collect_spec_choices().names


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("groom.hair", "none"), ("groom.hair", "ponytail01"), ("motion.clips.*.library", "walk"), ("voice.backend", "coqui"),
        ("persona.backend", "overlap"), ("body.local.*", "chin-width-incr"), ("body.local.*", "african"),
        ("groom.outfit", "tailored"), ("groom.outfit", "tee_jeans"), ("groom.outfit", "male_casualsuit01"), ("groom.shoes", "boots"),
        ("groom.pieces.*.garment", "qipao"), ("groom.pieces.*.fabric", "denim"), ("groom.pieces.*.pattern", "breton"),
    ],
)  # fmt: skip
def test_the_names_of_the_stages_are_known(pattern, name):
    assert name in (NAMES[pattern]() or ())


def test_none_is_no_outfit():
    assert "none" not in (NAMES["groom.outfit"]() or ())


def test_wrong_names_of_garments_are_reported_with_the_nearest_one(tmp_path):
    spec = tmp_path / "a.yaml"
    spec.write_text("name: A\ngroom:\n  outfit: tee_jaens\n  pieces:\n    - {garment: tshrit, fabric: demin}\n")
    with pytest.raises(SpecError) as caught:
        resolve_request(BuildRequest(str(spec), store=tmp_path / "store"))
    assert str(caught.value).splitlines() == [
        f"{spec}:3:11: error[spec/unknown-name] groom.outfit: unknown item 'tee_jaens'; did you mean tee_jeans?",
        f"{spec}:5:17: error[spec/unknown-name] groom.pieces.0.garment: unknown garment 'tshrit'; did you mean tshirt?",
        f"{spec}:5:33: error[spec/unknown-name] groom.pieces.0.fabric: unknown fabric 'demin'; did you mean denim?",
    ]


def test_every_wrong_name_is_reported_before_any_work(tmp_path):
    spec = tmp_path / "a.yaml"
    spec.write_text("name: A\ngroom: {hair: ponytial01}\nvoice: {backend: cocqui}\nmotion: {clips: [{name: a, library: wav}]}\n")
    with pytest.raises(SpecError) as caught:
        resolve_request(BuildRequest(str(spec), store=tmp_path / "store"))
    assert str(caught.value).splitlines() == [
        f"{spec}:2:15: error[spec/unknown-name] groom.hair: unknown item 'ponytial01'; did you mean ponytail01?",
        f"{spec}:3:18: error[spec/unknown-name] voice.backend: unknown backend 'cocqui'; did you mean coqui?",
        f"{spec}:4:37: error[spec/unknown-name] motion.clips.0.library: unknown clip 'wav'; did you mean wave?",
    ]
    assert not (tmp_path / "store").exists()


def test_every_unknown_name_of_a_request_is_reported(tmp_path):
    with pytest.raises(SpecError) as caught:
        resolve_request(BuildRequest("kofi", seed=2**32, force=frozenset({"voise"}), allow=frozenset({"rig/sole"}), store=tmp_path))
    assert str(caught.value).splitlines() == [
        "error[build/stage] there is no stage voise; did you mean voice?",
        "error[build/gate] there is no gate rig/sole; did you mean rig/soles?",
        "error[build/seed] the seed 4294967296 is out of range; use 0 to 4294967295",
    ]


def test_a_gate_that_resembles_none_gets_the_nearest_name_and_not_the_list_of_all(tmp_path):
    with pytest.raises(SpecError) as caught:
        resolve_request(BuildRequest("kofi", allow=frozenset({"nonsense"}), store=tmp_path))
    assert str(caught.value) == "error[build/gate] there is no gate nonsense; the nearest is vrm/bones; `fenshen gates` lists them all"


def test_the_users_voice_model_is_found_next_to_the_spec_and_its_bytes_are_part_of_the_key(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    (tmp_path / "mine" / "model.pth").write_bytes(b"weights")
    (tmp_path / "a.yaml").write_text("name: A\nvoice: {model: mine}\n")
    order = resolve_request(BuildRequest(str(tmp_path / "a.yaml"), store=tmp_path / "store"))[0]
    first = order.make_job(STAGES["voice"], order.spec.voice, None, None)
    assert first.resolved_options.model == str(tmp_path / "mine")
    assert first.options.model == "mine"
    (tmp_path / "mine" / "config.json").write_text("{} ")
    assert order.make_job(STAGES["voice"], order.spec.voice, None, None).media != first.media

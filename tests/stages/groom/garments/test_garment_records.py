"""Garments, fabrics, palettes and sets are data: every file is valid, every name exists, and mistakes are named."""

from __future__ import annotations

import pytest

from assets.artefact import Ref
from assets.errors import SpecError
from assets.paths import PROJECT_ROOT
from assets.spec.appearance import GroomSpec
from stages.execute import Job, compute_key_parts
from stages.groom.colour import parse_hex_colour
from stages.groom.garments.details import DETAILS
from stages.groom.garments.patterns import list_patterns
from stages.groom.garments.style import (
    Garment,
    digest_garments,
    get_fabric,
    get_garment,
    load_fabrics,
    load_garments,
    load_palettes,
    load_sets,
    parse_record,
)
from stages.groom.stage import STAGE
from stages.groom.wardrobe import load_catalogue

PARTS = {"shirt", "polo", "stand", "roll", "hood", "lapel"}


def test_there_are_at_least_40_garments_and_12_fabrics() -> None:
    assert len(load_garments()) >= 40
    assert len(load_fabrics()) >= 12


@pytest.mark.parametrize("name", load_garments())
def test_every_garment_names_what_exists_and_has_sane_measures(name: str) -> None:
    garment = load_garments()[name]
    assert garment.title
    assert set(garment.fabrics) <= set(load_fabrics())
    assert garment.fabrics
    assert set(garment.patterns) <= set(list_patterns())
    assert set(garment.details) <= set(DETAILS)
    assert set(garment.parts) <= PARTS
    assert 0.6 <= garment.fit <= 2.2
    assert garment.kind != "shoes" or (0.03 < garment.height < 0.3 and 0.005 <= garment.sole < 0.05)


def test_every_set_has_known_garments_one_pair_of_shoes_and_something_above_and_below() -> None:
    for one in load_sets().values():
        kinds = [{get_garment(name.strip()).kind for name in piece.split("|")} for piece in one.pieces]
        assert sum("shoes" in kind for kind in kinds) == 1, one.name
        lengths = [get_garment(name.strip()).leg for piece in one.pieces for name in piece.split("|")]
        assert any(kind & {"trousers", "skirt"} for kind in kinds) or all(lengths[:1]), one.name
        assert set(one.palettes) <= set(load_palettes())


def test_the_page_lists_every_garment_fabric_pattern_and_set() -> None:
    page = (PROJECT_ROOT / "docs" / "clothes.md").read_text(encoding="utf-8")
    names = [*load_garments(), *load_fabrics(), *list_patterns(), *load_sets()]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_person_has_sets_to_draw_from() -> None:
    for person in ("young man", "man", "old man", "young woman", "woman", "old woman"):
        assert sum(person in one.wearers for one in load_sets().values()) >= 6, person


def test_no_set_is_named_as_an_item_and_no_shoe_either() -> None:
    assert not set(load_sets()) & set(load_catalogue()["outfit"])
    assert not set(load_garments()) & set(load_catalogue()["shoes"])


def test_palettes_are_colours_that_do_not_glow() -> None:
    """Under a filmic tone curve, saturated bright colours turn into light of their own."""
    for palette in load_palettes().values():
        for colour in (palette.top, palette.bottom, palette.second):
            rgb = parse_hex_colour(colour)
            assert float(rgb.max() - rgb.min()) < 0.56, (palette.name, colour)


def test_an_unknown_garment_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(SpecError, match=r"groom\.outfit: unknown garment 'tshrit'") as caught:
        get_garment("tshrit")
    assert caught.value.findings[0].fix == "did you mean tshirt?"


def test_an_unknown_fabric_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(SpecError, match=r"groom\.outfit: unknown fabric 'demin'") as caught:
        get_fabric("demin")
    assert caught.value.findings[0].fix == "did you mean denim?"


def test_an_unknown_field_of_a_garment_is_an_error() -> None:
    with pytest.raises(ValueError, match="garment x has unknown fields: sleve"):
        parse_record(Garment, "x", {"sleve": 0.1})


def test_the_key_of_a_groom_holds_every_record() -> None:
    parts = compute_key_parts(STAGE, Job(GroomSpec(), seed=1), {name: Ref(name, "0" * 64) for name in STAGE.takes})
    assert digest_garments().items() <= parts["code"].items()
    assert {f"pieces/{name}.yaml" for name in load_garments()} <= set(parts["code"])

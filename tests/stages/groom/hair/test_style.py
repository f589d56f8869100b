"""Styles are data: every file is valid, and mistakes are named."""

from __future__ import annotations

import pytest

from assets.artefact import Ref
from assets.errors import SpecError
from assets.spec.appearance import GroomSpec
from stages.execute import Job, compute_key_parts
from stages.groom.hair import beard, choices
from stages.groom.hair.style import digest_styles, list_styles, load_style, parse_style
from stages.groom.stage import STAGE
from stages.groom.wardrobe import load_catalogue


def test_there_are_at_least_24_styles_and_none_is_named_as_an_item() -> None:
    assert len(list_styles()) >= 24
    assert not set(list_styles()) & set(load_catalogue()["hair"])


@pytest.mark.parametrize("name", list_styles())
def test_every_style_has_a_title_and_sane_measures(name: str) -> None:
    style = load_style(name)
    assert style.title
    assert 0 < style.width < 0.05
    assert 0 < style.length_top < 0.7
    assert 0 <= style.scalp <= 1
    assert style.kind == "none" or style.strips >= 40


def test_every_drawn_style_and_beard_exists() -> None:
    assert {name for table in choices.STYLES.values() for name in table} <= set(list_styles())
    assert {name for table in choices.BEARDS.values() for name in table} <= {*beard.list_beards(), "none"}


def test_an_unknown_style_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(SpecError, match=r"groom\.hair: unknown style 'side_prat'") as caught:
        load_style("side_prat")
    assert caught.value.findings[0].fix == "did you mean side_part?"


def test_an_unknown_beard_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(SpecError, match=r"groom\.beard: unknown beard 'goatie'") as caught:
        beard.get_beard("goatie")
    assert caught.value.findings[0].fix == "did you mean goatee?"


def test_an_unknown_field_of_a_style_is_an_error() -> None:
    with pytest.raises(ValueError, match="the style x has unknown fields: lenght_top"):
        parse_style("x", {"lenght_top": 0.1})


def test_the_key_of_a_head_holds_every_style() -> None:
    """A changed style gave the old hair until somebody passed --force groom."""
    job = Job(GroomSpec(), seed=1)
    parts = compute_key_parts(STAGE, job, {name: Ref(name, "0" * 64) for name in STAGE.takes})
    assert digest_styles().items() <= parts["code"].items()
    assert {f"styles/{name}.yaml" for name in list_styles()} <= set(parts["code"])

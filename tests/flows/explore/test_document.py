"""The page's fields over a spec: what may be set, how it is checked, and that no file is overwritten in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assets.errors import SpecError, StoreError
from assets.spec.read import read_spec
from flows.explore.document import Document, list_neighbours
from flows.explore.labels import AXIS_LABELS, FIELD_LABELS, GROUPS
from flows.pipeline.spec_choices import collect_spec_choices, list_identity_axes


def test_fields_are_laid_over_the_spec_and_none_removes_one(tmp_path: Path) -> None:
    document = Document(tmp_path, {"name": "Ada", "identity": {"age": 30, "tone": 0.2}, "persona": {"who": "I am Ada."}})
    values = document.lay_over({"identity.axes.lips": 0.5, "identity.tone": None, "seed": 3})
    assert values == {"name": "Ada", "identity": {"age": 30, "axes": {"lips": 0.5}}, "persona": {"who": "I am Ada."}, "seed": 3}
    assert document.base["identity"] == {"age": 30, "tone": 0.2}, "the document itself stays"
    spec = document.resolve({"identity.axes.lips": 0.5})
    assert spec.identity.axes == {"lips": 0.5}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"persona.model": "/etc"}, "persona.model is not a field of the page; edit the spec file instead"),
        ({"motion.clips": []}, "motion.clips is not a field of the page; edit the spec file instead"),
        ({"identity.axes.lips": 3}, "identity.axes.lips: expected a number between -1 and 1, got 3"),
        ({"identity.mix": ["../../secret.yaml"]}, "../../secret.yaml is outside the spec's folder"),
        ({"seed": "x"}, "seed: expected an integer between 0 and 4294967295"),
    ],
)
def test_what_the_page_may_not_say_is_one_sentence(tmp_path: Path, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SpecError, match=r"error\[") as caught:
        Document(tmp_path).resolve(fields)
    assert sentence in str(caught.value)


def test_a_written_spec_is_the_person_on_the_page(tmp_path: Path) -> None:
    document = Document(tmp_path)
    path = document.write({"seed": 5, "identity.axes.lips": 0.25, "name": "小美"}, "mei.yaml")
    found = read_spec(str(path), constraints=collect_spec_choices()).spec
    assert (found.name, found.seed, found.identity.axes) == ("小美", 5, {"lips": 0.25})
    assert [file.name for file in tmp_path.iterdir()] == ["mei.yaml"], "no temporary file is left"


def test_a_file_is_overwritten_only_where_that_is_said(tmp_path: Path) -> None:
    document, file = Document(tmp_path), tmp_path / "a.yaml"
    file.write_text("name: Mine\n")
    with pytest.raises(StoreError, match=r"a\.yaml already exists; choose another name, or overwrite it"):
        document.write({"seed": 5}, "a.yaml")
    assert file.read_text() == "name: Mine\n"
    document.write({"seed": 5}, "a.yaml", overwrite=True)
    assert "seed: 5" in file.read_text()


def test_a_wrong_spec_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        Document(tmp_path).write({"identity.age": 300}, "a.yaml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../a.yaml", "/tmp/a.yaml", "a.txt", "", ".yaml", "sub/a.yaml", "a\\b.yaml", "con.yaml"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError):
        Document(tmp_path).write({}, name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "fields",
    [{}, {"identity.mix": {"seed": 4, "share": 0.25}}, {"identity.mix": ["ada", {"seed": 2}]}, {"identity.child_of": ["ada", "kofi"]}],
)
def test_neighbours_are_other_people_near_this_one(tmp_path: Path, fields: dict[str, Any]) -> None:
    import numpy as np

    from stages.identity.people import combine_people

    document = Document(tmp_path)
    spec = document.resolve(fields)
    own = combine_people(spec.identity, spec.seed, tmp_path, 64).latent
    near = [document.resolve(one) for one in list_neighbours(spec, fields, 0, 5)]
    latents = [combine_people(one.identity, one.seed, tmp_path, 64).latent for one in near]
    distances = [float(np.linalg.norm(own - latent)) for latent in latents]
    stranger = np.linalg.norm(own - np.random.default_rng(0).standard_normal(64))
    assert 0.5 < min(distances) <= max(distances) < 0.95 * stranger
    assert list_neighbours(spec, fields, 0, 5) != list_neighbours(spec, fields, 1, 5)


def test_every_axis_has_a_slider_with_words_in_both_languages() -> None:
    assert set(AXIS_LABELS) == set(list_identity_axes())
    assert sorted(name for _, names in GROUPS for name in names) == sorted(AXIS_LABELS)
    for english, chinese in (*AXIS_LABELS.values(), *FIELD_LABELS.values()):
        assert all(word.isascii() and word for word in english)
        assert all(chinese)
        assert not chinese[0].isascii()

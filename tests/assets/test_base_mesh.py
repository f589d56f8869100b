"""The baked base mesh: its skin, and the average adults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from assets import base_mesh
from assets.conventions import BASE_VERTICES, SKIN_VERTICES
from assets.errors import BackendError
from assets.mesh import find_degenerate
from assets.paths import get_baked_path

needs_bake = pytest.mark.skipif(not get_baked_path("adults.safetensors").exists(), reason="run `fenshen bake` first")


@needs_bake
def test_the_skin_has_whole_triangles_of_skin_vertices() -> None:
    triangles = base_mesh.load_skin_triangles()
    assert triangles.dtype == np.int32
    assert len(np.unique(triangles)) == SKIN_VERTICES
    assert not find_degenerate(triangles).any()


@needs_bake
def test_the_average_man_is_taller_than_the_average_woman() -> None:
    man, woman = (base_mesh.load_adult_positions(sex) for sex in ("male", "female"))
    assert man.shape == woman.shape == (BASE_VERTICES, 3)
    assert 1.5 < np.ptp(woman[:SKIN_VERTICES, 1]) < np.ptp(man[:SKIN_VERTICES, 1]) < 1.9


@pytest.mark.skipif(not get_baked_path("helpers.safetensors").exists(), reason="run `fenshen bake` first")
def test_helpers_are_quads_of_vertices_beyond_the_skin() -> None:
    """The group `helper-tights` has 2,650 faces, `helper-skirt` 684."""
    for name, count in (("tights", 2650), ("skirt", 684)):
        quads = base_mesh.load_helper_quads(name)  # type: ignore[arg-type]
        assert quads.shape == (count, 4)
        assert SKIN_VERTICES <= quads.min() < quads.max() < BASE_VERTICES


@pytest.mark.parametrize(
    ("load", "file"),
    [
        (lambda: base_mesh.load_skin_triangles(), "template.safetensors"),
        (lambda: base_mesh.load_adult_positions("male"), "adults.safetensors"),
        (lambda: base_mesh.load_helper_quads("tights"), "helpers.safetensors"),
    ],
)
def test_a_missing_file_is_named(load: Callable[[], object], file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    with pytest.raises(BackendError) as caught:
        load()
    assert str(caught.value) == f"error[bake/missing] {file} is missing; run `fenshen bake`"

"""Quick portraits show the face that the stages make, and make again only what has changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import pytest

from assets.conventions import SKIN_VERTICES
from assets.errors import BackendError
from assets.paths import get_baked_path
from assets.spec.appearance import GroomSpec, IdentitySpec
from assets.spec.avatar import AvatarSpec
from flows.explore.portrait import LivePortraits, open_portrait_maker
from flows.pipeline.definition import STAGES
from stages.render.portrait import PortraitStudio

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not get_baked_path("body.safetensors").exists(), reason="run `fenshen bake` first")]

GROOM = GroomSpec(hair="none", beard="none", outfit="female_casualsuit01", shoes="shoes03")


def make_spec(seed: int = 3, **axes: float) -> AvatarSpec:
    return AvatarSpec(name="A", seed=seed, identity=IdentitySpec(age=60, axes=axes), groom=GROOM)


@contextmanager
def count_runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Names of the stages that a maker runs in the block."""
    runs: list[str] = []
    original = LivePortraits._run

    def run(self: LivePortraits, stage: str, backend: str | None, **arguments: Any) -> Any:
        runs.append(stage)
        return original(self, stage, backend, **arguments)

    monkeypatch.setattr(LivePortraits, "_run", run)
    yield runs


def test_a_quick_body_has_the_face_of_the_exact_one() -> None:
    maker = LivePortraits(cast(PortraitStudio, None))
    for axes in ({}, {"nose_width": 1.0, "jaw_width": -0.7}, {"lips": 0.8, "eye_distance": 0.6}):
        spec = make_spec(**axes)
        quick, exact = maker.undress(spec).body, maker.undress(spec, exact=True).body
        off = np.abs(quick.positions - exact.positions)[:SKIN_VERTICES].max()
        assert off < 1e-3, axes
        eyes = [exact.skeleton.names.index(name) for name in ("LeftEye", "RightEye")]
        assert np.abs(quick.skeleton.heads[eyes] - exact.skeleton.heads[eyes]).max() < 1e-3


def test_a_slider_runs_neither_texture_nor_body_again(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = LivePortraits(cast(PortraitStudio, None))
    maker.undress(make_spec(lips=0.1))
    with count_runs(monkeypatch) as runs:
        maker.undress(make_spec(lips=0.2, chin=0.3))
    assert runs == ["identity"], "a twentieth of a second"
    with count_runs(monkeypatch) as runs:
        maker.undress(make_spec(lips=0.2, chin=0.3))
    assert runs == []


def test_the_picture_shows_the_axis_and_the_groom_follows() -> None:
    if reason := STAGES["groom"].missing_requirements():
        pytest.skip(reason)
    try:
        with open_portrait_maker() as maker:
            plain = maker.draw(make_spec(), size=128)
            wide = maker.draw(make_spec(nose_width=1.0), size=128)
            again = maker.draw(make_spec(), size=128)
            stranger = maker.draw(make_spec(4), size=128)
    except BackendError as error:
        pytest.skip(str(error))
    assert (plain.exact, wide.exact, stranger.exact) == (True, True, False), "another seed has another groom"
    assert np.array_equal(plain.pixels, again.pixels)
    changed = np.abs(plain.pixels.astype(int) - wide.pixels).max(2) > 12
    rows, columns = np.nonzero(changed)
    assert 10 < len(rows) < 0.05 * changed.size, "the nose alone"
    assert np.ptp(rows) < 40
    assert np.ptp(columns) < 50

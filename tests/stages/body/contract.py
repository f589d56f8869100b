"""What every body backend guarantees, whether it shapes the body itself or draws a build for Anny."""

from __future__ import annotations

import re

import numpy as np

from assets.artefacts.geometry import Floats
from assets.conventions import ARKIT_52, EYE_VERTICES, SKIN_VERTICES
from stages.body.anthropometry import find_limit_violations, measure_body
from stages.body.backend import BodyBackend, BodyShape
from stages.body.phenotype import to_age_axis
from stages.origins import ORIGINS
from stages.stage import Backend

VERTICES = 19158
AXES = {"gender", "age", "muscle", "weight", "height", "proportions", "cupsize", "firmness", *ORIGINS}


def check_backend(backend: BodyBackend) -> None:
    """Fails where the backend, which is available here, breaks the contract."""
    assert isinstance(backend, Backend)
    for file, digest in backend.weights().items():
        assert re.fullmatch(r"[\w.-]+", file)
        assert re.fullmatch(r"[0-9a-f]{64}", digest)
    check_sources(backend)
    check_shape(backend.evaluate({}, {}))
    check_changes(backend)
    check_builds(backend)


def check_reason(reason: str) -> None:
    """Empty, or one sentence that says why a backend cannot run here."""
    assert reason == reason.strip()
    assert "\n" not in reason
    assert not reason.endswith(".")


def check_sources(backend: BodyBackend) -> None:
    """Every source has a name, an origin and a licence, and each of the weights' digests is among them."""
    sources = backend.sources()
    assert all(source.name and source.origin and source.licence for source in sources)
    assert set(backend.weights().values()) <= {source.sha256 for source in sources}


def check_shape(shape: BodyShape) -> None:
    """A body at rest on the base mesh: in metres, +Y up, facing +Z, its left at +X, skinned and with all facial actions."""
    assert shape.positions.shape == (VERTICES, 3)
    assert shape.positions.dtype == shape.heads.dtype == np.float32
    assert np.isfinite(shape.positions).all()
    height = np.ptp(shape.positions[:SKIN_VERTICES, 1])
    assert 1.2 < height < 2.3
    joints = dict(zip(shape.names, shape.heads, strict=True))
    assert len(joints) == len(shape.names), "no joint has two places"
    assert joints["Head"][1] > joints["Hips"][1] > joints["LeftFoot"][1]
    assert joints["LeftArm"][0] > 0.05 > -0.05 > joints["RightArm"][0]
    assert shape.positions[EYE_VERTICES, 2].mean() > joints["Head"][2]
    assert shape.skin.joints.shape == shape.skin.weights.shape == (VERTICES, 4)
    assert shape.skin.joints.max() < len(shape.names)
    assert np.allclose(shape.skin.weights.sum(1), 1, atol=1e-5)
    assert set(ARKIT_52) <= set(shape.actions)
    for vertices, deltas in shape.actions.values():
        assert deltas.shape == (len(vertices), 3)
        assert (np.diff(vertices) > 0).all()


def check_changes(backend: BodyBackend) -> None:
    """Evaluation is deterministic, missing axes are 0.5, and every name of the list is a local change with two directions."""
    plain = backend.evaluate({}, {}).positions
    assert np.array_equal(plain, backend.evaluate(dict.fromkeys(AXES, 0.5), {}).positions)
    names = backend.list_changes()
    assert names
    assert len(set(names)) == len(names)
    for name in (names[0], names[len(names) // 2], names[-1]):
        more, less = (backend.evaluate({}, {name: value}).positions - plain for value in (1.0, -1.0))
        assert np.abs(more).max() > 1e-5, name
        assert not np.allclose(more, less), name


def check_builds(backend: BodyBackend) -> None:
    """A build follows from latent, age and gender alone, leaves these and the origins to the identity, and is a possible body."""
    for seed, (years, gender) in enumerate(((6.0, 0.0), (30.0, 1.0), (80.0, 0.5))):
        latent: Floats = np.random.default_rng(seed).standard_normal(64).astype(np.float32)
        given = latent.copy()
        build = backend.propose_build(latent, years, gender)
        assert build == backend.propose_build(latent, years, gender)
        assert np.array_equal(latent, given), "the latent is the caller's"
        assert set(build.axes) <= AXES - {"age", "gender", *ORIGINS}
        assert all(0 <= value <= 1 for value in build.axes.values())
        assert set(build.local) <= set(backend.list_changes())
        assert all(-1 <= value <= 1 for value in build.local.values())
        axes = {**build.axes, "age": to_age_axis(years), "gender": 1 - gender}
        assert find_limit_violations(measure_body(backend.evaluate(axes, build.local)), years, gender) == ()

"""Every body backend of the registry keeps the contract, and gives a whole body in the stage."""

from __future__ import annotations

import numpy as np
import pytest

from assets.artefacts.character import Identity
from assets.artefacts.geometry import Image
from assets.conventions import MORPHS_67
from assets.spec.appearance import BodySpec
from stages.body.backend import BodyBackend
from stages.body.stage import BACKENDS, run
from tests.stages.body.contract import check_backend, check_reason


def get_available(name: str) -> BodyBackend:
    backend = BACKENDS.get(name)
    assert backend.name == name
    check_reason(backend.unavailable_reason())
    if reason := backend.unavailable_reason():
        pytest.skip(f"{name}: {reason}")
    return backend


@pytest.mark.parametrize("name", list(BACKENDS))
def test_a_backend_keeps_the_contract(name: str) -> None:
    check_backend(get_available(name))


@pytest.mark.parametrize("name", list(BACKENDS))
def test_a_body_has_every_morph_and_the_sources_of_its_backend(name: str) -> None:
    backend, flat = get_available(name), Image(np.zeros((1, 1, 3), np.uint8))
    identity = Identity(np.ones(64, np.float32), flat, flat, 40.0, 0.3, 0.5, {})
    body = run(identity, options=BodySpec(), backend=backend, seed=0)
    assert tuple(morph.name for morph in body.morphs) == MORPHS_67
    assert body.sources == backend.sources()
    assert 1.3 < body.phenotype["height_m"] < 2.1

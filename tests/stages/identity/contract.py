"""What every identity backend guarantees, whatever its net."""

from __future__ import annotations

import re

import numpy as np

from assets.artefacts.geometry import Floats, Pixels
from assets.spec.appearance import IdentitySpec
from stages.identity.backend import IDENTITY_LATENT_SIZE, IdentityBackend
from stages.identity.latents import draw_latent
from stages.identity.stage import run
from stages.stage import Backend

FACE = (slice(40, 100), slice(40, 88))
"""Rows and columns of the face in a head tile of 128 px."""
CHEEK = (slice(62, 88), slice(22, 48))


def check_backend(backend: IdentityBackend) -> None:
    """Fails where the backend, which is available here, breaks the contract."""
    assert isinstance(backend, Backend)
    assert backend.latent_size == IDENTITY_LATENT_SIZE, "the shape of a face must not change with the backend"
    assert backend.weights(), "what it generates depends on weights, so the key of its stage must name them"
    for file, digest in backend.weights().items():
        assert re.fullmatch(r"[\w.-]+", file)
        assert re.fullmatch(r"[0-9a-f]{64}", digest)
    check_tiles(backend)
    check_determinism(backend)
    check_conditions(backend)
    check_sources(backend)


def check_reason(reason: str) -> None:
    """Empty, or one sentence that says why a backend cannot run here."""
    assert reason == reason.strip()
    assert "\n" not in reason
    assert not reason.endswith(".")


def check_tiles(backend: IdentityBackend) -> None:
    """Head and body are sRGB tiles of one size; the head is symmetric, and neither is one flat colour."""
    head, body = generate(backend)
    for tile in (head, body):
        assert tile.dtype == np.uint8
        assert tile.shape == (len(head), len(head), 3)
        assert tile.reshape(-1, 3).std(0).min() > 1
    assert np.abs(head.astype(int) - head[:, ::-1]).max() <= 2


def check_determinism(backend: IdentityBackend) -> None:
    """The same arguments give the same bytes, whatever was generated before; another latent gives another skin."""
    latent = draw_latent(1, IDENTITY_LATENT_SIZE)
    given = latent.copy()
    first, other, again = (generate(backend, each) for each in (latent, draw_latent(2, IDENTITY_LATENT_SIZE), latent))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, again, strict=True))
    assert np.abs(first[0].astype(int) - other[0]).mean() > 0.5
    assert np.array_equal(latent, given), "the latent is the caller's"


def check_conditions(backend: IdentityBackend) -> None:
    """A higher tone is a darker skin, at every age and gender that a spec can name."""
    means = [generate(backend, tone=tone)[0][FACE].mean() for tone in (0.1, 0.5, 0.9)]
    assert means[0] > means[1] + 8 > means[2] + 16
    for age in (5.0, 90.0):
        for gender in (0.0, 1.0):
            assert generate(backend, age=age, gender=gender)[0][FACE].std() > 1


def check_sources(backend: IdentityBackend) -> None:
    """An identity names its weights, each with its licence and digest."""
    sources = run(options=IdentitySpec(), backend=backend, seed=0).sources
    assert [source.sha256 for source in sources] == list(backend.weights().values())
    assert all(source.licence for source in sources)


def generate(
    backend: IdentityBackend, latent: Floats | None = None, *, age: float = 40.0, gender: float = 0.5, tone: float = 0.5
) -> tuple[Pixels, Pixels]:
    """Head and body tile of the latent (of seed 1 without one)."""
    chosen = draw_latent(1, IDENTITY_LATENT_SIZE) if latent is None else latent
    return backend.generate_skin(chosen, age=age, gender=gender, tone=tone)

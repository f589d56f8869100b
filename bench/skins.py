"""Seconds per skin for every identity backend, and the ratio to the default backend; one JSON line.

python -m bench.skins [SIZE], 512, 1024 (default) or 2048

A skin is what a build makes of a latent: the net's head and body tile, and for each tile albedo, normal and
occlusion-roughness-metallic map at SIZE pixels a side. The median of five runs after a first one, which loads the net.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median

from assets.artefacts.character import Body, Identity
from assets.artefacts.geometry import Image
from assets.spec.appearance import BodySpec, TextureSpec
from stages.body import stage as body_stage
from stages.identity.backend import BACKENDS, IdentityBackend
from stages.identity.latents import draw_latent
from stages.texture import stage as texture_stage

REPEATS = 5


def sample_identity(backend: IdentityBackend, seed: int) -> Identity:
    """A person of thirty-five; the shape of the face is left out because textures do not depend on it."""
    latent = draw_latent(seed, backend.latent_size)
    head, body = backend.generate_skin(latent, age=35, gender=0.5, tone=0.4)
    return Identity(latent, Image(head), Image(body), 35.0, 0.5, 0.4, {})


def measure_seconds(backend: IdentityBackend, body: Body, size: int) -> list[float]:
    """Medians: seconds of the net, and of the net and the textures."""
    rows = []
    for seed in range(REPEATS + 1):
        start = time.perf_counter()
        identity = sample_identity(backend, seed)
        net_s = time.perf_counter() - start
        texture_stage.run(identity, body, options=TextureSpec(size=size), seed=seed)
        rows.append((net_s, time.perf_counter() - start))
    return [median(column) for column in zip(*rows[1:], strict=True)]


def main(size: int) -> None:
    """Prints the JSON line."""
    default = BACKENDS.get()
    body = body_stage.run(sample_identity(default, 0), options=BodySpec(), backend=body_stage.BACKENDS.get(), seed=0)
    seconds = {name: measure_seconds(BACKENDS.get(name), body, size) for name in BACKENDS}
    results = {
        name: {"net_s": round(net, 3), "skin_s": round(whole, 3), "to_default": round(whole / seconds[default.name][1], 2)}
        for name, (net, whole) in seconds.items()
    }
    print(json.dumps({"bench": "skins", "size": size, "default": default.name, **results}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)

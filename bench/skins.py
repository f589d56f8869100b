"""Seconds of one skin at 1024 px for every identity backend, and their ratio to the default's; one JSON line.

python -m bench.skins [SIZE]

A skin is what a build makes of a latent: head and body tile by the net, and of each albedo, normals and occlusion-roughness-metallic
at SIZE pixels a side. The median of five after a first one, the net being loaded.
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
from stages.identity.stage import draw_latent
from stages.texture import stage as texture_stage

REPEATS = 5


def sample_identity(backend: IdentityBackend, seed: int) -> Identity:
    """A person of thirty-five, without the face's shape, which no texture asks for."""
    latent = draw_latent(seed, backend.latent)
    head, body = backend.generate_skin(latent, age=35, gender=0.5, tone=0.4)
    return Identity(latent, Image(head), Image(body), 35.0, 0.5, 0.4, {})


def measure_seconds(backend: IdentityBackend, body: Body, size: int) -> list[float]:
    """Of the net, and of the whole skin: medians."""
    rows = []
    for seed in range(REPEATS + 1):
        began = time.perf_counter()
        who = sample_identity(backend, seed)
        tiles = time.perf_counter() - began
        texture_stage.run(who, body, options=TextureSpec(size=size), seed=seed)
        rows.append((tiles, time.perf_counter() - began))
    return [median(column) for column in zip(*rows[1:], strict=True)]


def main(size: int) -> None:
    """Prints the line."""
    default = BACKENDS.get()
    body = body_stage.run(sample_identity(default, 0), options=BodySpec(), backend=body_stage.BACKENDS.get(), seed=0)
    found = {name: measure_seconds(BACKENDS.get(name), body, size) for name in BACKENDS}
    told = {
        name: {"net_s": round(net, 3), "skin_s": round(whole, 3), "to_default": round(whole / found[default.name][1], 2)}
        for name, (net, whole) in found.items()
    }
    print(json.dumps({"bench": "skins", "size": size, "default": default.name, **told}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1024)

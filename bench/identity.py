"""How much the skins and faces of sixty-four seeds differ, and how near each skin is to the nearest training skin; one JSON line.

python -m bench.identity [COUNT] [BACKEND]

Distances are root mean square differences of the 128 px head tiles in CIE Lab (1 is about a just noticeable difference of flat colour).
Age, gender and tone are fixed and mean colours are subtracted, so that only the latent makes a difference.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from numpy.typing import NDArray

from stages.datasets.skins import split_skins
from stages.identity.latents import draw_latent
from stages.identity.stage import BACKENDS, derive_face_changes, load_face_change_names
from stages.texture.tiles import load_skin_library


def to_centred_lab(tile: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(h*w*3,) CIE Lab minus its mean colour."""
    from skimage.color import rgb2lab

    values = rgb2lab(tile[..., :3]).reshape(-1, 3)
    return np.asarray(values - values.mean(0), np.float32).ravel()


def compute_lab_distances(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,m) root mean square difference per pixel, of each row of a (n,d) and each of b (m,d)."""
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squared, 0) / (a.shape[1] / 3)), np.float32)


def main(count: int, name: str | None) -> None:
    """Prints the JSON line."""
    import cv2

    backend = BACKENDS.get(name)
    latents = [draw_latent(seed, backend.latent_size) for seed in range(count)]
    tiles = [backend.generate_skin(latent, age=35, gender=0.5, tone=0.4)[0] for latent in latents]
    generated = np.stack([to_centred_lab(tile) for tile in tiles])
    skins = load_skin_library()
    size = tiles[0].shape[0]
    train = np.stack([to_centred_lab(cv2.resize(np.ascontiguousarray(skins.heads[i]), (size, size), interpolation=cv2.INTER_AREA))
                      for i in split_skins(len(skins.names))["train"]])  # fmt: skip
    pairs = compute_lab_distances(generated, generated)[np.triu_indices(count, 1)]
    nearest = compute_lab_distances(generated, train).min(1)
    training_pairs = compute_lab_distances(train, train)[np.triu_indices(len(train), 1)]
    names = load_face_change_names()
    faces = [derive_face_changes(latent, names, 0.6) for latent in latents]
    shapes = np.array([[face[name] for name in sorted(faces[0])] for face in faces])
    shape_pairs = np.sqrt(((shapes[:, None] - shapes[None]) ** 2).mean(2))[np.triu_indices(count, 1)]
    results = {"seeds": count, "pairs_mean": pairs.mean(), "pairs_least": pairs.min(), "nearest_training_mean": nearest.mean(),
               "nearest_training_least": nearest.min(), "training_pairs_mean": training_pairs.mean(),
               "face_shape_pairs_mean": shape_pairs.mean(), "face_shape_pairs_least": shape_pairs.min()}  # fmt: skip
    print(json.dumps({"bench": "identity", "backend": backend.name, **{name: round(float(value), 3) for name, value in results.items()}}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 64, sys.argv[2] if len(sys.argv) > 2 else None)

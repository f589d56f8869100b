"""A body in a shirt as a GLB: two tubes on two joints, and a clip that moves one against the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.stages.verify import tiny

SIDES, ROWS = 24, 9
HIGH = 0.4
"""Metres of the body; the shirt leaves a tenth bare at each end."""


def tube(radius: float, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """(v,3) points around +Y, metres, and (t,3) triangles that face outward."""
    turn, height = np.meshgrid(np.linspace(0, 2 * np.pi, SIDES, endpoint=False), np.linspace(low, high, ROWS))
    points = np.stack([radius * np.sin(turn), height, radius * np.cos(turn)], -1).reshape(-1, 3)
    rows = np.arange(ROWS * SIDES).reshape(ROWS, SIDES)
    following = np.roll(rows, -1, axis=1)
    a, b, c, d = rows[:-1], following[:-1], rows[1:], following[1:]
    return points, np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])


def glb(
    *,
    body: float = 0.1,
    shirt: float = 0.11,
    step: float = 0.0,
    sink: float = 0.0,
    boot: float = 0.0,
    hair: float = 0.0,
    hair_top: float = HIGH,
) -> bytes:
    """A body and a shirt of these radii, metres; in the clip the body moves `step` metres forward and `sink` down, the shirt stays.

    Args:
        boot: radius of a boot inside the body, which moves with it; 0 for none.
        hair: radius of hair from the shirt's middle up to `hair_top`, with a hat around the top quarter; 0 for none.
    """
    out = tiny.Writer()
    meshes = [
        _mesh(out, "Body", 0, *tube(body, 0.0, HIGH)),
        _mesh(out, "Outfit", 1, *tube(shirt, HIGH / 10, HIGH - HIGH / 10)),
    ]
    if boot:
        meshes.append(_mesh(out, "Shoes", 0, *tube(boot, 0.0, HIGH)))
    if hair:
        meshes += [_mesh(out, "Hat", 0, *tube(0.12, 0.75 * HIGH, HIGH)), _mesh(out, "Hair", 0, *tube(hair, HIGH / 2, hair_top))]
    clock = out.add([0, 1], "SCALAR", bounds=True)
    move, lean = out.add([[0, 0, 0], [0, -sink, step]], "VEC3"), out.add([[0, 0, 0, 1], [0, 0.1, 0, 0.995]], "VEC4")
    channels = [{"sampler": 0, "target": {"node": 0, "path": "translation"}}, {"sampler": 1, "target": {"node": 0, "path": "rotation"}}]
    document: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "nodes": [{"name": "Hips"}, {"name": "Spine"}, *({"name": f"M{i}", "mesh": i, "skin": 0} for i in range(len(meshes)))],
        "meshes": meshes,
        "skins": [{"joints": [0, 1], "inverseBindMatrices": out.add(np.tile(np.eye(4).ravel(), (2, 1)), "MAT4")}],
        "animations": [
            {"name": "step", "samplers": [{"input": clock, "output": move}, {"input": clock, "output": lean}], "channels": channels}
        ],
    }
    return tiny.pack(document | {"bufferViews": out.views, "accessors": out.accessors, "buffers": [{"byteLength": len(out.bin)}]}, out.bin)


def _mesh(out: tiny.Writer, name: str, joint: int, points: np.ndarray, triangles: np.ndarray) -> dict[str, Any]:
    attributes = {
        "POSITION": out.add(points, "VEC3", bounds=True),
        "JOINTS_0": out.add(np.full((len(points), 4), [joint, 0, 0, 0]), "VEC4", 5121),
        "WEIGHTS_0": out.add(np.full((len(points), 4), [1, 0, 0, 0]), "VEC4"),
    }
    return {"name": name, "primitives": [{"attributes": attributes, "indices": out.add(triangles.ravel(), "SCALAR", 5123)}]}

"""Linear blend skinning: points moved by weighted joints, and influences reduced to the four that engines take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Skeleton, Skin
from assets.conventions import JOINTS


def skin_points(points: Floats, skin: Skin, matrices: NDArray[np.floating]) -> Floats:
    """(v,3) points moved by the joints' matrices (j,4,4)."""
    return np.asarray(apply_matrices(blend_matrices(skin, matrices), points), np.float32)


def blend_matrices(skin: Skin, matrices: NDArray[np.floating]) -> NDArray[np.float64]:
    """(v,4,4) the weighted mean of each vertex's joint matrices."""
    # Matrices are blended before they move points: normals and tangents can then share the result.
    return np.asarray(np.einsum("vk,vkij->vij", skin.weights.astype(np.float64), matrices[skin.joints]), np.float64)


def apply_matrices(matrices: NDArray[Any], points: NDArray[Any]) -> NDArray[Any]:
    """(v,3) points, each moved by its own affine matrix (v,4,4)."""
    return np.asarray(np.einsum("vij,vj->vi", matrices[:, :3, :3], points) + matrices[:, :3, 3])


def interpolate_weights(skin: Skin, vertices: NDArray[np.integer], shares: NDArray[np.floating]) -> Floats:
    """(n,j) weights on JOINTS of n points, each a mixture of k of the skin's vertices (n,k) in those shares (n,k)."""
    dense = np.zeros((len(vertices), len(JOINTS)), np.float32)
    rows = np.arange(len(vertices))[:, None]
    for k in range(vertices.shape[1]):
        # Not `dense[...] +=`: that counts a joint once where two mixed vertices share it.
        np.add.at(dense, (rows, skin.joints[vertices[:, k]]), skin.weights[vertices[:, k]] * shares[:, k : k + 1])
    return dense


def weight_by_height(points: Floats, skeleton: Skeleton) -> Floats:
    """(n,j) weights on JOINTS of what is worn on the head: the head's; below it the neck's and the chest's, never the shoulders'."""
    names = ("Spine2", "Neck", "Head")
    knots = [float(skeleton.heads[skeleton.names.index(name)][1]) for name in names]
    dense = np.zeros((len(points), len(JOINTS)), np.float32)
    for k, name in enumerate(names):
        dense[:, JOINTS.index(name)] = np.interp(points[:, 1], knots, np.eye(3)[k])
    return dense


def limit_influences(dense: Floats) -> Skin:
    """The four largest influences of weights (n,j), scaled to a sum of 1."""
    # Stable, so that ties fall to the lower joint on every machine.
    joints = np.argsort(-dense, 1, kind="stable")[:, :4]
    weights = np.take_along_axis(dense, joints, 1)
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    # glTF asks for joint 0 where the weight is 0.
    return Skin(np.where(weights > 0, joints, 0).astype(np.uint16), weights.astype(np.float32))

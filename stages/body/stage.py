"""Identity to Body: the person's shape in the T-pose, standing on the ground, with skeleton, skin weights and 67 morph targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from assets.artefacts.character import Body, Identity
from assets.artefacts.geometry import Floats, Image, Skeleton, Skin
from assets.conventions import EYE_VERTICES, JOINTS, LID_EDGES, MORPHS_67, PARENTS, SKIN_VERTICES, mirror_joint
from assets.errors import BackendError, Finding
from assets.skinning import blend_matrices, interpolate_weights, limit_influences, skin_points
from assets.spec.appearance import BodySpec
from stages.body.backend import BodyBackend, BodyShape
from stages.body.eyelids import close_eyelids
from stages.body.face_axes import apply_axes, get_axis_values, limit_axes
from stages.body.lips import close_lips
from stages.body.morphs import build_morph_targets
from stages.body.phenotype import apply_proposed_axes, compute_stature, resolve_local_changes, resolve_phenotype
from stages.body.stoop import bend_back
from stages.body.t_pose import compute_t_pose
from stages.stage import Registry, Stage

BACKENDS: Registry[BodyBackend] = Registry(
    "body",
    {"anny": "stages.body.anny:Anny", "gan": "stages.body.generator:GanBody", "vae": "stages.body.generator:VaeBody"},
    default="anny",
)
_MIRROR_TOLERANCE_M = 0.003
"""Largest distance between a mirrored vertex and its counterpart on the other side."""


def run(identity: Identity, *, options: BodySpec, backend: BodyBackend, seed: int) -> Body:
    """The body of this identity; `seed` is unused, because everything random comes from the identity."""
    axes, years = resolve_phenotype(identity, options)
    build = backend.propose_build(identity.latent, years, 1 - axes["gender"])
    local = resolve_local_changes(identity, options, backend.list_changes(), build.local)
    metres = compute_stature(years, 1 - axes["gender"], options.height)
    if build.axes:
        # The proposed stature is random too: the spec's height scales it as it would scale the mean stature.
        proposed = _measure_height(backend.evaluate({**axes, **build.axes}, local).positions)
        metres = proposed * metres / compute_stature(years, 1 - axes["gender"], BodySpec().height)
        axes = apply_proposed_axes(axes, resolve_phenotype(identity, BodySpec())[0], build.axes)

    def evaluate(height: float) -> BodyShape:
        return bend_back(backend.evaluate({**axes, "height": height}, local), years)

    axes["height"] = solve_height_axis(evaluate, metres)
    shape = evaluate(axes["height"])
    if values := get_axis_values(identity.face):
        straight = backend.evaluate(axes, local)
        average = backend.evaluate(axes, resolve_local_changes(replace(identity, face={}), options, backend.list_changes(), build.local))
        shape = bend_back(apply_axes(straight, limit_axes(values, straight.positions, average.positions)), years)
    ground = _compute_ground_offset(shape.positions)
    rest = close_lips(shape.positions - ground, shape.actions)
    centres, radius = fit_eyeballs(rest)
    # The eyes' joints come from `rest`, which stands on the ground already.
    standing = _collect_joint_heads(shape, centres) - np.where(_find_eye_joints()[:, None], 0, ground).astype(np.float32)
    heads = _mirror_joints(standing)
    skin = _build_skin(shape, rest)
    exact, bound = compute_t_pose(JOINTS, PARENTS, heads)
    matrices = exact.astype(np.float32)
    positions = skin_points(rest, skin, matrices)
    rotations = blend_matrices(skin, matrices)[:, :3, :3]
    morphs = list(build_morph_targets(shape.actions, rotations))
    for side in LID_EDGES:
        index = MORPHS_67.index(f"eyeBlink{side}")
        morphs[index] = close_eyelids(morphs[index], positions, side)
    # The spec's directions and height, in place of Anny's.
    recorded = {"gender": 1 - axes["gender"], "proportions": 1 - axes["proportions"], "height": options.height}
    return Body(
        skeleton=Skeleton(JOINTS, np.array(PARENTS, np.int32), bound.astype(np.float32)),
        positions=positions, rest=rest, rest_to_bind=matrices, skin=skin, morphs=tuple(morphs),
        eye_centres=bound[_find_eye_joints()].astype(np.float32), eye_radius=radius,
        phenotype={**axes, **recorded, "age_years": years, "height_m": _measure_height(positions)}, sources=backend.sources(),
    )  # fmt: skip


def make_average_adult(gender: float) -> Body:
    """The average body at thirty, 0 female .. 1 male: garments are fitted, cut and weighted on it."""
    flat = Image(np.zeros((1, 1, 3), np.uint8))
    average = Identity(np.zeros(1, np.float32), flat, flat, 30.0, gender, 0.4, {})
    return run(average, options=BodySpec(), backend=BACKENDS.get(), seed=0)


def solve_height_axis(evaluate: Callable[[float], BodyShape], metres: float) -> float:
    """The model's height axis 0..1 at which this body is that tall; stature is linear in it, with a range that depends on the build."""
    low, high = (_measure_height(evaluate(end).positions) for end in (0.0, 1.0))
    return float(np.clip((metres - low) / (high - low), 0, 1))


def _measure_height(positions: Floats) -> float:
    heights = positions[:SKIN_VERTICES, 1]
    return float(heights.max() - heights.min())


def _find_eye_joints() -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array([name.endswith("Eye") for name in JOINTS])


def _compute_ground_offset(positions: Floats) -> Floats:
    """(3,) what to subtract so that the soles are at Y = 0."""
    return np.array([0.0, positions[:SKIN_VERTICES, 1].min(), 0.0], np.float32)


def fit_eyeballs(positions: Floats) -> tuple[Floats, float]:
    """Centres (2,3) of the left and right eyeball and their mean radius, by least squares fits of spheres."""
    points = positions[EYE_VERTICES].astype(np.float64)
    spheres = []
    for side in (points[points[:, 0] > 0], points[points[:, 0] < 0]):
        middle = side.mean(axis=0)
        # |p|^2 = 2 c.p + (r^2 - |c|^2) is linear in the centre c.
        local = side - middle
        solution = np.linalg.lstsq(np.c_[2 * local, np.ones(len(local))], (local**2).sum(axis=1), rcond=None)[0]
        spheres.append((middle + solution[:3], float(np.sqrt(solution[3] + solution[:3] @ solution[:3]))))
    return np.array([centre for centre, _ in spheres], np.float32), float(np.mean([radius for _, radius in spheres]))


def _collect_joint_heads(shape: BodyShape, eyes: Floats) -> Floats:
    """(j,3) joint positions in the order of JOINTS; the eyes' are the centres of the eyeballs."""
    known = dict(zip(shape.names, shape.heads, strict=True)) | {"LeftEye": eyes[0], "RightEye": eyes[1]}
    missing = [name for name in JOINTS if name not in known]
    if missing:
        message = f"the body model lacks the joints {', '.join(missing)}"
        raise BackendError(Finding("body/joints", message, fix="map its rig to the joints of assets/conventions.py"))
    return np.array([known[name] for name in JOINTS], np.float32)


def _mirror_joints(heads: Floats) -> Floats:
    """(j,3) positions averaged with those of the other side: the model's collar bones differ by up to 12 mm, its hips are off centre."""
    swap = [JOINTS.index(mirror_joint(name)) for name in JOINTS]
    return np.asarray((heads + heads[swap] * np.array([-1, 1, 1])) / 2, np.float32)


def _build_skin(shape: BodyShape, rest: Floats) -> Skin:
    """The model's influences, indexing JOINTS; each eyeball follows its own joint only."""
    table = np.array([JOINTS.index(name) for name in shape.names], np.uint16)
    joints, weights = table[shape.skin.joints], shape.skin.weights.copy()
    left = rest[EYE_VERTICES, 0] > 0
    joints[EYE_VERTICES] = np.where(left, JOINTS.index("LeftEye"), JOINTS.index("RightEye"))[:, None]
    weights[EYE_VERTICES] = (1, 0, 0, 0)
    joints = np.where(weights > 0, joints, 0).astype(np.uint16)
    return _symmetrise(Skin(joints, weights), rest)


def _symmetrise(skin: Skin, rest: Floats) -> Skin:
    """The influences averaged with those of the other side: the model's left and right feet and hands are weighted differently."""
    from scipy.spatial import cKDTree

    distance, mirrored = cKDTree(rest).query(rest * np.array([-1, 1, 1], np.float32))
    mirrored = np.where(distance < _MIRROR_TOLERANCE_M, mirrored, np.arange(len(rest)))
    swap = [JOINTS.index(mirror_joint(name)) for name in JOINTS]
    dense = interpolate_weights(skin, np.arange(len(rest))[:, None], np.ones((len(rest), 1), np.float32))
    averaged = np.where((distance < _MIRROR_TOLERANCE_M)[:, None], (dense + dense[mirrored][:, swap]) / 2, dense)
    return limit_influences(averaged)


STAGE = Stage("body", 6, run, makes=Body, backends=BACKENDS)

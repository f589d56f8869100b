"""The body as a tailor sees it: a smooth surface without fingers and toes, its measures, and distances along arms and legs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.character import Body
from assets.artefacts.geometry import Floats, Ints, Skin
from assets.base_mesh import load_helper_quads, load_skin_triangles
from assets.conventions import JOINTS, SKIN_VERTICES
from assets.mesh import compact_vertices, compute_vertex_normals, list_edges
from assets.rotation import IDENTITY, dot, forward_kinematics, from_axis_angle, multiply
from assets.skinning import apply_matrices, blend_matrices, limit_influences
from stages.groom.garments.cloth import COLUMNS, WIDTH, Cloth, order_borders
from stages.groom.garments.drape import Collider
from stages.groom.garments.subdivide import refine

REFERENCE_HEIGHT_M = 1.72
"""Lengths of garments are written for this height."""
_WEIGHT_ROUNDS, _BIN_M = 8, 0.02
_ARM_JOINTS, _LEG_JOINTS = ("Arm", "ForeArm", "Hand"), ("UpLeg", "Leg", "Foot", "ToeBase")
_MAX_PROTRUSION_M = 0.012
"""How far skin may stand out of the tights and still be under the cloth."""
_WAIST_ABOVE_CROTCH_M = 0.215
# The first frame of the idle clip, which stages.motion.keyed_poses defines: cloth hangs as it will be seen most.
_POSE: dict[str, tuple[tuple[str, float], ...]] = {
    "Shoulder": (("z", -3),), "Arm": (("z", -77), ("y", 5), ("x", -10)), "ForeArm": (("y", -22), ("z", -4), ("x", 8)),
}  # fmt: skip
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


@dataclass(frozen=True)
class Figure:
    """A body with its measures, metres, in the T-pose."""

    body: Body
    tights: Cloth
    """The whole surface that cloth is cut from."""

    @cached_property
    def heads(self) -> dict[str, Floats]:
        """Joint -> its place (3,)."""
        return dict(zip(JOINTS, self.body.skeleton.heads, strict=True))

    @cached_property
    def scale(self) -> float:
        """Height over that for which garments are written."""
        return float(np.ptp(self.body.positions[:SKIN_VERTICES, 1])) / REFERENCE_HEIGHT_M

    @cached_property
    def crotch(self) -> float:
        """Height of the crotch."""
        bind = self.tights.get("bind")
        return float(bind[np.abs(bind[:, 0]) < 0.004, 1].min())

    @property
    def waist(self) -> float:
        """Height of a trousers' waistband."""
        return self.crotch + _WAIST_ABOVE_CROTCH_M * self.scale

    @property
    def armhole(self) -> float:
        """|x| of the seam between torso and sleeve."""
        return float(self.heads["LeftArm"][0]) + 0.012 * self.scale

    @cached_property
    def neck(self) -> tuple[Floats, float]:
        """(3,) centre of the neck's border, and its largest radius."""
        bind = self.tights.get("bind")
        loop = max(order_borders(self.tights.triangles), key=lambda vertices: float(bind[vertices, 1].mean()))
        centre = bind[loop].mean(0)
        return centre, float(np.linalg.norm(bind[loop] - centre, axis=1).max())

    @cached_property
    def pose_matrices(self) -> NDArray[np.float64]:
        """(j,4,4) from the T-pose to the pose in which cloth is draped."""
        skeleton = self.body.skeleton
        turns = np.stack([_build_turn(name) for name in JOINTS])
        from scipy.spatial.transform import Rotation

        places, rotations = forward_kinematics(skeleton.parents, skeleton.heads, turns[None], np.zeros((1, 3)))
        found = np.tile(np.eye(4), (len(JOINTS), 1, 1))
        found[:, :3, :3] = Rotation.from_quat(rotations[0]).as_matrix()
        found[:, :3, 3] = places[0] - np.einsum("jab,jb->ja", found[:, :3, :3], skeleton.heads)
        return found

    @cached_property
    def collider(self) -> Collider:
        """The body under cloth, in the pose in which cloth is draped."""
        return replace(_build_collider(self), arms=self.collider_arms > 0.5)

    @cached_property
    def collider_triangles(self) -> Ints:
        """(t,3) of the collider's points."""
        return refine(self.tights.triangles, self.tights.triangles, len(self.tights.values), len(self.tights.values)).triangles

    @cached_property
    def collider_arms(self) -> Floats:
        """(c,) how far each of the collider's points is one of an arm, 0..1."""
        return self._refine_column("arm")

    @cached_property
    def collider_legs(self) -> NDArray[np.bool_]:
        """(c,) which of the collider's points are below the hips and of no arm."""
        return np.asarray((self.collider_arms < 0.02) & (self._refine_column("leg") > 0))

    def _refine_column(self, name: str) -> Floats:
        level = refine(self.tights.triangles, self.tights.triangles, len(self.tights.values), len(self.tights.values))
        return np.asarray(level.smooth @ self.tights.get(name), np.float32)

    @cached_property
    def hands(self) -> tuple[float, float, float]:
        """Lowest and highest point of the hands in the draping pose, and how far from the middle their inner sides are, metres."""
        joints = np.array(["Hand" in name for name in JOINTS])
        weight = (self.body.skin.weights * joints[self.body.skin.joints]).sum(1)[:SKIN_VERTICES]
        chosen = np.flatnonzero(weight > 0.5)
        skin = Skin(self.body.skin.joints[chosen], self.body.skin.weights[chosen])
        places = apply_matrices(blend_matrices(skin, self.pose_matrices), self.body.positions[chosen])
        return float(places[:, 1].min()), float(places[:, 1].max()), float(np.abs(places[:, 0]).min())

    def pose(self, cloth: Cloth, rest: Floats) -> NDArray[np.float64]:
        """(n,3) points of a cloth (n,3), given in the A-pose, in the pose in which cloth is draped."""
        to_bind, to_pose = self.blend(cloth)
        return np.asarray(apply_matrices(to_pose, apply_matrices(to_bind, rest)), np.float64)

    def blend(self, cloth: Cloth) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n,4,4) matrices from the A-pose to the T-pose, and (n,4,4) from there to the pose in which cloth is draped."""
        skin = limit_influences(cloth.get("weights"))
        return blend_matrices(skin, self.body.rest_to_bind), blend_matrices(skin, self.pose_matrices)


def _build_turn(joint: str) -> Floats:
    """(4,) the rotation of a joint in the draping pose; the right side mirrors the left."""
    side = "Left" if joint.startswith("Left") else "Right"
    total = IDENTITY
    for axis, degrees in _POSE.get(joint.removeprefix(side), ()):
        sign = -1 if side == "Right" and axis != "x" else 1
        total = multiply(total, from_axis_angle(_AXES[axis], np.radians(sign * degrees)))
    return np.asarray(total, np.float32)


def measure_figure(body: Body) -> Figure:
    """The figure of a body."""
    quads = load_helper_quads("tights")
    kept, corners = compact_vertices(quads, len(body.positions))
    points = body.positions[kept]
    diagonal = np.linalg.norm(points[corners[:, 0]] - points[corners[:, 2]], axis=1)
    flip = diagonal > np.linalg.norm(points[corners[:, 1]] - points[corners[:, 3]], axis=1)
    a, b, c, d = np.where(flip[:, None], np.roll(corners, -1, 1), corners).T
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    values = np.zeros((len(kept), WIDTH), np.float32)
    values[:, COLUMNS["bind"]], values[:, COLUMNS["rest"]] = points, body.rest[kept]
    values[:, COLUMNS["weights"]] = average_over_edges(_expand(body.skin, kept), triangles, _WEIGHT_ROUNDS)
    heads = dict(zip(JOINTS, body.skeleton.heads, strict=True))
    _measure_limbs(values, heads)
    return Figure(body, Cloth(values, triangles, np.zeros(len(kept), np.int32)))


def _expand(skin: Skin, vertices: NDArray[np.integer]) -> Floats:
    """(n,j) dense weights of some vertices."""
    dense = np.zeros((len(vertices), len(JOINTS)), np.float32)
    rows = np.arange(len(vertices))
    for k in range(skin.joints.shape[1]):
        np.add.at(dense, (rows, skin.joints[vertices, k]), skin.weights[vertices, k])
    return dense


def average_over_edges(rows: Floats, triangles: NDArray[np.integer], rounds: int) -> Floats:
    """(n,k) rows, each averaged with its neighbours' mean, so many times."""
    from scipy import sparse

    edges = list_edges(triangles)
    count = len(rows)
    graph = sparse.coo_matrix((np.ones(2 * len(edges)), (edges.ravel(), edges[:, ::-1].ravel())), (count, count)).tocsr()
    graph.data[:] = 1  # an edge of two triangles counts once
    mean = sparse.diags(1 / np.maximum(np.asarray(graph.sum(1)).ravel(), 1)) @ graph
    for _ in range(rounds):
        rows = np.asarray(0.5 * rows + 0.5 * (mean @ rows), np.float32)
    return rows


def list_joints(names: tuple[str, ...]) -> NDArray[np.bool_]:
    """(j,) which joints are these of one side or the other."""
    return np.isin(JOINTS, [side + name for side in ("Left", "Right") for name in names])


def _measure_limbs(values: Floats, heads: dict[str, Floats]) -> None:
    """Fills the columns that say where along an arm or leg a vertex is, and how far in front of the middle."""
    bind, weights = values[:, COLUMNS["bind"]], values[:, COLUMNS["weights"]]
    across, height = np.abs(bind[:, 0]), bind[:, 1]
    arm = np.clip(weights[:, list_joints(_ARM_JOINTS)].sum(1), 0, 1)
    shoulder, wrist = float(heads["LeftArm"][0]), float(heads["LeftHand"][0])
    hip, ankle = float(heads["LeftUpLeg"][1]), float(heads["LeftFoot"][1])
    along = (across - shoulder) / (wrist - shoulder)
    values[:, COLUMNS["sleeve"]] = np.where(arm > 0.02, along, -1)[:, None]
    values[:, COLUMNS["leg"]] = ((hip - height) / (hip - ankle))[:, None]
    values[:, COLUMNS["arm"]] = arm[:, None]
    torso_middle = _find_middle(height, bind[:, 2], arm < 0.02)
    arm_middle = _find_middle(across, bind[:, 2], arm > 0.5)
    share = np.clip((arm - 0.02) / 0.6, 0, 1)
    values[:, COLUMNS["depth"]] = (bind[:, 2] - (1 - share) * torso_middle - share * arm_middle)[:, None]


def _find_middle(along: Floats, z: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """(n,) for each vertex the middle between front and back of the chosen vertices at its place along a limb."""
    from scipy.ndimage import gaussian_filter1d

    low = float(along[chosen].min())
    index = ((along[chosen] - low) / _BIN_M).astype(int)
    count = int(index.max()) + 1
    front, back = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(front, index, z[chosen])
    np.minimum.at(back, index, z[chosen])
    known = np.isfinite(front)
    places = low + (np.arange(count) + 0.5) * _BIN_M
    middle = gaussian_filter1d(np.interp(places, places[known], (front[known] + back[known]) / 2), 2, mode="nearest")
    return np.asarray(np.interp(along, places, middle), np.float32)


def _build_collider(figure: Figure) -> Collider:
    """The tights once subdivided, pushed out by what of the skin protrudes, in the draping pose."""
    from scipy.spatial import cKDTree

    body = figure.body
    level = refine(figure.tights.triangles, figure.tights.triangles, len(figure.tights.values), len(figure.tights.values))
    values = np.asarray(level.smooth @ figure.tights.values, np.float32)
    bind = values[:, COLUMNS["bind"]]
    normals = _compute_normals(bind, level.triangles)
    skin = body.positions[:SKIN_VERTICES]
    skin_normals = compute_vertex_normals(body.positions, load_skin_triangles(), product=np.float32, total=np.float32, floor=1e-12)[
        :SKIN_VERTICES
    ]
    _, nearest = cKDTree(skin).query(bind)
    height = dot(skin[nearest] - bind, normals) * (dot(skin_normals[nearest], normals) > 0.3)
    push = average_over_edges(np.clip(height, 0, _MAX_PROTRUSION_M)[:, None].astype(np.float32), level.triangles, 2)
    cloth = Cloth(values, level.triangles, np.zeros(len(values), np.int32))
    _, to_pose = figure.blend(cloth)
    posed = apply_matrices(to_pose, bind + normals * push)
    return Collider(np.asarray(posed, np.float64), _compute_normals(posed, level.triangles).astype(np.float64))


def _compute_normals(points: NDArray[np.floating], triangles: NDArray[np.integer]) -> Floats:
    return compute_vertex_normals(points, triangles, product=np.float64, total=np.float64, floor=1e-12)

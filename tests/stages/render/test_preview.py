"""Pictures show the pose, the morphs and the materials."""

from __future__ import annotations

import io
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image as Picture

from assets.artefacts.geometry import Image, Material, Mesh, MorphTarget, Skeleton, Skin
from assets.conventions import JOINTS, MORPHS_67, PARENTS
from assets.mesh import weld_points
from stages.render import gl
from stages.render.contact_sheet import CAPTION_HEIGHT, build_contact_sheet
from stages.render.light import Scenery, Softbox, compute_irradiance, spread_directions
from stages.render.posing import (
    build_pose,
    build_standing_pose,
    compute_joint_transforms,
    compute_smooth_normals,
    pose_mesh,
    turn_about_axis,
    turn_to_camera,
)
from stages.render.preview import Shot, encode_turntable, plan_turntable, render_stills

SIZE = (64, 80)


def build_skeleton() -> Skeleton:
    """A stick figure of 1.6 m, with positions only for the joints of trunk and left arm."""
    heads = np.zeros((len(JOINTS), 3), np.float32)
    positions = {"Hips": (0, 0.9, 0), "Spine": (0, 1.0, 0), "Spine1": (0, 1.1, 0), "Spine2": (0, 1.2, 0), "Neck": (0, 1.35, 0),
             "Head": (0, 1.4, 0), "LeftEye": (0.03, 1.5, 0.07), "RightEye": (-0.03, 1.5, 0.07), "LeftShoulder": (0.05, 1.3, 0),
             "LeftArm": (0.2, 1.3, 0), "LeftForeArm": (0.45, 1.3, 0), "LeftHand": (0.7, 1.3, 0)}  # fmt: skip
    for name, position in positions.items():
        heads[JOINTS.index(name)] = position
    return Skeleton(JOINTS, np.array(PARENTS, np.int32), heads)


def bind_to_joint(count: int, joint: str) -> Skin:
    joints, weights = np.zeros((count, 4), np.uint16), np.zeros((count, 4), np.float32)
    joints[:, 0], weights[:, 0] = JOINTS.index(joint), 1
    return Skin(joints, weights)


def build_box(name: str, centre: tuple[float, float, float], side: float, joint: str, morphs: tuple[MorphTarget, ...] = ()) -> Mesh:
    corner = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32) * side / 2 + np.array(centre, np.float32)
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = np.array([t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))], np.int32)
    uv = ((corner[:, :2] - corner[:, :2].min(0)) / side).astype(np.float32)
    return Mesh(name, corner, uv, triangles, bind_to_joint(8, joint), morphs, name)


def build_head_and_hand() -> tuple[list[Mesh], dict[str, Material]]:
    meshes = [build_box("face", (0, 1.5, 0), 0.2, "Head"), build_box("hand", (0.72, 1.3, 0), 0.1, "LeftHand")]
    return meshes, {"face": Material("face", colour=(0.8, 0.02, 0.02, 1)), "hand": Material("hand", colour=(0.02, 0.8, 0.02, 1))}


def find_red_pixels(image: Image) -> np.ndarray:
    p = image.pixels.astype(int)
    return p[..., 0] - p[..., 1:].max(-1) > 40


def test_the_hand_moves_as_forward_kinematics_says() -> None:
    bones = build_skeleton()
    raised = build_pose(bones, {"LeftArm": turn_about_axis("z", 90), "LeftForeArm": turn_about_axis("z", 90)})
    hand = compute_joint_transforms(bones, raised)[1][JOINTS.index("LeftHand")]
    assert hand == pytest.approx([0.2 - 0.25, 1.3 + 0.25, 0], abs=1e-5)
    mesh = build_box("hand", (0.7, 1.3, 0), 0.1, "LeftHand")
    assert pose_mesh(mesh, bones, raised).mean(0) == pytest.approx(hand, abs=1e-5)


def test_the_bind_pose_moves_nothing_and_the_root_moves_everything() -> None:
    bones, mesh = build_skeleton(), build_box("hand", (0.7, 1.3, 0), 0.1, "LeftHand")
    rest = build_pose(bones, {})
    assert pose_mesh(mesh, bones, rest) == pytest.approx(mesh.positions, abs=1e-6)
    moved = type(rest)(rest.rotations, np.array([0, 0.5, 1], np.float32), rest.face)
    assert pose_mesh(mesh, bones, moved) == pytest.approx(mesh.positions + np.array([0, 0.5, 1]), abs=1e-6)


def test_standing_arms_hang_at_the_sides() -> None:
    hand = compute_joint_transforms(build_skeleton(), build_standing_pose(build_skeleton()))[1][JOINTS.index("LeftHand")]
    assert hand[1] < 0.95
    assert hand[0] < 0.5


def test_a_seam_is_shaded_as_one_surface() -> None:
    left, right = np.array([[0, 0, 0], [0, 1, 0], [-1, 0, 0]], np.float32), np.array([[0, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    points, triangles = np.concatenate([left, right]), np.array([[0, 1, 2], [3, 5, 4]], np.int32)
    shading = compute_smooth_normals(points, triangles, weld_points(points))
    assert shading[:2] == pytest.approx(shading[[3, 4]])
    assert np.linalg.norm(shading, axis=1) == pytest.approx(np.ones(6))


def test_a_morph_opens_the_mouth_in_the_picture() -> None:
    down = MorphTarget("jawOpen", np.array([0, 1, 4, 5], np.int32), np.tile(np.array([[0, -0.1, 0]], np.float32), (4, 1)))
    meshes, materials = [build_box("face", (0, 1.5, 0), 0.2, "Head", (down,))], {"face": Material("face", colour=(0.8, 0.02, 0.02, 1))}
    bones = build_skeleton()
    shots = [Shot("shut", build_pose(bones, {}), size=SIZE), Shot("open", build_pose(bones, {}, {"jawOpen": 1.0}), size=SIZE)]
    taken = render_stills(meshes, materials, {}, bones, shots)
    assert find_red_pixels(taken["open"]).sum() > 1.2 * find_red_pixels(taken["shut"]).sum()


def test_transparent_texels_are_not_drawn() -> None:
    meshes, _ = build_head_and_hand()
    alpha = np.full((16, 16, 4), (255, 0, 0, 255), np.uint8)
    alpha[:, 8:, 3] = 0
    bones = build_skeleton()
    taken = {}
    for mode in ("OPAQUE", "MASK", "BLEND"):
        material = Material("face", albedo="cut", alpha=mode)
        shot = Shot("one", build_pose(bones, {}), size=SIZE)
        taken[mode] = find_red_pixels(render_stills(meshes[:1], {"face": material}, {"cut": Image(alpha)}, bones, [shot])["one"]).sum()
    assert taken["MASK"] < 0.65 * taken["OPAQUE"]
    assert taken["BLEND"] < 0.75 * taken["OPAQUE"]
    assert taken["MASK"] > 0.3 * taken["OPAQUE"]


def test_the_left_hand_is_on_the_right_from_the_front_and_on_the_left_from_behind() -> None:
    meshes, materials = build_head_and_hand()
    bones = build_skeleton()
    shots = [Shot(str(turn), build_pose(bones, {}), "full", turn, SIZE) for turn in (0.0, np.pi)]
    taken = render_stills(meshes, materials, {}, bones, shots)

    def green(image: Image) -> float:
        p = image.pixels.astype(int)
        return float(np.nonzero(p[..., 1] - p[..., [0, 2]].max(-1) > 40)[1].mean())

    # Seen from the front, the character's left is on the right.
    assert green(taken["0.0"]) > SIZE[0] / 2 > green(taken[str(np.pi)])


def test_the_same_scene_gives_the_same_pixels() -> None:
    meshes, materials = build_head_and_hand()
    bones = build_skeleton()
    one = render_stills(meshes, materials, {}, bones, [Shot("one", build_pose(bones, {}), size=SIZE)])["one"]
    again = render_stills(meshes, materials, {}, bones, [Shot("one", build_pose(bones, {}), size=SIZE)])["one"]
    assert np.array_equal(one.pixels, again.pixels)
    assert one.pixels.shape == (SIZE[1], SIZE[0], 3)


def test_a_cover_close_above_occludes_the_sky() -> None:
    meshes, materials = build_head_and_hand()
    meshes[1] = build_box("hand", (0, 1.92, 0), 0.6, "Head")
    from stages.render.preview import _pose_meshes

    bones = build_skeleton()
    with gl.open_context():
        pieces, _ = _pose_meshes(
            gl.Renderer({}), meshes, materials, bones, build_pose(bones, {}), weld_points(np.concatenate([m.positions for m in meshes]))
        )
    below = pieces[0]
    top = below.points[:, 1] > 1.55
    assert below.sky[~top].min() > below.sky[top].max() + 0.1


def test_threads_render_one_at_a_time() -> None:
    meshes, materials = build_head_and_hand()
    bones, taken = build_skeleton(), {}

    def work(name: str) -> None:
        taken[name] = render_stills(meshes, materials, {}, bones, [Shot("one", build_pose(bones, {}), size=SIZE)])["one"]

    threads = [threading.Thread(target=work, args=(str(i),)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 3
    assert np.array_equal(taken["0"].pixels, taken["2"].pixels)


def test_the_turntable_is_an_endless_animation() -> None:
    meshes, materials = build_head_and_hand()
    bones = build_skeleton()
    shots = plan_turntable(build_pose(bones, {}), size=SIZE, frames=6)
    taken = list(render_stills(meshes, materials, {}, bones, shots).values())
    movie = Picture.open(io.BytesIO(encode_turntable(taken)))
    assert movie.n_frames == 6
    assert movie.info["loop"] == 0


def test_importing_the_stage_loads_no_graphics() -> None:
    code = "import sys, stages.render.preview, stages.render.contact_sheet; print({'pyrender', 'OpenGL', 'cv2', 'PIL'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def test_the_contact_sheet_shows_every_picture_in_order() -> None:
    pictures = {name: Image(np.full((30, 20, 3), colour, np.uint8)) for name, colour in (("a", 10), ("b", 120), ("c", 250))}
    sheet = build_contact_sheet(pictures, 2, 60).pixels
    assert sheet.shape == (2 * (60 + CAPTION_HEIGHT), 120, 3)
    assert [sheet[30, 30, 0], sheet[30, 90, 0], sheet[60 + CAPTION_HEIGHT + 30, 30, 0]] == [10, 120, 250]


def test_a_pose_has_a_weight_for_every_morph() -> None:
    assert build_pose(build_skeleton(), {}, {"viseme_U": 0.5}).face[MORPHS_67.index("viseme_U")] == 0.5


def test_the_irradiance_of_a_softbox_is_its_radiance_over_the_hemisphere() -> None:
    box = Softbox(np.array([0, 0, 1], np.float32), (1.0, 0.5, 0.0), 4.0)
    dark = Scenery(sky=(0, 0, 0), ground=(0, 0, 0), softboxes=(box,))
    red, green, blue = (build_irradiance_basis(np.array([0, 0, 1.0])) @ compute_irradiance(dark)).tolist()
    directions = spread_directions(20_000).astype(np.float64)
    cosine = directions[:, 2]
    exact = float((np.exp(4.0 * (cosine - 1)) * np.maximum(cosine, 0)).mean() * 4)
    assert red == pytest.approx(exact, rel=0.05)
    assert (green, blue) == (pytest.approx(red / 2), 0)
    behind = (build_irradiance_basis(np.array([0, 0, -1.0])) @ compute_irradiance(dark))[0]
    assert abs(behind) < 0.1 * red


def build_irradiance_basis(normal: np.ndarray) -> np.ndarray:
    x, y, z = normal
    return np.array([1, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])


def test_without_softboxes_the_sky_is_above_and_the_ground_below() -> None:
    plain = Scenery()
    for normal, colour in (((0, 1.0, 0), plain.sky), ((0, -1.0, 0), plain.ground)):
        assert build_irradiance_basis(np.array(normal)) @ compute_irradiance(plain) == pytest.approx(colour, abs=1e-6)


@pytest.mark.parametrize("turn", [0.38, -0.3])
def test_eyes_meet_a_camera_that_moved_around(turn: float) -> None:
    bones = build_skeleton()
    rotations, _ = compute_joint_transforms(bones, turn_to_camera(bones, build_pose(bones, {}), turn))
    gaze = rotations[JOINTS.index("LeftEye")] @ np.array([0, 0, 1])
    assert gaze == pytest.approx([-np.sin(turn), 0, np.cos(turn)], abs=1e-5)
    assert rotations[JOINTS.index("Spine2")] == pytest.approx(np.eye(3), abs=1e-6)

"""Capture of films with known truth: paths, leans, heads, feet, faces, and films of several, tiny or late people.

The tracks in tests/data/capture are landmarks of films of bench.capture_films (set `tuning`) next to the true movement.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from assets.artefacts.geometry import Floats, Pixels, Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import ARKIT_52, JOINTS, MORPHS_67
from assets.errors import FormatError
from assets.presets import __file__ as presets
from assets.rotation import IDENTITY, forward_kinematics, from_axis_angle, multiply, rotate
from bench.capture import compare_clips, resample_clip
from bench.clip_film import retarget_clip
from stages.motion.camera_motion import CameraWatch
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clean_track import clean_track
from stages.motion.face_weights import solve_face_weights
from stages.motion.gravity import align_to_gravity, find_upright_frames
from stages.motion.head_pose import find_believable_faces, limit_heads
from stages.motion.landmark_track import ANKLES, HIPS, SHOULDERS, LandmarkTrack
from stages.motion.landmarks import solve_pose
from stages.motion.mediapipe import track_landmarks
from stages.motion.people import Person, choose_person, count_rivals, find_people
from stages.motion.video_frames import read_frames
from stages.retarget.feet import constrain_feet

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[2] / "data" / "capture"
REACH = Path(presets).parent / "kofi_reach.mp4"


@cache
def load_case(name: str) -> tuple[LandmarkTrack, Clip, Skeleton]:
    """A track, the true movement and the skeleton of the filmed body."""
    with np.load(DATA / f"{name}.npz") as data:
        count = len(data["times"])
        track = LandmarkTrack(
            data["times"], data["body_seen"], (data["image_points"] / 8).astype(np.float32), data["world_points"].astype(np.float32),
            np.zeros((count, 2), bool), np.zeros((count, 2, 21, 3), np.float32), data["face_seen"],
            np.zeros((count, len(ARKIT_52)), np.float32), data["head"].astype(np.float32),
            (int(data["size"][0]), int(data["size"][1])), data["second_pass"],
        )  # fmt: skip
        rotations = data["true_rotations"].astype(np.float32)
        truth = Clip("truth", data["true_times"], rotations, data["true_root"], np.zeros((len(rotations), 0), np.float32))
        canonical = build_canonical_skeleton()
        return track, truth, Skeleton(canonical.names, canonical.parents, data["heads"])


@cache
def capture(name: str) -> tuple[Clip, Clip, Skeleton]:
    """The captured clip on the filmed body at the times of the true one, the true one, and their skeleton."""
    track, truth, skeleton = load_case(name)
    even, _ = clean_track(track, 30)
    rotations, root, has_legs = solve_pose(even)
    assert has_legs
    clip = Clip(name, even.times, rotations, root, np.zeros((len(root), 0), np.float32), source="video")
    return resample_clip(retarget_clip(clip, skeleton, lock=True), truth.times), truth, skeleton


def measure_lean(clip: Clip, skeleton: Skeleton) -> Floats:
    """(f,) degrees of the line from hips to shoulders off the vertical."""
    places = forward_kinematics(skeleton.parents, skeleton.heads, clip.rotations, clip.root)[0]
    sides = ("Left", "Right")
    hips, arms = (places[:, [skeleton.names.index(f"{side}{part}") for side in sides]].mean(1) for part in ("UpLeg", "Arm"))
    trunk = arms - hips
    return np.degrees(np.arccos(trunk[:, 1] / np.linalg.norm(trunk, axis=1)))


def test_who_walks_towards_the_camera_travels() -> None:
    """Depth was never read: 2.3 m became 0.2 m, and standing feet slid by 14 mm a frame."""
    clip, truth, skeleton = capture("approach")
    errors = compare_clips(clip, truth, skeleton)
    assert truth.root[-1, 2] - truth.root[0, 2] > 1.8
    assert 0.75 < (clip.root[-1, 2] - clip.root[0, 2]) / (truth.root[-1, 2] - truth.root[0, 2]) < 1.25
    assert errors.path_off < 0.25
    assert errors.slide_mm < 5
    assert errors.joints_mm < 85


def test_an_arc_is_walked_along_an_arc() -> None:
    clip, truth, skeleton = capture("curve")
    errors = compare_clips(clip, truth, skeleton)
    assert errors.path_off < 0.2
    assert errors.slide_mm < 3
    assert np.linalg.norm((clip.root - clip.root[0]) - (truth.root - truth.root[0]), axis=1).max() < 0.5


def test_who_stays_bent_stays_bent() -> None:
    """The least lean of a clip counted as upright: somebody bent by 60 degrees was set up straight by 20 of them."""
    clip, truth, skeleton = capture("squat")
    last = slice(-20, None)
    assert measure_lean(truth, skeleton)[last].mean() > 45
    assert abs(measure_lean(clip, skeleton)[last].mean() - measure_lean(truth, skeleton)[last].mean()) < 20
    track = load_case("squat")[0]
    bent = replace(track, **{name: getattr(track, name)[-40:] for name in ("body_seen", "image_points", "world_points", "head", "face_seen",
                   "face", "hands", "hand_seen", "second_pass")}, times=track.times[-40:] - track.times[-40])  # fmt: skip
    assert not find_upright_frames(bent.world_points)[-20:].any()
    rotations, root, _ = solve_pose(clean_track(bent, 30)[0])
    alone = Clip("bent", np.arange(len(root), dtype=np.float32) / 30, rotations, root, root[:, :0])
    assert measure_lean(alone, build_canonical_skeleton())[last].mean() > 35


def test_who_sits_down_sits_as_low_as_the_chair() -> None:
    """The hips stayed 0.2 m too high, and the joints were 167 mm off."""
    clip, truth, skeleton = capture("sit")
    places, true = (forward_kinematics(skeleton.parents, skeleton.heads, c.rotations, c.root)[0] for c in (clip, truth))
    assert abs(places[-1, 0, 1] - true[-1, 0, 1]) < 0.12
    assert compare_clips(clip, truth, skeleton).joints_mm < 95


def test_the_landmarks_lean_is_read_from_upright_frames() -> None:
    track = load_case("approach")[0]
    upright = align_to_gravity(track)
    frames = find_upright_frames(track.world_points)
    assert frames.mean() > 0.5
    for one, low, high in ((track, 8, 20), (upright, -3, 5)):
        axis = (one.world_points[:, SHOULDERS].mean(1) - one.world_points[:, ANKLES].mean(1))[frames]
        assert low < np.degrees(np.median(np.arctan2(axis[:, 2], axis[:, 1]))) < high


def test_a_head_follows_the_body_where_no_face_is_seen() -> None:
    """Backs of heads were read as faces, and necks twisted by up to 170 degrees."""
    clip, truth, skeleton = capture("curve")
    assert compare_clips(clip, truth, skeleton).head_deg < 18


def test_a_face_that_looks_at_the_camera_over_a_turned_back_is_not_believed() -> None:
    track = load_case("approach")[0]
    turned = rotate(from_axis_angle((0, 1, 0), np.array(np.pi)), track.world_points)
    count = len(track.times)
    camera = np.tile(IDENTITY, (count, 1))
    seen = replace(track, face_seen=np.ones(count, bool), head=camera)
    assert find_believable_faces(seen, seen.body_seen).all()
    assert not find_believable_faces(replace(seen, world_points=turned), seen.body_seen).any()


def test_frames_without_a_person_are_bridged() -> None:
    """Rows of lost frames are zero: they have no chest to measure a head against."""
    track = load_case("approach")[0]
    lost = np.arange(len(track.times)) % 20 == 7
    empty = {name: np.where(lost.reshape(-1, 1, 1), 0, getattr(track, name)) for name in ("world_points", "image_points")}
    holes = replace(track, body_seen=track.body_seen & ~lost, **empty)
    whole, bridged = (clean_track(one, 30)[0] for one in (track, holes))
    assert np.abs(whole.world_points - bridged.world_points).max() < 0.08


@pytest.mark.parametrize(("degrees", "most"), [(40, 40), (170, 75)])
def test_a_neck_turns_by_75_degrees_at_most(degrees: float, most: float) -> None:
    chest = from_axis_angle((0, 1, 0), np.array([0.3, -2.0]))
    head = limit_heads(multiply(chest, from_axis_angle((0, 1, 0), np.radians([degrees, -degrees]))), chest)
    angle = np.degrees(2 * np.arccos(np.abs((head * chest).sum(-1))))
    np.testing.assert_allclose(angle, most, atol=0.1)


def make_face(blinks: bool, noise: float = 0.03, jaw: float = 0.25) -> LandmarkTrack:
    """Four seconds of a face whose lids are reported as closed by half when they close."""
    times = np.arange(120, dtype=np.float32) / 30
    random = np.random.default_rng(5)
    face = np.abs(random.normal(0.1, noise, (120, len(ARKIT_52)))).astype(np.float32)
    if blinks:
        for start in (30, 80):
            lids = [ARKIT_52.index("eyeBlinkLeft"), ARKIT_52.index("eyeBlinkRight")]
            face[start : start + 6, lids] = [[0.3], [0.55], [0.6], [0.55], [0.4], [0.2]]
    face[:, ARKIT_52.index("jawOpen")] = 0.02 + jaw * np.clip(np.sin(times * 6), 0, 1)
    track = load_case("approach")[0]
    index = np.zeros(120, int)
    return replace(track, times=times, face=face, **{name: getattr(track, name)[index] for name in ("body_seen", "image_points",
                   "world_points", "head", "hands", "hand_seen", "second_pass")}, face_seen=np.ones(120, bool))  # fmt: skip


def test_a_captured_blink_closes_the_eye() -> None:
    """Blinks closed the eye by 31 to 59 percent."""
    weights = solve_face_weights(make_face(blinks=True))
    lids = weights[:, MORPHS_67.index("eyeBlinkLeft")]
    assert lids[30:36].max() > 0.9
    assert lids[80:86].max() > 0.9
    assert lids[45:75].max() < 0.1


def test_trembling_lids_do_not_blink() -> None:
    weights = solve_face_weights(make_face(blinks=False))
    assert weights[:, MORPHS_67.index("eyeBlinkRight")].max() < 0.1


@pytest.mark.parametrize(("jaw", "low", "high"), [(0.22, 0.4, 0.6), (0.7, 0.6, 0.8), (0.04, 0.0, 0.1)])
def test_a_jaw_that_speaks_opens_and_one_that_trembles_does_not(jaw: float, low: float, high: float) -> None:
    """The model reports half of how far a mouth opens."""
    opened = solve_face_weights(make_face(blinks=False, jaw=jaw))[:, MORPHS_67.index("jawOpen")]
    assert low < opened.max() < high


def test_a_face_of_a_few_pixels_is_not_captured() -> None:
    """Lids of one pixel blinked at random, and the jaw of a silent walker opened."""
    track, _, _ = load_case("approach")
    faces = replace(track, face_seen=np.ones(len(track.times), bool), face=make_face(blinks=True).face[: len(track.times)])
    assert solve_face_weights(clean_track(faces, 30)[0]).shape[1] == 0


def read_reach(step: int = 6) -> list[Pixels]:
    """Frames of the demo's film."""
    return [pixels for _, pixels in read_frames(REACH, [])][::step]


def write_film(path: Path, frames: list[Pixels], fps: float = 10) -> Path:
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (width, height))
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()
    return path


def place(person: Pixels, height: int, size: tuple[int, int] = (640, 480)) -> Pixels:
    """A frame of `size` (w,h) with the person `height` pixels high in its middle."""
    frame = np.full((size[1], size[0], 3), 150, np.uint8)
    small = cv2.resize(person, (round(person.shape[1] * height / person.shape[0]), height), interpolation=cv2.INTER_AREA)
    y, x = (size[1] - height) // 2, (size[0] - small.shape[1]) // 2
    frame[y : y + height, x : x + small.shape[1]] = small
    return frame


def test_who_walks_up_from_afar_is_found_backwards(tmp_path: Path) -> None:
    """The first frames froze in the first pose that was found."""
    heights = np.linspace(110, 470, 16).round().astype(int)
    person = read_reach()[0]
    warnings: list[str] = []
    track = track_landmarks(write_film(tmp_path / "far.mp4", [place(person, int(h)) for h in heights]), warnings)
    assert track.body_seen.all()
    assert track.second_pass[:3].any()
    size = np.ptp(track.image_points[:, :, 1], axis=1)
    np.testing.assert_allclose(size / size[-1], heights / heights[-1], atol=0.08)


def test_several_people_are_refused_and_one_of_them_can_be_picked(tmp_path: Path) -> None:
    frames = read_reach(8)
    film = write_film(tmp_path / "two.mp4", [np.hstack([frame, frame[:, ::-1]]) for frame in frames])
    with pytest.raises(FormatError) as caught:
        track_landmarks(film, [])
    assert str(caught.value) == (
        "two.mp4: error[motion/several-people] 2 people of about the same size are in the picture; "
        "add `person: left`, `right` or `largest` to the clip, or film one person alone"
    )
    left, right = (track_landmarks(film, [], choice) for choice in ("left", "right"))
    assert left.body_seen.all()
    assert right.body_seen.all()
    assert left.image_points[:, HIPS, 0].max() < 480 < right.image_points[:, HIPS, 0].min()
    # The left one raises the right hand, its mirror image the left one.
    assert left.image_points[:, 16, 1].min() < left.image_points[:, 15, 1].min() - 100
    assert right.image_points[:, 15, 1].min() < right.image_points[:, 16, 1].min() - 100


def test_tiny_people_are_refused(tmp_path: Path) -> None:
    person = read_reach()[0][150:620, 60:420]
    film = write_film(tmp_path / "tiny.mp4", [place(person, 48, (320, 240))] * 3)
    with pytest.raises(FormatError, match=r"tiny.mp4: error\[motion/too-small\] the person is only \d+ pixels high"):
        track_landmarks(film, [])


def make_person(x: float, height: float) -> Person:
    points = np.zeros((33, 2), np.float32)
    points[:, 0], points[:, 1] = x, np.linspace(0, height, 33)
    return Person(points, np.zeros((33, 3), np.float32))


def test_passers_by_in_the_background_do_not_count() -> None:
    people = [make_person(300, 400), make_person(50, 120), make_person(600, 300)]
    assert count_rivals(people) == 2
    assert choose_person(people, "left").middle[0] == 300
    assert choose_person(people, "right").middle[0] == 600
    assert choose_person(people, "largest").height == 400


def test_a_part_of_a_bent_person_is_no_second_person() -> None:
    """The legs of somebody who squats were counted as somebody smaller, and the film was refused."""
    points = np.tile(np.linspace(0, 1, 33, dtype=np.float32)[:, None], 2)
    whole = Person(np.array([200, 100], np.float32) + points * np.array([120, 220]), np.zeros((33, 3), np.float32))
    part = Person(np.array([210, 215], np.float32) + points * np.array([90, 135]), np.zeros((33, 3), np.float32))
    assert np.linalg.norm(whole.middle - part.middle) > 0.2 * whole.height
    assert len(find_people(lambda _: [whole, part], np.zeros((400, 500, 3), np.uint8))) == 1
    other = replace(whole, image_points=whole.image_points + np.array([130, 0], np.float32))
    assert len(find_people(lambda _: [whole, other], np.zeros((400, 500, 3), np.uint8))) == 2


def make_scene(shift: float) -> Pixels:
    """A textured wall, seen by a camera that has moved by `shift` pixels."""
    random = np.random.default_rng(3)
    wall = cv2.resize(random.integers(0, 255, (40, 80, 3), np.uint8), (960, 480), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(np.roll(wall, -round(shift), 1)[:, :640])


@pytest.mark.parametrize(("speed", "moving"), [(0.0, False), (30.0, True)])
def test_a_moving_camera_is_noticed_next_to_a_moving_person(speed: float, moving: bool) -> None:
    watch = CameraWatch()
    for i in range(20):
        frame, x = make_scene(speed * i * 0.1), 60 + 12 * i
        frame[100:460, x : x + 90] = 40
        person = np.array([(x, 100), (x + 90, 460)] * 16 + [(x, 100)], np.float32)
        watch.add(0.1 * i, frame, person)
    assert watch.is_moving is moving


def test_thighs_do_not_twist_when_a_clip_starts_sideways() -> None:
    """The bend direction of the first frame was taken for that of the bind pose: the thighs were turned by the body's heading."""
    skeleton = build_canonical_skeleton()
    turns = np.tile(IDENTITY, (6, len(JOINTS), 1))
    turns[:, 0] = from_axis_angle((0, 1, 0), np.array(np.pi / 2))
    clip = Clip("sideways", np.arange(6, dtype=np.float32) / 30, turns, np.zeros((6, 3), np.float32), np.zeros((6, 0), np.float32))
    solved = constrain_feet(clip, skeleton, np.zeros((6, 2), np.float32), lock=False)
    thigh = solved.rotations[:, JOINTS.index("LeftUpLeg")]
    assert np.degrees(2 * np.arccos(np.abs(thigh[:, 3]).clip(0, 1))).max() < 20


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1280, 3), (1280, 1, 3)])
def test_a_film_of_single_pixels_shows_nobody(shape: tuple[int, int, int]) -> None:
    """The background was resized to no rows, and a picture of one pixel was searched in squares of none."""
    pixels = np.zeros(shape, np.uint8)
    watch = CameraWatch()
    watch.add(0.0, pixels, None)
    watch.add(1.0, pixels, None)
    assert not watch.is_moving
    assert find_people(lambda _: [], pixels) == []

"""The whole stage on a small motion: lengths, transitions, faces, seeds and refusals."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from assets.artefacts.geometry import Skeleton
from assets.artefacts.motion import Clip, Motion
from assets.artefacts.talk import Dialogue, Line, Performance, Phoneme, Speech, SpokenLine
from assets.conventions import JOINTS, MORPHS_67, PARENTS
from assets.errors import BackendError
from assets.spec.behaviour import PerformanceSpec
from stages.performance import face, gesture
from stages.performance.presence import run as present
from stages.performance.stage import STAGE, run

GESTURES = ("none", "wave", "nod", "explain", "shrug", "point")
RATE = 16000


def make_clip(name: str, seconds: float, joint: str, degrees: float, loop: bool = False) -> Clip:
    """A clip with the arms down in which one joint swings out and back."""
    times = np.arange(round(seconds * 30) + 1) / 30
    rotations = np.zeros((len(times), len(JOINTS), 4))
    rotations[..., 3] = 1
    for side, sign in (("Left", -1), ("Right", 1)):
        rotations[:, JOINTS.index(f"{side}Arm")] = Rotation.from_euler("z", sign * 70, degrees=True).as_quat()
    swing = np.sin(np.pi * times / seconds) ** 2 * degrees
    rotations[:, JOINTS.index(joint)] = Rotation.from_rotvec(np.radians(swing)[:, None] * [0, 0, 1]).as_quat()
    return Clip(name, times.astype(np.float32), rotations.astype(np.float32), np.zeros((len(times), 3), np.float32),
                np.zeros((len(times), 0), np.float32), loop)  # fmt: skip


def make_motion() -> Motion:
    skeleton = Skeleton(JOINTS, np.array(PARENTS, np.int32), np.zeros((len(JOINTS), 3), np.float32))
    return Motion(skeleton, (make_clip("idle", 4, "Hips", 3, loop=True), make_clip("wave", 2, "RightForeArm", 90)))


def speak(name: str, seconds: float = 2.4) -> SpokenLine:
    phonemes, now, n = [Phoneme(0, 0.2, "", "viseme_sil")], 0.2, 0
    while now < seconds - 0.4:
        for symbol, viseme, length in (("m", "PP", 0.06), ("a", "aa", 0.14), ("t", "DD", 0.08), ("o", "O", 0.12)):
            phonemes.append(Phoneme(now, now + length, symbol, f"viseme_{viseme}", float(symbol == "a" and n % 2 == 0)))
            now += length
        n += 1
    phonemes.append(Phoneme(now, seconds, "", "viseme_sil"))
    at = np.arange(int(seconds * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 150 * at) * ((at > 0.2) & (at < now))
    return SpokenLine(name, name, tone.astype(np.float32), RATE, tuple(phonemes))


def perform(dialogue: Dialogue, speech: Speech, motion: Motion, options: PerformanceSpec, seed: int) -> Performance:
    """Presence, then performance."""
    return run(dialogue, speech, present(motion, options=options, seed=seed), options=options, seed=seed)


def perform_gestures(seed: int = 3, energy: float = 0.5, blink_rate: float = 16, only: tuple[str, ...] = GESTURES) -> Performance:
    emotions = dict(zip(GESTURES, ("neutral", "happy", "serious", "surprised", "sad", "happy"), strict=True))
    lines = tuple(Line(g, "Mama.", "en", emotions[g], g) for g in only)
    dialogue = Dialogue("x", "en", lines, (), lines[0].id, "test", {})
    speech = Speech(tuple(speak(g) for g in only), "test", True)
    return perform(dialogue, speech, make_motion(), PerformanceSpec(energy=energy, blink_rate=blink_rate), seed)


@pytest.fixture(scope="module")
def performance() -> Performance:
    return perform_gestures()


def get_clip(performance: Performance, gesture_name: str) -> Clip:
    return next(c for c in performance.clips if c.name == f"say_{gesture_name}")


def test_the_motion_comes_first_and_every_line_has_its_clip_and_cues(performance: Performance) -> None:
    assert [c.name for c in performance.clips] == ["idle", "wave", *(f"say_{g}" for g in GESTURES)]
    assert [t.line for t in performance.cues] == list(GESTURES)
    assert all(c.face.shape == (len(c.times), 67) for c in performance.clips)


def test_a_say_clip_lasts_as_long_as_its_sound_and_a_short_time_to_settle(performance: Performance) -> None:
    for c in performance.clips[2:]:
        assert 0 <= c.times[-1] - 2.4 <= 0.4


def test_a_say_clip_starts_and_ends_in_the_first_pose_of_the_idle(performance: Performance) -> None:
    idle = performance.clips[0]
    for c in performance.clips[2:]:
        for frame in (0, -1):
            assert np.abs((c.rotations[frame] * idle.rotations[0]).sum(-1)) == pytest.approx(1, abs=1e-5)
            assert c.root[frame] == pytest.approx(idle.root[0], abs=1e-6)
            assert c.face[frame] == pytest.approx(idle.face[0], abs=1e-5)


@pytest.mark.parametrize("energy", [0.0, 1.0])
def test_rotations_are_unit_and_no_joint_jumps(energy: float) -> None:
    for c in perform_gestures(energy=energy).clips:
        assert np.linalg.norm(c.rotations, axis=-1) == pytest.approx(1, abs=1e-5)
        dot = np.abs((c.rotations[1:] * c.rotations[:-1]).sum(-1)).clip(0, 1)
        assert np.degrees(2 * np.arccos(dot)).max() < 25


def test_the_idle_still_loops(performance: Performance) -> None:
    idle = performance.clips[0]
    assert np.abs((idle.rotations[0] * idle.rotations[-1]).sum(-1)) == pytest.approx(1, abs=1e-5)
    assert idle.face[0] == pytest.approx(idle.face[-1], abs=1e-5)


def test_face_weights_are_within_bounds_and_no_emotion_opens_the_lips() -> None:
    for c in perform_gestures(energy=1.0).clips:
        assert c.face.min() >= 0
        assert c.face.max() <= 1
        jaw, close = (c.face[:, MORPHS_67.index(name)] for name in ("jawOpen", "mouthClose"))
        assert (close <= jaw + 1e-6).all()
        assert jaw.max() == 0


@pytest.mark.parametrize("name", ["wave", "explain", "shrug", "point"])
def test_a_gesture_moves_a_forearm_clearly_away_from_the_idle(performance: Performance, name: str) -> None:
    c, idle = get_clip(performance, name), performance.clips[0].rotations[0]
    turns = [
        2 * np.arccos(np.abs(c.rotations[:, j] @ idle[j]).clip(0, 1)).max() for j in map(JOINTS.index, ("LeftForeArm", "RightForeArm"))
    ]
    assert np.degrees(max(turns)) > 20


@pytest.mark.parametrize(("name", "seconds"), [("explain", 3.0), ("point", 2.7), ("shrug", 2.0), ("nod", 1.6)])
def test_a_clip_of_the_gestures_name_is_blended_in_and_out_without_a_jump(name: str, seconds: float) -> None:
    base = make_motion()
    own = make_clip(name, seconds, "RightForeArm", 95)
    dialogue = Dialogue("x", "en", (Line("a", "Mama.", "en", "happy", name),), (), "a", "test", {})
    extended = Motion(base.skeleton, (*base.clips, own))
    for length in (1.2, 2.4, 6.0):
        speech = Speech((speak("a", length),), "test", True)
        c = perform(dialogue, speech, extended, PerformanceSpec(), 1).clips[-1]
        turn = np.degrees(2 * np.arccos(np.abs((c.rotations * c.rotations[0]).sum(-1)).clip(0, 1)))[:, JOINTS.index("RightForeArm")]
        assert turn.max() > 45
        assert turn[-1] < 0.1
        assert np.abs(np.diff(turn)).max() < 25


def test_beats_differ_in_size_and_in_the_leading_hand() -> None:
    times = np.arange(181) / 30
    accents = [1.0, 2.0, 3.0, 4.0, 5.0]
    still = np.zeros((len(times), len(JOINTS), 4))
    still[..., 3] = 1
    gesture._apply_beats(still, times, accents, np.ones(len(times)), 1.0, (1.0, 1.0), np.random.default_rng(2))
    bent = [2 * np.arccos(still[:, JOINTS.index(f"{side}ForeArm"), 3]) for side in ("Left", "Right")]
    sizes = np.array([[angles[(times > accent - 0.1) & (times < accent + 0.2)].max() for accent in accents] for angles in bent])
    assert len(np.unique(sizes.round(3))) == sizes.size
    assert 0 < (sizes[0] > sizes[1]).sum() < len(accents)


def test_lines_explain_with_both_hands_or_with_one() -> None:
    raised = set()
    for seed in range(12):
        c = get_clip(perform_gestures(seed=seed), "explain")
        turn = (1 - np.abs((c.rotations * c.rotations[0]).sum(-1))).max(0)
        raised.add(tuple(bool(turn[JOINTS.index(f"{side}ForeArm")] > 0.1) for side in ("Left", "Right")))
    assert raised == {(True, True), (True, False), (False, True)}


def test_a_nod_lowers_the_head(performance: Performance) -> None:
    c = get_clip(performance, "nod")
    pitch = np.degrees(2 * c.rotations[:, JOINTS.index("Head"), 0])
    assert pitch.max() > 4


def test_the_eyes_move_by_morphs_only(performance: Performance) -> None:
    eyes = [JOINTS.index("LeftEye"), JOINTS.index("RightEye")]
    for c in performance.clips:
        assert (c.rotations[:, eyes, 3] == 1).all()
    looks = [i for i, n in enumerate(MORPHS_67) if n.startswith("eyeLook")]
    assert performance.clips[0].face[:, looks].max() > 0.01


def test_equal_seeds_give_equal_performances_and_other_seeds_do_not() -> None:
    a, b, other = perform_gestures(seed=5), perform_gestures(seed=5), perform_gestures(seed=6)
    assert all((x.face == y.face).all() and (x.rotations == y.rotations).all() for x, y in zip(a.clips, b.clips, strict=True))
    assert any((x.face != y.face).any() for x, y in zip(a.clips, other.clips, strict=True))


def test_a_line_does_not_depend_on_its_neighbours(performance: Performance) -> None:
    alone = perform_gestures(only=("explain",))
    assert (get_clip(alone, "explain").rotations == get_clip(performance, "explain").rotations).all()
    assert (get_clip(alone, "explain").face == get_clip(performance, "explain").face).all()


def test_a_blink_rate_of_0_gives_no_blinks() -> None:
    blink = MORPHS_67.index("eyeBlinkLeft")
    assert all(c.face[:, blink].max() == 0 for c in perform_gestures(blink_rate=0).clips)


def test_blinks_come_at_their_rate_and_avoid_stressed_words() -> None:
    busy = [float(t) for t in np.arange(1, 600, 1.7)]
    blinks = face.sample_blink_times(600, 16, np.random.default_rng(0), busy)
    assert 120 <= len(blinks) <= 200
    assert min(abs(blink - b) for blink in blinks for b in busy) >= 0.19


def test_a_blink_closes_faster_than_it_opens() -> None:
    times = np.arange(300) / 300
    lids = face.animate_blinks(times, [0.5], np.random.default_rng(0))["eyeBlinkLeft"]
    assert lids.max() == 1
    half = times[lids > 0.5]
    assert 0.5 - half[0] < half[-1] - 0.5 - face.BLINK_HOLD_S / 2


def test_the_right_side_of_a_gesture_mirrors_its_left() -> None:
    pose = gesture.build_gesture_pose("shrug")
    left, right = (Rotation.from_quat(pose[JOINTS.index(f"{s}ForeArm")]).apply([x, 0, 0]) for s, x in (("Left", 1), ("Right", -1)))
    assert right == pytest.approx(left * [-1, 1, 1])


def test_a_clip_that_animates_the_face_keeps_its_face() -> None:
    own = make_clip("mine", 1, "Hips", 5)
    own = Clip("mine", own.times, own.rotations, own.root, np.full((len(own.times), 67), 0.25, np.float32))
    base = make_motion()
    dialogue, speech = Dialogue("x", "en", (), (), "", "test", {}), Speech((), "test", True)
    result = perform(dialogue, speech, Motion(base.skeleton, (*base.clips, own)), PerformanceSpec(), 1)
    assert (result.clips[-1].face == 0.25).all()


def test_a_library_clip_breathes_and_captured_motion_is_not_changed() -> None:
    base = make_motion()
    swaying = make_clip("idle", 8, "Spine1", 3, loop=True)
    filmed = replace(make_clip("mine", 4, "Hips", 5), source="video")
    silence = Dialogue("x", "en", (), (), "", "test", {}), Speech((), "test", True)
    result = perform(*silence, Motion(base.skeleton, (swaying, filmed)), PerformanceSpec(), 1)
    shoulder = result.clips[0].rotations[:, JOINTS.index("LeftShoulder")]
    lifts = np.degrees(2 * np.arccos(np.clip(np.abs(shoulder @ shoulder[0]), 0, 1)))
    assert lifts[[0, 120, 240]] == pytest.approx(0, abs=0.1)
    assert lifts[[60, 180]] == pytest.approx(1, abs=0.1)
    assert result.clips[1].rotations == pytest.approx(filmed.rotations)


def test_a_loop_shorter_than_a_breath_does_not_breathe() -> None:
    turns = make_clip("walk", 1, "Hips", 3, loop=True).rotations.astype(np.float64)
    before = turns.copy()
    gesture.add_breathing(turns, np.arange(31) / 30, loop=True)
    assert turns == pytest.approx(before)


@pytest.mark.parametrize(("expression", "smile", "brows_down"), [("neutral", 0.16, 0.0), ("smile", 0.5, 0.0), ("serious", 0.0, 0.2)])
def test_the_face_at_rest_has_the_expression_of_the_spec(expression: str, smile: float, brows_down: float) -> None:
    options = PerformanceSpec.model_validate({"expression": expression})
    idle = present(make_motion(), options=options, seed=3).clips[0].face
    for name, weight in (("mouthSmileLeft", smile), ("mouthSmileRight", smile), ("browDownLeft", brows_down)):
        assert idle[:, MORPHS_67.index(name)] == pytest.approx(weight)


def test_two_smiles_are_no_grimace() -> None:
    times = np.linspace(0, 3, 91)
    silence = np.zeros((len(times), 15), np.float32)
    smiling = [face.animate_rest_face(times, "happy", "smile"), face.animate_emotion(times, "happy", silence, 1.0, 2.7)]
    weights = face.combine_curves(len(times), smiling)[:, MORPHS_67.index("mouthSmileLeft")]
    assert weights[[0, -1]] == pytest.approx(0.5)
    assert weights.min() > 0.44
    assert weights.max() < 0.6


def test_a_sad_line_takes_the_smile_from_the_face() -> None:
    times = np.linspace(0, 3, 91)
    rest = face.animate_rest_face(times, "sad", "smile")["mouthSmileLeft"]
    assert rest[[0, 45, -1]] == pytest.approx([0.5, 0, 0.5])


def test_a_motion_without_an_idle_is_refused() -> None:
    base = make_motion()
    assert describe_refusal(Motion(base.skeleton, base.clips[1:])) == (
        "error[performance/idle] the motion has no clip idle, which every line starts from; add the library's idle clip"
    )


def test_a_motion_on_another_skeleton_is_refused() -> None:
    base = make_motion()
    assert describe_refusal(replace(base, skeleton=replace(base.skeleton, names=JOINTS[:-1]))) == (
        "error[performance/skeleton] the motion is on another skeleton than the character's; retarget it first"
    )


def describe_refusal(motion: Motion) -> str:
    with pytest.raises(BackendError) as caught:
        run(Dialogue("x", "en", (), (), "", "test", {}), Speech((), "test", True), motion, options=PerformanceSpec(), seed=1)
    return str(caught.value)


def test_a_line_without_sound_and_estimated_durations_are_warnings() -> None:
    dialogue = Dialogue("x", "en", (Line("a", "Mama.", "en"), Line("b", "Mama.", "en")), (), "a", "test", {})
    result = perform(dialogue, Speech((speak("a"),), "test", False), make_motion(), PerformanceSpec(), 1)
    assert result.warnings == (
        "b: the line has no sound, so it gets no clip",
        "lip sync uses estimated phoneme durations, because the voice model gives none",
    )


def test_the_stage_takes_three_artefacts_and_imports_nothing_heavy() -> None:
    assert STAGE.takes == ("dialogue", "speech", "motion")
    heavy = ("torch", "mediapipe", "pyrender", "onnxruntime", "transformers", "cv2")
    code = f"import sys, stages.performance.stage; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"

"""The whole stage on a small motion: lengths, seams, faces, chance and refusals."""

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


def clip(name: str, seconds: float, joint: str, degrees: float, loop: bool = False) -> Clip:
    """Arms down; one joint swings there and back."""
    times = np.arange(round(seconds * 30) + 1) / 30
    rotations = np.zeros((len(times), len(JOINTS), 4))
    rotations[..., 3] = 1
    for side, sign in (("Left", -1), ("Right", 1)):
        rotations[:, JOINTS.index(f"{side}Arm")] = Rotation.from_euler("z", sign * 70, degrees=True).as_quat()
    swing = np.sin(np.pi * times / seconds) ** 2 * degrees
    rotations[:, JOINTS.index(joint)] = Rotation.from_rotvec(np.radians(swing)[:, None] * [0, 0, 1]).as_quat()
    return Clip(name, times.astype(np.float32), rotations.astype(np.float32), np.zeros((len(times), 3), np.float32),
                np.zeros((len(times), 0), np.float32), loop)  # fmt: skip


def motion() -> Motion:
    skeleton = Skeleton(JOINTS, np.array(PARENTS, np.int32), np.zeros((len(JOINTS), 3), np.float32))
    return Motion(skeleton, (clip("idle", 4, "Hips", 3, loop=True), clip("wave", 2, "RightForeArm", 90)))


def spoken(name: str, seconds: float = 2.4) -> SpokenLine:
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


def performed(dialogue: Dialogue, speech: Speech, given: Motion, options: PerformanceSpec, seed: int) -> Performance:
    """The two stages one after the other."""
    return run(dialogue, speech, present(given, options=options, seed=seed), options=options, seed=seed)


def made(seed: int = 3, energy: float = 0.5, blink_rate: float = 16, only: tuple[str, ...] = GESTURES) -> Performance:
    emotions = dict(zip(GESTURES, ("neutral", "happy", "serious", "surprised", "sad", "happy"), strict=True))
    lines = tuple(Line(g, "Mama.", "en", emotions[g], g) for g in only)
    dialogue = Dialogue("x", "en", lines, (), lines[0].id, "test", {})
    speech = Speech(tuple(spoken(g) for g in only), "test", True)
    return performed(dialogue, speech, motion(), PerformanceSpec(energy=energy, blink_rate=blink_rate), seed)


@pytest.fixture(scope="module")
def performance() -> Performance:
    return made()


def said(performance: Performance, gesture_name: str) -> Clip:
    return next(c for c in performance.clips if c.name == f"say_{gesture_name}")


def test_the_motion_comes_first_and_every_line_has_its_clip_and_cues(performance: Performance) -> None:
    assert [c.name for c in performance.clips] == ["idle", "wave", *(f"say_{g}" for g in GESTURES)]
    assert [t.line for t in performance.cues] == list(GESTURES)
    assert all(c.face.shape == (len(c.times), 67) for c in performance.clips)


def test_a_say_clip_lasts_as_long_as_its_sound_and_a_short_settling(performance: Performance) -> None:
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
    for c in made(energy=energy).clips:
        assert np.linalg.norm(c.rotations, axis=-1) == pytest.approx(1, abs=1e-5)
        dot = np.abs((c.rotations[1:] * c.rotations[:-1]).sum(-1)).clip(0, 1)
        assert np.degrees(2 * np.arccos(dot)).max() < 25


def test_the_idle_still_closes_its_loop(performance: Performance) -> None:
    idle = performance.clips[0]
    assert np.abs((idle.rotations[0] * idle.rotations[-1]).sum(-1)) == pytest.approx(1, abs=1e-5)
    assert idle.face[0] == pytest.approx(idle.face[-1], abs=1e-5)


def test_face_weights_are_within_bounds_and_emotion_leaves_closures_shut() -> None:
    for c in made(energy=1.0).clips:
        assert c.face.min() >= 0
        assert c.face.max() <= 1
        jaw, close = (c.face[:, MORPHS_67.index(name)] for name in ("jawOpen", "mouthClose"))
        assert (close <= jaw + 1e-6).all()
        assert jaw.max() == 0


@pytest.mark.parametrize("name", ["wave", "explain", "shrug", "point"])
def test_a_gesture_lifts_a_hand_well_away_from_the_idle(performance: Performance, name: str) -> None:
    c, idle = said(performance, name), performance.clips[0].rotations[0]
    away = [2 * np.arccos(np.abs(c.rotations[:, j] @ idle[j]).clip(0, 1)).max() for j in map(JOINTS.index, ("LeftForeArm", "RightForeArm"))]
    assert np.degrees(max(away)) > 20


@pytest.mark.parametrize(("name", "seconds"), [("explain", 3.0), ("point", 2.7), ("shrug", 2.0), ("nod", 1.6)])
def test_a_clip_of_the_gestures_name_is_played_in_and_out_without_a_jump(name: str, seconds: float) -> None:
    base = motion()
    own = clip(name, seconds, "RightForeArm", 95)
    dialogue = Dialogue("x", "en", (Line("a", "Mama.", "en", "happy", name),), (), "a", "test", {})
    whole = Motion(base.skeleton, (*base.clips, own))
    for length in (1.2, 2.4, 6.0):
        speech = Speech((spoken("a", length),), "test", True)
        c = performed(dialogue, speech, whole, PerformanceSpec(), 1).clips[-1]
        turn = np.degrees(2 * np.arccos(np.abs((c.rotations * c.rotations[0]).sum(-1)).clip(0, 1)))[:, JOINTS.index("RightForeArm")]
        assert turn.max() > 45
        assert turn[-1] < 0.1
        assert np.abs(np.diff(turn)).max() < 25


def test_beats_differ_in_size_and_in_the_hand_that_leads() -> None:
    times = np.arange(181) / 30
    marks = [1.0, 2.0, 3.0, 4.0, 5.0]
    still = np.zeros((len(times), len(JOINTS), 4))
    still[..., 3] = 1
    gesture._apply_beats(still, times, marks, np.ones(len(times)), 1.0, (1.0, 1.0), np.random.default_rng(2))
    bent = [2 * np.arccos(still[:, JOINTS.index(f"{side}ForeArm"), 3]) for side in ("Left", "Right")]
    sizes = np.array([[angles[(times > mark - 0.1) & (times < mark + 0.2)].max() for mark in marks] for angles in bent])
    assert len(np.unique(sizes.round(3))) == sizes.size
    assert 0 < (sizes[0] > sizes[1]).sum() < len(marks)


def test_lines_explain_with_both_hands_or_with_one() -> None:
    lifted = set()
    for seed in range(12):
        c = said(made(seed=seed), "explain")
        away = (1 - np.abs((c.rotations * c.rotations[0]).sum(-1))).max(0)
        lifted.add(tuple(bool(away[JOINTS.index(f"{side}ForeArm")] > 0.1) for side in ("Left", "Right")))
    assert lifted == {(True, True), (True, False), (False, True)}


def test_a_nod_lowers_the_head(performance: Performance) -> None:
    c = said(performance, "nod")
    pitch = np.degrees(2 * c.rotations[:, JOINTS.index("Head"), 0])
    assert pitch.max() > 4


def test_the_eyes_move_by_morphs_and_never_by_joints(performance: Performance) -> None:
    eyes = [JOINTS.index("LeftEye"), JOINTS.index("RightEye")]
    for c in performance.clips:
        assert (c.rotations[:, eyes, 3] == 1).all()
    looks = [i for i, n in enumerate(MORPHS_67) if n.startswith("eyeLook")]
    assert performance.clips[0].face[:, looks].max() > 0.01


def test_equal_seeds_give_equal_performances_and_other_seeds_do_not() -> None:
    a, b, other = made(seed=5), made(seed=5), made(seed=6)
    assert all((x.face == y.face).all() and (x.rotations == y.rotations).all() for x, y in zip(a.clips, b.clips, strict=True))
    assert any((x.face != y.face).any() for x, y in zip(a.clips, other.clips, strict=True))


def test_a_line_does_not_depend_on_its_neighbours(performance: Performance) -> None:
    alone = made(only=("explain",))
    assert (said(alone, "explain").rotations == said(performance, "explain").rotations).all()
    assert (said(alone, "explain").face == said(performance, "explain").face).all()


def test_no_blinks_where_none_are_wanted() -> None:
    blink = MORPHS_67.index("eyeBlinkLeft")
    assert all(c.face[:, blink].max() == 0 for c in made(blink_rate=0).clips)


def test_blinks_come_at_their_rate_and_stay_clear_of_stressed_words() -> None:
    busy = [float(t) for t in np.arange(1, 600, 1.7)]
    moments = face.sample_blink_times(600, 16, np.random.default_rng(0), busy)
    assert 120 <= len(moments) <= 200
    assert min(abs(m - b) for m in moments for b in busy) >= 0.19


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


def test_a_clip_with_a_face_of_its_own_keeps_it() -> None:
    own = clip("mine", 1, "Hips", 5)
    own = Clip("mine", own.times, own.rotations, own.root, np.full((len(own.times), 67), 0.25, np.float32))
    base = motion()
    dialogue, speech = Dialogue("x", "en", (), (), "", "test", {}), Speech((), "test", True)
    result = performed(dialogue, speech, Motion(base.skeleton, (*base.clips, own)), PerformanceSpec(), 1)
    assert (result.clips[-1].face == 0.25).all()


def test_an_idle_that_sways_still_breathes_and_captured_movement_is_left_as_it_was() -> None:
    base = motion()
    swaying = clip("idle", 8, "Spine1", 3, loop=True)
    filmed = replace(clip("mine", 4, "Hips", 5), source="video")
    nothing = Dialogue("x", "en", (), (), "", "test", {}), Speech((), "test", True)
    result = performed(*nothing, Motion(base.skeleton, (swaying, filmed)), PerformanceSpec(), 1)
    shoulder = result.clips[0].rotations[:, JOINTS.index("LeftShoulder")]
    lifts = np.degrees(2 * np.arccos(np.clip(np.abs(shoulder @ shoulder[0]), 0, 1)))
    assert lifts[[0, 120, 240]] == pytest.approx(0, abs=0.1)
    assert lifts[[60, 180]] == pytest.approx(1, abs=0.1)
    assert result.clips[1].rotations == pytest.approx(filmed.rotations)


def test_a_loop_shorter_than_a_breath_holds_it() -> None:
    turns = clip("walk", 1, "Hips", 3, loop=True).rotations.astype(np.float64)
    before = turns.copy()
    gesture.add_breathing(turns, np.arange(31) / 30, loop=True)
    assert turns == pytest.approx(before)


def test_without_an_idle_it_refuses() -> None:
    base = motion()
    with pytest.raises(BackendError):
        run(Dialogue("x", "en", (), (), "", "test", {}), Speech((), "test", True), Motion(base.skeleton, base.clips[1:]),
            options=PerformanceSpec(), seed=1)  # fmt: skip


def test_the_stage_takes_three_artefacts_and_imports_nothing_heavy() -> None:
    assert STAGE.takes == ("dialogue", "speech", "motion")
    heavy = ("torch", "mediapipe", "pyrender", "onnxruntime", "transformers", "cv2")
    code = f"import sys, stages.performance.stage; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"

"""TalkingHead and Babylon.js pose our rig as they mean to, and the gates see where another rig goes wrong."""

from __future__ import annotations

import json
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.conventions import JOINTS
from assets.errors import BackendError, FormatError
from assets.paths import find_program, get_baked_path
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import load_gates
from stages.verify.gates import babylon, engines, talkinghead
from stages.verify.stage import run_gate
from tests.stages.verify import tiny

GATES = load_gates()
needs_chromium = pytest.mark.skipif(
    engines.find_chromium() is None or not get_baked_path("load_talkinghead.js").exists(), reason="Chromium or a baked script is missing"
)
needs_babylon = pytest.mark.skipif(
    find_program("node") is None or not get_baked_path("load_babylon.mjs").exists(), reason="node or a baked script is missing"
)
UPRIGHT = {"trunk": 0.0, "head": 0.0}
LINE = {"tracks": {"visemes": list("abcdefghij")}}


@lru_cache(maxsize=2)
def act(along_bones: bool) -> dict[str, Any]:
    line = talkinghead.build_line({"hello": json.loads(tiny.cues())})
    found: dict[str, Any] = talkinghead.act_in_talkinghead(tiny.glb(along_bones=along_bones), line)["acted"]
    return found


@pytest.mark.slow
@needs_chromium
def test_our_rig_stands_idles_gestures_and_speaks_in_talkinghead() -> None:
    acted = act(True)
    assert list(talkinghead.find_pose_errors(acted, UPRIGHT)) == []
    assert {name for name, weight in acted["visemes"].items() if weight > 0.2} >= {"viseme_PP", "viseme_aa"}


@pytest.mark.slow
@needs_chromium
def test_a_rig_with_frames_of_the_world_folds_up_in_talkinghead() -> None:
    """It loads without an error; only the places of its joints show it."""
    errors = list(talkinghead.find_pose_errors(act(False), UPRIGHT))
    assert "as it stands, the left leg does not run down from hip to toe" in errors


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize(("glb", "reason"), [
    (tiny.glb(joint="Toe"), "Avatar object LeftToeBase not found"), (tiny.glb(scene="Ada"), "Blend shapes not found"),
])  # fmt: skip
def test_a_file_that_talkinghead_cannot_load_is_one_finding(glb: bytes, reason: str) -> None:
    """It finds meshes only where the scene is called Armature."""
    (finding,) = GATES["engine/talkinghead"].check(BundleView("web", {"avatar.glb": glb}))
    assert finding.message == f"TalkingHead cannot load the file: Error: {reason}"


def test_a_bent_back_may_lean_by_its_own_lean_more_and_no_further() -> None:
    acted = make_standing()
    hips = np.array(acted["stand"]["Hips"])
    angle = np.radians(24)
    acted["stand"] = {**acted["stand"], "Neck": list(hips + 0.5 * np.array([0, np.cos(angle), np.sin(angle)]))}
    assert "as it stands, the trunk leans by 24 degrees" in list(talkinghead.find_pose_errors(acted, UPRIGHT))
    assert not [text for text in talkinghead.find_pose_errors(acted, {**UPRIGHT, "trunk": 5.0}) if "trunk" in text]


def test_the_own_lean_is_that_of_the_bind_pose() -> None:
    leans = talkinghead.measure_bind_leans(Glb.parse("avatar.glb", tiny.glb()))
    assert leans["trunk"] < 5
    assert leans["head"] < 5


def make_standing() -> dict[str, Any]:
    """The T-pose with the left hand raised and the right hand on the hip: every check is content."""
    places: dict[str, Any] = {joint: list(tiny.place(joint)) for joint in JOINTS}
    places |= {f"{joint}.z": [0, 0, 1] for joint in JOINTS}
    raised = {**places, "LeftHand": [0.45, 1.7, 0.1]}
    posed = {**places, "RightHand": [-0.2, 0.95, 0.1]}
    return {"stand": places, "gesture": raised, "pose": posed, "idle": {"Head": 0.01, "Hips": 0.001}}


def test_a_body_that_does_all_of_it_has_no_errors() -> None:
    assert list(talkinghead.find_pose_errors(make_standing(), UPRIGHT)) == []


@pytest.mark.parametrize(("act_name", "joint", "place", "sentence"), [
    ("stand", "Neck", [0.5, 1.5, 0], "as it stands, the trunk leans by 45 degrees"),
    ("stand", "LeftFoot", [0.1, 0.7, 0], "as it stands, the left leg does not run down from hip to toe"),
    ("stand", "Hips.z", [0, 0, -1], "as it stands, the Hips faces 180 degrees away"),
    ("gesture", "LeftHand", [0.5, 1.2, 0], "in the gesture handup, the left hand is -20 cm above the elbow"),
    ("gesture", "LeftHand.z", [0, -1, 0], "in the gesture handup, the palm faces 90 degrees away from the front"),
    ("pose", "RightHand", [-0.7, 1.4, 0], "in the pose hand on hip, the nearer hand is 78 cm away from the hip joint"),
    ("idle", "Head", 0.5, "while it idles, Head goes 50 cm away from its place"),
    ("idle", "Head", 0.0, "it does not idle: nothing moves by more than 1.0 mm in six seconds"),
])  # fmt: skip
def test_each_thing_that_a_body_does_otherwise_is_a_sentence(act_name: str, joint: str, place: Any, sentence: str) -> None:
    acted = make_standing()
    acted[act_name] = {**acted[act_name], joint: place}
    assert sentence in list(talkinghead.find_pose_errors(acted, UPRIGHT))


def test_a_line_must_move_eight_visemes_or_as_many_as_it_has() -> None:
    seven = {f"viseme_{i}": 0.6 for i in range(7)}
    assert list(talkinghead.find_still_visemes(seven, LINE)) == ["while it speaks, 7 visemes move, expected at least 8"]
    assert list(talkinghead.find_still_visemes(seven | {"viseme_7": 0.6}, LINE)) == []
    assert list(talkinghead.find_still_visemes({"viseme_aa": 0.6}, {"tracks": {"visemes": ["aa", "aa"]}})) == []


def test_the_line_with_most_visemes_is_spoken_in_bare_names_and_milliseconds() -> None:
    one = {"cues": [{"start": 0, "end": 1, "viseme": "viseme_aa"}]}
    two = {"cues": [*one["cues"], {"start": 1, "end": 1.5, "viseme": "viseme_PP"}, {"start": 1.5, "end": 2, "viseme": "viseme_sil"}],
           "words": [{"start": 0, "end": 1.5, "text": "ap"}]}  # fmt: skip
    assert talkinghead.build_line({"one": one, "two": two}) == {"seconds": 2, "tracks": {
        "visemes": ["aa", "PP"], "vtimes": [0, 1000], "vdurations": [1000, 500], "words": ["ap"], "wtimes": [0], "wdurations": [1500],
    }}  # fmt: skip
    assert talkinghead.build_line({}) is None


@pytest.mark.slow
@needs_babylon
@pytest.mark.parametrize("along_bones", [True, False])
def test_babylon_puts_joints_and_vertices_where_the_file_says(along_bones: bool) -> None:
    """Whatever the frames: they change no place."""
    assert list(GATES["engine/babylon"].check(tiny.bundle(glb=tiny.glb(along_bones=along_bones, jump=0.4, jaw=0.5)))) == []


@pytest.mark.slow
@needs_babylon
def test_a_joint_that_babylon_puts_elsewhere_is_reported_with_its_distance() -> None:
    glb = tiny.bundle().glb
    assert glb
    found = babylon.load_in_babylon(tiny.glb(), babylon.choose_moments(glb))
    hand = np.array(found["moments"][0]["joints"]["LeftHand"])
    found["moments"][0]["joints"]["LeftHand"] = (hand + np.array([0, 0.01, 0])).tolist()
    found["clips"].remove("say_hello")
    assert [message for message, _ in babylon.find_differences(found, glb)] == [
        "Babylon.js does not load the clips say_hello", "at 0.40 s of idle, Babylon.js puts the joint LeftHand 10.0 mm away",
    ]  # fmt: skip


@pytest.mark.slow
@needs_babylon
def test_a_file_that_babylon_cannot_load_is_its_own_sentence() -> None:
    with pytest.raises(FormatError) as caught:
        babylon.load_in_babylon(b"no glTF", [])
    assert str(caught.value).startswith("error[engine/babylon] ")


@pytest.mark.parametrize(("code", "missing"), [("engine/talkinghead", "Chromium"), ("engine/babylon", "node")])
def test_without_its_program_a_gate_says_that_it_did_not_run(
    code: str, missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [str(f) for f in GATES[code].check(tiny.bundle())] == [f"avatar.glb: info[{code}] not checked: {missing} is not installed"]
    if code == "engine/babylon":
        with pytest.raises(BackendError):
            babylon.load_in_babylon(b"", [])


def test_a_babylon_that_hangs_says_nothing_about_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(command, 120)

    monkeypatch.setattr(babylon, "find_program", lambda name: name)
    monkeypatch.setattr(babylon.subprocess, "run", hang)
    (check,) = run_gate(GATES["engine/babylon"], tiny.bundle())
    assert (check.message, check.ok, check.ran) == ("not run: Babylon.js did not finish within 120 s", False, False)

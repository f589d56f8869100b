"""Our spring bones are those of players: the file says what we simulate, and three-vrm moves it as we do."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from assets.conventions import JOINTS
from assets.formats.glb import unpack_glb
from assets.formats.gltf import export_gltf
from assets.hair_chains import drop_hair_joints
from assets.rotation import forward_kinematics
from stages.sway.spring_bones import STEP_S, BodyTrack, Springs, place_at_rest, simulate
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import load_gates
from stages.verify.gates import spring_bones
from stages.verify.gates.engines import find_chromium, load_in_three
from stages.verify.gates.gltf import run_validator
from stages.verify.gates.spring_bones import find_sway_errors
from stages.verify.stage import run_gate
from tests.assets.formats.small_scene import needs_node
from tests.stages.sway.a_head import HEAD, make_model, make_rig, make_scene, write_vrm

MODEL = make_model()
TIPS = {"Hair_Back_4": (0, 2), "Hair_Left_3": (1, 1)}
"""Tip -> chain and bone."""
needs_chromium = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed")


@lru_cache(maxsize=4)
def swing_in_three(**forces: float) -> dict[str, Any]:
    hair: dict[str, Any] = load_in_three({"avatar.vrm": write_vrm(**forces)})["avatar.vrm"]["hair"]
    return hair


@needs_node
def test_the_khronos_validator_reports_nothing() -> None:
    (report,) = run_validator({"avatar.vrm": write_vrm()}).values()
    assert (report["errors"], report["warnings"]) == (0, 0), report


def test_the_file_has_a_spring_and_its_colliders_for_each_chain() -> None:
    document, _ = unpack_glb(write_vrm())
    extension = document["extensions"]["VRMC_springBone"]
    named = [[document["nodes"][joint["node"]]["name"] for joint in spring["joints"]] for spring in extension["springs"]]
    assert named == [[f"Hair_Back_{k}" for k in (1, 2, 3, 4)], [f"Hair_Left_{k}" for k in (1, 2, 3)]]
    assert extension["springs"][0]["joints"][0] == {
        "node": len(JOINTS), "hitRadius": 0.01, "stiffness": 0.08, "gravityPower": 0.15, "gravityDir": [0, -1, 0], "dragForce": 0.25,
    }  # fmt: skip
    assert [spring.get("colliderGroups") for spring in extension["springs"]] == [[0], None]
    assert set(document["extensionsUsed"]) >= {"VRMC_vrm", "VRMC_springBone"}


def test_a_collider_is_where_it_was_whatever_the_frame_of_its_joint() -> None:
    glb = Glb.parse("avatar.vrm", write_vrm())
    (collider,) = glb.json["extensions"]["VRMC_springBone"]["colliders"]
    (expected,) = make_rig().chains[0].colliders
    world = glb.compute_world_matrix(collider["node"])
    for key, point in (("offset", expected.start), ("tail", expected.end)):
        np.testing.assert_allclose(world[:3, :3] @ np.array(collider["shape"]["capsule"][key]) + world[:3, 3], point, atol=1e-4)


def test_a_hair_joint_has_y_along_its_bone() -> None:
    glb = Glb.parse("avatar.vrm", write_vrm())
    node = glb.find_node("Hair_Back_2")
    assert node is not None
    np.testing.assert_allclose(glb.compute_world_matrix(node)[:3, :3], np.array([[-1, 0, 0], [0, -1, 0], [0, 0, 1]]), atol=1e-6)


def turn_head() -> BodyTrack:
    """The movement of load_engine.js: 40 degrees in half a second, then still."""
    share = np.minimum(1, np.arange(1, 181) / 30)
    turns = np.tile(np.array([0, 0, 0, 1.0]), (180, len(JOINTS), 1))
    turns[:, HEAD] = Rotation.from_rotvec(share[:, None] * np.radians([0, 40.0, 0])).as_quat()
    body = drop_hair_joints(MODEL.skeleton)
    places, world = forward_kinematics(body.parents, body.heads, turns, np.zeros((180, 3)))
    joints = [JOINTS.index(name) for name in Springs.build(make_rig(), body).joints]
    matrices = Rotation.from_quat(world[:, joints].reshape(-1, 4)).as_matrix().reshape(180, 1, len(joints), 3, 3)
    return BodyTrack(matrices, places[:, None, joints].astype(np.float64))


@pytest.mark.slow
@needs_chromium
def test_three_vrm_moves_the_hair_as_we_do() -> None:
    track = turn_head()
    springs = Springs.build(make_rig(), drop_hair_joints(MODEL.skeleton))
    _, ends = simulate(springs, track)
    lags = np.linalg.norm(ends - place_at_rest(springs, track), axis=-1)[:, 0].max(0)
    assert STEP_S == 1 / 60
    for tip, (chain, bone) in TIPS.items():
        assert lags[chain, bone] > 0.02
        assert swing_in_three()["turned"][tip]["lag"] == pytest.approx(lags[chain, bone], abs=0.002)


@pytest.mark.slow
@needs_chromium
def test_in_three_vrm_hair_lags_rests_and_returns() -> None:
    assert list(find_sway_errors(swing_in_three())) == []


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize(("forces", "sentence"), [
    ({"stiffness": 60.0}, "Hair_Left_3 follows the turning head like a helmet"),
    ({"stiffness": 0.0, "gravity": 0.002, "drag": 0.0}, "Hair_Left_3 does not come to rest after the head has turned"),
])  # fmt: skip
def test_the_gate_reports_hair_that_is_a_helmet_or_never_rests(forces: dict[str, float], sentence: str) -> None:
    assert sentence in [finding.message for finding in find_sway_errors(swing_in_three(**forces))]


@pytest.mark.parametrize(("change", "sentence"), [
    ({"depth": 0.03}, "tip is 3.0 cm inside the body"),
    ({"finite": False}, "tip is nowhere: its place is not a number"),
    ({"rest": 0.05}, "tip rests 5.0 cm from its place in the bind pose"),
])  # fmt: skip
def test_the_gate_says_what_is_wrong_with_a_tip(change: dict[str, float], sentence: str) -> None:
    moved = {"lag": 0.03, "depth": -0.01, "unrest": 0.0, "finite": True}
    assert list(find_sway_errors({"turned": {"tip": moved}, "walked": {"tip": moved}, "rest": {"tip": 0.001}})) == []
    changed = {**moved, **{key: value for key, value in change.items() if key != "rest"}}
    hair = {"turned": {"tip": changed}, "walked": {"tip": moved}, "rest": {"tip": change.get("rest", 0.001)}}
    assert [finding.message for finding in find_sway_errors(hair)] == [sentence]


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("code", ["vrm/spring-bones", "engine/spring-bones"])
def test_both_gates_accept_an_avatar_with_hanging_hair(code: str) -> None:
    bundle = BundleView("web", {"avatar.glb": export_gltf(make_scene()), "avatar.vrm": write_vrm()})
    assert list(load_gates()[code].check(bundle)) == []


def test_a_script_of_older_code_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spring_bones, "find_chromium", lambda: "chromium")
    monkeypatch.setattr(spring_bones, "count_in_three", lambda bundle: {"avatar.vrm": {"bones": 15}})
    (check,) = run_gate(load_gates()["engine/spring-bones"], BundleView("web", {"avatar.vrm": write_vrm()}))
    assert (check.ok, check.ran, check.message) == (False, False, "not run: load_engine.js was baked by older code; run `fenshen bake`")

"""Blender imports what we write; the gate reports what it loses, or that Blender is not installed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from assets.conventions import JOINTS, MORPHS_67
from assets.errors import BackendError, FormatError, Severity
from stages.verify.gate import load_gates
from stages.verify.gates.blender import (
    BlenderImport,
    blender_opens_the_glb,
    choose_moment,
    find_blender,
    find_differences,
    find_pose_differences,
    load_in_blender,
)
from stages.verify.posed_vertices import compute_moment
from stages.verify.stage import STAGE, run_gate
from tests.stages.verify import tiny

needs_blender = pytest.mark.skipif(find_blender() is None, reason="Blender is neither on PATH nor in FENSHEN_BLENDER")
AS_WRITTEN = BlenderImport(
    joints=JOINTS, meshes=1, shape_keys={"Head": MORPHS_67}, actions=("idle", "say_hello"), materials=("skin",), images=(), low=0.0,
    high=1.7, version="5.0", warnings=(),
)  # fmt: skip


def list_differences(found: BlenderImport) -> list[str]:
    glb = tiny.bundle().glb
    assert glb
    return list(find_differences(found, glb))


def test_a_complete_import_has_no_differences():
    assert list_differences(AS_WRITTEN) == []


@pytest.mark.parametrize(("seen", "sentence"), [
    (replace(AS_WRITTEN, joints=JOINTS[:-1]), "Blender does not import the joints RightToeBase"),
    (replace(AS_WRITTEN, actions=("idle",)), "Blender does not import the actions say_hello"),
    (replace(AS_WRITTEN, materials=()), "Blender does not import the materials skin"),
    (replace(AS_WRITTEN, shape_keys={"Head": MORPHS_67[1:]}), "Blender imports 66 shape keys on Head, but the file has 67"),
    (replace(AS_WRITTEN, low=-1.0), "Blender's mesh reaches from -1.000 to 1.700 m, the file's from 0.000 to 1.700 m"),
    (replace(AS_WRITTEN, warnings=("odd",)), "Blender warns: odd"),
])  # fmt: skip
def test_each_difference_is_a_sentence(seen: BlenderImport, sentence: str):
    assert list_differences(seen) == [sentence]


@needs_blender
def test_blender_imports_the_tiny_bundle_completely():
    found = load_in_blender(tiny.glb(), str(find_blender()))
    assert set(found.joints) == set(JOINTS)
    assert found.shape_keys["Head"] == MORPHS_67
    assert found.actions == ("idle", "say_hello")
    assert (round(found.low, 4), round(found.high, 4)) == (0.0, 1.7)
    assert list(blender_opens_the_glb(tiny.bundle())) == []


@needs_blender
def test_bones_across_their_limbs_are_reported():
    """With frames aligned with the world, every bone pointed straight up."""
    messages = [finding.message for finding in blender_opens_the_glb(tiny.bundle(glb=tiny.glb(along_bones=False)))]
    assert "Blender's bone LeftForeArm points 90 degrees away from LeftHand" in messages
    assert "Blender's bone RightLeg points 180 degrees away from RightFoot" in messages


def test_a_joint_that_blender_puts_elsewhere_is_reported_with_its_distance():
    glb = tiny.bundle().glb
    assert glb
    moment = choose_moment(glb)
    places = {name: tuple(place) for name, place in compute_moment(glb, *moment).joints.items()}
    assert list(find_pose_differences(replace(AS_WRITTEN, pose=places), glb, moment)) == []
    x, y, z = places["LeftHand"]
    moved = replace(AS_WRITTEN, pose={**places, "LeftHand": (x, y - 0.02, z)})
    assert list(find_pose_differences(moved, glb, moment)) == ["at 0.40 s of say_hello, Blender puts the joint LeftHand 20 mm away"]


@needs_blender
def test_a_file_that_blender_cannot_import_is_one_sentence():
    (finding,) = blender_opens_the_glb(tiny.bundle(glb=b"not a glb"))
    assert finding.severity is Severity.ERROR
    assert finding.message.startswith("Blender cannot import the file: ")


def test_without_blender_the_gate_says_that_it_did_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("FENSHEN_BLENDER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    (finding,) = blender_opens_the_glb(tiny.bundle())
    assert str(finding) == (
        "avatar.glb: info[engine/blender] not checked: Blender is not installed; "
        "install Blender, or `pip install bpy` in a separate venv and set FENSHEN_BLENDER to its Python"
    )


def test_a_blender_that_cannot_start_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("FENSHEN_BLENDER", str(tmp_path / "blender"))
    (check,) = run_gate(load_gates()["engine/blender"], tiny.bundle())
    assert check.message == (
        f"not run: cannot run {tmp_path}/blender: No such file or directory; "
        "set FENSHEN_BLENDER to a Blender binary or to a Python that has bpy"
    )
    assert (check.ok, check.ran) == (False, False)


def fake_blender(folder: Path, script: str) -> str:
    """A Blender that runs a shell script."""
    program = folder / "blender"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def test_an_import_that_fails_gives_blenders_last_line(tmp_path: Path):
    with pytest.raises(FormatError) as caught:
        load_in_blender(b"", fake_blender(tmp_path, "echo 'Error: no importer'; exit 1"))
    assert str(caught.value) == "error[engine/blender] Blender cannot import the file: Error: no importer"


@pytest.mark.parametrize(("script", "end"), [
    ("true", "0: no output"), ("echo loading; kill -9 $$", "-9: loading"),
    ("echo \"ModuleNotFoundError: No module named 'bpy'\"; exit 1", "1: ModuleNotFoundError: No module named 'bpy'"),
])  # fmt: skip
def test_a_blender_that_dies_says_nothing_about_the_file(script: str, end: str, tmp_path: Path):
    with pytest.raises(BackendError) as caught:
        load_in_blender(b"", fake_blender(tmp_path, script))
    assert str(caught.value) == f"error[engine/blender] Blender ended with code {end}"


def test_a_difference_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    summary = {"joints": JOINTS, "meshes": 1, "shape_keys": {"Head": MORPHS_67}, "actions": [], "materials": ["skin"], "images": [],
               "low": 0, "high": 1.7, "version": "5.0"}  # fmt: skip
    monkeypatch.setenv("FENSHEN_BLENDER", fake_blender(tmp_path, f"echo 'FENSHEN {json.dumps(summary)}'"))
    (finding,) = blender_opens_the_glb(tiny.bundle())
    assert str(finding) == "avatar.glb: error[engine/blender] Blender does not import the actions idle, say_hello"


def test_a_blender_that_hangs_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stages.verify.gates.blender._TIMEOUT_S", 0)
    with pytest.raises(BackendError) as caught:
        load_in_blender(b"", fake_blender(tmp_path, "exec tail -f /dev/null"))
    assert str(caught.value) == "error[engine/blender] Blender did not finish within 0 s"


def test_a_blender_installed_since_judges_a_stored_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The package is the same, but the stored verdict says that the gate did not run."""
    monkeypatch.delenv("FENSHEN_BLENDER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    before = STAGE.programs()
    monkeypatch.setenv("FENSHEN_BLENDER", str(tmp_path / "blender"))
    assert {name for name, path in STAGE.programs().items() if path != before[name]} == {"blender"}

"""Blender opens what we write, and the gate says what it could not see, or that it was not asked."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import tiny

from assets.conventions import JOINTS, MORPHS_67
from assets.errors import Severity
from stages.verify.gates.blender import BlenderImport, blender_opens_the_glb, find_blender, find_differences, load_in_blender
from stages.verify.stage import STAGE

needs_blender = pytest.mark.skipif(find_blender() is None, reason="no Blender: neither on PATH nor in FENSHEN_BLENDER")
AS_WRITTEN = BlenderImport(
    joints=JOINTS, meshes=1, shape_keys={"Head": MORPHS_67}, actions=("idle", "say_hello"), materials=("skin",), images=(), low=0.0,
    high=1.7, version="5.0", warnings=(),
)  # fmt: skip


def said(found: BlenderImport) -> list[str]:
    glb = tiny.bundle().glb
    assert glb
    return list(find_differences(found, glb))


def test_nothing_is_said_where_blender_sees_the_file_as_it_is():
    assert said(AS_WRITTEN) == []


@pytest.mark.parametrize(("seen", "sentence"), [
    (replace(AS_WRITTEN, joints=JOINTS[:-1]), "Blender does not see the joints RightToeBase"),
    (replace(AS_WRITTEN, actions=("idle",)), "Blender does not see the actions say_hello"),
    (replace(AS_WRITTEN, materials=()), "Blender does not see the materials skin"),
    (replace(AS_WRITTEN, shape_keys={"Head": MORPHS_67[1:]}), "Blender sees 66 shape keys on Head, the file has 67"),
    (replace(AS_WRITTEN, low=-1.0), "Blender's mesh stands from -1.000 to 1.700 m, the file's from 0.000 to 1.700 m"),
    (replace(AS_WRITTEN, warnings=("odd",)), "Blender warns: odd"),
])  # fmt: skip
def test_each_loss_is_a_sentence(seen: BlenderImport, sentence: str):
    assert said(seen) == [sentence]


@needs_blender
def test_blender_imports_the_tiny_bundle_whole():
    found = load_in_blender(tiny.glb(), str(find_blender()))
    assert set(found.joints) == set(JOINTS)
    assert found.shape_keys["Head"] == MORPHS_67
    assert found.actions == ("idle", "say_hello")
    assert (round(found.low, 4), round(found.high, 4)) == (0.0, 1.7)
    assert list(blender_opens_the_glb(tiny.bundle())) == []


@needs_blender
def test_blender_refuses_what_is_no_glb_in_one_sentence():
    (finding,) = blender_opens_the_glb(tiny.bundle(glb=b"not a glb"))
    assert finding.severity is Severity.ERROR
    assert finding.message.startswith("Blender could not import it: ")


def test_without_blender_the_gate_says_that_it_was_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("FENSHEN_BLENDER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    (finding,) = blender_opens_the_glb(tiny.bundle())
    assert (finding.severity, finding.message) == (Severity.INFO, "not run: there is no Blender on this machine")


def test_a_blender_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("FENSHEN_BLENDER", str(tmp_path / "blender"))
    (finding,) = blender_opens_the_glb(tiny.bundle())
    assert finding.message == f"{tmp_path}/blender cannot be run: No such file or directory"


def test_a_blender_that_was_installed_since_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The package is the same, and the stored verdict says that the gate was not run."""
    monkeypatch.delenv("FENSHEN_BLENDER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    before = STAGE.programs()
    monkeypatch.setenv("FENSHEN_BLENDER", str(tmp_path / "blender"))
    assert {name for name, path in STAGE.programs().items() if path != before[name]} == {"blender"}

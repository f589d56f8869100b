"""Each gate: silent on the tiny whole bundle, and firing on one broken in just that way."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import tiny
import worn

from assets.conventions import MORPHS_67, VRM_BONES
from assets.digest import sha256
from assets.errors import Severity
from assets.paths import PROJECT_ROOT
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import FOLDER_GATES, TARGET_GATES, load_gates
from stages.verify.gates.rights import check_folder

GATES = load_gates()


def _glb(**knobs: object) -> Callable[[], BundleView]:
    return lambda: tiny.bundle(glb=tiny.glb(**knobs))  # type: ignore[arg-type]


def _crowded() -> BundleView:
    return replace(tiny.bundle(glb=tiny.glb(extra={"materials": [{"name": "a"}, {"name": "b"}]})), target="crowd")


def _heavy(accessor: str) -> BundleView:
    data = tiny.glb()
    if accessor == "bytes":
        return tiny.bundle(glb=data + b"\0" * 3_000_000)
    image = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (4096).to_bytes(4, "big") * 2
    document = {"asset": {"version": "2.0"}, "images": [{"bufferView": 0}], "bufferViews": [{"buffer": 0, "byteLength": len(image)}]}
    if accessor == "triangles":
        document = {"meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}], "accessors": [{"count": 60_000}]}
    return tiny.bundle(glb=tiny.pack(document, image))


LISTED = {path: (sha256(data), len(data)) for path, data in tiny.bundle().files.items()}
BROKEN: dict[str, Callable[[], BundleView]] = {
    "gltf/container": lambda: tiny.bundle(glb=b"not a glb"),
    "gltf/validator": _glb(stretch=1.5),
    "gltf/names": _glb(root="Root"),
    "rig/joints": _glb(joint="Tail"),
    "rig/weights-sum-to-one": _glb(weight=0.5),
    "rig/morph-names": _glb(names=MORPHS_67[:-1]),
    "rig/morphs-alive": _glb(delta=0.00001),
    "rig/t-pose": _glb(arm_y=1.2),
    "rig/soles": _glb(sole=0.05),
    "rig/facing": _glb(flip=-1.0),
    "motion/unit-quaternions": _glb(stretch=1.5),
    "motion/continuity": _glb(jump=1.0),
    "motion/loop-seam": _glb(seam=0.2),
    "motion/foot-slide": _glb(slide=0.2),
    "motion/mouth-close": _glb(close=0.5),
    "cover/poke-through": lambda: tiny.bundle(glb=worn.glb(body=0.113)),
    "vrm/bones": lambda: tiny.bundle(vrm=tiny.vrm(bones={k: v for k, v in VRM_BONES.items() if v != "hips"})),
    "vrm/meta": lambda: tiny.bundle(vrm=tiny.vrm(meta={"name": "x"})),
    "vrm/no-animations": lambda: tiny.bundle(vrm=tiny.vrm(clips=True)),
    "speech/json": lambda: replace(tiny.bundle(), files={**tiny.bundle().files, "visemes/hello.json": b"{"}),
    "speech/wav-format": lambda: tiny.bundle(wav=tiny.wav(channels=2)),
    "speech/clipping": lambda: tiny.bundle(wav=tiny.wav(gain=3.0)),
    "speech/leading-silence": lambda: tiny.bundle(wav=tiny.wav(wait=0.5)),
    "speech/loudness": lambda: tiny.bundle(wav=tiny.wav(gain=0.02)),
    "speech/cues-in-wav": lambda: tiny.bundle(cues=tiny.cues(2.0)),
    "speech/lips-closed": _glb(jaw=0.8),
    "speech/say-clips": _glb(say="say_other"),
    "speech/dialogue": lambda: tiny.bundle(dialogue=tiny.dialogue("nobody")),
    "rights/digest": lambda: replace(tiny.bundle(), manifest_entries=LISTED | {"dialogue.json": ("0" * 64, len(tiny.dialogue()))}),
    "rights/licences": lambda: replace(tiny.bundle(), licences={}),
    "budget/triangles": lambda: _heavy("triangles"),
    "budget/texture": lambda: _heavy("texture"),
    "budget/bytes": lambda: _heavy("bytes"),
    "budget/materials": _crowded,
    "engine/three": lambda: tiny.bundle(glb=b"not a glb"),
    "engine/three-vrm": lambda: tiny.bundle(vrm=b"not a vrm"),
    "engine/blender": lambda: tiny.bundle(glb=b"not a glb"),
}


def test_every_gate_has_a_broken_bundle_and_a_target() -> None:
    assert set(BROKEN) == set(GATES) == {code for codes in TARGET_GATES.values() for code in codes} | set(FOLDER_GATES)


@pytest.mark.parametrize("code", sorted(GATES))
def test_a_source_in_the_repository_is_there(code: str) -> None:
    # A name beside a URL is a file of that site.
    named = re.findall(r"[\w/]+\.(?:md|py)\b", re.sub(r"https:.*", "", GATES[code].source))
    assert [path for path in named if not (PROJECT_ROOT / path).is_file()] == []


@pytest.mark.parametrize("code", sorted(GATES))
def test_a_whole_bundle_passes(code: str) -> None:
    assert [str(f) for f in GATES[code].claim(tiny.bundle()) if f.severity is Severity.ERROR] == []


@pytest.mark.parametrize("code", sorted(BROKEN))
def test_a_broken_bundle_fires_its_gate(code: str) -> None:
    findings = list(GATES[code].claim(BROKEN[code]()))
    assert findings
    assert {f.code for f in findings} == {code}


def test_a_folder_is_held_against_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    entry = {"path": "a", "sha256": hashlib.sha256(b"one").hexdigest(), "bytes": 3}
    (tmp_path / "manifest.json").write_text(json.dumps({"files": [entry]}))
    assert check_folder(tmp_path) == []
    (tmp_path / "a").write_bytes(b"two")
    (tmp_path / "b").write_bytes(b"")
    assert [f.code for f in check_folder(tmp_path)] == ["rights/extra-file", "rights/digest"]


def test_files_that_are_the_manifests_pass() -> None:
    assert list(GATES["rights/digest"].claim(replace(tiny.bundle(), manifest_entries=LISTED))) == []


@pytest.mark.parametrize(("extras", "seams"), [({}, 0), ({"loop": False}, 0), ({"loop": True}, 1)])
def test_a_clip_that_loops_may_leave_no_seam(extras: dict[str, bool], seams: int) -> None:
    glb = Glb.parse("avatar.glb", tiny.glb(seam=0.2))
    dance = glb.json["animations"][0] | {"name": "dance", "extras": extras}
    reading = tiny.bundle(glb=tiny.pack(glb.json | {"animations": [dance]}, glb.bin))
    assert [f.message for f in GATES["motion/loop-seam"].claim(reading)] == ["dance leaves a seam of 11.5 degrees at Head"] * seams


def test_two_animations_of_one_name_are_told() -> None:
    glb = Glb.parse("avatar.glb", tiny.glb())
    twins = [animation | {"name": "idle"} for animation in glb.json["animations"]]
    (finding,) = GATES["gltf/names"].claim(tiny.bundle(glb=tiny.pack(glb.json | {"animations": twins}, glb.bin)))
    assert finding.message == "animations share the names idle"


def test_a_sound_without_moving_lips_is_refused() -> None:
    findings = list(GATES["speech/lips-closed"].claim(tiny.bundle(glb=tiny.glb(say="say_other"))))
    assert ["moves no lips" in f.message for f in findings] == [True]


def test_broken_dialogue_is_a_finding_and_no_crash() -> None:
    for data in (b"{", b"[]", b"{}"):
        reading = replace(tiny.bundle(), files={**tiny.bundle().files, "dialogue.json": data})
        assert list(GATES["speech/dialogue"].claim(reading))

"""Each gate accepts an intact bundle and reports, in whole sentences, one that is broken in just its way."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.artefacts.geometry import Image
from assets.artefacts.verdict import Check, Verdict
from assets.bundle import BUNDLE_SCHEMA, BundleFile, Package
from assets.conventions import MORPHS_67
from assets.digest import sha256
from assets.errors import BackendError
from assets.formats.image import encode_png
from assets.paths import PROJECT_ROOT
from assets.spec.packaging import PackageSpec
from assets.store import LocalStore
from flows.pipeline.bundle_writer import check_verdict
from stages.execute import Job, execute
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import FOLDER_GATES, TARGET_GATES, load_gates
from stages.verify.gates.rights import check_folder
from stages.verify.stage import STAGE, has_looked, run_gate
from tests.stages.sway.a_head import write_vrm
from tests.stages.verify import dressed_body, tiny
from tests.stages.verify.contract import check_gate

pytestmark = pytest.mark.slow

GATES = load_gates()
MakeBundle = Callable[[], BundleView]


def with_glb(**changes: Any) -> MakeBundle:
    return lambda: tiny.bundle(glb=tiny.glb(**changes))


def with_file(path: str, data: bytes) -> MakeBundle:
    return lambda: replace(tiny.bundle(), files={**tiny.bundle().files, path: data})


def with_dialogue(**changes: Any) -> MakeBundle:
    return with_file("dialogue.json", json.dumps(json.loads(tiny.dialogue()) | changes).encode())


def with_two_materials() -> BundleView:
    return replace(tiny.bundle(glb=tiny.glb(extra={"materials": [{"name": "a"}, {"name": "b"}]})), target="crowd")


def with_many_triangles() -> BundleView:
    document = {"meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}], "accessors": [{"count": 60_000}]}
    return tiny.bundle(glb=tiny.pack(document, b""))


def with_large_texture() -> BundleView:
    image = encode_png(Image(np.zeros((1, 4096, 3), np.uint8)))
    document = {"asset": {"version": "2.0"}, "images": [{"bufferView": 0}], "bufferViews": [{"buffer": 0, "byteLength": len(image)}]}
    return tiny.bundle(glb=tiny.pack(document, image))


def with_long_climb() -> BundleView:
    """The clip played ten times slower while it climbs by half a metre."""
    glb = Glb.parse("avatar.glb", tiny.glb(rise=0.5))
    for animation in glb.json["animations"]:
        clock = glb.json["accessors"][animation["samplers"][0]["input"]]
        view = glb.json["bufferViews"][clock["bufferView"]]
        start = view["byteOffset"]
        times = np.frombuffer(glb.bin, "<f4", clock["count"], start) * 10
        glb = replace(glb, bin=glb.bin[:start] + times.tobytes() + glb.bin[start + view["byteLength"] :])
    return tiny.bundle(glb=tiny.pack(glb.json, glb.bin))


def with_json(change: Callable[[dict[str, Any]], object]) -> MakeBundle:
    """The tiny bundle with the JSON of its GLB changed in place."""

    def make() -> BundleView:
        glb = Glb.parse("avatar.glb", tiny.glb())
        change(glb.json)
        return tiny.bundle(glb=tiny.pack(glb.json, glb.bin))

    return make


def with_hair_without_springs() -> BundleView:
    """Its VRM has joints of hair that nothing moves, and its GLB has none."""
    return tiny.bundle(vrm=write_vrm(with_springs=False))


def name_all_idle(document: dict[str, Any]) -> None:
    for animation in document["animations"]:
        animation["name"] = "idle"


def get_primitive(document: dict[str, Any]) -> dict[str, Any]:
    primitive: dict[str, Any] = document["meshes"][0]["primitives"][0]
    return primitive


def without_licences(**left: tuple[str, tuple[str, ...]]) -> BundleView:
    return replace(tiny.bundle(), files={"avatar.glb": tiny.glb()}, licences={"avatar.glb": left["glb"]} if left else {})


LISTED = {path: (sha256(data), len(data)) for path, data in tiny.bundle().files.items()}
NO_HIPS = {bone: joint for bone, joint in tiny.BONES.items() if bone != "hips"}
BROKEN: dict[str, MakeBundle] = {
    "gltf/container": lambda: tiny.bundle(glb=b"not a glb"),
    "gltf/validator": with_glb(stretch=1.5),
    "gltf/names": with_glb(root="Root"),
    "rig/joints": with_glb(joint="Tail"),
    "rig/weights-sum-to-one": with_glb(weight=0.5),
    "rig/morph-names": with_glb(names=MORPHS_67[:-1]),
    "rig/morphs-alive": with_glb(delta=0.00001),
    "rig/t-pose": with_glb(arm_y=1.2),
    "rig/soles": with_glb(sole=0.05),
    "rig/facing": with_glb(flip=-1.0),
    "motion/unit-quaternions": with_glb(stretch=1.5),
    "motion/continuity": with_glb(jump=1.0),
    "motion/loop-seam": with_glb(seam=0.2),
    "motion/foot-slide": with_glb(slide=0.2),
    "motion/mouth-close": with_glb(close=0.5),
    "motion/upright": with_glb(lie=1.4),
    "motion/floor": with_glb(rise=-0.5),
    "motion/path": with_glb(start=2.0),
    "motion/facing": with_glb(twist=2.9),
    "motion/leaps": with_glb(leap=0.6),
    "motion/foot-skate": with_glb(slide=1.0),
    "cover/poke-through": lambda: tiny.bundle(glb=dressed_body.glb(body=0.113)),
    "vrm/bones": lambda: tiny.bundle(vrm=tiny.vrm(bones=NO_HIPS)),
    "vrm/meta": lambda: tiny.bundle(vrm=tiny.vrm(meta={"name": "x"})),
    "vrm/no-animations": lambda: tiny.bundle(vrm=tiny.vrm(clips=True)),
    "vrm/spring-bones": with_hair_without_springs,
    "speech/json": with_file("visemes/hello.json", b"{"),
    "speech/wav-format": lambda: tiny.bundle(wav=tiny.wav(channels=2)),
    "speech/clipping": lambda: tiny.bundle(wav=tiny.wav(gain=3.0)),
    "speech/leading-silence": lambda: tiny.bundle(wav=tiny.wav(wait=0.5)),
    "speech/loudness": lambda: tiny.bundle(wav=tiny.wav(gain=0.02)),
    "speech/cues-in-wav": lambda: tiny.bundle(cues=tiny.cues(2.0)),
    "speech/lips-closed": with_glb(jaw=0.8),
    "speech/say-clips": with_glb(say="say_other"),
    "speech/dialogue": with_dialogue(fallback="nobody"),
    "rights/digest": lambda: replace(tiny.bundle(), manifest_entries=LISTED | {"dialogue.json": ("0" * 64, len(tiny.dialogue()))}),
    "rights/licences": without_licences,
    "budget/triangles": with_many_triangles,
    "budget/texture": with_large_texture,
    "budget/bytes": lambda: tiny.bundle(glb=tiny.glb() + b"\0" * 3_000_000),
    "budget/meshopt": with_file("avatar.meshopt.glb", bytes(1_500_001)),
    "budget/materials": with_two_materials,
    "engine/three": lambda: tiny.bundle(glb=b"not a glb"),
    "engine/three-vrm": lambda: tiny.bundle(vrm=b"not a vrm"),
    "engine/spring-bones": with_hair_without_springs,
    "engine/talkinghead": with_glb(along_bones=False),
    "engine/babylon": lambda: tiny.bundle(glb=b"not a glb"),
    "engine/blender": lambda: tiny.bundle(glb=b"not a glb"),
    "engine/meshopt": with_file("avatar.meshopt.glb", b"not a glb"),
    "lods/triangles": with_file("lods/avatar_lod2.glb", with_many_triangles().files["avatar.glb"]),
    "lods/outline": with_file("lods/avatar_lod1.glb", tiny.glb(sole=1.2)),
    "engine/lods": with_file("lods/avatar_lod3.glb", b"not a glb"),
}


def test_every_gate_has_a_broken_bundle_and_a_target() -> None:
    assert set(BROKEN) == set(GATES) == {code for codes in TARGET_GATES.values() for code in codes} | set(FOLDER_GATES)


def test_levels_of_detail_that_look_like_the_avatar_pass() -> None:
    bundle = with_file("lods/avatar_lod3.glb", tiny.glb())()
    assert [str(f) for code in ("lods/triangles", "lods/outline") for f in GATES[code].check(bundle)] == []


@pytest.mark.parametrize("code", sorted(GATES))
def test_a_gate_accepts_an_intact_bundle_and_rejects_a_broken_one(code: str) -> None:
    check_gate(GATES[code], tiny.bundle(), BROKEN[code]())


@pytest.mark.parametrize("code", sorted(GATES))
def test_a_source_in_the_repository_exists(code: str) -> None:
    # A file name after a URL is a file of that site.
    files = re.findall(r"[\w/]+\.(?:md|py)\b", re.sub(r"https:.*", "", GATES[code].source))
    assert [path for path in files if not (PROJECT_ROOT / path).is_file()] == []


GLB_HEADER = b"glTF" + (1).to_bytes(4, "little") + (28).to_bytes(4, "little") + b"\0" * 16
SENTENCES: list[tuple[str, MakeBundle, str]] = [
    ("gltf/container", BROKEN["gltf/container"], "avatar.glb: error[gltf/container] the file does not begin with the glTF magic number"),
    ("gltf/container", lambda: tiny.bundle(glb=None), "avatar.glb: error[gltf/container] the bundle has no avatar.glb"),
    ("gltf/container", lambda: tiny.bundle(glb=GLB_HEADER),
     "avatar.glb: error[gltf/container] the header declares version 1 and 28 bytes; expected version 2 and 28 bytes"),
    ("gltf/container", lambda: tiny.bundle(glb=tiny.glb().replace(b'{"asset"', b"!!!!!!!!")),
     "avatar.glb: error[gltf/container] the file has no readable JSON chunk"),
    ("gltf/names", BROKEN["gltf/names"], "avatar.glb: error[gltf/names] no root node is named Armature"),
    ("gltf/names", with_json(name_all_idle), "avatar.glb: error[gltf/names] several animations are named idle"),
    ("rig/joints", BROKEN["rig/joints"], "avatar.glb#/skins: error[rig/joints] joints missing from the skin: LeftToeBase"),
    ("rig/weights-sum-to-one", BROKEN["rig/weights-sum-to-one"],
     "avatar.glb#primitive 0: error[rig/weights-sum-to-one] the skin weights of a vertex differ from a sum of 1 by 0.5000"),
    ("rig/weights-sum-to-one", with_json(lambda document: get_primitive(document)["attributes"].update(JOINTS_1=1)),
     "avatar.glb#primitive 0: error[rig/weights-sum-to-one] vertices have more than 4 influences"),
    ("rig/morph-names", with_json(lambda document: get_primitive(document)["targets"].pop()),
     "avatar.glb: error[rig/morph-names] Head has 66 morph targets but 67 target names"),
    ("rig/morph-names", BROKEN["rig/morph-names"], "avatar.glb: error[rig/morph-names] morph targets missing from the head: viseme_U"),
    ("rig/morphs-alive", BROKEN["rig/morphs-alive"],
     "avatar.glb: error[rig/morphs-alive] morph targets that move no vertex: "
     "browDownLeft, browDownRight, browInnerUp, browOuterUpLeft, browOuterUpRight, cheekPuff and 61 more"),
    ("rig/t-pose", BROKEN["rig/t-pose"],
     "avatar.glb#LeftArm: error[rig/t-pose] the left arm is 21.8 degrees off the X axis in the bind pose"),
    ("rig/soles", BROKEN["rig/soles"], "avatar.glb: error[rig/soles] the lowest vertex is at Y = 0.050 m, not on the floor"),
    ("rig/facing", BROKEN["rig/facing"], "avatar.glb: error[rig/facing] the eyes are behind the head joint"),
    ("rig/facing", with_glb(flip=-1.0), "avatar.glb: error[rig/facing] the toes are behind the ankle"),
    ("rig/facing", with_glb(mirror=-1.0), "avatar.glb: error[rig/facing] the left arm is on the -X side"),
    ("motion/unit-quaternions", BROKEN["motion/unit-quaternions"],
     "avatar.glb#idle: error[motion/unit-quaternions] idle rotates Head by a quaternion whose length differs from 1 by 0.5000"),
    ("motion/continuity", BROKEN["motion/continuity"],
     "avatar.glb#idle: error[motion/continuity] idle rotates Head by 57 degrees within one frame at 0.50 s"),
    ("motion/loop-seam", BROKEN["motion/loop-seam"],
     "avatar.glb#idle: error[motion/loop-seam] idle loops with a seam of 11.5 degrees at Head; "
     "cut the clip where it returns to its first pose, or remove its `loop`"),
    ("motion/foot-slide", BROKEN["motion/foot-slide"], "avatar.glb#idle: error[motion/foot-slide] LeftFoot drifts 103 mm in idle"),
    ("motion/mouth-close", BROKEN["motion/mouth-close"],
     "avatar.glb#idle: error[motion/mouth-close] mouthClose exceeds jawOpen by 0.50 in idle"),
    ("motion/upright", BROKEN["motion/upright"],
     "avatar.glb#idle: error[motion/upright] idle is not upright: its trunk is 80 degrees off the vertical on average; "
     "export the clip with its up axis"),
    ("motion/floor", BROKEN["motion/floor"], "avatar.glb#idle: error[motion/floor] a foot sinks 50 cm into the floor in idle"),
    ("motion/floor", with_glb(lift=0.4),
     "avatar.glb#idle: error[motion/floor] the body floats in idle: no foot comes closer than 40 cm to the floor"),
    ("motion/floor", with_long_climb,
     "avatar.glb#idle: error[motion/floor] the body climbs or sinks in idle: the height on which it stands changes by 45 cm"),
    ("motion/path", BROKEN["motion/path"], "avatar.glb#idle: error[motion/path] idle begins 2.0 m from the origin"),
    ("motion/path", with_glb(slide=20.0), "avatar.glb#idle: error[motion/path] the hips move at 20 m/s in idle"),
    ("motion/facing", BROKEN["motion/facing"],
     "avatar.glb#idle: error[motion/facing] the head and the chest point 166 degrees apart in idle"),
    ("motion/facing", with_glb(turned=1.2),
     "avatar.glb#idle: error[motion/facing] idle begins 69 degrees turned away from the front"),
    ("motion/leaps", BROKEN["motion/leaps"],
     "avatar.glb#idle: error[motion/leaps] Hips leaps by 60 cm in idle at 0.50 s; cut the frame with from and to, or clean the recording"),
    ("motion/foot-skate", BROKEN["motion/foot-skate"],
     "avatar.glb#idle: error[motion/foot-skate] standing feet skate in idle: 100 % of their frames move faster than 0.3 m/s, "
     "1.00 m/s on average and 1.00 m/s at most"),
    ("vrm/bones", BROKEN["vrm/bones"], "avatar.vrm: error[vrm/bones] required humanoid bones that are not mapped: hips"),
    ("vrm/bones", lambda: tiny.bundle(vrm=tiny.vrm(bones=tiny.BONES | {"jaw": "Head"})),
     "avatar.vrm: error[vrm/bones] two humanoid bones are mapped to the same node"),
    ("vrm/meta", BROKEN["vrm/meta"],
     "avatar.vrm#/extensions/VRMC_vrm/meta: error[vrm/meta] missing from the meta data: authors, licenseUrl"),
    ("vrm/meta", lambda: tiny.bundle(vrm=tiny.vrm(spec_version="0.0")),
     "avatar.vrm: error[vrm/meta] specVersion is '0.0', expected '1.0'"),
    ("vrm/no-animations", BROKEN["vrm/no-animations"],
     "avatar.vrm: error[vrm/no-animations] the VRM holds 2 animations, which VRM 1.0 forbids"),
    ("vrm/spring-bones", with_hair_without_springs,
     "avatar.vrm: error[vrm/spring-bones] chains of hair that are no springs: Hair_Back, Hair_Left"),
    ("vrm/spring-bones", with_hair_without_springs,
     "avatar.vrm: error[vrm/spring-bones] its joints of hair are not those of avatar.glb"),
    ("engine/spring-bones", with_hair_without_springs,
     "avatar.vrm: error[engine/spring-bones] three-vrm finds no spring bones"),
    ("speech/json", BROKEN["speech/json"], "visemes/hello.json: error[speech/json] the file is not a JSON object"),
    ("speech/wav-format", BROKEN["speech/wav-format"],
     "voice/hello.wav: error[speech/wav-format] expected mono 16-bit PCM, found 2 channels of 16 bits"),
    ("speech/clipping", BROKEN["speech/clipping"],
     "voice/hello.wav: error[speech/clipping] the sound clips: 8120 runs of samples are at full scale"),
    ("speech/leading-silence", BROKEN["speech/leading-silence"],
     "voice/hello.wav: error[speech/leading-silence] speech begins only after 0.50 s"),
    ("speech/leading-silence", lambda: tiny.bundle(wav=tiny.wav(gain=0.0)),
     "voice/hello.wav: error[speech/leading-silence] the sound is silent"),
    ("speech/loudness", BROKEN["speech/loudness"],
     "voice/hello.wav: error[speech/loudness] the integrated loudness is -37.0 LUFS, expected -16 within 1"),
    ("speech/cues-in-wav", BROKEN["speech/cues-in-wav"],
     "visemes/hello.json: error[speech/cues-in-wav] cues outside the 1.00 s of sound, or that end before they start: 1 of 2"),
    ("speech/cues-in-wav", lambda: tiny.bundle(cues=tiny.cues(words=[(0.0, 0.6, "Hello"), (0.5, 1.0, "there")])),
     "visemes/hello.json: error[speech/cues-in-wav] words outside the 1.00 s of sound or out of order: 1 of 2, first 'there'"),
    ("speech/cues-in-wav", lambda: tiny.bundle(cues=b"{}"),
     "visemes/hello.json: error[speech/cues-in-wav] the viseme track has no cues"),
    ("speech/lips-closed", BROKEN["speech/lips-closed"],
     "visemes/hello.json: error[speech/lips-closed] the mouth stays open at 1 of 1 lip closures, first at 0.00 s"),
    ("speech/lips-closed", with_glb(say="say_other"),
     "visemes/hello.json: error[speech/lips-closed] say_hello of avatar.glb does not animate the lips"),
    ("speech/say-clips", BROKEN["speech/say-clips"], "voice/hello.wav: error[speech/say-clips] avatar.glb has no clip say_hello"),
    ("speech/say-clips", lambda: tiny.bundle(wav=tiny.wav(seconds=2.0)),
     "voice/hello.wav: error[speech/say-clips] the clip say_hello lasts 1.00 s, but its sound 2.00 s"),
    ("speech/dialogue", BROKEN["speech/dialogue"],
     "dialogue.json: error[speech/dialogue] the fallback refers to line nobody, which does not exist"),
    ("speech/dialogue", lambda: tiny.bundle(dialogue=None), "dialogue.json: error[speech/dialogue] the bundle has no dialogue.json"),
    ("speech/dialogue", with_file("dialogue.json", b"{}"),
     "dialogue.json: error[speech/dialogue] dialogue.json lacks lines, replies or fallback"),
    ("speech/dialogue", lambda: tiny.bundle(wav=None),
     "dialogue.json: error[speech/dialogue] line hello refers to voice/hello.wav, which does not exist"),
    ("speech/dialogue", with_dialogue(replies=[{"line": "bye", "questions": []}]),
     "dialogue.json: error[speech/dialogue] a reply refers to line bye, which does not exist"),
    ("rights/digest", BROKEN["rights/digest"],
     "dialogue.json: error[rights/digest] the sha256 of the file differs from the one in manifest.json"),
    ("rights/licences", without_licences, "avatar.glb: error[rights/licences] the file states no licence"),
    ("rights/licences", lambda: without_licences(glb=("MIT", ())), "avatar.glb: error[rights/licences] the file states no sources"),
    ("budget/triangles", with_many_triangles, "avatar.glb: error[budget/triangles] the model has 20000 triangles; web allows 15000"),
    ("budget/texture", with_large_texture,
     "avatar.glb#/images/0: error[budget/texture] texture 0 has a side of 4096 px; web allows 1024"),
    ("budget/materials", with_two_materials, "avatar.glb: error[budget/materials] the model has 2 materials; crowd allows 1"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "make", "sentence"), SENTENCES)
def test_a_finding_is_a_whole_sentence(code: str, make: MakeBundle, sentence: str) -> None:
    assert sentence in [str(finding) for finding in GATES[code].check(make())]


def test_a_heavy_file_is_reported_with_both_sizes() -> None:
    size = len(tiny.glb()) + 3_000_000
    (finding,) = GATES["budget/bytes"].check(BROKEN["budget/bytes"]())
    assert str(finding) == f"avatar.glb: error[budget/bytes] the file has {size} bytes; web allows 3000000"


NO_NODE = "node is not installed: install Debian's nodejs and npm"
NO_PACKAGE = "the node package gltf-validator is not installed: run `fenshen bake --node-only`"


def test_a_validator_that_cannot_run_says_nothing_about_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (check,) = run_gate(GATES["gltf/validator"], tiny.bundle())
    assert (check.message, check.ok, check.ran) == (f"not run: the Khronos validator cannot run: {NO_NODE}", False, False)
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    (check,) = run_gate(GATES["gltf/validator"], tiny.bundle())
    assert check.message == f"not run: the Khronos validator cannot run: {NO_NODE}; {NO_PACKAGE}"


def test_the_stage_names_everything_that_its_machine_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert STAGE.missing_requirements() == ""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    monkeypatch.setenv("FENSHEN_HOME", str(tmp_path))
    scripts = "load_engine.js, load_talkinghead.js, load_babylon.mjs and viewer.js are missing: run `fenshen bake`"
    assert STAGE.missing_requirements() == f"{NO_NODE}; {NO_PACKAGE}; {scripts}"
    (tmp_path / "baked").mkdir()
    for name in ("viewer.js", "load_talkinghead.js", "load_babylon.mjs"):
        (tmp_path / "baked" / name).touch()
    assert STAGE.missing_requirements().endswith("; load_engine.js is missing: run `fenshen bake`")


def test_a_validator_that_crashes_says_nothing_about_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last words were stored as an error of the character."""
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho 'FATAL ERROR: out of memory' >&2; exit 134\n")
    node.chmod(0o755)
    (tmp_path / "gltf-validator").mkdir()
    (tmp_path / "gltf-validator" / "package.json").write_text("{}")
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    (check,) = run_gate(GATES["gltf/validator"], tiny.bundle())
    assert check.message == "not run: the Khronos validator ended with code 134: FATAL ERROR: out of memory"


def test_a_missing_temporary_folder_is_a_gate_that_has_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    (check,) = run_gate(GATES["gltf/validator"], tiny.bundle())
    assert check.message.startswith("not run: [Errno 2] No such file or directory: ")
    assert not has_looked(Verdict("web", (check,)))


def test_without_the_validator_nothing_is_a_failed_gate_and_nothing_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict without the validator was found again after it had been installed."""
    monkeypatch.setenv("FENSHEN_NODE_MODULES", str(tmp_path / "empty"))
    monkeypatch.setattr("stages.verify.stage.TARGET_GATES", {"web": ("gltf/container", "gltf/validator")})
    files = tuple(BundleFile(path, data, "", "", "MIT", ("tests",)) for path, data in sorted(tiny.bundle().files.items()))
    store = LocalStore(tmp_path / "store")
    package = store.put("0" * 64, Package(files, "web", 1), {})
    outcome = execute(STAGE, Job(PackageSpec(vrm=False), 0), store, {"package": package})
    container, validator = store.get(outcome.ref, Verdict).checks
    assert (container.ok, validator.message) == (True, f"not run: the Khronos validator cannot run: {NO_PACKAGE}")
    with pytest.raises(BackendError) as caught:
        check_verdict(Verdict("web", (container, validator)), frozenset())
    assert type(caught.value) is BackendError
    assert store.find(outcome.key) is None
    assert not execute(STAGE, Job(PackageSpec(vrm=False), 0), store, {"package": package}).cached


def test_a_verdict_holds_for_later_builds_where_every_gate_looked() -> None:
    checks = (Check("a/b", "error", False, "wrong"), Check("engine/three", "info", True, "not checked", ran=False))
    assert has_looked(Verdict("web", checks))


def test_the_validators_report_is_quoted() -> None:
    (finding,) = GATES["gltf/validator"].check(BROKEN["gltf/validator"]())
    issue = (
        "ACCESSOR_ANIMATION_SAMPLER_OUTPUT_NON_NORMALIZED_QUATERNION /animations/0/channels/0/sampler: Animation sampler output accessor"
    )
    rows = [f"{issue} element at indices {i}..{i + 3} is not of unit length: 1.5." for i in range(0, 20, 4)]
    assert finding.message == f"the Khronos validator reports 62 errors and 0 warnings: {'; '.join(rows)}"


def test_a_folder_is_compared_with_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"same size")
    entries = [
        {"path": p, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "role": "voice", "licence": "CC0-1.0"}
        for p, data in (("a", b"one"), ("b", b"same size"))
    ]
    (tmp_path / "manifest.json").write_text(json.dumps({"schema": BUNDLE_SCHEMA, "name": "Ada", "files": entries}))
    assert check_folder(tmp_path) == []
    (tmp_path / "a").write_bytes(b"three")
    (tmp_path / "b").write_bytes(b"emas size")
    (tmp_path / "c").write_bytes(b"")
    assert [str(finding) for finding in check_folder(tmp_path)] == [
        "c: error[rights/extra-file] the file is not listed in manifest.json",
        "a: error[rights/bytes] the file has 5 bytes, but manifest.json lists 3",
        "b: error[rights/digest] the sha256 of the file differs from the one in manifest.json",
    ]
    (tmp_path / "a").unlink()
    assert str(check_folder(tmp_path)[0]) == "a: error[rights/missing-file] the file is listed in manifest.json but missing"


def test_a_folder_without_a_manifest_is_reported(tmp_path: Path) -> None:
    assert [str(f) for f in check_folder(tmp_path)] == ["manifest.json: error[rights/manifest] manifest.json is missing or unreadable"]


def test_files_that_match_the_manifest_pass() -> None:
    assert list(GATES["rights/digest"].check(replace(tiny.bundle(), manifest_entries=LISTED))) == []


@pytest.mark.parametrize(("extras", "seams"), [({}, 0), ({"loop": False}, 0), ({"loop": True}, 1)])
def test_only_a_looping_clip_may_not_have_a_seam(extras: dict[str, bool], seams: int) -> None:
    glb = Glb.parse("avatar.glb", tiny.glb(seam=0.2))
    dance = glb.json["animations"][0] | {"name": "dance", "extras": extras}
    bundle = tiny.bundle(glb=tiny.pack(glb.json | {"animations": [dance]}, glb.bin))
    assert [f.message for f in GATES["motion/loop-seam"].check(bundle)] == ["dance loops with a seam of 11.5 degrees at Head"] * seams


def test_broken_dialogue_is_a_finding_and_not_a_crash() -> None:
    for data in (b"{", b"[]", b"{}"):
        assert list(GATES["speech/dialogue"].check(with_file("dialogue.json", data)()))

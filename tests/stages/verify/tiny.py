"""A tiny intact bundle written by hand, and the parameters that break it."""

from __future__ import annotations

import io
import json
import struct
import wave
from collections.abc import Sequence
from typing import Any

import numpy as np

from assets.artefacts.geometry import Skeleton
from assets.conventions import JOINTS, MORPHS_67, PARENTS, VRM_BONES
from assets.formats.gltf import build_joint_nodes
from assets.joint_frames import compute_inverse_binds, compute_joint_frames
from stages.verify.bundle_view import BundleView

RATE = 16000
BONES = {bone: joint for joint, bone in VRM_BONES.items()}
"""VRM bone -> joint."""
PLACES = {
    "Hips": (0, 1, 0), "Spine": (0, 1.1, 0), "Spine1": (0, 1.2, 0), "Spine2": (0, 1.3, 0), "Neck": (0, 1.5, 0), "Head": (0, 1.6, 0),
    "LeftEye": (0.03, 1.65, 0.08), "RightEye": (-0.03, 1.65, 0.08),
}  # fmt: skip


def place(joint: str) -> tuple[float, float, float]:
    if joint in PLACES:
        return PLACES[joint]
    side = 1.0 if joint.startswith("Left") else -1.0
    part = joint.removeprefix("Left").removeprefix("Right")
    known = {"Shoulder": (0.1, 1.4, 0), "Arm": (0.2, 1.4, 0), "ForeArm": (0.45, 1.4, 0), "Hand": (0.7, 1.4, 0),
             "UpLeg": (0.1, 0.9, 0), "Leg": (0.1, 0.5, 0), "Foot": (0.1, 0.1, 0), "ToeBase": (0.1, 0.02, 0.12)}  # fmt: skip
    x, y, z = known.get(part, (0.72 + 0.03 * int(part[-1]) if part[-1].isdigit() else 0.7, 1.4, 0.01 * len(part)))
    return side * x, y, z


class Writer:
    """Appends arrays as accessors."""

    def __init__(self) -> None:
        self.bin, self.views, self.accessors = b"", [], []

    def add(self, array: Any, kind: str, code: int = 5126, bounds: bool = False, target: int = 0) -> int:
        dtype = {5126: "<f4", 5121: "u1", 5123: "<u2"}[code]
        rows = np.ascontiguousarray(array, dtype)
        data = rows.tobytes()
        self.views.append({"buffer": 0, "byteOffset": len(self.bin), "byteLength": len(data)} | ({"target": target} if target else {}))
        self.bin += data + b"\0" * (-len(data) % 4)
        entry = {"bufferView": len(self.views) - 1, "componentType": code, "count": len(rows), "type": kind}
        if bounds:
            flat = rows.reshape(len(rows), -1)
            entry |= {"min": flat.min(0).tolist(), "max": flat.max(0).tolist()}
        self.accessors.append(entry)
        return len(self.accessors) - 1


def pack(document: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    length = 28 + len(text) + len(data)
    return struct.pack("<4sIIII", b"glTF", 2, length, len(text), 0x4E4F534A) + text + struct.pack("<II", len(data), 0x004E4942) + data


def glb(
    *,
    weight: float = 1.0,
    delta: float = 0.01,
    arm_y: float = 1.4,
    sole: float = 0.0,
    flip: float = 1.0,
    mirror: float = 1.0,
    jump: float = 0.0,
    seam: float = 0.0,
    stretch: float = 1.0,
    slide: float = 0.0,
    lie: float = 0.0,
    rise: float = 0.0,
    lift: float = 0.0,
    leap: float = 0.0,
    start: float = 0.0,
    twist: float = 0.0,
    turned: float = 0.0,
    close: float = 0.0,
    jaw: float = 0.0,
    names: tuple[str, ...] = MORPHS_67,
    root: str = "Armature",
    joint: str = "ToeBase",
    clips: bool = True,
    along_bones: bool = True,
    scene: str = "Armature",
    say: str = "say_hello",
    extra: dict[str, Any] | None = None,
) -> bytes:
    out = Writer()
    spots = {j: place(j) for j in JOINTS}
    spots = {j: (x * mirror, arm_y if j.endswith("LeftHand") else y, z * flip) for j, (x, y, z) in spots.items()}
    skeleton = Skeleton(JOINTS, np.array(PARENTS, np.int32), np.array([spots[j] for j in JOINTS], np.float32))
    nodes = build_joint_nodes(skeleton) if along_bones else _build_aligned_nodes(spots)
    frames = compute_joint_frames(skeleton) if along_bones else np.tile([0, 0, 0, 1.0], (len(JOINTS), 1))
    nodes[JOINTS.index("LeftToeBase")]["name"] = f"Left{joint}"
    inverse = compute_inverse_binds(skeleton, frames).transpose(0, 2, 1)
    nodes += [{"name": "Head_Mesh", "mesh": 0, "skin": 0}, {"name": root, "children": [0]}]
    points = np.array([[0, sole, 0], [0.1, 1.7, 0], [-0.1, 1.7, 0.05]])
    attributes = {
        "POSITION": out.add(points, "VEC3", bounds=True, target=34962),
        "JOINTS_0": out.add(np.full((3, 4), [5, 0, 0, 0]), "VEC4", 5121, target=34962),
        "WEIGHTS_0": out.add(np.full((3, 4), [weight, 0, 0, 0]), "VEC4", target=34962),
    }
    move = out.add([[0, 0, 0], [0, delta, 0], [0, 0, 0]], "VEC3", bounds=True, target=34962)
    mesh = {
        "name": "Head",
        "extras": {"targetNames": list(names)},
        "primitives": [
            {
                "attributes": attributes,
                "indices": out.add([0, 1, 2], "SCALAR", 5123, target=34963),
                "targets": [{"POSITION": move}] * len(names),
                "material": 0,
            }
        ],
    }
    document: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"name": scene, "nodes": [len(nodes) - 1, len(JOINTS)]}],
        "nodes": nodes,
        "meshes": [mesh],
        "materials": [{"name": "skin"}],
        "skins": [{"joints": list(range(len(JOINTS))), "inverseBindMatrices": out.add(inverse.reshape(-1, 16), "MAT4")}],
    }
    if clips:
        document["animations"] = [
            _clip(out, n, jump, seam, stretch, (slide, rise, lift, leap, start), (lie, turned, twist), close, jaw, len(names))
            for n in ("idle", say)
        ]
    document |= {"bufferViews": out.views, "accessors": out.accessors, "buffers": [{"byteLength": len(out.bin)}]} | (extra or {})
    return pack(document, out.bin)


def _build_aligned_nodes(spots: dict[str, tuple[float, float, float]]) -> list[dict[str, Any]]:
    """Joints whose frames are those of the world, as rigs have them that no Mixamo clip fits."""
    nodes: list[dict[str, Any]] = []
    for i, j in enumerate(JOINTS):
        base = spots[JOINTS[PARENTS[i]]] if PARENTS[i] >= 0 else (0, 0, 0)
        children = [k for k, p in enumerate(PARENTS) if p == i]
        node: dict[str, Any] = {"name": j, "translation": [a - b for a, b in zip(spots[j], base, strict=True)]}
        nodes.append(node | ({"children": children} if children else {}))
    return nodes


def _clip(
    out: Writer,
    name: str,
    jump: float,
    seam: float,
    stretch: float,
    path: tuple[float, float, float, float, float],
    turns_of_body: tuple[float, float, float],
    close: float,
    jaw: float,
    count: int,
) -> dict[str, Any]:
    times = np.arange(31) / 30
    slide, rise, lift, leap, start = path
    lie, turned, twist = turns_of_body
    angle = np.where(times > 0.5, jump, 0.0) + seam * times
    turns = stretch * np.stack([np.sin(angle / 2), 0 * angle, 0 * angle, np.cos(angle / 2)], 1)
    still = np.ones((31, 1))
    hips = still * [np.sin(lie / 2), 0, 0, np.cos(lie / 2)] if lie else still * [0, np.sin(turned / 2), 0, np.cos(turned / 2)]
    neck = still * [0, np.sin(twist / 2), 0, np.cos(twist / 2)]
    root = np.array([start, 1 + lift, 0]) + np.outer(times, [slide, rise, 0])
    root[15, 0] += leap
    weights = np.zeros((31, count))
    if count == len(MORPHS_67):
        weights[:, MORPHS_67.index("jawOpen")], weights[:, MORPHS_67.index("mouthClose")] = jaw, close
    clock = out.add(times, "SCALAR", bounds=True)
    keys = (
        (JOINTS.index("Head"), "rotation", turns, "VEC4"),
        (0, "translation", root, "VEC3"),
        (0, "rotation", hips, "VEC4"),
        (JOINTS.index("Neck"), "rotation", neck, "VEC4"),
        (len(JOINTS), "weights", weights.ravel(), "SCALAR"),
    )
    samplers = [{"input": clock, "output": out.add(values, kind)} for _, _, values, kind in keys]
    return {
        "name": name,
        "samplers": samplers,
        "channels": [{"sampler": i, "target": {"node": n, "path": p}} for i, (n, p, _, _) in enumerate(keys)],
    }


def vrm(*, bones: dict[str, str] = BONES, meta: dict[str, Any] | None = None, clips: bool = False, spec_version: str = "1.0") -> bytes:
    human = {bone: {"node": JOINTS.index(joint)} for bone, joint in bones.items()}
    licence = {"name": "Tiny", "authors": ["us"], "licenseUrl": "https://vrm.dev/licenses/1.0/"} if meta is None else meta
    smile = {"preset": {"happy": {"morphTargetBinds": [{"node": len(JOINTS), "index": MORPHS_67.index("mouthSmileLeft"), "weight": 1}]}}}
    extension = {"specVersion": spec_version, "humanoid": {"humanBones": human}, "meta": licence, "expressions": smile}
    return glb(clips=clips, extra={"extensionsUsed": ["VRMC_vrm"], "extensions": {"VRMC_vrm": extension}})


def wav(*, channels: int = 1, gain: float = 0.23, wait: float = 0.05, seconds: float = 1.0) -> bytes:
    t = np.arange(round(RATE * seconds)) / RATE
    wave_ = np.where(t < wait, 0, gain * np.sin(2 * np.pi * 997 * t))
    data = np.repeat(np.clip(wave_, -1, 32767 / 32768) * 32767, channels).astype("<i2")
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(data.tobytes())
    return stream.getvalue()


def cues(end: float = 1.0, words: Sequence[tuple[float, float, str]] = ((0.0, 1.0, "Hello"),)) -> bytes:
    return json.dumps({"cues": [{"start": 0, "end": 0.2, "phoneme": "p", "viseme": "viseme_PP", "weight": 1},
                                {"start": 0.2, "end": end, "phoneme": "a", "viseme": "viseme_aa", "weight": 1}],
                       "words": [{"start": start, "end": stop, "text": text} for start, stop, text in words]}).encode()  # fmt: skip


def dialogue(fallback: str = "hello") -> bytes:
    line = {
        "id": "hello",
        "text": "Hello <there>",
        "language": "en",
        "wav": "voice/hello.wav",
        "visemes": "visemes/hello.json",
        "seconds": 1.0,
    }
    return json.dumps(
        {"persona": {}, "lines": [line], "replies": [{"line": "hello", "questions": ["who are you"]}], "fallback": fallback}
    ).encode()


def bundle(**changed: bytes | None) -> BundleView:
    """The tiny bundle; glb, vrm, wav, cues and dialogue replace a file, None removes it."""
    paths = {"glb": "avatar.glb", "vrm": "avatar.vrm", "wav": "voice/hello.wav", "cues": "visemes/hello.json", "dialogue": "dialogue.json"}
    made = {"glb": glb(), "vrm": vrm(), "wav": wav(), "cues": cues(), "dialogue": dialogue()} | changed
    files = {paths[key]: data for key, data in made.items() if data is not None}
    return BundleView("web", files, dict.fromkeys(files, ("CC0-1.0", ("ours",))))

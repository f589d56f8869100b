"""VRM 1.0 (avatar.vrm) and VRM animations (.vrma) of a scene.

Source: https://github.com/vrm-c/vrm-specification: VRMC_vrm-1.0, VRMC_springBone-1.0, VRMC_vrm_animation-1.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assets.artefacts.geometry import Floats, Skeleton
from assets.artefacts.motion import Clip
from assets.conventions import ARKIT_52, MORPHS_67, VISEMES_15, VRM_BONES
from assets.formats.gltf import GENERATOR, EncodedImage, GltfDocument, Scene, build_document, build_joint_nodes, to_glb
from assets.formats.gltf_accessors import BufferBuilder
from assets.formats.gltf_animation import (
    ROTATION_TOLERANCE,
    TRANSLATION_TOLERANCE_M,
    WEIGHT_TOLERANCE,
    find_key_frames,
    find_key_frames_each,
)
from assets.formats.vrm_spring_bones import SPRING_BONE, build_spring_bones
from assets.joint_frames import compute_joint_frames, to_file_rotations
from assets.rotation import inverse, make_continuous, normalize_quaternions, rotate

# Preset expression -> ARKit and viseme weights. The vowels are the visemes of the same sounds.
EXPRESSION_PRESETS: dict[str, dict[str, float]] = {
    "aa": {"viseme_aa": 1.0}, "ih": {"viseme_I": 1.0}, "ou": {"viseme_U": 1.0}, "ee": {"viseme_E": 1.0}, "oh": {"viseme_O": 1.0},
    "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}, "blinkLeft": {"eyeBlinkLeft": 1.0}, "blinkRight": {"eyeBlinkRight": 1.0},
    "happy": {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "cheekSquintLeft": 0.6, "cheekSquintRight": 0.6,
              "eyeSquintLeft": 0.4, "eyeSquintRight": 0.4},
    "sad": {"mouthFrownLeft": 0.7, "mouthFrownRight": 0.7, "browInnerUp": 0.8, "mouthShrugLower": 0.3},
    "angry": {"browDownLeft": 0.9, "browDownRight": 0.9, "noseSneerLeft": 0.5, "noseSneerRight": 0.5,
              "mouthPressLeft": 0.5, "mouthPressRight": 0.5, "eyeSquintLeft": 0.3, "eyeSquintRight": 0.3},
    "surprised": {"browInnerUp": 0.8, "browOuterUpLeft": 0.8, "browOuterUpRight": 0.8, "eyeWideLeft": 0.8, "eyeWideRight": 0.8,
                  "jawOpen": 0.35},
    "relaxed": {"mouthSmileLeft": 0.3, "mouthSmileRight": 0.3, "eyeBlinkLeft": 0.2, "eyeBlinkRight": 0.2},
    "neutral": {},
    "lookUp": {"eyeLookUpLeft": 1.0, "eyeLookUpRight": 1.0}, "lookDown": {"eyeLookDownLeft": 1.0, "eyeLookDownRight": 1.0},
    # Left is the character's: the left eye turns out, away from the nose, the right one in.
    "lookLeft": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0}, "lookRight": {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
}  # fmt: skip
# Presets that a VRM animation drives, in this order: each takes the weight that its morphs share, morphs keep the rest.
_ANIMATED_PRESETS = ("blink", "blinkLeft", "blinkRight", "lookUp", "lookDown", "lookLeft", "lookRight", "aa", "ih", "ou", "ee", "oh")
# VRM 1.0, meta: licenseUrl must be this address; the terms themselves are in the permission fields.
LICENCE_URL = "https://vrm.dev/licenses/1.0/"


@dataclass(frozen=True)
class VrmMeta:
    """Authorship and terms of use in a VRM."""

    name: str
    author: str
    licence: str
    """SPDX id of the finished avatar."""
    third_party: str
    """Licences of its sources, one line each."""
    sellable: bool = True
    """False where a part may not be used commercially."""
    consent: str = ""
    """File name of the consent record, empty without one."""


def export_vrm(scene: Scene, meta: VrmMeta, thumbnail: EncodedImage | None = None) -> bytes:
    """avatar.vrm: the scene without clips (VRM 1.0 forbids them), with its humanoid, spring bones, expressions, gaze and licence."""
    built = build_document(replace(scene, clips=()))
    extension = {
        "specVersion": "1.0",
        "meta": _build_meta(meta) | _add_thumbnail(built, thumbnail),
        "humanoid": {"humanBones": {bone: {"node": built.joints[joint]} for joint, bone in VRM_BONES.items()}},
        "expressions": {
            "preset": {name: _build_expression(weights, built) for name, weights in EXPRESSION_PRESETS.items()},
            "custom": {name: _build_expression({name: 1.0}, built) for name in (*ARKIT_52, *VISEMES_15)},
        },
        "lookAt": _build_look_at(scene.skeleton),
        "firstPerson": {"meshAnnotations": _build_annotations(built)},
    }
    extensions = {"VRMC_vrm": extension}
    if scene.hair_rig is not None:
        extensions[SPRING_BONE] = build_spring_bones(scene.hair_rig, scene.skeleton, built.joints)
    built.document.update(extensionsUsed=list(extensions), extensions=extensions)
    return to_glb(built)


def to_vrm_permissions(licence: str) -> dict[str, Any]:
    """VRM's permission fields for an SPDX licence; any other than an open licence allows only the author."""
    spdx = licence.upper()
    # CC0 and the CC licences begin alike; what NC and ND restrict is read from the id below.
    is_open = spdx.startswith(("CC", "PDDL", "MIT", "APACHE", "BSD", "0BSD", "UNLICENSE"))
    needs_credit = not spdx.startswith(("CC0", "PDDL", "0BSD", "UNLICENSE"))
    modify = "allowModificationRedistribution" if is_open and "-ND" not in spdx else "prohibited"
    return {
        "avatarPermission": "everyone" if is_open else "onlyAuthor",
        "allowExcessivelyViolentUsage": is_open,
        "allowExcessivelySexualUsage": False,
        "allowPoliticalOrReligiousUsage": is_open,
        "allowAntisocialOrHateUsage": False,
        "commercialUsage": "corporation" if is_open and "-NC" not in spdx else "personalNonProfit",
        "creditNotation": "required" if needs_credit else "unnecessary",
        "allowRedistribution": is_open,
        "modification": modify,
    }


def _build_meta(meta: VrmMeta) -> dict[str, Any]:
    permissions = to_vrm_permissions(meta.licence)
    if not meta.sellable:
        permissions["commercialUsage"] = "personalNonProfit"
    notes = {"references": [f"consent record: {meta.consent}"]} if meta.consent else {}
    return {
        "name": meta.name, "version": "1", "authors": [meta.author], "licenseUrl": LICENCE_URL, **permissions, **notes,
        "copyrightInformation": f"{meta.licence}, {meta.author}", "thirdPartyLicenses": meta.third_party,
    }  # fmt: skip


def _add_thumbnail(built: GltfDocument, picture: EncodedImage | None) -> dict[str, int]:
    if picture is None:
        return {}
    images = built.document["images"]
    images.append({"name": "thumbnail", "mimeType": picture.media_type, "bufferView": built.buffers.add_view(picture.data)})
    # VRM 1.0 takes an image here; VRM 0.x took a texture.
    return {"thumbnailImage": len(images) - 1}


def _build_expression(weights: dict[str, float], built: GltfDocument) -> dict[str, Any]:
    binds = [
        # All meshes list all 67 targets, but a bind to one that moves nothing costs time in every frame.
        {"node": node, "index": MORPHS_67.index(name), "weight": weight}
        for name, weight in weights.items() for node, moved in built.morph_nodes.items() if name in moved
    ]  # fmt: skip
    return {"isBinary": False} | ({"morphTargetBinds": binds} if binds else {})


def _build_look_at(skeleton: Skeleton) -> dict[str, Any]:
    """Gaze by the eye joints from the point between them: 90 degrees of gaze turn the eyes by 25 sideways and 15 up or down."""
    head, left, right = (skeleton.heads[skeleton.names.index(j)] for j in ("Head", "LeftEye", "RightEye"))
    # VRM 1.0, lookAt: in the head's bind frame; +Z is forward (VRM 0.x faced -Z).
    frame = compute_joint_frames(skeleton)[skeleton.names.index("Head")]
    offset = rotate(inverse(frame), (left + right) / 2 - head)
    sides = {"inputMaxValue": 90.0, "outputScale": 25.0}
    return {
        "type": "bone", "offsetFromHeadBone": [round(float(v), 5) for v in offset],
        "rangeMapHorizontalInner": sides, "rangeMapHorizontalOuter": sides,
        "rangeMapVerticalDown": {"inputMaxValue": 90.0, "outputScale": 15.0},
        "rangeMapVerticalUp": {"inputMaxValue": 90.0, "outputScale": 15.0},
    }  # fmt: skip


def _build_annotations(built: GltfDocument) -> list[dict[str, Any]]:
    nodes = [i for i, node in enumerate(built.document["nodes"]) if "mesh" in node]
    return [{"node": n, "type": "thirdPersonOnly" if n in built.first_person_hidden else "both"} for n in nodes]


def export_vrma(clip: Clip, skeleton: Skeleton) -> bytes:
    """clips/NAME.vrma: the clip on humanoid nodes alone, its face as one node per expression whose x is the weight.

    Vowels, blinks and gaze are presets, so that they move the face of any VRM.
    """
    buffers = BufferBuilder()
    nodes = build_joint_nodes(skeleton)
    presets, custom = split_expressions(clip.face)
    expressions = {**presets, **custom}
    first = len(nodes)
    nodes += [{"name": f"expression_{name}"} for name in expressions]
    animation = _AnimationBuilder(clip.name, buffers, clip.times)
    _add_body_tracks(animation, clip, skeleton)
    weights = np.stack([*expressions.values()], 1) if expressions else np.zeros((len(clip.times), 0), np.float32)
    for i, keys in enumerate(find_key_frames_each(clip.times, weights[:, :, None], WEIGHT_TOLERANCE)):
        # VRMC_vrm_animation: x of the node's translation is the weight, y and z are ignored.
        values = np.zeros((len(keys), 3), "<f4")
        values[:, 0] = weights[keys, i]
        animation.add_track(keys, values, first + i, "translation", normalized=False)
    bones = {bone: {"node": skeleton.names.index(joint)} for joint, bone in VRM_BONES.items() if not bone.endswith("Eye")}
    extension: dict[str, Any] = {"specVersion": "1.0", "humanoid": {"humanBones": bones}}
    if expressions:
        node_of = {name: {"node": first + i} for i, name in enumerate(expressions)}
        groups = {"preset": {name: node_of[name] for name in presets}, "custom": {name: node_of[name] for name in custom}}
        extension["expressions"] = {group: names for group, names in groups.items() if names}
    document = {
        "asset": {"version": "2.0", "generator": GENERATOR},
        "scene": 0,
        "scenes": [{"name": clip.name, "nodes": [0, *range(first, len(nodes))]}],
        "nodes": nodes,
        "animations": [animation.entry],
        "extensionsUsed": ["VRMC_vrm_animation"],
        "extensions": {"VRMC_vrm_animation": extension},
    }
    return to_glb(GltfDocument(document, buffers, {}, {}, ()))


def split_expressions(face: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The face (f,67) as weights (f,) of presets, which every VRM knows, and of the morphs' own expressions for the rest.

    On our own VRM their sum is the face again; a weight that never exceeds the tolerance is left out.
    """
    if not face.shape[1]:
        return {}, {}
    rest = {name: np.clip(face[:, i], 0, 1) for i, name in enumerate(MORPHS_67)}
    presets: dict[str, Floats] = {}
    for preset in _ANIMATED_PRESETS:
        morphs = EXPRESSION_PRESETS[preset]
        # The least of its morphs: with more, a morph would exceed its weight, and the rest would be negative.
        presets[preset] = np.min([rest[name] for name in morphs], axis=0)
        for name in morphs:
            rest[name] = rest[name] - presets[preset]
    used = ({name: weight for name, weight in group.items() if weight.max() > WEIGHT_TOLERANCE} for group in (presets, rest))
    return next(used), next(used)


def _add_body_tracks(animation: _AnimationBuilder, clip: Clip, skeleton: Skeleton) -> None:
    rotations = make_continuous(normalize_quaternions(clip.rotations))
    written = make_continuous(to_file_rotations(rotations, skeleton, compute_joint_frames(skeleton)))
    # VRM animations move the eyes by lookAt, not by their bones.
    joints = [j for j, name in enumerate(skeleton.names) if not name.endswith("Eye") and np.abs(rotations[:, j, :3]).max() >= 1e-5]
    for joint, keys in zip(joints, find_key_frames_each(clip.times, rotations[:, joints], ROTATION_TOLERANCE), strict=True):
        animation.add_track(keys, np.rint(written[keys, joint] * 32767).astype("<i2"), joint, "rotation", normalized=True)
    keys = find_key_frames(clip.times, clip.root, TRANSLATION_TOLERANCE_M)
    animation.add_track(keys, (skeleton.heads[0] + clip.root[keys]).astype("<f4"), 0, "translation", normalized=False)


class _AnimationBuilder:
    """Collects the channels of one animation."""

    def __init__(self, name: str, buffers: BufferBuilder, times: Floats) -> None:
        self.entry: dict[str, Any] = {"name": name, "samplers": [], "channels": []}
        self._buffers, self._times = buffers, times

    def add_track(self, keys: Sequence[int] | Any, values: Any, node: int, path: str, *, normalized: bool) -> None:
        times = self._buffers.add_accessor(self._times[keys].astype("<f4"), bounds=True, shared=True)
        output = self._buffers.add_accessor(values, normalized=normalized, shared=True)
        self.entry["samplers"].append({"input": times, "output": output})
        self.entry["channels"].append({"sampler": len(self.entry["samplers"]) - 1, "target": {"node": node, "path": path}})

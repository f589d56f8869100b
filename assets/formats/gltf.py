"""A character in memory -> a glTF 2.0 document and its buffer: nodes, meshes, sparse morphs, skin, materials, clips."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assets.artefacts.geometry import Floats, Ints, Material, Mesh, Part, Skeleton, Skin
from assets.artefacts.hair import HairRig
from assets.artefacts.motion import Clip
from assets.conventions import COMBINED_MORPHS, MORPHS_67, is_hair_joint
from assets.errors import Finding, FormatError
from assets.formats.glb import pack_glb
from assets.formats.gltf_accessors import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, BufferBuilder
from assets.formats.gltf_animation import FrameRanks, add_clips
from assets.hair_chains import describe_rig
from assets.joint_frames import compute_file_offsets, compute_inverse_binds, compute_joint_frames, to_file_rotations
from assets.rotation import IDENTITY

ARMATURE_NODE = "Armature"
SPECULAR = "KHR_materials_specular"
GENERATOR = "Fenshen"
# Displacements below 0.04 mm are invisible, but a third of all sparse rows.
_MIN_DELTA_M = 4e-5
# A hundredth of a millimetre: a quarter of the above, and half as many digits in the bounds of every target.
_DELTA_DIGITS = 5
# WebGL's numbers, as samplers take them: LINEAR, LINEAR_MIPMAP_LINEAR, REPEAT.
_LINEAR, _MIPMAPS, _REPEAT = 9729, 9987, 10497


@dataclass(frozen=True)
class EncodedImage:
    """An encoded picture."""

    data: bytes
    media_type: str
    """image/png or image/jpeg."""


@dataclass(frozen=True)
class Scene:
    """A character in its T-pose, ready for export."""

    name: str
    skeleton: Skeleton
    parts: tuple[Part, ...]
    materials: tuple[Material, ...]
    pictures: dict[str, EncodedImage]
    """By the names that the materials use."""
    clips: tuple[Clip, ...] = ()
    slack: float = 1.0
    """Factor on the tolerances of the clips' key reduction."""
    ranks: dict[str, FrameRanks] = field(default_factory=dict)
    """Clip name -> ranks, filled by the first export: a copy of the scene with more slack reuses them."""
    extras: dict[str, Any] = field(default_factory=dict)
    """Goes into asset.extras."""
    combined_morphs: bool = False
    """Whether meshes with morphs get COMBINED_MORPHS, after the 67."""
    hair_rig: HairRig | None = None
    """Chains whose joints the skeleton has; None where no hair hangs."""

    @property
    def morph_names(self) -> tuple[str, ...]:
        """Of the targets of every mesh with morphs, in their order."""
        return MORPHS_67 + (tuple(COMBINED_MORPHS) if self.combined_morphs else ())


@dataclass(frozen=True)
class GltfDocument:
    """A document under construction, and the nodes that VRM refers to."""

    document: dict[str, Any]
    buffers: BufferBuilder
    joints: dict[str, int]
    """Joint name -> node."""
    morph_nodes: dict[int, tuple[str, ...]]
    """Node of each mesh with morphs -> the morphs that move it."""
    first_person_hidden: tuple[int, ...]
    """Mesh nodes that a first-person camera inside the head must not see."""


def export_gltf(scene: Scene) -> bytes:
    """avatar.glb: the scene with its clips."""
    built = build_document(scene)
    return to_glb(built)


def to_glb(built: GltfDocument) -> bytes:
    """The GLB of a document, with its buffer views and accessors added."""
    document = {**built.document, "accessors": built.buffers.accessors, "bufferViews": built.buffers.views}
    if any(SPECULAR in material.get("extensions", {}) for material in document.get("materials", [])):
        document["extensionsUsed"] = [*document.get("extensionsUsed", []), SPECULAR]
    # glTF forbids empty arrays: a list without entries must be absent.
    return pack_glb({key: value for key, value in document.items() if value != []}, built.buffers.binary)


def build_document(scene: Scene) -> GltfDocument:
    """The document of the scene; raises FormatError where a material or picture is missing."""
    buffers = BufferBuilder()
    images, textures, textured = _add_images(scene, buffers)
    numbers = {material.name: i for i, material in enumerate(scene.materials)}
    # Joints come first among the nodes, so that a joint's index is its node's: skins and animations rely on it.
    joints = {name: i for i, name in enumerate(scene.skeleton.names)}
    nodes = build_joint_nodes(scene.skeleton)
    largest = max((len(part.mesh.positions) for part in scene.parts if part.mesh.morphs), default=0)
    buffers.reserve_zeros(largest + 1)
    meshes = [add_mesh(part, buffers, numbers, scene.morph_names) for part in scene.parts]
    first = len(nodes)
    nodes += [{"name": make_node_name(part.mesh.name), "mesh": i, "skin": 0} for i, part in enumerate(scene.parts)]
    nodes.append({"name": ARMATURE_NODE, "children": [0]})
    extra = len(scene.morph_names) - len(MORPHS_67)
    moving = {first + i: tuple(m.name for m in part.mesh.morphs) for i, part in enumerate(scene.parts) if part.mesh.morphs}
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": GENERATOR} | ({"extras": scene.extras} if scene.extras else {}),
        "scene": 0,
        # Skinned meshes are root nodes: transforms of parents do not apply to them (glTF 2.0, 3.7.3.2).
        # TalkingHead, as others made for Ready Player Me, looks for the meshes below the object of this name, and finds the scene.
        "scenes": [{"name": ARMATURE_NODE, "nodes": [len(nodes) - 1, *range(first, len(nodes) - 1)], "extras": {"title": scene.name}}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": [_build_material(material, textured) for material in scene.materials],
        "images": images,
        "textures": textures,
        "samplers": [{"magFilter": _LINEAR, "minFilter": _MIPMAPS, "wrapS": _REPEAT, "wrapT": _REPEAT}] if textures else [],
        "skins": [_add_skin(scene, buffers, len(nodes) - 1)],
        "animations": add_clips(buffers, scene.clips, scene.skeleton, list(moving), scene.slack, scene.ranks, extra_weights=extra),
    }
    return GltfDocument(document, buffers, joints, moving, _find_head_nodes(scene, first))


def make_node_name(mesh: str) -> str:
    """Name of a mesh's node, different from every joint's."""
    return f"{mesh[0].upper()}{mesh[1:]}Mesh"


def _find_head_nodes(scene: Scene, first: int) -> tuple[int, ...]:
    """Nodes of the meshes that follow the head, or hair that hangs from it, by more than half of their skin weights."""
    head = {i for i, name in enumerate(scene.skeleton.names) if name in ("Head", "LeftEye", "RightEye") or is_hair_joint(name)}
    nodes = []
    for i, part in enumerate(scene.parts):
        skin = part.mesh.skin
        share = float((skin.weights * np.isin(skin.joints, list(head))).sum() / max(len(skin.weights), 1))
        nodes += [first + i] if share > 0.5 else []
    return tuple(nodes)


def build_joint_nodes(skeleton: Skeleton) -> list[dict[str, Any]]:
    """A node per joint with its rest rotation and its offset in the parent's frame, rounded to seven digits."""
    frames = compute_joint_frames(skeleton)
    turns = to_file_rotations(np.tile(IDENTITY, (len(frames), 1)), skeleton, frames)
    nodes = []
    for i, (name, offset, turn) in enumerate(zip(skeleton.names, compute_file_offsets(skeleton, frames), turns, strict=True)):
        node: dict[str, Any] = {"name": name, "translation": _round_floats(offset)}
        # An absent rotation is the identity.
        node |= {"rotation": _round_floats(turn)} if np.abs(turn[:3]).max() > 0 else {}
        children = [int(k) for k in np.flatnonzero(skeleton.parents == i)]
        nodes.append(node | ({"children": children} if children else {}))
    return nodes


def _round_floats(values: NDArray[Any]) -> list[float]:
    # float32 carries about seven digits; more would only lengthen the JSON.
    return [float(f"{value:.7g}") for value in values]


def _add_skin(scene: Scene, buffers: BufferBuilder, root: int) -> dict[str, Any]:
    skeleton = scene.skeleton
    matrices = compute_inverse_binds(skeleton, compute_joint_frames(skeleton))
    inverse = buffers.add_accessor(matrices.transpose(0, 2, 1).astype("<f4").reshape(-1, 16))  # column-major
    # For films of the bundle, whose hair moves with speech that is no clip of it.
    extras = {"extras": {"hair": describe_rig(scene.hair_rig)}} if scene.hair_rig else {}
    return {"name": ARMATURE_NODE, "joints": list(range(len(skeleton.names))), "inverseBindMatrices": inverse, "skeleton": root} | extras


def add_mesh(
    part: Part, buffers: BufferBuilder, materials: dict[str, int], morphs: tuple[str, ...], *, with_targets: bool = False
) -> dict[str, Any]:
    """The entry of a part's mesh, whose accessors are added to the buffers; raises FormatError where its material is missing.

    Args:
        materials: name -> index.
        morphs: names of the targets, in their order.
        with_targets: give it all targets even where none moves it.
    """
    mesh = part.mesh
    if mesh.material not in materials:
        raise FormatError(Finding("gltf/material", f"the mesh {mesh.name} refers to the material {mesh.material}, which does not exist"))
    attributes = {
        # POSITION is the one attribute that must state its bounds (3.7.2.1).
        "POSITION": buffers.add_accessor(mesh.positions.astype("<f4"), ARRAY_BUFFER, bounds=True),
        "NORMAL": buffers.add_accessor(part.normals.astype("<f4"), ARRAY_BUFFER),
        "TEXCOORD_0": _add_uv(mesh.uv, buffers),
    } | _add_influences(mesh.skin, buffers)
    if part.shade is not None:
        attributes["COLOR_0"] = _add_shade(part.shade, buffers)
    if part.tangents is not None:
        attributes["TANGENT"] = buffers.add_accessor(part.tangents.astype("<f4"), ARRAY_BUFFER)
    # 65535 restarts the primitive in uint16, so that no vertex may have that index (3.7.2.1).
    wide = "<u2" if len(mesh.positions) < 0xFFFF else "<u4"
    primitive: dict[str, Any] = {
        "attributes": attributes,
        "indices": buffers.add_accessor(mesh.triangles.astype(wide).ravel(), ELEMENT_ARRAY_BUFFER),
        "material": materials[mesh.material],
    }
    entry: dict[str, Any] = {"name": mesh.name[0].upper() + mesh.name[1:], "primitives": [primitive]}
    if mesh.morphs or with_targets:
        primitive["targets"] = _add_morph_targets(mesh, buffers, morphs)
        entry |= {"weights": [0] * len(morphs), "extras": {"targetNames": list(morphs)}}
    return entry


def _add_morph_targets(mesh: Mesh, buffers: BufferBuilder, names: tuple[str, ...]) -> list[dict[str, int]]:
    """All targets in the same order on every mesh, so that one weights channel drives them all."""
    known = {morph.name: (morph.indices, morph.deltas) for morph in mesh.morphs}
    known |= {name: _combine_morphs(mesh, COMBINED_MORPHS[name]) for name in names if name in COMBINED_MORPHS}
    nothing = (np.zeros(0, np.int32), np.zeros((0, 3), np.float32))
    rows = []
    for indices, deltas in (known.get(name, nothing) for name in names):
        moved = np.linalg.norm(deltas, axis=1) > _MIN_DELTA_M
        rows.append((indices[moved], np.round(deltas[moved].astype(np.float64), _DELTA_DIGITS)))
    return [{"POSITION": index} for index in buffers.add_sparse(len(mesh.positions), rows)]


def _combine_morphs(mesh: Mesh, weights: dict[str, float]) -> tuple[Ints, Floats]:
    """Moved vertices (k,) ascending and their deltas (k,3): the weighted sum of the mesh's morphs."""
    total = np.zeros_like(mesh.positions)
    for morph in mesh.morphs:
        total[morph.indices] += np.float32(weights.get(morph.name, 0.0)) * morph.deltas
    moved = np.flatnonzero(np.abs(total).max(1)).astype(np.int32)
    return moved, total[moved]


def _add_uv(uv: Floats, buffers: BufferBuilder) -> int:
    if len(uv) and uv.min() >= 0 and uv.max() <= 1:
        # unorm16 has steps of 1/65535: an eighth of a texel at 8192 px. It cannot hold tiled UV outside 0..1.
        return buffers.add_accessor(np.rint(uv * 65535).astype("<u2"), ARRAY_BUFFER, normalized=True)
    return buffers.add_accessor(uv.astype("<f4"), ARRAY_BUFFER)


def _add_shade(shade: Floats, buffers: BufferBuilder) -> int:
    # Four bytes: a vertex attribute must start on a multiple of four (3.6.2.4), and three would be padded.
    grey = np.rint(np.clip(shade, 0, 1) * 255).astype("u1")
    return buffers.add_accessor(np.stack([grey, grey, grey, np.full_like(grey, 255)], 1), ARRAY_BUFFER, normalized=True)


def _add_influences(skin: Skin, buffers: BufferBuilder) -> dict[str, int]:
    joints, weights = quantize_influences(skin)
    return {
        # 54 joints and those of hair fit a byte; JOINTS_0 is never normalised (3.7.3.3).
        "JOINTS_0": buffers.add_accessor(joints.astype("u1"), ARRAY_BUFFER),
        "WEIGHTS_0": buffers.add_accessor(weights, ARRAY_BUFFER, normalized=True),
    }


def quantize_influences(skin: Skin) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """(v,4) joints and (v,4) weights that sum to 65535: heaviest first, no joint twice, joint 0 where the weight is 0."""
    joints, weights = skin.joints.astype(np.int64), np.clip(skin.weights.astype(np.float64), 0, None)
    # 3.7.3.3: a joint may have at most one weight above zero on a vertex.
    for k in range(1, 4):
        for earlier in range(k):
            same = (joints[:, k] == joints[:, earlier]) & (weights[:, k] > 0)
            weights[same, earlier] += weights[same, k]
            weights[same, k] = 0
    order = np.argsort(-weights, axis=1, kind="stable")
    joints, weights = np.take_along_axis(joints, order, 1), np.take_along_axis(weights, order, 1)
    quantised = np.rint(65535 * weights / np.maximum(weights.sum(1, keepdims=True), 1e-12)).astype(np.int64)
    # The remainder of the rounding goes to the heaviest, where it is smallest in proportion; the sum is then exactly 1.
    quantised[:, 0] += 65535 - quantised.sum(1)
    # After rounding, not before: a weight may round to 0, and unused influences should name joint 0.
    joints[quantised == 0] = 0
    return joints.astype("<u2"), quantised.astype("<u2")


def _add_images(scene: Scene, buffers: BufferBuilder) -> tuple[list[Any], list[Any], dict[str, int]]:
    """images, textures, and picture name -> texture, of the pictures that materials use."""
    names = sorted({name for m in scene.materials for name in (m.albedo, m.normal, m.orm) if name})
    missing = [name for name in names if name not in scene.pictures]
    if missing:
        raise FormatError(Finding("gltf/picture", f"materials refer to pictures that do not exist: {', '.join(missing)}"))
    images = [{"name": n, "mimeType": scene.pictures[n].media_type, "bufferView": buffers.add_view(scene.pictures[n].data)} for n in names]
    return images, [{"source": i, "sampler": 0} for i in range(len(names))], {name: i for i, name in enumerate(names)}


def _build_material(material: Material, textures: dict[str, int]) -> dict[str, Any]:
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": material.roughness}
    if tuple(material.colour) != (1.0, 1.0, 1.0, 1.0):
        surface["baseColorFactor"] = _round_floats(np.array(material.colour))
    if material.albedo:
        surface["baseColorTexture"] = {"index": textures[material.albedo]}
    entry: dict[str, Any] = {"name": material.name, "pbrMetallicRoughness": surface}
    if material.orm:
        # One picture serves both: occlusion is red, roughness green, metalness blue. The factor multiplies it, so that 0 would erase the
        # blue.
        surface |= {"metallicRoughnessTexture": {"index": textures[material.orm]}, "metallicFactor": 1.0}
        entry["occlusionTexture"] = {"index": textures[material.orm]}
    if material.normal:
        entry["normalTexture"] = {"index": textures[material.normal]}
    if material.alpha != "OPAQUE":
        entry["alphaMode"] = material.alpha
    if material.alpha == "MASK":
        entry["alphaCutoff"] = material.alpha_cutoff
    if material.specular != 1:
        entry["extensions"] = {SPECULAR: {"specularFactor": material.specular}}
    return entry | ({"doubleSided": True} if material.double_sided else {})

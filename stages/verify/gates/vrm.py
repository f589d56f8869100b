"""Gates of the VRM 1.0 file: what the Khronos validator does not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assets.errors import Finding, Location
from stages.verify.bundle_view import BundleView
from stages.verify.gate import gate

_SPEC = "https://github.com/vrm-c/vrm-specification VRMC_vrm-1.0"
# VRM 1.0, humanoid.md: these 15; chest, neck, shoulders, toes, eyes, jaw and fingers are optional.
_REQUIRED_BONES = (
    "hips",
    "spine",
    "head",
    *(f"{s}{b}" for s in ("left", "right") for b in ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand")),
)


def _read_extension(bundle: BundleView) -> dict[str, Any]:
    found: dict[str, Any] = bundle.vrm.json.get("extensions", {}).get("VRMC_vrm", {}) if bundle.vrm else {}
    return found


@gate("vrm/bones", claim="the VRM maps all 15 required humanoid bones, each to its own node", source=f"{_SPEC} humanoid.md")
def required_bones_are_mapped(bundle: BundleView) -> Iterator[Finding]:
    bones = _read_extension(bundle).get("humanoid", {}).get("humanBones", {})
    missing = [bone for bone in _REQUIRED_BONES if bone not in bones]
    if missing:
        yield Finding(
            "vrm/bones",
            f"required humanoid bones that are not mapped: {', '.join(missing)}",
            location=Location("avatar.vrm"),
            value=15 - len(missing),
            limit=15,
        )
    # Two bones on one node would be posed twice by every animation.
    nodes = [bone["node"] for bone in bones.values()]
    if len(set(nodes)) != len(nodes):
        yield Finding("vrm/bones", "two humanoid bones are mapped to the same node", location=Location("avatar.vrm"))


@gate("vrm/meta", claim="the VRM states its title, authors and licence", source=f"{_SPEC} meta.md")
def meta_is_complete(bundle: BundleView) -> Iterator[Finding]:
    extension = _read_extension(bundle)
    # The fields that VRMC_vrm.meta requires.
    missing = [key for key in ("name", "authors", "licenseUrl") if not extension.get("meta", {}).get(key)]
    if missing:
        yield Finding(
            "vrm/meta",
            f"missing from the meta data: {', '.join(missing)}",
            location=Location("avatar.vrm", pointer="/extensions/VRMC_vrm/meta"),
        )
    if extension.get("specVersion") != "1.0":
        yield Finding(
            "vrm/meta",
            f"specVersion is {extension.get('specVersion')!r}, expected '1.0'",
            location=Location("avatar.vrm"),
            value=str(extension.get("specVersion")),
            limit="1.0",
        )


@gate("vrm/no-animations", claim="the VRM holds no animations", source=f"{_SPEC} README.md, glTF restrictions")
def vrm_has_no_animations(bundle: BundleView) -> Iterator[Finding]:
    count = len(bundle.vrm.json.get("animations", [])) if bundle.vrm else 0
    if count:
        yield Finding(
            "vrm/no-animations",
            f"the VRM holds {count} animations, which VRM 1.0 forbids",
            location=Location("avatar.vrm"),
            value=count,
            limit=0,
        )

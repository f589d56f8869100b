"""How a gate is declared: a claim about a bundle with a stable code, why it matters, and where its number comes from."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assets.errors import Finding
from stages.verify.bundle_view import BundleView

Claim = Callable[[BundleView], Iterator[Finding]]


@dataclass(frozen=True)
class Gate:
    """One claim: yields nothing where it holds."""

    code: str
    why: str
    source: str
    claim: Claim


GATES: dict[str, Gate] = {}
GATE_FAMILIES = ("gltf", "rig", "motion", "cover", "vrm", "speech", "rights", "budget", "engines", "blender")


def gate(code: str, *, why: str, source: str) -> Callable[[Claim], Claim]:
    """Register a claim under its code; two gates of one code are a bug."""

    def register(claim: Claim) -> Claim:
        assert code not in GATES, code
        GATES[code] = Gate(code, why, source, claim)
        return claim

    return register


def load_gates() -> dict[str, Gate]:
    """All gates by code, every family imported."""
    for family in GATE_FAMILIES:
        importlib.import_module(f"stages.verify.gates.{family}")
    return GATES


_COMMON_GATES = (
    "gltf/container", "gltf/validator", "gltf/names",
    "rig/joints", "rig/weights-sum-to-one", "rig/morph-names", "rig/morphs-alive", "rig/t-pose", "rig/soles", "rig/facing",
    "motion/unit-quaternions", "motion/continuity", "motion/loop-seam", "motion/foot-slide", "motion/mouth-close", "cover/poke-through",
    "vrm/bones", "vrm/meta", "vrm/no-animations",
    "speech/json", "speech/wav-format", "speech/clipping", "speech/leading-silence", "speech/loudness",
    "speech/cues-in-wav", "speech/lips-closed", "speech/say-clips", "speech/dialogue",
    "rights/licences",
    "budget/triangles", "budget/texture", "budget/bytes", "engine/three", "engine/three-vrm", "engine/blender",
)  # fmt: skip
FOLDER_GATES = ("rights/digest",)
"""Gates of the folder on disk: the flow asks them of every target, between the writing and the renaming."""
TARGET_GATES: dict[str, tuple[str, ...]] = {"web": _COMMON_GATES, "desktop": _COMMON_GATES, "crowd": (*_COMMON_GATES, "budget/materials")}

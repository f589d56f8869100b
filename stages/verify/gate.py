"""How a gate is declared: a function that checks one claim about a bundle, with a stable code and the source of its limit."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assets.errors import Finding
from stages.verify import gates
from stages.verify.bundle_view import BundleView

GateCheck = Callable[[BundleView], Iterator[Finding]]
"""Yields a finding for every violation, nothing where the claim holds."""


@dataclass(frozen=True)
class Gate:
    """One claim about a bundle and the function that checks it."""

    code: str
    """family/name, stable: users pass it to --allow."""
    claim: str
    """What holds, in words."""
    source: str
    """Where the claim and its limit come from: a specification, a file, or the reason for the number."""
    check: GateCheck


GATES: dict[str, Gate] = {}
"""Filled by `gate` when the families are imported; bounded by their number."""


def gate(code: str, *, claim: str, source: str) -> Callable[[GateCheck], GateCheck]:
    """Registers the decorated function as a gate; two gates of one code are a bug."""

    def register(check: GateCheck) -> GateCheck:
        assert code not in GATES, code
        GATES[code] = Gate(code, claim, source, check)
        return check

    return register


def load_gates() -> dict[str, Gate]:
    """All gates by code, of every file in the folder of gates."""
    for family in pkgutil.iter_modules(gates.__path__):
        importlib.import_module(f"{gates.__name__}.{family.name}")
    return GATES


# The order is the verdict's: a broken container is listed before its consequences.
_COMMON_GATES = (
    "gltf/container", "gltf/validator", "gltf/names",
    "rig/joints", "rig/weights-sum-to-one", "rig/morph-names", "rig/morphs-alive", "rig/t-pose", "rig/soles", "rig/facing",
    "motion/unit-quaternions", "motion/continuity", "motion/loop-seam", "motion/foot-slide", "motion/mouth-close",
    "motion/upright", "motion/floor", "motion/path", "motion/facing", "motion/leaps", "motion/foot-skate", "cover/poke-through",
    "vrm/bones", "vrm/meta", "vrm/no-animations", "vrm/spring-bones",
    "speech/json", "speech/wav-format", "speech/clipping", "speech/leading-silence", "speech/loudness",
    "speech/cues-in-wav", "speech/lips-closed", "speech/say-clips", "speech/dialogue",
    "rights/licences",
    "budget/triangles", "budget/texture", "budget/bytes", "budget/meshopt",
    "engine/three", "engine/three-vrm", "engine/spring-bones", "engine/talkinghead", "engine/babylon",
    "engine/blender", "engine/meshopt",
    "lods/triangles", "lods/outline", "engine/lods",
)  # fmt: skip
FOLDER_GATES = ("rights/digest",)
"""Gates of the folder on disk: every target's folder passes them after it is written and before it is renamed to its final name."""
TARGET_GATES: dict[str, tuple[str, ...]] = {"web": _COMMON_GATES, "desktop": _COMMON_GATES, "crowd": (*_COMMON_GATES, "budget/materials")}

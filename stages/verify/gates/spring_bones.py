"""Gates of hanging hair: each chain of joints is a spring of the VRM, and three-vrm moves it as hair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assets.conventions import is_hair_joint
from assets.errors import BackendError, Finding, Location, Severity
from stages.verify.bundle_view import BundleView, Glb
from stages.verify.gate import gate
from stages.verify.gates.engines import count_in_three, find_chromium

_VRM = Location("avatar.vrm")
_SPEC = "https://github.com/vrm-c/vrm-specification VRMC_springBone-1.0"
MIN_LAG_M = 0.005
"""Of a tip, against hair that follows a turning head like a helmet: 4 degrees of a chain of 7 cm, the shortest."""
MAX_DEPTH_M = 0.01
"""Of a tip in a collider: collisions come in turn, and one may push into the next."""
MAX_UNREST_M = 0.004
"""In the last quarter of a second of the three in which the head turns and stays. Hair that a shoulder holds up slides for two."""
MAX_REST_M = 0.01
"""From the bind pose, two seconds after the body is back in it."""


def _list_hair(glb: Glb) -> dict[str, list[str]]:
    """Chain -> its joints in the order of the skin."""
    chains: dict[str, list[str]] = {}
    for joint in filter(is_hair_joint, glb.joint_names):
        chains.setdefault(joint.rpartition("_")[0], []).append(joint)
    return chains


@gate("vrm/spring-bones", claim="each chain of hair in the skeleton is a spring of the VRM, from its root to its tip", source=_SPEC)
def chains_are_springs(bundle: BundleView) -> Iterator[Finding]:
    if (vrm := bundle.vrm) is None:
        return
    extension = vrm.json.get("extensions", {}).get("VRMC_springBone", {})
    springs = {
        tuple(str(vrm.nodes[joint["node"]].get("name", "")) for joint in spring.get("joints", ()))
        for spring in extension.get("springs", ())
    }
    chains = _list_hair(vrm)
    loose = [chain for chain, joints in chains.items() if tuple(joints) not in springs]
    if loose:
        message = f"chains of hair that are no springs: {', '.join(loose)}"
        yield Finding("vrm/spring-bones", message, location=_VRM, value=len(chains) - len(loose), limit=len(chains))
    if bundle.glb is not None and _list_hair(bundle.glb) != chains:
        yield Finding("vrm/spring-bones", "its joints of hair are not those of avatar.glb", location=_VRM)


@gate(
    "engine/spring-bones",
    claim="in three-vrm hair lags behind a turning head, comes to rest, stays out of the body and returns to its place",
    source="@pixiv/three-vrm: three seconds of a head that turns by 40 degrees, two of a walk and nods, two of the bind pose",
)
def three_vrm_swings_the_hair(bundle: BundleView) -> Iterator[Finding]:
    if bundle.vrm is None or not _list_hair(bundle.vrm):
        return
    if find_chromium() is None:
        yield Finding("engine/spring-bones", "not checked: Chromium is not installed", Severity.INFO, _VRM)
        return
    loaded = count_in_three(bundle)["avatar.vrm"]
    if "failed" in loaded:
        yield Finding("engine/spring-bones", f"three-vrm cannot load the file: {loaded['failed']}", location=_VRM)
    elif "hair" not in loaded:
        raise BackendError(Finding("engine/spring-bones", "load_engine.js was baked by older code", fix="run `fenshen bake`"))
    elif loaded["hair"] is None:
        yield Finding("engine/spring-bones", "three-vrm finds no spring bones", location=_VRM)
    else:
        yield from find_sway_errors(loaded["hair"])


def find_sway_errors(hair: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """A finding for each tip that moves otherwise than hair does.

    Args:
        hair: of load_engine.js: `turned` and `walked`, tip -> {lag, depth, unrest, finite}, and `rest`, tip -> metres.
    """
    for tip, rest in hair["rest"].items():
        turned, walked = hair["turned"][tip], hair["walked"][tip]
        if not (turned["finite"] and walked["finite"] and rest is not None):
            yield _make_finding(f"{tip} is nowhere: its place is not a number", None, None)
            continue
        if turned["lag"] < MIN_LAG_M:
            yield _make_finding(f"{tip} follows the turning head like a helmet", turned["lag"], MIN_LAG_M)
        if turned["unrest"] > MAX_UNREST_M:
            yield _make_finding(f"{tip} does not come to rest after the head has turned", turned["unrest"], MAX_UNREST_M)
        if (depth := max(turned["depth"], walked["depth"])) > MAX_DEPTH_M:
            yield _make_finding(f"{tip} is {100 * depth:.1f} cm inside the body", depth, MAX_DEPTH_M)
        if rest > MAX_REST_M:
            yield _make_finding(f"{tip} rests {100 * rest:.1f} cm from its place in the bind pose", rest, MAX_REST_M)


def _make_finding(message: str, value: float | None, limit: float | None) -> Finding:
    return Finding("engine/spring-bones", message, location=_VRM, value=None if value is None else round(value, 5), limit=limit)

"""Hair that hangs: chains of joints below the head, how they spring back, and what of the body they stay out of.

The numbers are those of VRMC_springBone, which players of VRM simulate; the clips of a GLB are baked with the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from assets.artefacts.geometry import Floats

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Collider:
    """A capsule that moves with a joint; a sphere where its ends coincide."""

    joint: str
    """One of JOINTS."""
    start: Point
    """In the bind pose, metres."""
    end: Point
    radius: float
    """Metres."""


@dataclass(frozen=True)
class HairChain:
    """Joints that hang straight down in the bind pose, so that gravity keeps them there."""

    name: str
    """Where it hangs, such as Back or FrontLeft."""
    heads: Floats
    """(n,3) joint positions in the bind pose, from the root to the tip, metres."""
    hit_radius: float
    """Of the sphere around the end of each bone, metres."""
    stiffness: float
    """Metres per second by which a bone returns to its direction on the head."""
    gravity: float
    """Metres per second by which it turns down."""
    drag: float
    """Share of its speed that it loses in a step, 0..1."""
    colliders: tuple[Collider, ...]
    """They touch no bone in the bind pose."""


@dataclass(frozen=True)
class HairRig:
    """All chains of a head."""

    chains: tuple[HairChain, ...]

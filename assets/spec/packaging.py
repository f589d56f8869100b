"""What leaves the house and under what terms: the options of the package and verify stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from assets.spec.appearance import Section

Target = Literal["web", "desktop", "crowd"]
Words = Annotated[str, Field(pattern=r"\S", max_length=200)]


@dataclass(frozen=True)
class Budget:
    """Upper limits of a target: the package is made to fit them, the gates hold it to them."""

    triangles: int
    side: int
    """Pixels of the longest texture side."""
    bytes: int
    """Of avatar.glb."""
    one_material: bool = False


# Our own choice, no engine's limit; crowd's texture limit is web's.
BUDGETS: dict[str, Budget] = {
    "web": Budget(15_000, 1024, 3_000_000),
    "desktop": Budget(32_000, 2048, 10_000_000),
    "crowd": Budget(7_500, 1024, 1_500_000, one_material=True),
}


class PackageSpec(Section):
    """What the bundle is made for."""

    target: Target = "web"
    """Budget of triangles, pixels and bytes."""
    vrm: bool = True
    """Write avatar.vrm and clips/*.vrma beside the GLB."""
    bvh: bool = False
    """Write clips/*.bvh: the body's motion of every clip on the character's own skeleton, in centimetres."""
    turntable: bool = True
    """Render a turntable beside the stills."""


class RightsSpec(Section):
    """Who made it and what others may do with it."""

    creator: Words = "unnamed"
    """Author named in the VRM meta and the manifest."""
    licence: Words = "CC-BY-4.0"
    """SPDX id of the finished avatar."""
    consent: str | None = None
    """File: who agreed to what, and when, or that nobody real is shown; a video's clip without it is a warning, with strict an error."""
    strict: bool = False
    """Refuse every part that may not be sold, and clips read from a video without a consent record."""

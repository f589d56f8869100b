"""What a bundle contains and under which terms: the options of the package and verify stages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from assets.spec.appearance import Section
from assets.spec.expectation import Expects
from assets.spec.visible_text import Visible

Target = Literal["web", "desktop", "crowd"]
Levels = Literal["none", "files"]
Compression = Literal["none", "meshopt"]
Words = Annotated[str, Field(pattern=r"\S", max_length=200), Expects("text that is not blank"), Visible]


@dataclass(frozen=True)
class Budget:
    """Upper limits of a target: the package stage meets them, the gates check them."""

    triangles: int
    side: int
    """Pixels of the longest texture side."""
    bytes: int
    """Of avatar.glb."""
    compressed_bytes: int
    """Of avatar.meshopt.glb."""
    one_material: bool = False
    combined_morphs: bool = True
    """Whether avatar.glb has COMBINED_MORPHS as well as the 67."""


# Chosen for this project: no engine sets these limits. The texture limit of crowd is that of web. The combined morphs take 87 KB of
# kofi's file: on the web the textures need them more.
BUDGETS: dict[str, Budget] = {
    "web": Budget(15_000, 1024, 3_000_000, 1_500_000, combined_morphs=False),
    "desktop": Budget(32_000, 2048, 10_000_000, 5_000_000),
    "crowd": Budget(7_500, 1024, 1_500_000, 750_000, one_material=True, combined_morphs=False),
}
LOD_SHARES = (0.5, 0.25, 0.125)
"""Triangles of LOD1, LOD2 and LOD3, as shares of the target's."""


class PackageSpec(Section):
    """What the bundle is made for."""

    target: Target = "web"
    """Sets the budget of triangles, pixels and bytes."""
    vrm: bool = True
    """Write avatar.vrm and clips/*.vrma as well as the GLB."""
    bvh: bool = False
    """Write clips/*.bvh: the body motion of every clip on the character's skeleton, in centimetres."""
    compress: Compression = "none"
    """meshopt: write avatar.meshopt.glb as well, about half as large, for players in browsers that can decode it."""
    lods: Levels = "none"
    """files: write LOD1 to LOD3 into lods/, each as a file and all in one, for games and crowds; a page with one person needs none."""
    turntable: bool = True
    """Render a turntable as well as the stills."""


class RightsSpec(Section):
    """Who made the avatar and what others may do with it."""

    creator: Words = "unnamed"
    """Author named in the VRM meta and the manifest."""
    licence: Words = "CC-BY-4.0"
    """SPDX id of the finished avatar."""
    consent: Annotated[str, Field(pattern=r"\S"), Expects("text that is not blank")] | None = None
    """Text file: who agreed to what, and when, or that no real person is shown. Without it a video is a warning, with strict an error."""
    strict: bool = False
    """Refuse every part that may not be sold, and clips from a video without a consent record."""

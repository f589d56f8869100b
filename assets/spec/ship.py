"""What leaves the house and under what terms: the options of the package and verify stages."""

from __future__ import annotations

from typing import Literal

from assets.spec.look import Section

Target = Literal["web", "desktop", "crowd"]


class PackageSpec(Section):
    """What the bundle is made for."""

    target: Target = "web"
    """Budget of triangles, pixels and bytes."""
    vrm: bool = True
    """Write avatar.vrm and clips/*.vrma beside the GLB."""
    turntable: bool = True
    """Render a turntable beside the stills."""


class RightsSpec(Section):
    """Who made it and what others may do with it."""

    creator: str = "unnamed"
    """Author named in the VRM meta and the manifest."""
    licence: str = "CC-BY-4.0"
    """SPDX id of the finished avatar."""
    consent: str | None = None
    """File of a consent record; needed where a real person's likeness goes in."""
    strict: bool = False
    """Refuse every part that may not be sold."""

"""The avatar spec: one text file that describes a whole character."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from assets.spec.appearance import BodySpec, GroomSpec, IdentitySpec, Number, Section, TextureSpec
from assets.spec.behaviour import MotionSpec, PerformanceSpec, PersonaSpec, RetargetSpec, VoiceSpec
from assets.spec.expectation import Expects
from assets.spec.packaging import PackageSpec, RightsSpec
from assets.spec.visible_text import Visible

CharacterName = Annotated[
    str, Field(min_length=1, max_length=60, pattern=r"^[^/\\\x00-\x1f\x7f]*[^/\\\s\x00-\x1f\x7f.][^/\\\x00-\x1f\x7f]*$"),
    Expects("a name without slashes and control characters that is not only dots and spaces", "write a name such as Ada"), Visible,
]  # fmt: skip


class AvatarSpec(Section):
    """One character; `name: Ada` alone builds."""

    schema_version: Literal["fenshen/avatar@1"] = Field(default="fenshen/avatar@1", alias="schema")
    """Version of the spec's format."""
    name: CharacterName
    """The character's name; no slashes or control characters, and not only dots and spaces."""
    seed: Annotated[int, Field(ge=0, lt=2**32), Number] = 1
    """Seed of everything random."""
    identity: IdentitySpec = IdentitySpec()
    body: BodySpec = BodySpec()
    groom: GroomSpec = GroomSpec()
    texture: TextureSpec = TextureSpec()
    motion: MotionSpec = MotionSpec()
    retarget: RetargetSpec = RetargetSpec()
    persona: PersonaSpec = PersonaSpec()
    voice: VoiceSpec = VoiceSpec()
    performance: PerformanceSpec = PerformanceSpec()
    package: PackageSpec = PackageSpec()
    rights: RightsSpec = RightsSpec()

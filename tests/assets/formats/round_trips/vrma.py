"""A clip as VRM animation: its name, bones and expressions survive."""

from __future__ import annotations

from typing import Any

from assets.artefacts.geometry import Skeleton
from assets.artefacts.motion import Clip
from tests.assets.formats.small_scene import a_clip, a_skeleton


def make_arguments() -> tuple[Clip, Skeleton]:
    return a_clip(), a_skeleton()


def check(loaded: tuple[dict[str, Any], bytes]) -> None:
    document, _ = loaded
    extension = document["extensions"]["VRMC_vrm_animation"]
    assert [clip["name"] for clip in document["animations"]] == ["idle"]
    assert "hips" in extension["humanoid"]["humanBones"]
    assert list(extension["expressions"]["custom"]) == ["jawOpen"]

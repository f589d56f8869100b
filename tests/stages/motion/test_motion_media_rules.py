"""What is known of recordings when the spec is read, before any of them is opened whole."""

from __future__ import annotations

from pathlib import Path

from assets.spec.avatar import AvatarSpec
from stages.motion.media_rules import RULES


def find_messages(clip: dict[str, object], folder: Path) -> list[str]:
    spec = AvatarSpec.model_validate({"name": "A", "motion": {"clips": [{"name": "mine", **clip}]}})
    return [finding.message for rule in RULES for _, finding in rule.find_violations(spec, folder)]


def test_a_recording_of_200_gigabytes_is_too_large(tmp_path: Path) -> None:
    """`check` called it OK, and the build refused it."""
    with (tmp_path / "sparse.bvh").open("wb") as file:
        file.truncate(200_000_000_000)
    (tmp_path / "small.bvh").write_text("HIERARCHY")
    assert find_messages({"bvh": "sparse.bvh"}, tmp_path) == ["sparse.bvh: the BVH file is larger than 100 MB"]
    assert find_messages({"bvh": "small.bvh"}, tmp_path) == []


def test_a_range_that_ends_before_it_starts_is_known(tmp_path: Path) -> None:
    assert find_messages({"library": "walk", "from": 2, "to": 1}, tmp_path) == ["motion.clips: clip mine starts at 2 s and ends at 1 s"]

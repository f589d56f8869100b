"""Films are known by their first bytes when the spec is read, before a digest of gigabytes is taken."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from assets.errors import Finding
from assets.media_limits import MAX_BVH_BYTES
from assets.paths import find_existing_form
from assets.spec.avatar import AvatarSpec
from assets.spec.cross_field import CrossFieldRule, Problem
from stages.motion.video_frames import VIDEO_FIX, explain_unreadable_start

BVH_FIX = "export a part of it"


def _check_films(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """Every film begins like one."""
    for number, clip in enumerate(spec.motion.clips):
        film = Path(os.path.realpath(find_existing_form(folder / (clip.video or ""))))
        # A missing file, or one outside the folder, is reported by the check of paths; what is in the latter is nobody's business.
        if not clip.video or not os.path.isfile(film) or not film.is_relative_to(folder):
            continue
        try:
            problem = explain_unreadable_start(film)
        except OSError as error:
            problem = ("motion/unreadable", film, f"the file cannot be read: {error.strerror}")
        if problem:
            yield ("motion", "clips", number, "video"), Finding(problem[0], f"{film.name}: {problem[2]}", fix=VIDEO_FIX)


def _check_recordings(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """No BVH file is larger than can be read."""
    for number, clip in enumerate(spec.motion.clips):
        recording = Path(os.path.realpath(find_existing_form(folder / (clip.bvh or ""))))
        if clip.bvh and os.path.isfile(recording) and recording.is_relative_to(folder) and recording.stat().st_size > MAX_BVH_BYTES:
            message = f"{recording.name}: the BVH file is larger than {MAX_BVH_BYTES // 1_000_000} MB"
            yield ("motion", "clips", number, "bvh"), Finding("motion/too-big", message, limit=MAX_BVH_BYTES, fix=BVH_FIX)


def _check_people(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """Only a film can show several people."""
    for number, clip in enumerate(spec.motion.clips):
        if clip.person and not clip.video:
            message = f"motion.clips: clip {clip.name} has person: {clip.person}, but no video"
            fix = "remove person, or name a video"
            yield ("motion", "clips", number, "person"), Finding("motion/person-without-video", message, fix=fix)


def _check_ranges(spec: AvatarSpec, folder: Path) -> Iterator[Problem]:
    """No clip ends before it starts: a film would be captured first."""
    for number, clip in enumerate(spec.motion.clips):
        if clip.to is not None and clip.to <= clip.from_:
            message = f"motion.clips: clip {clip.name} starts at {clip.from_:g} s and ends at {clip.to:g} s"
            yield ("motion", "clips", number, "to"), Finding("motion/clip-range", message, fix="choose a larger to")


RULES = tuple(CrossFieldRule(("motion.clips",), check) for check in (_check_films, _check_recordings, _check_people, _check_ranges))

"""Motion + Body -> Motion on the body's own skeleton."""

from __future__ import annotations

from assets.artefacts.character import Body
from assets.artefacts.motion import Motion
from assets.spec.act import RetargetSpec
from stages.retarget.feet import locked
from stages.retarget.solve import carried, smoothed
from stages.stage import Stage


def run(motion: Motion, body: Body, *, options: RetargetSpec, seed: int) -> Motion:
    """Every clip on the body's skeleton: limb lengths are the body's, captured clips are smoothed, standing feet stay."""
    clips = []
    for clip in motion.clips:
        moved = carried(clip, motion.skeleton, body.skeleton)
        if clip.source == "video":
            moved = smoothed(moved, options.window)
        clips.append(locked(moved, body.skeleton) if options.lock_feet and clip.name != "walk" else moved)
    return Motion(body.skeleton, tuple(clips), motion.warnings, motion.sources)


STAGE: Stage[Motion] = Stage("retarget", 1, run, makes=Motion)

"""Motion, Body -> Motion on the body's own skeleton."""

from __future__ import annotations

from assets.artefacts.character import Body
from assets.artefacts.motion import Motion
from assets.spec.behaviour import RetargetSpec
from stages.retarget.feet import constrain_feet, measure_ankle_heights
from stages.retarget.transfer import measure_leg_length, smooth_clip, transfer_clip
from stages.stage import Stage


def run(motion: Motion, body: Body, *, options: RetargetSpec, seed: int) -> Motion:
    """Every clip on the body's skeleton with its bone lengths; videos are smoothed, no sole sinks into the floor.

    With `options.lock_feet`, standing feet stay in place.
    """
    scale = measure_leg_length(body.skeleton) / measure_leg_length(motion.skeleton)
    clips = []
    for clip in motion.clips:
        # Landmarks of a video jitter from frame to frame; a recording's fast movements are real and stay.
        source = smooth_clip(clip, options.window) if clip.source == "video" else clip
        # From the source and scaled: on the target's own proportions the same angles bring the ankles to other heights.
        heights = scale * measure_ankle_heights(source, motion.skeleton)
        clips.append(constrain_feet(transfer_clip(source, motion.skeleton, body.skeleton), body.skeleton, heights, options.lock_feet))
    return Motion(body.skeleton, tuple(clips), motion.warnings, motion.sources)


STAGE: Stage[Motion] = Stage("retarget", 3, run, makes=Motion)

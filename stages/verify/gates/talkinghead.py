"""The gate of TalkingHead, a player made for Ready Player Me: its poses and gestures are absolute rotations, as Mixamo's clips are.

An avatar whose joint frames are otherwise loads without an error and folds up, so the gate looks at where the joints go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from assets.errors import Finding, Location, Severity
from stages.verify.bundle_view import BundleView, Doubles, Glb
from stages.verify.clip_poses import measure_angles
from stages.verify.gate import gate
from stages.verify.gates.engines import encode_base64, find_chromium, run_page

_CODE = "engine/talkinghead"
_GLB = Location("avatar.glb")
_FLAGS = ("--autoplay-policy=no-user-gesture-required",)
_DRAWING_FLAGS = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
MIN_VISEMES = 8
"""Of a line that has as many; of a shorter one, all."""
_MOVING_WEIGHT = 0.2
"""TalkingHead opens visemes to 0.6 and more."""
_TRUNK_AND_HEAD = (("trunk", "Hips", "Neck"), ("head", "Neck", "Head"))
_MAX_LEAN_DEGREES = 20.0
"""Of the trunk, and half of the head's, when it stands, beyond its own lean in the bind pose: TalkingHead's poses sway by ten."""
_MAX_IDLE_STEP_M, _MIN_IDLE_MOVE_M = 0.35, 0.002
"""How far head, hands and hips may go from their places in six seconds of idling, and how far one of them must."""


def act_in_talkinghead(glb: bytes, line: Mapping[str, Any] | None, *, pictures: bool = False) -> dict[str, Any]:
    """What load_talkinghead.js reports: `acted`, and with `pictures` the pose's name -> JPEG as a data URL.

    Args:
        line: {seconds, tracks} of `build_line`, or None to speak nothing.

    Raises:
        BackendError: there is no browser, or it reports nothing in time.
    """
    task = {"avatar": encode_base64(glb), "line": line, "pictures": pictures}
    return run_page(_CODE, "load_talkinghead.js", "TASK", task, (*_FLAGS, *(_DRAWING_FLAGS if pictures else ())))


def build_line(tracks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    """The line with the most different visemes, as TalkingHead's speakAudio takes it: bare names and milliseconds; None without a line."""
    if not tracks:
        return None
    track = max(tracks.values(), key=lambda t: len({cue["viseme"] for cue in t.get("cues", ())}))
    cues = [cue for cue in track.get("cues", ()) if cue["viseme"] != "viseme_sil"]
    words = track.get("words", ())
    return {
        "seconds": track["cues"][-1]["end"] if cues else 0.0,
        "tracks": {
            "visemes": [cue["viseme"].removeprefix("viseme_") for cue in cues], **_to_milliseconds("v", cues),
            "words": [word["text"] for word in words], **_to_milliseconds("w", words),
        },
    }  # fmt: skip


def _to_milliseconds(mark: str, spans: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    starts = [round(1000 * span["start"]) for span in spans]
    return {f"{mark}times": starts, f"{mark}durations": [round(1000 * (s["end"] - s["start"])) for s in spans]}


def measure_bind_leans(glb: Glb) -> dict[str, float]:
    """Degrees by which trunk and head lean in the bind pose: the backs of the old are bent."""
    nodes = {joint: glb.find_node(joint) for joint in ("Hips", "Neck", "Head")}
    at = {joint: glb.compute_world_matrix(node)[:3, 3] for joint, node in nodes.items() if node is not None}
    if len(at) < len(nodes):  # other gates say so
        return {part: 0.0 for part, _, _ in _TRUNK_AND_HEAD}
    return {part: float(measure_angles(at[high] - at[low], np.array([0, 1, 0]))) for part, low, high in _TRUNK_AND_HEAD}


def find_pose_errors(acted: Mapping[str, Any], bind_leans: Mapping[str, float]) -> Iterator[str]:
    """One sentence for each thing that the body does otherwise than TalkingHead means.

    Args:
        bind_leans: of `measure_bind_leans`.
    """
    for name, pose in (("as it stands", acted["stand"]), ("in the pose hand on hip", acted["pose"])):
        yield from _check_standing(name, {joint: np.array(place) for joint, place in pose.items()}, bind_leans)
    yield from _check_idle(acted["idle"])
    yield from _check_gesture({joint: np.array(place) for joint, place in acted["gesture"].items()})
    yield from _check_pose({joint: np.array(place) for joint, place in acted["pose"].items()})


def _check_standing(name: str, at: Mapping[str, Doubles], bind_leans: Mapping[str, float]) -> Iterator[str]:
    for part, low, high in _TRUNK_AND_HEAD:
        lean = measure_angles(at[high] - at[low], np.array([0, 1, 0]))
        if lean > bind_leans[part] + _MAX_LEAN_DEGREES * (1 if part == "trunk" else 2):
            yield f"{name}, the {part} leans by {lean:.0f} degrees"
    for side in ("Left", "Right"):
        heights = [at[f"{side}{joint}"][1] for joint in ("UpLeg", "Leg", "Foot", "ToeBase")]
        if sorted(heights, reverse=True) != heights:
            yield f"{name}, the {side.lower()} leg does not run down from hip to toe"
    # Z of the hips and the head is the front in every frame convention that TalkingHead can use.
    for joint in ("Hips", "Head"):
        turned = measure_angles(at[f"{joint}.z"] * [1, 0, 1], np.array([0, 0, 1]))
        if turned > 60:
            yield f"{name}, the {joint} faces {turned:.0f} degrees away"


def _check_idle(moved: Mapping[str, float]) -> Iterator[str]:
    if max(moved.values()) < _MIN_IDLE_MOVE_M:
        yield f"it does not idle: nothing moves by more than {1000 * max(moved.values()):.1f} mm in six seconds"
    for joint, distance in moved.items():
        if distance > _MAX_IDLE_STEP_M:
            yield f"while it idles, {joint} goes {100 * distance:.0f} cm away from its place"


def _check_gesture(at: Mapping[str, Doubles]) -> Iterator[str]:
    """The gesture handup: the left hand is raised next to the shoulder, its palm to the front."""
    if at["LeftHand"][1] < at["LeftForeArm"][1] + 0.1:
        yield f"in the gesture handup, the left hand is {100 * (at['LeftHand'][1] - at['LeftForeArm'][1]):.0f} cm above the elbow"
    palm = measure_angles(at["LeftHand.z"], np.array([0, 0, 1]))
    if palm > 60:
        yield f"in the gesture handup, the palm faces {palm:.0f} degrees away from the front"


def _check_pose(at: Mapping[str, Doubles]) -> Iterator[str]:
    """The pose hip: the weight on one leg, a hand on the hip; TalkingHead mirrors it at will."""
    distances = [float(np.linalg.norm(at[f"{side}Hand"] - at[f"{side}UpLeg"])) for side in ("Left", "Right")]
    if min(distances) > 0.25:
        yield f"in the pose hand on hip, the nearer hand is {100 * min(distances):.0f} cm away from the hip joint"


def find_still_visemes(weights: Mapping[str, float], line: Mapping[str, Any]) -> Iterator[str]:
    """A sentence where fewer visemes move than the line has, up to MIN_VISEMES."""
    moving = [name for name, weight in weights.items() if weight > _MOVING_WEIGHT and name != "viseme_sil"]
    expected = min(MIN_VISEMES, len(set(line["tracks"]["visemes"])))
    if len(moving) < expected:
        yield f"while it speaks, {len(moving)} visemes move, expected at least {expected}"


@gate(
    _CODE,
    claim="in TalkingHead the avatar stands, idles, raises a hand, puts one on its hip and speaks with at least 8 visemes",
    source="@met4citizen/talkinghead, whose poses are absolute rotations in the frames of Mixamo's rigs",
)
def talkinghead_plays_the_avatar(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None:
        return
    if find_chromium() is None:
        yield Finding(_CODE, "not checked: Chromium is not installed", Severity.INFO, _GLB)
        return
    line = build_line(bundle.visemes)
    acted = act_in_talkinghead(bundle.files["avatar.glb"], line)["acted"]
    if "failed" in acted:
        yield Finding(_CODE, f"TalkingHead cannot load the file: {acted['failed']}", location=_GLB)
        return
    sentences = (*find_pose_errors(acted, measure_bind_leans(glb)), *(find_still_visemes(acted["visemes"], line) if line else ()))
    yield from (Finding(_CODE, sentence, location=_GLB) for sentence in sentences)

"""The gate of clothes: what they cover in the bind pose stays covered in every clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from typing import ClassVar

from assets.artefact import Artefact
from assets.digest import sha256_json
from assets.errors import BackendError, Finding, Location, Severity
from assets.substage_cache import get_or_compute
from stages.render.depth import DepthRenderer, open_depth_renderer
from stages.verify.bundle_view import BundleView, Doubles, Glb
from stages.verify.gate import gate
from stages.verify.gate_sources import digest_gate_sources
from stages.verify.poke_through import Figure, KeyFrame, choose_key_frames, render_exposed

_CODE = "cover/poke-through"
_MAX_SHARE = 2e-4
"""Of the character's pixels: for a person of 1.8 m a patch of 12 mm, just visible at full-body distance."""
_VIEW_SIDE, _POSE_COUNT = 384, 5
_FINE_SIDE = 1152
"""A pixel of the first look is 6.5 mm wide, so that a dozen more or less decide: what fails is looked at again, three times as sharp."""


@dataclass(frozen=True)
class CoverShare(Artefact):
    """How much pokes through in one pose."""

    kind: ClassVar[str] = "cover-share/2"
    share: float
    """Of the character's pixels, 0..1."""
    garment: str = ""
    """The garment with the largest share; empty where nothing pokes through."""


@gate(
    _CODE,
    claim="no skin pokes through cloth and no garment through the one above it in the most extreme poses of the clips",
    source="depth maps from six sides: 0.02 % of the character's pixels is a patch that is visible at full-body distance",
)
def nothing_pokes_through(bundle: BundleView) -> Iterator[Finding]:
    if (glb := bundle.glb) is None or not (figure := Figure.from_glb(glb)).cloth.any():
        return
    try:
        shares = measure_shares(glb, figure)
    except BackendError as error:
        yield from (Finding(_CODE, f"not checked: {f.message}", Severity.INFO, f.location, fix=f.fix) for f in error.findings)
        return
    frame, worst = max(shares, key=lambda pair: pair[1].share)
    if (share := worst.share) > _MAX_SHARE:
        place = f"{frame.clip} at {frame.seconds:.2f} s" if frame.clip else "the bind pose"
        message = f"{1e4 * share:.1f} of 10,000 pixels of the character show what cloth should cover, in {place}"
        fix = f"choose another groom.{worst.garment}, through which most shows, less extreme values of body, or pass --allow {_CODE}"
        yield Finding(_CODE, message, location=Location("avatar.glb", pointer=frame.clip), fix=fix, value=round(share, 6), limit=_MAX_SHARE)


def measure_shares(glb: Glb, figure: Figure, poses: int = _POSE_COUNT) -> list[tuple[KeyFrame, CoverShare]]:
    """The bind pose (a key frame without a clip) and the most extreme poses of the clips, each with its share.

    Raises:
        BackendError: this machine has no EGL.
    """
    frames = (KeyFrame("", 0.0, {}), *choose_key_frames(glb, poses))
    points = [figure.pose_vertices(glb, frame.pose) for frame in frames]
    shares = _measure_poses(figure, points, _VIEW_SIDE)
    doubtful = [i for i, share in enumerate(shares) if share.share > _MAX_SHARE]
    finer = dict(zip(doubtful, _measure_poses(figure, [points[i] for i in doubtful], _FINE_SIDE), strict=True))
    return [(frame, finer.get(i, share)) for i, (frame, share) in enumerate(zip(frames, shares, strict=True))]


def _measure_poses(figure: Figure, poses: Sequence[Doubles], side: int) -> list[CoverShare]:
    """The shares of poses (v,3) in metres in views of (side,side), from the store where the same code measured them before."""
    # The sources are part of the key: a share that older code measured must not be reused.
    code = sha256_json(digest_gate_sources())
    shares = []
    with ExitStack() as stack:
        # Opened for the first uncached pose only: a changed line of dialogue leaves the most extreme poses as they are.
        draw = cache(lambda: stack.enter_context(open_depth_renderer(side)))
        for points in poses:
            parts = {"part": "verify/cover", "code": code, "side": side, "pose": figure.compute_digest(points)}
            shares.append(get_or_compute(parts, CoverShare, partial(_render_share, figure, points, draw)))
    return shares


def _render_share(figure: Figure, points: Doubles, draw: Callable[[], DepthRenderer]) -> CoverShare:
    # Nothing is covered: no view can show a difference, and no renderer is opened.
    if not figure.covered_patches.triangle.size and not figure.hair.any():
        return CoverShare(0.0)
    views = list(render_exposed(figure, points, draw()))
    pixels = sum(int(view.silhouette.sum()) for view in views)
    counts = {name: sum(int(view.exposed[name].sum()) for view in views) for name in views[0].exposed}
    garment = max(counts, key=lambda name: counts[name])
    return CoverShare(sum(counts.values()) / max(pixels, 1), garment if counts[garment] else "")

"""The gate of what is worn: it covers what it covers at rest in every clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from assets.artefact import Artefact
from assets.errors import BackendError, Finding, Location, Severity
from assets.substage_cache import get_or_compute
from stages.render.depth import DepthRenderer, open_depth_renderer
from stages.verify.bundle_view import BundleView, Doubles, Glb
from stages.verify.gate import gate
from stages.verify.poke_through import Figure, KeyFrame, choose_key_frames, render_exposed

_CODE = "cover/poke-through"
_MAX_SHARE = 2e-4
"""Of the person's pixels: at 1.8 m a fleck of 12 mm, which is seen as one at full-body distance."""
_VIEW_SIDE, _POSE_COUNT = 384, 5
_CACHE_VERSION = 3
"""Of the shares that the store keeps: to be raised where the same pose would give another one."""


@dataclass(frozen=True)
class CoverShare(Artefact):
    """How much comes through in one pose."""

    kind: ClassVar[str] = "cover-share/2"
    share: float
    """Of the person's pixels, 0..1."""
    garment: str = ""
    """Through which most comes; none where nothing does."""


@gate(
    _CODE,
    why="no skin comes through cloth, and no layer through the one over it, in the clips' farthest poses",
    source="depth maps from six sides: 0.02 % of the person's pixels is a fleck that is seen at full-body distance",
)
def nothing_comes_through(reading: BundleView) -> Iterator[Finding]:
    if (glb := reading.glb) is None or not (figure := Figure.of(glb)).cloth.any():
        return
    try:
        seen = measure_shares(glb, figure)
    except BackendError as error:
        yield from (Finding(_CODE, f"not run: {f.message}", Severity.INFO, f.where, fix=f.fix) for f in error.findings)
        return
    moment, worst = max(seen, key=lambda pair: pair[1].share)
    if (share := worst.share) > _MAX_SHARE:
        place = f"{moment.clip} at {moment.seconds:.2f} s" if moment.clip else "the bind pose"
        message = f"{1e4 * share:.1f} of 10,000 pixels of the person show what cloth should cover, in {place}"
        fix = f"most comes through the {worst.garment}: take another one (groom.{worst.garment}), milder values of body, or --allow {_CODE}"
        yield Finding(_CODE, message, where=Location("avatar.glb", pointer=moment.clip), fix=fix, value=round(share, 6), limit=_MAX_SHARE)


def measure_shares(glb: Glb, figure: Figure, poses: int = _POSE_COUNT) -> list[tuple[KeyFrame, CoverShare]]:
    """The bind (a moment of no clip) and the clips' farthest poses, each with the share of its pixels that come through.

    Raises:
        BackendError: no EGL on this machine.
    """
    found = []
    with ExitStack() as stack:
        # Opened for the first pose that is new: a changed line of dialogue leaves the farthest ones as they were.
        draw = cache(lambda: stack.enter_context(open_depth_renderer(_VIEW_SIDE)))
        for moment in (KeyFrame("", 0.0, {}), *choose_key_frames(glb, poses)):
            found.append((moment, _measure_share(figure, figure.pose_vertices(glb, moment.pose), draw)))
    return found


def _measure_share(figure: Figure, points: Doubles, draw: Callable[[], DepthRenderer]) -> CoverShare:
    """Of a pose (v,3), metres; what was found for it before where the store has it."""
    parts = {"part": "verify/cover", "version": _CACHE_VERSION, "side": _VIEW_SIDE, "pose": figure.digest(points)}
    return get_or_compute(parts, CoverShare, lambda: _render_share(figure, points, draw))


def _render_share(figure: Figure, points: Doubles, draw: Callable[[], DepthRenderer]) -> CoverShare:
    if not figure.covered.triangle.size and not figure.hair.any():
        return CoverShare(0.0)
    views = list(render_exposed(figure, points, draw()))
    whole = sum(int(view.person.sum()) for view in views)
    counts = {name: sum(int(view.exposed[name].sum()) for view in views) for name in views[0].exposed}
    garment = max(counts, key=lambda name: counts[name])
    return CoverShare(sum(counts.values()) / max(whole, 1), garment if counts[garment] else "")

"""The gate of what is worn: it covers what it covers at rest in every clip."""

from __future__ import annotations

from collections.abc import Iterator

from assets.errors import BackendError, Finding, Location, Severity
from stages.render.depth import depths
from stages.verify.cover import Figure, Moment, moments, through
from stages.verify.gate import gate
from stages.verify.reading import Glb, Reading

_CODE = "cover/poke-through"
_SHARE = 2e-4
"""Of the person's pixels: at 1.8 m a fleck of 12 mm, which is seen as one at full-body distance."""
_SIDE, _POSES = 384, 5


@gate(
    _CODE,
    why="no skin comes through cloth, and no layer through the one over it, in the clips' farthest poses",
    source="depth maps from six sides: 0.02 % of the person's pixels is a fleck that is seen at full-body distance",
)
def nothing_comes_through(reading: Reading) -> Iterator[Finding]:
    if (glb := reading.glb) is None or not (figure := Figure.of(glb)).covered.owner.size:
        return
    try:
        seen = shares(glb, figure)
    except BackendError as error:
        yield from (Finding(_CODE, f"not run: {f.message}", Severity.INFO, f.where, fix=f.fix) for f in error.findings)
        return
    moment, share = max(seen, key=lambda pair: pair[1])
    if share > _SHARE:
        place = f"{moment.clip} at {moment.seconds:.2f} s" if moment.clip else "the bind pose"
        message = f"{1e4 * share:.1f} of 10,000 pixels of the person show what cloth should cover, in {place}"
        yield Finding(_CODE, message, where=Location("avatar.glb", pointer=moment.clip), value=round(share, 6), limit=_SHARE)


def shares(glb: Glb, figure: Figure, poses: int = _POSES) -> list[tuple[Moment, float]]:
    """The bind (a moment of no clip) and the clips' farthest poses, each with the share of its pixels that come through.

    Raises:
        BackendError: no EGL on this machine.
    """
    found = []
    with depths(_SIDE) as draw:
        for moment in (Moment("", 0.0, {}), *moments(glb, poses)):
            views = list(through(figure, figure.posed(glb, moment.pose), draw))
            whole = sum(int(person.sum()) for _, person in views)
            found.append((moment, sum(int(bad.sum()) for bad, _ in views) / max(whole, 1)))
    return found

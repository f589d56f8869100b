"""Maps the joints of a BVH file to our joints: names propose, the hierarchy decides.

A limb is a chain: of all joints that may be its parts by name, those are taken that descend from each other, and of several such
chains the longest one, so that a helper, an IK target or a twist bone never takes a limb's place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from assets.artefacts.geometry import Floats
from assets.formats.bvh import Bvh
from stages.motion.bvh_names import LIMB_WORDS, JointName, find_finger, is_eye, is_middle, is_part, parse_names

SIDES = ("Left", "Right")
REQUIRED_JOINTS = tuple(f"{side}{part}" for side in SIDES for part in ("Arm", "ForeArm", "UpLeg", "Leg", "Foot"))
_MAX_CANDIDATES = 12
"""Of one part and side: more are no human skeleton, and their combinations would take minutes."""


@dataclass(frozen=True)
class JointMap:
    """The joints of a file by our names."""

    joints: dict[str, int]
    """Joint of JOINTS (without the spine) -> index in the file."""
    trunk: tuple[int, ...]
    """Joints between the hips and the arms, from below; their number differs between houses."""
    neck: tuple[int, ...]
    """Joints between the trunk and the head, from below."""
    missing: tuple[str, ...]
    """Required joints without a candidate."""


def map_joints(film: Bvh) -> JointMap:
    """Our joints among those of the file."""
    tree = _Tree(film.parents.tolist(), film.heads)
    names = parse_names(film.names)
    joints: dict[str, int] = {}
    for side in SIDES:
        # Two characters in one file: every limb is of the one whose left leg was taken.
        joints |= _find_leg(names, tree, side, joints.get("LeftUpLeg"))
        joints |= _find_arm(names, tree, side, joints.get("LeftUpLeg"))
    missing = tuple(joint for joint in REQUIRED_JOINTS if joint not in joints)
    if missing:
        return JointMap(joints, (), (), missing)
    joints["Hips"] = tree.find_common_ancestor(joints["LeftUpLeg"], joints["RightUpLeg"])
    trunk = _find_trunk(names, tree, joints)
    head = _find_head(names, tree, joints, trunk)
    neck: tuple[int, ...] = ()
    if head is not None:
        joints["Head"] = head
        neck = _find_neck(tree, head, trunk)
    neck = neck or tuple(i for i, name in enumerate(names) if is_middle(name, "Neck") and i not in trunk)[:1]
    if neck:
        joints["Neck"] = neck[0]
    for i, name in enumerate(names):
        if is_eye(name) and (head is None or tree.is_below(i, head)):
            joints.setdefault(f"{name.side}Eye", i)
    return JointMap({**joints, **_find_fingers(names, tree, joints)}, trunk, neck, ())


@dataclass(frozen=True)
class _Tree:
    parents: Sequence[int]
    heads: Floats

    def list_ancestors(self, joint: int) -> list[int]:
        """The joint itself, its parent, and so on to the root."""
        chain = [joint]
        while self.parents[chain[-1]] >= 0:
            chain.append(self.parents[chain[-1]])
        return chain

    def is_below(self, joint: int, ancestor: int) -> bool:
        return joint != ancestor and ancestor in self.list_ancestors(joint)

    def find_common_ancestor(self, a: int, b: int) -> int:
        """The deepest joint above both; the root where they share none."""
        above = set(self.list_ancestors(a)[1:])
        # Without the joints themselves: where one thigh is the other's parent, neither is the hips.
        return next((joint for joint in self.list_ancestors(b)[1:] if joint in above), 0)

    def count_shared_ancestors(self, a: int, b: int) -> int:
        """How many joints are above both: one, World, for limbs of two characters, more for those of one."""
        return len(set(self.list_ancestors(a)) & set(self.list_ancestors(b)))

    def measure_chain(self, chain: Sequence[int]) -> float:
        return float(sum(np.linalg.norm(self.heads[b] - self.heads[a]) for a, b in pairwise(chain)))


def _list_candidates(names: Sequence[JointName], side: str, part: str) -> list[int]:
    return [i for i, name in enumerate(names) if name.side == side and is_part(name, part)][:_MAX_CANDIDATES]


def _iterate_chains(names: Sequence[JointName], tree: _Tree, side: str, parts: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Candidates of the parts that descend from each other."""
    # Every combination: up to 12^3, which _MAX_CANDIDATES bounds.
    for chain in product(*(_list_candidates(names, side, part) for part in parts)):
        if all(tree.is_below(low, high) for high, low in pairwise(chain)):
            yield chain


def _rank_words(names: Sequence[JointName], chain: Sequence[int], parts: Sequence[str]) -> int:
    """How far down their lists the words are: `thigh` is a better UpLeg than `hip`, which may be a helper above it."""
    doubtful = {"Arm": ("shoulder",), "UpLeg": ("hip", "leg", "足"), "Leg": (), "ForeArm": (), "Hand": (), "Foot": ()}
    return sum(1 + doubtful[part].index(word) for i, part in zip(chain, parts, strict=True) if (word := names[i].word) in doubtful[part])


def _find_best_chain(names: Sequence[JointName], tree: _Tree, side: str, parts: Sequence[str], other: int | None = None) -> tuple[int, ...]:
    """The chain with the clearest names; of equal ones that of the same character as the joint `other`, then the longest, then the first.

    Empty without any.
    """

    def rank(chain: tuple[int, ...]) -> tuple[float, ...]:
        shared = 0 if other is None else tree.count_shared_ancestors(chain[0], other)
        # Rounded, so that noise in the offsets does not decide between chains of one length.
        return _rank_words(names, chain, parts), -shared, -round(tree.measure_chain(chain), 4)

    return min(_iterate_chains(names, tree, side, parts), key=rank, default=())


def _find_leg(names: Sequence[JointName], tree: _Tree, side: str, other: int | None) -> dict[str, int]:
    chain = _find_best_chain(names, tree, side, ("UpLeg", "Leg", "Foot"), other)
    if not chain:
        return _list_found(names, side, ("UpLeg", "Leg", "Foot"))
    found = {f"{side}{part}": joint for part, joint in zip(("UpLeg", "Leg", "Foot"), chain, strict=True)}
    # SMPL calls the ankle Ankle and the ball of the foot Foot: the upper one is the foot.
    upper = [i for i in _list_candidates(names, side, "Foot") if tree.is_below(i, chain[1]) and tree.is_below(chain[2], i)]
    foot = upper[0] if upper else chain[2]
    found[f"{side}Foot"] = foot
    toes = [i for i in _list_candidates(names, side, "ToeBase") if tree.is_below(i, foot)]
    words = LIMB_WORDS["ToeBase"]
    return found | ({f"{side}ToeBase": min(toes, key=lambda i: words.index(names[i].word))} if toes else {})


def _find_arm(names: Sequence[JointName], tree: _Tree, side: str, other: int | None) -> dict[str, int]:
    parts: tuple[str, ...] = ("Arm", "ForeArm", "Hand")
    chain = _find_best_chain(names, tree, side, parts, other)
    if not chain:
        # Hands are not required: an arm without one is still an arm.
        parts = ("Arm", "ForeArm")
        chain = _find_best_chain(names, tree, side, parts, other)
    if not chain:
        return _list_found(names, side, ("Arm", "ForeArm"))
    found = {f"{side}{part}": joint for part, joint in zip(parts, chain, strict=True)}
    hands = [i for i in _list_candidates(names, side, "Hand") if tree.is_below(i, chain[1])]
    if hands:
        # The uppermost: a wrist comes before a hand that is its child.
        found[f"{side}Hand"] = min(hands, key=lambda i: len(tree.list_ancestors(i)))
    collars = [i for i in _list_candidates(names, side, "Shoulder") if tree.is_below(chain[0], i)]
    # The last in the file's order is the nearest to the arm, because a parent comes before its children.
    return found | ({f"{side}Shoulder": collars[-1]} if collars else {})


def _list_found(names: Sequence[JointName], side: str, parts: Sequence[str]) -> dict[str, int]:
    """Parts with a candidate, for the message about those without; a word of two parts serves one of them."""
    found: dict[str, int] = {}
    for part in parts:
        free = [i for i in _list_candidates(names, side, part) if i not in found.values()]
        # A name with a single meaning, so that a message does not call a found part missing.
        clear = [i for i in free if sum(names[i].word in words for words in LIMB_WORDS.values()) == 1]
        if free:
            found[f"{side}{part}"] = (clear or free)[0]
    return found


def _find_trunk(names: Sequence[JointName], tree: _Tree, joints: dict[str, int]) -> tuple[int, ...]:
    """Joints above the hips that carry the arms; a neck is none of them even where the collars are its children."""
    top = tree.find_common_ancestor(joints["LeftArm"], joints["RightArm"])
    hips = set(tree.list_ancestors(joints["Hips"]))
    chain = [joint for joint in tree.list_ancestors(top) if joint not in hips]
    return tuple(joint for joint in reversed(chain) if not is_middle(names[joint], "Neck"))


def _find_head(names: Sequence[JointName], tree: _Tree, joints: dict[str, int], trunk: Sequence[int]) -> int | None:
    """The joint called head, or the last one named after a spine above the arms, as Blender's spine.006."""
    named = [i for i, name in enumerate(names) if is_middle(name, "Head")]
    top = trunk[-1] if trunk else joints["Hips"]
    below = [i for i in named if tree.is_below(i, top)]
    if below or named:
        return (below or named)[0]
    limbs = set(joints.values()) - set(tree.list_ancestors(top))
    chain = [i for i, name in enumerate(names) if not name.side and tree.is_below(i, top) and not limbs & set(tree.list_ancestors(i))]
    spines = [i for i in chain if names[i].word.startswith("spine")]
    return spines[-1] if spines else None


def _find_neck(tree: _Tree, head: int, trunk: Sequence[int]) -> tuple[int, ...]:
    if not trunk or not tree.is_below(head, trunk[-1]):
        return ()
    above = tree.list_ancestors(head)
    return tuple(reversed(above[1 : above.index(trunk[-1])]))


def _find_fingers(names: Sequence[JointName], tree: _Tree, joints: dict[str, int]) -> dict[str, int]:
    """The first three joints of each finger from the hand outward, however their segments are called."""
    found: dict[str, int] = {}
    for side in SIDES:
        hand = joints.get(f"{side}Hand")
        for i, name in enumerate(names):
            finger = find_finger(name) if name.side == side else ""
            if finger and hand is not None and tree.is_below(i, hand):
                number = sum(f"{side}Hand{finger}{k}" in found for k in (1, 2, 3)) + 1
                if number <= 3:
                    found[f"{side}Hand{finger}{number}"] = i
    return found

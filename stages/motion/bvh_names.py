"""Joint names of BVH exporters: parts times marks of the side, after any prefix that the joints share.

English, Japanese (MikuMikuDance) and Chinese. The tables hold words only; which of several candidates is the limb is decided by the
hierarchy (bvh_joints.py).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

Words = tuple[str, ...]

LIMB_WORDS: dict[str, Words] = {
    "Shoulder": ("shoulder", "collar", "clavicle", "clavicula", "collarbone", "shoulderblade", "scapula",
                 "肩", "肩膀", "锁骨", "鎖骨"),
    "Arm": ("arm", "upperarm", "uparm", "uarm", "humerus", "shldr", "shldrbend", "bicep", "shoulder", "腕", "上腕", "上臂", "大臂"),
    "ForeArm": ("forearm", "farm", "forearmbend", "lowerarm", "lowarm", "loarm", "ulna", "radius", "elbow",
                "ひじ", "肘", "手肘", "前腕", "前臂", "小臂", "下臂"),
    "Hand": ("hand", "wrist", "手", "手首", "手腕", "手掌"),
    "UpLeg": ("upleg", "upperleg", "uplegs", "thigh", "thighbend", "femur", "hip", "leg", "大腿", "太もも", "足"),
    "Leg": ("leg", "lowerleg", "lowleg", "loleg", "shin", "calf", "tibia", "knee", "ひざ", "膝", "膝盖", "小腿", "下腿"),
    "Foot": ("foot", "ankle", "足首", "足踝", "脚踝", "脚腕", "脚", "足"),
    "ToeBase": ("toebase", "toe", "toes", "ball", "balloffoot", "toe0", "forefoot", "metatarsals", "foot",
                "つま先", "足先", "脚尖", "脚趾", "足趾"),
}  # fmt: skip
"""Part -> words in lower case; a word of two parts (shoulder, hip, leg, foot) is one or the other by its place in the chain."""
_MIDDLE_WORDS: dict[str, Words] = {
    "Hips": ("hips", "hip", "pelvis", "centerhip", "lowertorso", "骨盆", "骨盤", "髋", "髋部", "下半身"),
    "Neck": ("neck", "neck1", "neck01", "neck0", "necklower", "lowerneck", "necktwist01", "首", "颈", "颈部", "脖子", "頸"),
    "Head": ("head", "head1", "headbase", "skull", "頭", "头", "头部"),
}  # fmt: skip
_EYE_WORDS = ("eye", "eyeball", "目", "眼", "眼睛", "眼球")
_FINGER_WORDS: dict[str, Words] = {
    "Thumb": ("thumb", "finger0", "親指", "拇指", "大拇指"),
    "Index": ("index", "indexfinger", "pointer", "finger1", "findex", "人指", "人差指", "食指"),
    "Middle": ("middle", "mid", "middlefinger", "finger2", "fmiddle", "中指"),
    "Ring": ("ring", "ringfinger", "finger3", "fring", "薬指", "无名指", "無名指"),
    "Pinky": ("pinky", "little", "small", "littlefinger", "finger4", "fpinky", "小指"),
}  # fmt: skip
_SEGMENT_WORDS = {"proximal", "intermediate", "distal", "metacarpal", "medial"}
_FINGER_ENDS = {"end", "nub", "tip", "site", "effector", "ik", "in", "base", "palm"}
_SIDES = {"l": "Left", "left": "Left", "r": "Right", "right": "Right", "左": "Left", "右": "Right"}
_MIDDLE_MARKS = {"c", "center", "centre"}
_PREFIX_SHARE = 0.6
"""Of the joints that must begin alike for their beginning to be an exporter's prefix: no side and no part has so many."""


@dataclass(frozen=True)
class JointName:
    """What a joint's name says."""

    side: str
    """Left, Right or empty."""
    word: str
    """The rest of the name: letters and digits in lower case."""
    tokens: Words


def parse_names(names: Words) -> tuple[JointName, ...]:
    """The names without the prefix that they share, split into side and word."""
    split = [_split_tokens(name) for name in names]
    count = _count_prefix_tokens(split)
    prefix = next((tokens[:count] for tokens in split if _is_prefix_common(tokens[:count], split)), ())
    return tuple(
        _parse_tokens(tokens[count:] if count and tokens[:count] == prefix and len(tokens) > count else tokens) for tokens in split
    )


def _split_tokens(name: str) -> Words:
    """Words of a name in lower case, split at punctuation, capitals and digits; a namespace before a colon or bar is dropped."""
    local = re.split(r"[:|]", name)[-1] or name
    return tuple(token.lower() for token in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[左右]|[^\W\da-zA-Z_左右]+", local))


def _is_prefix_common(prefix: Words, split: list[Words]) -> bool:
    return sum(tokens[: len(prefix)] == prefix for tokens in split) >= _PREFIX_SHARE * len(split)


def _count_prefix_tokens(split: list[Words]) -> int:
    """Leading words that most joints share."""
    count = 0
    while True:
        heads = Counter(tokens[: count + 1] for tokens in split if len(tokens) > count + 1)
        head, number = heads.most_common(1)[0] if heads else ((), 0)
        if number < _PREFIX_SHARE * len(split) or head[-1] in _SIDES:
            return count
        count += 1


def _parse_tokens(tokens: Words) -> JointName:
    """Side and word; the mark of the side is in front, behind or grown together with the word (`lshldr`, `thighl`)."""
    rest = tuple(token for token in tokens if token not in _MIDDLE_MARKS) or tokens
    for place in (0, -1, *range(1, len(rest) - 1)):
        if rest and rest[place] in _SIDES and len(rest) > 1 and not _is_vertebra(rest):
            others = rest[:place] + (rest[place + 1 :] if place != -1 else ())
            return JointName(_SIDES[rest[place]], "".join(others), others)
    word = "".join(rest)
    for mark in ("left", "right", "l", "r"):
        for bare in (word.removeprefix(mark), word.removesuffix(mark)):
            if bare != word and (bare in _ALL_WORDS):
                return JointName(_SIDES[mark], bare, (bare,))
    return JointName("", word, rest)


def _is_vertebra(tokens: Words) -> bool:
    """Whether a name such as L5 counts a lumbar vertebra."""
    return len(tokens) == 2 and tokens[0] == "l" and tokens[1].isdigit()


_ALL_WORDS = {word for table in (LIMB_WORDS, _FINGER_WORDS) for words in table.values() for word in words} | set(_EYE_WORDS)


def is_part(name: JointName, part: str) -> bool:
    """Whether the name may mean this part of a limb."""
    return bool(name.side) and name.word in LIMB_WORDS[part]


def is_middle(name: JointName, part: str) -> bool:
    """Whether the name means Hips, Neck or Head."""
    return not name.side and name.word in _MIDDLE_WORDS[part]


def is_eye(name: JointName) -> bool:
    return bool(name.side) and name.word in _EYE_WORDS


def find_finger(name: JointName) -> str:
    """Thumb, Index, Middle, Ring or Pinky; empty for ends, metacarpals of the four fingers and anything else."""
    tokens = [t for t in name.tokens if t not in ("hand", "f", "finger", "fingers")]
    if not name.side or _FINGER_ENDS & set(name.tokens):
        return ""
    if "finger" in name.tokens and name.tokens[-1].isdigit():
        # 3ds Max Biped counts Finger0, Finger01, Finger02 for the thumb, Finger1.. for the others.
        return next((finger for finger, words in _FINGER_WORDS.items() if f"finger{name.tokens[-1][0]}" in words), "")
    bare = [t for t in tokens if t not in _SEGMENT_WORDS and not t.isdigit()]
    finger = next((finger for finger, words in _FINGER_WORDS.items() if "".join(bare) in words), "")
    return "" if "metacarpal" in tokens and finger != "Thumb" else finger

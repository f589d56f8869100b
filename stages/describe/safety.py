"""What is refused, each in one sentence: real persons, nudity, children, and most of all a child in a sexual context."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from assets.errors import Finding, SpecError
from stages.describe.lexicon import HAN
from stages.describe.normalise import normalise
from stages.describe.vocabulary import MAX_AGE, MIN_AGE
from stages.describe.wishes import Wishes

_FILE = Path(__file__).parent / "lexicon" / "refused.txt"
_FRAMES = re.compile(r"john lennon (?:glasses|specs|spectacles|frames)")
"""Things that are called after a person."""
_LIKE = re.compile(
    r"(?:[Ll]ook(?:s|ing)? (?:exactly |just |a lot |a bit )?like|[Rr]esembl(?:es|ing)|[Ll]ookalike of|[Dd]ead ringer for|[Ll]ikeness of|"
    r"[Dd]oppelg[aä]nger of|[Ii]n the image of|[Tt]win of|[Ff]ace of|[Pp]ortrait of|[Cc]lone of|[Pp]hoto of)\s+"
    r"((?:[A-Z][a-z'’-]+|[A-Z]\.)(?:\s+(?:[A-Z][a-z'’-]+|[A-Z]\.|de|von|van|al|bin)){1,3})"
)
"""Somebody is compared with a person of a first name and a surname."""
_LIKE_CHINESE = re.compile(
    r"(?:长得|长相|外貌|脸|模样)?(?:酷似|神似|貌似|很像|像极了|长得像|像是|像|撞脸)(?:明星|演员|歌手|球星|主席|总统|影帝|影后)([\u4e00-\u9fff]{2,4})"
)
_ABOUT_CHILDREN = re.compile(
    r"(?:mother|father|mum|mom|dad|parent|teacher|nurse|doctor|friend|lover|carer|guardian) of (?:\w+ )?$|"
    r"(?:with|has|have|having|carrying|holding|loves?|for|helps?|teaches|raising|to|and) "
    r"(?:(?:a|an|his|her|their|two|three|four|five|six|small|many|young|own|the|little) )*$|"
    r"(?:like|as) (?:a|an) (?:\w+ )?$|(?:kindergarten|nursery|teaches|inner) $|(?:not|no|never|no longer) (?:a |an )?$"
)
_OF_CHILDREN = re.compile(
    r"^(?:'s|s'|-like|like|hood|ish|ren's|care|minder|psycholog| psycholog| doctor| teacher|'s doctor| therapist| specialist)"
)
_ABOUT_CHILDREN_CHINESE = re.compile(r"(?:带着?|有|抱着?|教|照顾|喜欢|爱|两个|几个|三个|一个|的|像个?|不是|疼爱|关心|为|给|对)$")
_OF_CHILDREN_CHINESE = re.compile(r"^(?:的(?:妈|爸|母|父|老师|医生)|科|脸|气|们|般|似|头|妈|爸|他|节目|作家|读物|医院|文学|心理|音|菜|鱼)")


@lru_cache(maxsize=1)
def _load_phrases() -> dict[str, re.Pattern[str]]:
    """Kind -> what matches any of its phrases in a normalised text."""
    found: dict[str, list[str]] = {}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, _, phrases = line.partition(" :: ")
            found.setdefault(kind, []).extend(normalise(phrase.strip()).text for phrase in phrases.split(","))
    return {kind: _compile(phrases) for kind, phrases in found.items()}


def _compile(phrases: list[str]) -> re.Pattern[str]:
    latin = sorted(
        (re.escape(one).replace(r"\ ", r"[\s·.-]+").replace("\\-", r"[\s-]?") for one in phrases if not HAN.search(one)),
        key=len,
        reverse=True,
    )
    han = sorted((re.escape(one) for one in phrases if HAN.search(one)), key=len, reverse=True)
    parts = ([rf"(?<![a-z])(?:{'|'.join(latin)})(?![a-z])"] if latin else []) + (["|".join(han)] if han else [])
    return re.compile("|".join(parts))


_NO_CHILD = re.compile(
    r"婴儿肥|婴儿般|娃娃脸|娃娃头|童花头|孩子气"
    r"|(?<![a-z])(?:baby[- ]?faced?|kid[- ]at[- ]heart|child at heart|baby blues|babyface)(?![a-z])"
)
"""Words of adults that hold a word for a child."""


def check_text(plain: str, text: str, wishes: Wishes) -> None:
    """Raises SpecError for what is refused.

    Args:
        plain: the normalised text.
        text: as it was written.
    """
    phrases = _load_phrases()
    joined = re.sub(r"(?<=[\u4e00-\u9fff])[\s·.]+(?=[\u4e00-\u9fff])", "", plain)
    joined = _NO_CHILD.sub(lambda match: " " * len(match[0]), joined)
    is_young = (
        _find_child(joined) is not None
        or bool(phrases["young"].search(joined))
        or bool(wishes.age and wishes.age_rank >= 3 and wishes.age[1] < MIN_AGE)
    )
    nudity, sexual = phrases["nudity"].search(joined), phrases["sexual"].search(joined)
    if is_young and (nudity or sexual):
        raise SpecError(Finding("describe/minor", "descriptions that make a young person sexual are refused", fix="leave that out"))
    if nudity:
        raise SpecError(
            Finding("describe/nudity", f"{nudity.group()!r} asks for nudity, which is not made", fix="describe what the person wears")
        )
    if name := _find_name(joined, text):
        message = f"{name!r} is the name of a real person, whose likeness is not made"
        raise SpecError(Finding("describe/real-person", message, fix="describe the looks in words, without a name"))
    _check_age(joined, wishes)


def _find_name(plain: str, text: str) -> str:
    """A real person's name in the text; empty where there is none."""
    plain = _FRAMES.sub(" ", plain)
    if found := _load_phrases()["name"].search(plain):
        return found.group()
    like = _LIKE.search(text) or _LIKE_CHINESE.search(plain)
    return like.group(1) if like else ""


def _find_child(plain: str) -> str | None:
    """A word for a child that is the person, not somebody whom the person is with."""
    for match in _load_phrases()["child"].finditer(plain):
        before, after = plain[: match.start()], plain[match.end() :]
        if HAN.search(match.group()):
            if (_ABOUT_CHILDREN_CHINESE.search(before) and not before.endswith(("一个", "的"))) or _OF_CHILDREN_CHINESE.search(after):
                continue
            if match.group() in ("孩子", "娃娃", "宝宝") and before.endswith(("男", "女", "大", "布", "洋")):
                continue
        elif _ABOUT_CHILDREN.search(before) or _OF_CHILDREN.search(after):
            continue
        return match.group()
    return None


def _check_age(plain: str, wishes: Wishes) -> None:
    if wishes.age and wishes.age_rank >= 3:
        if wishes.age[1] < MIN_AGE:
            message = f"the description asks for an age of {wishes.age[1]}, and people are {MIN_AGE} to {MAX_AGE} years old so far"
            raise SpecError(Finding("describe/child", message, fix=f"describe an adult of {MIN_AGE} or more"))
        return
    if child := _find_child(plain):
        message = f"{child!r} asks for a child, and people are {MIN_AGE} to {MAX_AGE} years old so far"
        raise SpecError(Finding("describe/child", message, fix=f"describe an adult of {MIN_AGE} or more"))

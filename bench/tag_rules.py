"""The rules that gave lines their emotion and gesture before the sentence encoder did: what `bench.tags` compares it with."""

from __future__ import annotations

import re

SERIOUS = re.compile(
    r"\b(please do not|please don't|must not|do not|danger|careful|warning|died|death|war|killed|harms?|forbidden|never touch)\b"
    r"|请不要|不许|危险|小心|战争|去世|禁止",
    re.IGNORECASE,
)
SAD = re.compile(r"\b(sorry|sadly|unfortunately|regret|lost forever|miss (?:him|her|them))\b|对不起|抱歉|可惜|遗憾|难过", re.IGNORECASE)
HAPPY = re.compile(
    r"\b(welcome|love|thank|happy|glad|enjoy|favou?rite|free|delight\w*|wonderful|congratulations)\b"
    r"|欢迎|喜欢|谢谢|高兴|开心|免费|很好|一起|有意思",
    re.IGNORECASE,
)
SURPRISED = re.compile(
    r"\b(never stopped|look up|imagine|believe it or not|amazing\w*|incredibl\w*|discovered)\b|没想到|真的吗|居然|竟然|发现",
    re.IGNORECASE,
)
PLACE = re.compile(
    r"\b(stairs|beside|over there|upstairs|downstairs|on the (?:left|right|\w+ floor)|next to|entrance|at our door|up!)(?!\w)"
    r"|旁边|左边|右边|楼上|楼下|门口|那边|南门|北门",
    re.IGNORECASE,
)
CLOSING = re.compile(r"\b(goodbye|good-?bye|see you|thank you for your visit)\b|再见", re.IGNORECASE)
ASSENT = re.compile(r"^(yes|of course|certainly|you may|visitors are welcome)\b|^(是的|可以|当然|你说得很好)", re.IGNORECASE)
SUPPRESSED_EMOTIONS = {"formal": {"happy": "neutral", "surprised": "neutral"}, "calm": {"surprised": "neutral"}}
"""Emotions that a manner replaces, except in greetings and goodbyes."""


def choose_emotion(kind: str, text: str, manner: str) -> str:
    """One of neutral, happy, sad, surprised, serious for a line of kind hello, fact, line, topic, fallback or one of small talk."""
    if kind in ("hello", "thanks", "goodbye") or CLOSING.search(text):
        return "happy"
    if kind in ("more", "language"):
        return "neutral"
    if kind == "fallback":
        return "neutral" if manner == "formal" else "sad"
    for emotion, pattern in (("serious", SERIOUS), ("sad", SAD), ("surprised", SURPRISED), ("happy", HAPPY)):
        if pattern.search(text):
            return SUPPRESSED_EMOTIONS.get(manner, {}).get(emotion, emotion)
    return "happy" if manner == "lively" and text.rstrip().endswith(("!", "！")) else "neutral"


def choose_gesture(kind: str, text: str, manner: str) -> str:
    """One of none, wave, nod, explain, shrug, point."""
    if kind in ("hello", "goodbye") or CLOSING.search(text):
        return "wave"
    if kind in ("fallback", "language"):
        return "shrug"
    if kind == "thanks":
        return "nod"
    if PLACE.search(text):
        return "point"
    if ASSENT.search(text):
        return "nod"
    if kind in ("fact", "topic"):
        return "explain"
    return "none" if manner in ("calm", "formal") else "nod"

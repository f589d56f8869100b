"""English words that are spelt alike and sound different, where the part-of-speech tagger of the G2P chooses wrongly."""

from __future__ import annotations

import re
from functools import partial

_SUBJECTS = r"I|you|we|they|to|will|would|can|could|must|should|may|might|shall|don't|didn't|won't|can't|cannot|not|never|always|who"
VERBS = {
    "object": "əbʤˈɛkt", "record": "ɹᵻkˈɔɹd", "present": "pɹizˈɛnt", "project": "pɹəʤˈɛkt", "conduct": "kəndˈʌkt", "permit": "pəɹmˈɪt",
    "produce": "pɹədˈus",
    "rebel": "ɹᵻbˈɛl", "refuse": "ɹᵻfjˈuz", "contest": "kəntˈɛst", "contrast": "kəntɹˈæst", "desert": "dᵻzˈɜɹt", "export": "ɛkspˈɔɹt",
    "import": "ɪmpˈɔɹt",
    "insult": "ɪnsˈʌlt", "protest": "pɹətˈɛst", "reject": "ɹᵻʤˈɛkt", "subject": "səbʤˈɛkt", "suspect": "səspˈɛkt", "conflict": "kənflˈɪkt",
    "convict": "kənvˈɪkt", "extract": "ɛkstɹˈækt", "transport": "tɹænspˈɔɹt", "upset": "ʌpsˈɛt", "increase": "ɪnkɹˈis",
    "decrease": "dikɹˈis",
}  # fmt: skip
"""After a pronoun or an auxiliary."""
_VERB = re.compile(rf"(?i:\b(?:{_SUBJECTS}))\s+({'|'.join(VERBS)})\b(?!\])")
_CONTEXTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(bass)\b(?=\s+(?:player|players|guitar|guitars|guitarist|line|lines|drum|drums|clef|singer|voice|solo|note|notes|amp"
                r")\b)", re.IGNORECASE), "bˈAs"),
    (re.compile(r"(?:\b(?:double|electric|upright|play|plays|played|playing|on)\s)(bass)\b(?!\])", re.IGNORECASE), "bˈAs"),
    (re.compile(r"\b(lead)\b(?=\s+(?:pipe|pipes|paint|poisoning|weight|weights|shot|bullet|bullets|roof|glass)\b)", re.IGNORECASE), "lˈɛd"),
    (re.compile(r"\b(minute)\b(?=\s+(?:amount|amounts|detail|details|quantity|quantities|traces|fraction|particles)\b)", re.IGNORECASE),
    "mInˈut"),
    (re.compile(r"\b(tear)\b(?=\s+(?:it|them|this|that|up|down|off|apart|the)\b)", re.IGNORECASE), "tˈɛɹ"),
    (re.compile(r"\b(wind)\b(?=\s+(?:up|it|the\s+(?:clock|watch|wool|rope))\b)", re.IGNORECASE), "wˈInd"),
    (re.compile(r"\b(sow)\b(?=\s+(?:the|seeds?|some|wheat|barley|beans|in)\b)", re.IGNORECASE), "sˈO"),
    (re.compile(r"\b(close)\b(?=\s+(?:to|by|friends?|relatives?|call|enough)\b)", re.IGNORECASE), "klˈOs"),
)  # fmt: skip


def mark_homographs(sentence: str) -> str:
    """The sentence with the pronunciation of its homographs where their neighbours decide it: [bass](/bˈAs/) player."""
    for pattern, sounds in _CONTEXTS:
        sentence = pattern.sub(partial(_give_sounds, sounds=sounds), sentence)
    return _VERB.sub(lambda m: f"{m.group()[: -len(m.group(1))]}[{m.group(1)}](/{VERBS[m.group(1).lower()]}/)", sentence)


def _give_sounds(match: re.Match[str], *, sounds: str) -> str:
    return match.group().replace(match.group(1), f"[{match.group(1)}](/{sounds}/)")

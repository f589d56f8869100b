"""The answers of a page without a server: words shared with known questions. flows/report/answer.js runs the same steps.

The build prepares it with the encoder: common questions that a line answers become further examples of the line, the others strays.
A test compares the two programs; a change here needs the same change there.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from assets.artefacts.talk import Paraphrases
from stages.dialogue.candidates import FALLBACK_ID
from stages.dialogue.common_questions import read_common_questions
from stages.dialogue.matcher import COVERED, HEALTH_COVERED, EmbeddingMatcher
from stages.dialogue.passage_matcher import PassageMatcher
from stages.dialogue.phrases import REPEAT_QUESTIONS

THRESHOLD, STRAY_WEIGHT, TEXT_WEIGHT, PART_WEIGHT, LETTER_WEIGHT, UNKNOWN_RARITY = 0.45, 1.0, 0.7, 0.35, 0.3, 3.0
"""Least score of a line; weights of strays, of a fact's own text, of four letters of a word, of one Chinese character; of a new word."""
PASSAGE_THRESHOLD = 0.25
"""Least score of a passage of a document, which has no example questions: the best of 0.2 to 0.5 on the tuning personas."""
MIN_PART_SCORE = 0.6
"""Least score of each of several answers."""
REPEAT = "repeat"
_TOKENS = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[a-z0-9]+(?:'[a-z]+)?")
_ENDINGS = ("'s", "ings", "ing", "ies", "ed", "es", "s")
_STARTS = "what|when|where|who|why|how|which|can|could|do|does|did|is|are|may|will|would|should|have|has"
_BREAKS = re.compile(rf"[.!?;。！？；，]+|,?\s+and\s+(?=(?:{_STARTS})\b)")
MAX_SHORT_WORDS, MAX_SHORT_CHARACTERS = 4, 7
_OPENINGS = ("and ", "what about", "how about", "那")


def list_paraphrases(matcher: EmbeddingMatcher, language: str, passages: PassageMatcher | None = None) -> tuple[Paraphrases, ...]:
    """The common questions by the line that answers them; those of the fallback are answered by none, nor by a passage."""
    common = read_common_questions(language)
    groups: dict[str, list[str]] = {}
    for group in range(common.groups[-1] + 1):
        texts = [text for text, number in zip(common.texts, common.groups, strict=True) if number == group]
        covered = matcher.covered[:, group]
        best = int(covered.argmax()) if len(covered) else 0
        least = HEALTH_COVERED if group in common.health else COVERED
        line = matcher.lines[best].line if len(covered) and covered[best] >= least else FALLBACK_ID
        if line == FALLBACK_ID and passages and group not in common.health and (found := passages.find(texts[0])):
            line = found.line
        groups.setdefault(line, []).extend(texts)
    groups[REPEAT] = list(REPEAT_QUESTIONS[language])
    return tuple(Paraphrases(line, tuple(questions)) for line, questions in groups.items())


def count_terms(text: str) -> Counter[str]:
    """Stems, parts of long words (#abcd), Chinese characters and pairs of them."""
    count: Counter[str] = Counter()
    for token in _TOKENS.findall(normalize(text)):
        if token[0] >= "\u3400":
            count.update(token)
            count.update(token[at : at + 2] for at in range(len(token) - 1))
            continue
        word = stem(token)
        count[word] += 1
        if len(word) > 4:
            count.update(f"#{word[at : at + 4]}" for at in range(len(word) - 3))
    return count


def normalize(text: str) -> str:
    """The first 400 characters in lower case, NFKC, with straight apostrophes."""
    return unicodedata.normalize("NFKC", text[:400]).replace("’", "'").lower()


def stem(word: str) -> str:
    """The word without a common ending."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def weigh_kind(term: str) -> float:
    """Weight of a term by its kind."""
    return PART_WEIGHT if term[0] == "#" else LETTER_WEIGHT if len(term) == 1 and term >= "\u3400" else 1.0


class LexicalAnswerer:
    """The page's answers to one dialogue.json."""

    def __init__(self, dialogue: Mapping[str, Any]) -> None:
        self.fallback, self.language = str(dialogue["fallback"]), str(dialogue.get("persona", {}).get("language", "en"))
        self.lines = {str(line["id"]): str(line["text"]) for line in dialogue["lines"]}
        groups = [*dialogue["replies"], *dialogue.get("paraphrases", ())]
        examples = [(str(g["line"]), str(q), STRAY_WEIGHT if g["line"] == self.fallback else 1.0) for g in groups for q in g["questions"]]
        facts = [line for line in dialogue["lines"] if str(line["id"]).startswith("fact")]
        examples += [(str(fact["id"]), " ".join(fact.get("grounded_in", ())) or str(fact["text"]), TEXT_WEIGHT) for fact in facts]
        self.index = _Index(examples)
        quoted = [
            (str(line["id"]), f"{line.get('topic', '')} {line['text']}".strip(), 1.0) for line in dialogue["lines"] if line.get("source")
        ]
        strays = [(self.fallback, text, STRAY_WEIGHT) for line, text, _ in examples if line == self.fallback]
        self.passages = _Index([*quoted, *strays]) if quoted else None

    def find(self, text: str) -> tuple[str, float]:
        """The best line and its score; where none reaches THRESHOLD, the best passage, or the fallback below PASSAGE_THRESHOLD."""
        line, score = self.index.find(text, self.fallback, THRESHOLD)
        if self.passages and line == self.fallback:
            return self.passages.find(text, self.fallback, PASSAGE_THRESHOLD)
        return line, score

    def _knows_all_words(self, question: str) -> bool:
        """True if no word is new: "any dragons?" is no follow-up of a question about opening hours, "and the dragons?" is."""
        return normalize(question).strip().startswith(_OPENINGS) or all(
            term in self.index.rarity or (self.passages is not None and term in self.passages.rarity)
            for term in count_terms(question)
            if "#" < term[0] < "\u3400"
        )

    def answer(self, question: str, before: str = "") -> list[str]:
        """The ids of the lines for a question, after the previous one; ["repeat"] where the last answer is to be repeated."""
        if is_other_script(question, self.language):
            return [line if (line := "language") in self.lines else self.fallback]
        pieces = [piece for piece in (part.strip() for part in _BREAKS.split(normalize(question))) if count_terms(piece)][:3]
        found = [self.find(piece) for piece in pieces] if len(pieces) > 1 else []
        facts = list(dict.fromkeys(line for line, score in found if line.startswith("fact") and score >= MIN_PART_SCORE))
        if len(facts) > 1:
            return facts
        line, _ = self.find(question)
        if line == self.fallback and before and is_short(question) and self._knows_all_words(question):
            line, _ = self.find(f"{before} {question}")
        return [line if line in self.lines or line == REPEAT else self.fallback]


class _Index:
    """Texts of lines with their weights, searched by the cosine of their terms."""

    def __init__(self, examples: Sequence[tuple[str, str, float]]) -> None:
        counts = [count_terms(text) for _, text, _ in examples]
        documents = Counter(term for count in counts for term in count)
        self.rarity = {term: math.log((1 + len(examples)) / (1 + number)) + 0.2 for term, number in documents.items()}
        self.examples = [(line, weight, self._weigh(count)) for (line, _, weight), count in zip(examples, counts, strict=True)]

    def _weigh(self, count: Mapping[str, int]) -> dict[str, float]:
        weights = {term: number * self.rarity.get(term, UNKNOWN_RARITY) * weigh_kind(term) for term, number in count.items()}
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def find(self, text: str, fallback: str, threshold: float) -> tuple[str, float]:
        """The best line and its score; the fallback and the threshold where none is better."""
        query = self._weigh(count_terms(text))
        best, score = fallback, threshold
        for line, weight, row in self.examples:
            found = weight * sum(value * row.get(term, 0.0) for term, value in query.items())
            if found > score:
                best, score = line, found
        return best, score


def is_short(text: str) -> bool:
    """True for a question that may leave out what it is about."""
    plain = normalize(text).strip()
    han = sum(letter >= "\u3400" for letter in plain)
    if han:
        return han <= MAX_SHORT_CHARACTERS or plain.startswith(_OPENINGS) or "呢" in plain[-2:]
    return len(_TOKENS.findall(plain)) <= MAX_SHORT_WORDS or plain.startswith(_OPENINGS)


def is_other_script(text: str, language: str) -> bool:
    """True for words without Chinese characters in a Chinese talk, and mostly other letters than Latin ones in an English one."""
    letters = [letter for letter in text if letter.isalpha()]
    latin = sum(letter <= "\u024f" for letter in letters)
    if language == "zh":
        return len(_TOKENS.findall(normalize(text))) > 1 and latin == len(letters) > 0
    return bool(letters) and latin < 0.4 * len(letters)

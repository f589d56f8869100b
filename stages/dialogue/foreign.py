"""Whether a question is in another language than the persona's: by its script, then by the commonest words of some languages."""

from __future__ import annotations

import re
import unicodedata

from stages.dialogue.tfidf import split_words

_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_ACCENTS = frozenset("äöüßéèêëàâçñãõìòù¿¡")
MIN_SHARE = 0.6
"""Share of the letters in another script from which the question is in another language."""
_WORDS = {
    "de": "haben sie ist wie viel kostet ich nicht der das und wann wo können kann gibt es heute für mit ein eine bitte",
    "fr": "est que quel quelle le la les des vous je avez où combien pour pas ici puis puis-je un une est-ce",
    "es": "el los las qué que cuánto cuanto cuesta dónde está tiene usted cuándo por hay puedo una un es",
    "it": "il che quanto costa dove è avete posso sono quando un una per si",
    "pt": "o que quanto custa onde você tem posso quando uma um é para",
    "nl": "hoeveel kost waar het een wanneer hebben ik kan jullie de is",
}
_FOREIGN = frozenset(word for words in _WORDS.values() for word in words.split())
_ENGLISH = split_words(
    "the a an is are do does did can could may will would what when where who why how which you your i my me we it there this that to of "
    "in on at for with and or not have has much many"
)


def is_foreign(question: str, language: str) -> bool:
    """True if the question is in another language than `language` (en, zh); false where that is not clear."""
    words = _LETTERS.findall(unicodedata.normalize("NFKC", question).lower())
    letters = "".join(words)
    latin = sum("LATIN" in unicodedata.name(letter, "") for letter in letters)
    if language == "zh":
        return len(words) > 1 and latin == len(letters)
    if letters and latin < (1 - MIN_SHARE) * len(letters):
        return True
    foreign, english = sum(word in _FOREIGN for word in words), sum(word in _ENGLISH for word in words)
    marked = any(letter in _ACCENTS for letter in question.lower())
    return len(words) > 1 and foreign + marked > english and foreign + marked >= 2

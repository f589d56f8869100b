"""Names and words of other languages in an English sentence, as English speakers say them, in misaki's alphabet.

A common name is in `names.tsv`; any other is read by the spelling rules of the language that its letters show. A word that the English
dictionaries have is left to them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_VOWELS = "aeiouæɑɐɒɔəɛɜɪʊʌᵻAIOWYQ"


@dataclass(frozen=True)
class SpellingRules:
    """How a language is spelt: letters -> sounds, the longest first, and which syllable has the stress (0 first, -1 last)."""

    cue: re.Pattern[str]
    """What shows that a word is of the language."""
    sounds: dict[str, str]
    stress: int


def _rules(cue: str, stress: int, sounds: str) -> SpellingRules:
    pairs = (pair.partition("=") for pair in sounds.split())
    return SpellingRules(re.compile(cue), {letters: sound for letters, _, sound in pairs}, stress)


_PLAIN = "b=b d=d f=f g=ɡ h=h k=k l=l m=m n=n p=p r=ɹ s=s t=t v=v w=w x=ks z=z c=k q=k j=ʤ y=j"
LANGUAGES: dict[str, SpellingRules] = {
    "polish": _rules(
        "[łśźżćńąę]|sz|cz|rz|ów$|wicz$|owski$|ewski$|ński$|ska$|szka$|ciech|prz", -2,
        f"{_PLAIN} szcz=ʃʧ sz=ʃ cz=ʧ rz=ʒ ch=h ci=ʧi si=ʃi zi=ʒi cia=ʧɑ cie=ʧɛ sia=ʃɑ zia=ʒɑ dź=ʤ dzi=ʤi dz=dz dż=ʤ ł=w ś=ʃ ź=ʒ ż=ʒ ć=ʧ "
        f"ń=n ą=ɑn ę=ɛn "
        "ó=u u=u w=v j=j c=ts a=ɑ e=ɛ i=i o=ɔ y=ɪ ow$=ɔf ów$=uf nie=njɛ ie=jɛ ia=jɑ io=jɔ kk=k iej=jA ej=A aj=I",
    ),
    "czech": _rules("[řšžčěůťď]", 0, f"{_PLAIN} ř=ʒ š=ʃ ž=ʒ č=ʧ ě=jɛ ů=u ť=tj ď=dj ň=nj ch=h c=ts j=j a=ɑ á=ɑ e=ɛ é=ɛ i=i í=i o=O ó=O u="
                                     f"u ú=u y=i ý=i"),
    "nordic": _rules(
        "[øåæ]|björ|jør|sson$|qvist$|kvist$", 0,
        f"{_PLAIN} ø=ɔ å=O æ=æ ö=ɔ ä=ɛ sj=ʃ skj=ʃ kj=k tj=ʧ hv=v j=j jö=jɔ jør=jɔɹ bj=bj ør=ɔɹ ør=ɔɹ ör=ɔɹ aa=O a=ɑ e=ə er=ɛɹ i=i o=O u="
        f"u y=i dt=t nd=nd ss=s ll=l tt=t gg=ɡ kk=k nn=n e$=ə en$=ən sen$=sən å$=O a$=ə",
    ),
    "german": _rules(
        "[äöüß]|sch|tz|(?:burg|heim|hausen|stein|mann|feld|bach|berg|wald)$", 0,
        f"{_PLAIN} sch=ʃ sp=ʃp st=st tsch=ʧ ch=k chs=ks ck=k tz=ts z=ts ß=s ss=s w=v v=f j=j qu=kv th=t ph=f ä=ɛ äu=Y eu=Y ei=I ai=I ie="
        f"i ö=ɜɹ ör=ɜɹ ü=u ür=ɜɹ "
        "üh=u öh=ɜɹ ah=ɑ eh=A oh=O uh=u au=W a=ɑ e=ɛ i=ɪ o=O u=ʊ y=ɪ er$=əɹ en$=ən e$=ə el$=əl ng=ŋ tt=t ll=l nn=n mm=m rr=ɹ ff=f pp=p",
    ),
    "spanish": _rules(
        "[ñáíóú]|(?:ez|ález|ín|ón|ués|illo|illa|ito|uela)$|^x[aei]|lle|jos", -2,
        f"{_PLAIN} ñ=nj ll=j rr=ɹ ch=ʧ qu=k gue=ɡA gui=ɡi ge=hA gi=hi gé=hA gí=hi j=h h= x=h z=s ce=sA ci=si cé=sA cí=si v=v á=ɑ é=A í=i"
        f" ó=O ú=u ü=w ju=w jo=hO "
        "joa=wɑ a=ɑ e=A i=i o=O u=u y=i ia=iə ua=wɑ ue=wA ie=jA ier$=jɛɹ er$=ɛɹ an=ɑn en=ɛn on=ɔn es=ɛs el=ɛl os=Os ez$=ɛz er=ɛɹ a$=ə "
        "hu=w ai=I ei=A ay=I ey=A",
    ),
    "portuguese": _rules("[ãõ]", -1, f"{_PLAIN} ão=Wn ãe=In õe=Ynz nh=nj lh=lj ç=s ch=ʃ j=ʒ x=ʃ a=ɑ á=ɑ ã=ɑn e=ɛ é=A ê=A i=i í=i o=O ó=O"
                                     f" ô=O u=u ú=u qu=k"),
    "italian": _rules(
        "(?:gio|gia|giu|gn|gli|cch|zz|cci|tti|tte|tto|lli|ell[aei]|ett[aei]|ucc|etti|ino|ini|ucci)[a-z]*[aeio]$", -2,
        f"{_PLAIN} gn=nj gli=li gl=ɡl gio=ʤO gia=ʤə giu=ʤu ge=ʤɛ gi=ʤi ghi=ɡi ghe=ɡA ch=k cc=k cch=k ce=ʧA ci=ʧi cio=ʧO cia=ʧə ciu=ʧu cc"
        f"i=ʧi cce=ʧA sci=ʃi sce=ʃA zz=ts z=ts "
        "a=ɑ e=ɛ i=i o=O u=u é=A è=ɛ à=ɑ ò=O ù=u ì=i qu=kw bb=b dd=d ff=f gg=ʤ ll=l mm=m nn=n pp=p rr=ɹ ss=s tt=t a$=ə e$=A gna$=njə "
        "gli$=li h= j=j",
    ),
    "french": _rules(
        "[éèêëçàâîôûœ]|eau|oux$|ault$|ois$|ière$|ette$", -1,
        f"{_PLAIN} é=A è=ɛ ê=ɛ ë=i ée=A ées=A és=A ç=s à=ɑ â=ɑ î=i ô=O û=u œ=ɜɹ oe=ɜɹ eau=O eaux=O au=O ault$=O aux$=O ou=u oux$=u oi=wɑ"
        f" ois$=wɑ ai=A ais$=A "
        "ait$=A ei=A eu=ɜɹ eux$=ɜɹ ch=ʃ ge=ʒ gi=ʒi gé=ʒA j=ʒ gn=nj qu=k ille=ij ill=ij an=ɑn en=ɑn em=ɑm am=ɑm on=ɔn in=æn un=ʌn "
        "ien$=jɛn ier$=jA er$=A ez$=A et$=A "
        "e$= es$= ent$= t$= d$= s$= x$= p$= a=ɑ e=ə i=i o=O u=u y=i ce=s ci=si cé=sA cè=sɛ ll=l tt=t ss=s nn=n mm=m pp=p ff=f rr=ɹ "
        "ie$=i que$=k gue$=ɡ ph=f th=t h= el=ɛl el$=ɛl elle$=ɛl ette$=ɛt éa=Aɑ éal$=Aɑl s'=s champs=ʃɑnz lys=lis",
    ),
    "japanese": _rules(
        "^(?:(?:[kgszjtdnhbpmrfwy]|sh|ch|ts|ky|gy|ry|ny|hy|my|by|py)?[aiueo]{1,2}|n(?![aiueoy])|kk|tt|ss|pp)+$", -2,
        "sh=ʃ ch=ʧ ts=ts k=k g=ɡ s=s z=z j=ʤ t=t d=d n=n h=h b=b p=p m=m r=ɹ f=f w=w y=j a=ɑ i=i u=u e=ɛ o=O ei=A ai=I ou=O oo=O uu=u "
        "ii=i e$=A a$=ə kk=k tt=t ss=s pp=p",
    ),
}  # fmt: skip
_PINYIN_INITIALS = {
    "zh": "ʤ", "ch": "ʧ", "sh": "ʃ", "b": "b", "p": "p", "m": "m", "f": "f", "d": "d", "t": "t", "n": "n", "l": "l", "g": "ɡ", "k": "k",
    "h": "h", "j": "ʤ",
    "q": "ʧ", "x": "ʃ", "r": "ɹ", "z": "dz", "c": "ts", "s": "s", "y": "j", "w": "w", "": "",
}  # fmt: skip
_PINYIN_FINALS = {
    "a": "ɑ", "ai": "I", "an": "ɑn", "ang": "ɑŋ", "ao": "W", "e": "ʌ", "ei": "A", "en": "ʌn", "eng": "ʌŋ", "er": "ɑɹ", "i": "i",
    "ia": "jɑ", "ian": "jɛn",
    "iang": "jɑŋ", "iao": "jW", "ie": "jɛ", "in": "ɪn", "ing": "ɪŋ", "iong": "jʊŋ", "iu": "jO", "o": "wɔ", "ong": "ʊŋ", "ou": "O",
    "u": "u", "ua": "wɑ",
    "uai": "wI", "uan": "wɑn", "uang": "wɑŋ", "ui": "wA", "un": "wʊn", "uo": "wɔ", "v": "u", "ve": "wɛ", "ue": "wɛ", "van": "wɛn",
}  # fmt: skip
_SYLLABLE = re.compile(
    "(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?("
    + "|".join(sorted(_PINYIN_FINALS, key=len, reverse=True))
    + ")(?=(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw'’]|$))['’]?"
)


@lru_cache(maxsize=1)  # one small table
def load_names() -> dict[str, str]:
    """Common names and words in lower case -> their sounds."""
    rows = (Path(__file__).parent / "names.tsv").read_text("utf-8").splitlines()
    return dict(row.split("\t") for row in rows if row and not row.startswith("#"))


def find_sounds(word: str) -> str | None:
    """Sounds of a foreign word; None where the English dictionaries and rules read it."""
    from stages.voice.english import is_known_word

    lower = word.lower().replace("’", "'")
    if not lower.endswith("'s"):
        found = load_names().get(lower)
    else:
        return _add_possessive(word, lower)
    if found:
        return found
    plain = "".join(c for c in unicodedata.normalize("NFD", lower) if not unicodedata.combining(c))
    if (
        is_known_word(lower)
        or (plain == lower and not word[:1].isupper())
        or (is_known_word(plain) and plain != lower and not word[:1].isupper())
    ):
        return None
    if "-" in lower:
        parts = [find_sounds(part) for part in word.split("-")]
        return "".join(part or "" for part in parts) if all(parts) else None
    return read_pinyin_name(lower) or _read_by_rules(lower, plain)


def _add_possessive(word: str, lower: str) -> str | None:
    sounds = find_sounds(word[:-2])
    if not sounds:
        return None
    return sounds + ("ᵻz" if sounds[-1] in "szʃʒʧʤ" else "s" if sounds[-1] in "ptkfθ" else "z")


def read_pinyin_name(lower: str) -> str | None:
    """A Chinese name in pinyin: Xi'an, Qiang, Guangzhou."""
    if not re.search(r"^(?:x|q|zh)|[aeiou](?:x|q|zh)[iu]|'|ang|iong|uang|uo|iao", lower) or not re.fullmatch(r"[a-zü']+", lower):
        return None
    syllables, at = [], 0
    while at < len(lower):
        match = _SYLLABLE.match(lower.replace("ü", "v"), at)
        if not match:
            return None
        syllables.append(_say_pinyin(match.group(1) or "", match.group(2)))
        at = match.end()
    return "".join(syllables[:-1]) + _stress(syllables[-1], 0)


def say_syllables(syllables: Sequence[str]) -> str:
    """Syllables of pinyin with or without tones as one word: ni3 hao3 -> nihˈW."""
    parts = []
    for syllable in syllables:
        match = _SYLLABLE.fullmatch(syllable.rstrip("12345").replace("ü", "v"))
        parts.append(_say_pinyin(match.group(1) or "", match.group(2)) if match else "ɑɹ" if syllable.startswith("r") else "")
    return "".join(parts[:-1]) + _stress(parts[-1], 0)


def _say_pinyin(initial: str, final: str) -> str:
    if initial in ("zh", "ch", "sh", "r", "z", "c", "s") and final == "i":
        return _PINYIN_INITIALS[initial] + ("ɜɹ" if initial in ("zh", "ch", "sh", "r") else "ɨ".replace("ɨ", "ə"))
    if initial in ("y", "w") and final in ("i", "in", "ing", "u"):
        return {"yi": "ji", "yin": "jɪn", "ying": "jɪŋ", "wu": "wu", "yu": "ju"}.get(initial + final, "w" + _PINYIN_FINALS[final])
    return _PINYIN_INITIALS[initial] + _PINYIN_FINALS[final].replace("jj", "j")


def _read_by_rules(lower: str, plain: str) -> str | None:
    for language in LANGUAGES.values():
        if language.cue.search(lower):
            return _stress(
                _spell(lower, language), language.stress, accented=bool(re.search("[áéíóú]", lower)) and language.stress == -2, word=lower
            )
    return None


def _spell(word: str, language: SpellingRules) -> str:
    out, at = [], 0
    longest = max(map(len, language.sounds))
    while at < len(word):
        for size in range(min(longest, len(word) - at), 0, -1):
            part = word[at : at + size]
            last = at + size == len(word)
            if last and part + "$" in language.sounds:
                out.append(language.sounds[part + "$"])
                break
            if part in language.sounds:
                out.append(language.sounds[part])
                break
        else:
            size = 1
            base = unicodedata.normalize("NFD", word[at])[0]
            out.append(language.sounds.get(base, ""))
        at += size
    return "".join(out)


def _stress(sounds: str, syllable: int, *, accented: bool = False, word: str = "") -> str:
    """The sounds with a primary stress before the vowel of a syllable; an accent in Spanish on the last syllable moves it there."""
    places = [i for i, sound in enumerate(sounds) if sound in _VOWELS and not (i and sounds[i - 1] in _VOWELS and sound in "ə")]
    if not places:
        return sounds
    if accented and re.search("[áéíóú][nsz]?$", word):
        syllable = -1
    if syllable == -2 and word and re.search("[^aeiouns]$", word) and not accented and sounds[-1] not in _VOWELS:
        syllable = -1 if word[-1] in "lrzd" else -2
    at = places[max(-len(places), syllable) if syllable < 0 else 0]
    return sounds[:at] + "ˈ" + sounds[at:]

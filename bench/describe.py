"""How well a text becomes a person: 300 held-out sentences, next to a keyword baseline in the same run.

    python -m bench.describe [--language en|zh] [--limit N] [--seeds N] [--show] [--render]

The sentences of bench/describe_sentences_*.jsonl were written by hand before anything was tuned, by somebody who saw none of the
product's words; nothing may be tuned on them, so failing ones are listed only with --show. `expected` holds what a sentence says or
plainly implies, a list where a careful reader would accept several values; `refused` must raise SpecError; `reported` may raise it, or
return a description that says which words did nothing, or simply be right. An edit is right if both descriptions are; all that neither the
base's `expected` nor the edit mentions must stay as it was, but for attributes that follow the changed one (LINKED).

--render builds the people that the fields describe and has bench/describe_reader.py read them back from pictures.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from assets.errors import Finding, SpecError

FOLDER = Path(__file__).resolve().parent
Value = str | float
Expected = Mapping[str, Any]

VOCABULARY: Mapping[str, tuple[str, ...]] = {
    "gender": ("female", "male", "between"), "tone": ("light", "medium", "dark"), "build": ("thin", "average", "heavy", "muscular"),
    "height": ("short", "average", "tall"), "face": ("round", "oval", "long", "square"),
    "hair_length": ("bald", "buzz", "short", "medium", "long"), "hair_texture": ("straight", "wavy", "curly", "coily"),
    "hair_style": ("loose", "parting", "fringe", "tail", "bun", "braids"),
    "hair_colour": ("black", "brown", "blond", "red", "grey", "white", "dyed"),
    "eye_colour": ("brown", "blue", "green", "grey", "hazel"), "beard": ("none", "stubble", "moustache", "beard"),
    "glasses": ("yes", "no"), "hat": ("yes", "no"), "freckles": ("yes", "no"),
    "outfit": ("t-shirt", "shirt", "suit", "dress", "skirt", "uniform", "casual", "sport"), "expression": ("neutral", "smile", "serious"),
}  # fmt: skip
"""Attribute -> its closed vocabulary; age is a number of years."""
_RANKS: Mapping[str, Mapping[str, int]] = {
    **{name: {value: rank for rank, value in enumerate(VOCABULARY[name])} for name in ("tone", "height", "hair_length")},
    "build": {"thin": 0, "average": 1, "muscular": 2, "heavy": 2},
}
_FIELDS = {"age": "identity.age", "tone": "identity.tone", "height": "body.height", "build": "body.weight"}
"""Attribute -> the field in which a step shows that is too small for another word."""
LINKED: Mapping[str, frozenset[str]] = {
    "age": frozenset({"hair_colour", "hair_length"}), "hair_length": frozenset({"hair_style", "hair_texture", "hair_colour"}),
    "hair_style": frozenset({"hair_length"}), "build": frozenset({"face"}), "hat": frozenset({"hair_style"}),
}  # fmt: skip
"""Edited attribute -> what may follow it where the first text does not say: hair greys with age, and who is shaved has no parting."""
_REPORTS = ("ignored", "warnings", "notes")
"""Where a description may say what it could not do."""
GOALS = {"all right": 92, "each attribute": 95, "negation": 90, "comparative": 90, "rest unchanged": 98}


class Described(Protocol):
    """What the product returns; `fields` (dotted name -> value) and `ignored` (words that did nothing) are used where they exist."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Attribute -> value of the closed vocabulary; age in years."""


class Describer(Protocol):
    """The product's public functions, or a baseline with the same interface."""

    def describe(self, text: str, *, seed: int) -> Described:
        """The person of a text; raises SpecError for a text that is refused."""

    def edit(self, description: Any, change: str, *, seed: int) -> Described:
        """The person after a change."""


@dataclass(frozen=True)
class Sentence:
    """One line of the benchmark."""

    id: str
    language: str
    kind: str
    """template, or who speaks: casting, game, novel, police, chat, forum, grandmother, slang, dialect."""
    text: str
    expected: Expected
    tags: tuple[str, ...] = ()
    edit: str = ""
    expected_after: Expected = field(default_factory=dict)
    unchanged: tuple[str, ...] = ()


@dataclass
class Outcome:
    """What one sentence gave."""

    sentence: Sentence
    checks: list[tuple[str, bool]] = field(default_factory=list)
    """Attribute and whether it was right, of both texts."""
    rest: list[tuple[str, bool]] = field(default_factory=list)
    """Attribute that an edit should leave, and whether it did."""
    is_right: bool = False
    seconds: float = 0.0
    got: str = ""
    """For --show."""


def load_sentences(language: str | None = None, limit: int | None = None) -> list[Sentence]:
    """The sentences of one or both languages; `limit` takes the first ones of each."""
    found = []
    for name in [language] if language else ["en", "zh"]:
        lines = (FOLDER / f"describe_sentences_{name}.jsonl").read_text(encoding="utf-8").splitlines()[:limit]
        rows = [json.loads(line) for line in lines]
        found += [Sentence(**row | {"tags": tuple(row["tags"]), "unchanged": tuple(row.get("unchanged", ()))}) for row in rows]
    return found


def accepts(requested: Any, value: Any) -> bool:
    """Whether a value is what a sentence says: equal, among those listed, or an age within [low, high]."""
    if isinstance(value, int | float):
        return bool(requested[0] <= value <= requested[1])
    return bool(value == requested or (isinstance(requested, list) and value in requested))


def moves(attribute: str, direction: str, before: Described, after: Described) -> bool:
    """Whether an attribute went `more` or `less`: by its word, or within one by the field behind it."""
    sign = 1 if direction == "more" else -1
    old, new = before.attributes.get(attribute), after.attributes.get(attribute)
    if attribute in _RANKS and (step := _RANKS[attribute].get(str(new), 0) - _RANKS[attribute].get(str(old), 0)):
        return step * sign > 0
    old, new = (old, new) if attribute == "age" else tuple(_get_field(one, attribute) for one in (before, after))
    return isinstance(old, int | float) and isinstance(new, int | float) and (new - old) * sign > 0


def _get_field(description: Described, attribute: str) -> Any:
    return getattr(description, "fields", {}).get(_FIELDS.get(attribute, ""))


def judge(sentence: Sentence, describer: Describer, seed: int) -> Outcome:
    """One sentence through the product."""
    outcome, started = Outcome(sentence), time.perf_counter()
    requested = {name: value for name, value in sentence.expected.items() if name not in ("refused", "reported")}
    try:
        before = describer.describe(sentence.text, seed=seed)
        outcome.seconds = time.perf_counter() - started
        after = describer.edit(before, sentence.edit, seed=seed) if sentence.edit else before
    except SpecError as error:
        outcome.got = f"refused: {error}"
        outcome.is_right = bool(sentence.expected.get("refused") or sentence.expected.get("reported"))
        outcome.checks = [] if outcome.is_right else [(name, False) for name in (*requested, *sentence.expected_after)]
        return outcome
    outcome.checks = [(name, accepts(value, before.attributes.get(name))) for name, value in requested.items()]
    if sentence.edit:
        outcome.checks += [(name, _is_after(name, value, before, after)) for name, value in sentence.expected_after.items()]
        kept = _list_kept(sentence)
        outcome.rest = [(name, before.attributes.get(name) == after.attributes.get(name)) for name in kept]
    outcome.is_right = not sentence.expected.get("refused") and all(ok for _, ok in outcome.checks)
    if sentence.expected.get("reported") and not (outcome.checks and outcome.is_right):
        outcome.is_right = any(getattr(before, name, ()) for name in _REPORTS)
        outcome.checks = [check for check in outcome.checks if check[1] or not outcome.is_right]
    outcome.got = json.dumps(dict(after.attributes), ensure_ascii=False)
    return outcome


def _is_after(name: str, requested: Any, before: Described, after: Described) -> bool:
    if requested in ("more", "less"):
        return moves(name, requested, before, after)
    return accepts(requested, after.attributes.get(name))


def _list_kept(sentence: Sentence) -> list[str]:
    """Attributes that an edit must leave: those that the first text states, and those that do not follow an edited one."""
    linked = frozenset().union(*(LINKED.get(name, frozenset()) for name in sentence.expected_after))
    return [
        name for name in ("age", *VOCABULARY) if name not in sentence.expected_after and (name in sentence.expected or name not in linked)
    ]


# Attribute value: words. Chosen as somebody would who writes down the obvious words for an hour.
_KEYWORDS_EN = """
gender female: woman, female, girl, lady, she, her, mother, grandmother, granny, aunt, queen, princess, daughter, wife, sister
gender male: man, male, boy, guy, gentleman, he, his, father, grandfather, grandpa, uncle, king, son, husband, brother
gender between: androgynous, non-binary, nonbinary
age 25: young, student, youth
age 50: middle-aged
age 75: old, elderly, pensioner
tone light: pale, fair skin, light skin, white skin
tone medium: olive, tan, medium skin, brown skin
tone dark: dark skin, dark-skinned, black skin, ebony
build thin: thin, slim, skinny, slender, lean
build heavy: fat, heavy, chubby, plump, overweight, stout
build muscular: muscular, athletic, strong, buff
height short: short man, short woman, small, tiny, petite
height tall: tall, giant
face round: round
face oval: oval
face long: long face
face square: square
hair_length bald: bald, shaved head
hair_length buzz: buzz
hair_length short: short hair, pixie, crew cut
hair_length medium: shoulder-length, bob, medium-length
hair_length long: long hair
hair_texture straight: straight
hair_texture wavy: wavy, waves
hair_texture curly: curly, curls
hair_texture coily: afro, coily
hair_style fringe: fringe, bangs
hair_style tail: ponytail, pigtails
hair_style bun: bun
hair_style braids: braid, plait, dreadlocks
hair_style parting: parting
hair_style loose: loose
hair_colour black: black hair
hair_colour brown: brown hair, brunette
hair_colour blond: blond, golden hair
hair_colour red: red hair, redhead, ginger
hair_colour grey: grey hair, gray hair, silver
hair_colour white: white hair
hair_colour dyed: dyed, pink, purple, blue hair, green hair
eye_colour brown: brown eyes
eye_colour blue: blue eyes
eye_colour green: green eyes
eye_colour grey: grey eyes
eye_colour hazel: hazel
beard stubble: stubble, unshaven
beard moustache: moustache, mustache
beard beard: beard, goatee
glasses yes: glasses, spectacles, specs
hat yes: hat, cap, beanie
freckles yes: freckle
outfit t-shirt: t-shirt, tshirt, tee
outfit shirt: shirt, blouse
outfit suit: suit, tuxedo, blazer
outfit dress: dress, gown
outfit skirt: skirt, kilt
outfit uniform: uniform, nurse, doctor, police, firefighter, pilot, soldier, lab coat
outfit casual: jeans, hoodie, sweater, jumper, casual
outfit sport: sport, tracksuit, jogging, runner
expression smile: smile, smiling, grin, happy, cheerful, laugh, friendly
expression serious: serious, stern, grave, grumpy, sad, angry
"""
_KEYWORDS_ZH = """
gender female: 女, 姑娘, 妈, 奶奶, 阿姨, 姐, 妹, 她, 婆, 姨, 夫人, 公主, 新娘
gender male: 男, 小伙, 爸, 爷爷, 叔, 哥, 弟, 他, 老头, 先生, 汉, 王子, 儿子
gender between: 中性
age 25: 年轻, 小伙, 姑娘, 学生, 青年
age 50: 中年, 大叔, 阿姨
age 75: 老人, 老头, 奶奶, 爷爷, 老年
tone light: 皮肤白, 白皙, 白净, 浅肤色
tone medium: 小麦色, 古铜, 肤色中等
tone dark: 黝黑, 黑皮, 深肤色, 皮肤黑
build thin: 瘦, 苗条, 纤细
build heavy: 胖, 肥, 丰满
build muscular: 肌肉, 强壮, 健壮, 壮
height short: 矮, 娇小, 小个子
height tall: 高个, 高大, 高高
face round: 圆脸
face oval: 鹅蛋脸, 椭圆
face long: 长脸
face square: 方脸, 国字脸
hair_length bald: 光头, 秃
hair_length buzz: 寸头, 板寸, 平头
hair_length short: 短发
hair_length medium: 中长, 齐肩
hair_length long: 长发, 长直发
hair_texture straight: 直发
hair_texture wavy: 波浪
hair_texture curly: 卷
hair_texture coily: 爆炸头
hair_style fringe: 刘海
hair_style tail: 马尾
hair_style bun: 丸子头, 发髻, 盘发
hair_style braids: 辫
hair_style parting: 分头, 偏分, 中分
hair_style loose: 披肩, 披着
hair_colour black: 黑发, 黑色短发, 黑色长发, 黑长直
hair_colour brown: 棕发, 棕色长, 棕色头发
hair_colour blond: 金发, 金色, 黄发
hair_colour red: 红发, 红色头发, 红色短发, 红色长发
hair_colour grey: 灰发, 花白, 灰白, 银发
hair_colour white: 白发, 白头发
hair_colour dyed: 染, 粉色, 蓝发, 紫发, 绿发
eye_colour brown: 棕色眼, 黑眼睛, 褐色眼
eye_colour blue: 蓝眼, 蓝色眼
eye_colour green: 绿眼, 绿色眼, 碧眼
eye_colour grey: 灰眼, 灰色眼
eye_colour hazel: 榛色, 琥珀
beard stubble: 胡茬, 胡渣
beard moustache: 小胡子, 八字胡
beard beard: 胡子, 络腮胡, 山羊胡, 大胡子
glasses yes: 眼镜, 墨镜
hat yes: 帽
freckles yes: 雀斑
outfit t-shirt: T恤, t恤
outfit shirt: 衬衫, 衬衣
outfit suit: 西装, 西服, 正装
outfit dress: 连衣裙, 长裙, 旗袍
outfit skirt: 短裙, 半身裙, 裙子
outfit uniform: 制服, 护士, 医生, 警察, 消防, 军人, 白大褂
outfit casual: 牛仔裤, 毛衣, 卫衣, 休闲
outfit sport: 运动
expression smile: 笑, 开心, 和蔼
expression serious: 严肃, 冷, 生气, 威严
"""
_REFUSALS = ("naked", "nude", "裸")
_DEFAULTS: Mapping[str, Value] = {
    "age": 30.0, "gender": "female", "tone": "medium", "build": "average", "height": "average", "face": "oval", "hair_length": "short",
    "hair_texture": "straight", "hair_style": "loose", "hair_colour": "brown", "eye_colour": "brown", "beard": "none", "glasses": "no",
    "hat": "no", "freckles": "no", "outfit": "casual", "expression": "neutral",
}  # fmt: skip
_MORE = {"older": ("age", 8), "taller": ("height", 1), "fatter": ("build", 1), "younger": ("age", -8), "shorter": ("height", -1),
         "thinner": ("build", -1), "slimmer": ("build", -1), "darker": ("tone", 1), "老": ("age", 8), "高": ("height", 1),
         "年轻": ("age", -8), "矮": ("height", -1), "黑一点": ("tone", 1)}  # fmt: skip


def _parse_keywords(table: str) -> list[tuple[str, str, str]]:
    """Word, attribute and value, the longest words last, so that they win."""
    found = []
    for line in table.strip().splitlines():
        target, _, words = line.partition(": ")
        attribute, _, value = target.partition(" ")
        found += [(word.strip(), attribute, value) for word in words.split(",")]
    return sorted(found, key=lambda one: len(one[0]))


@dataclass(frozen=True)
class KeywordPerson:
    """What the baseline returns."""

    attributes: Mapping[str, Value]
    ignored: tuple[str, ...] = ()


class KeywordBaseline:
    """Some 180 words a language, found as substrings (whole words in English), and numbers of two digits as ages: no grammar at all."""

    def __init__(self) -> None:
        self._english, self._chinese = _parse_keywords(_KEYWORDS_EN), _parse_keywords(_KEYWORDS_ZH)

    def describe(self, text: str, *, seed: int) -> KeywordPerson:
        """The defaults with every word that occurs."""
        del seed
        if any(word in text.lower() for word in _REFUSALS):
            raise SpecError(Finding("describe/nudity", "the text asks for nudity"))
        found = self._match(text)
        if not found:
            return KeywordPerson(_DEFAULTS, (text,))
        return KeywordPerson({**_DEFAULTS, **found})

    def edit(self, description: KeywordPerson, change: str, *, seed: int) -> KeywordPerson:
        """The words of the change over the description, and a dozen comparatives."""
        del seed
        attributes = {**description.attributes, **self._match(change)}
        for word, (name, step) in _MORE.items():
            if word in change.lower():
                old = description.attributes[name]
                if isinstance(old, str):
                    values = VOCABULARY[name][:3]
                    old_rank = values.index(old) if old in values else 1
                    attributes[name] = values[max(0, min(2, old_rank + step))]
                else:
                    attributes[name] = old + step
        return KeywordPerson(attributes)

    def _match(self, text: str) -> dict[str, Value]:
        low = text.lower()
        found: dict[str, Value] = {}
        for word, attribute, value in self._english:
            if re.search(rf"\b{re.escape(word)}", low):
                found[attribute] = float(value) if attribute == "age" else value
        for word, attribute, value in self._chinese:
            if word in text:
                found[attribute] = float(value) if attribute == "age" else value
        if age := re.search(r"(?<!\d)([1-9]\d)(?!\d)", text):
            found["age"] = float(age[1])
        return found


def load_product() -> Describer | None:
    """The product's module of public functions; None where this tree does not have it."""
    try:
        module: Any = importlib.import_module("stages.describe.resolve")
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("stages.describe"):
            raise  # it is there, but a library is not
        return None
    return module  # type: ignore[no-any-return]


def run(describer: Describer, sentences: Iterable[Sentence], seeds: int) -> list[Outcome]:
    """Every sentence; with several seeds one is right only if it is for every seed."""
    outcomes = []
    for sentence in sentences:
        tries = [judge(sentence, describer, seed) for seed in range(seeds)]
        merged = next((one for one in tries if not one.is_right), tries[0])
        merged.seconds = statistics.median(one.seconds for one in tries)
        outcomes.append(merged)
    return outcomes


Row = tuple[str, int, float]
"""Name, how many, percent right."""


def count_groups(outcomes: Sequence[Outcome]) -> list[Row]:
    """The rows of the report: groups of sentences, then attributes."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        one = outcome.sentence
        manner = "template" if one.kind == "template" else "free"
        for name in ("all right", f"language {one.language}", f"{manner} {one.language}", *one.tags, f"kind {one.kind}"):
            groups[name].append(outcome.is_right)
        groups["rest unchanged"] += [ok for _, ok in outcome.rest]
    attributes: dict[str, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        for name, ok in outcome.checks:
            attributes[f"attribute {name}"].append(ok)
    groups["each attribute"] = [ok for values in attributes.values() for ok in values]
    order = ["all right", "each attribute", "language en", "language zh", "free en", "free zh", "template en", "template zh", "negation",
             "comparative", "edit", "multi", "rest unchanged", "refusal", "contradiction", "child", "mixed", "typo", "synonym", "number",
             "occupation"]  # fmt: skip
    named = {name: groups[name] for name in (*order, *sorted(name for name in groups if name.startswith("kind "))) if groups.get(name)}
    named |= {f"attribute {name}": attributes[f"attribute {name}"] for name in ("age", *VOCABULARY) if f"attribute {name}" in attributes}
    return [(name, len(values), 100 * sum(values) / len(values)) for name, values in named.items()]


def format_report(tables: Mapping[str, list[Outcome]]) -> str:
    """Markdown: one row a group, one column a describer."""
    columns = {name: {row[0]: row for row in count_groups(outcomes)} for name, outcomes in tables.items()}
    first = next(iter(columns.values()))
    lines = [f"| group | n | {' | '.join(columns)} | goal |", "|---|---|" + "---|" * (len(columns) + 1)]
    for name, (_, count, _) in first.items():
        goal = GOALS.get("each attribute" if name.startswith("attribute ") else name)
        shares = " | ".join(f"{rows[name][2]:.1f} %" if name in rows else "-" for rows in columns.values())
        lines.append(f"| {name} | {count} | {shares} | {f'{goal} %' if goal else ''} |")
    for name, outcomes in tables.items():
        seconds = sorted(outcome.seconds for outcome in outcomes)
        middle, late = seconds[len(seconds) // 2], seconds[int(0.95 * (len(seconds) - 1))]
        lines.append(f"\n{name}: {middle * 1000:.0f} ms a text (median), {late * 1000:.0f} ms (95 %)")
    return "\n".join(lines) + "\n"


def list_failures(outcomes: Iterable[Outcome]) -> str:
    """The sentences that are not right, and what was returned."""
    lines = []
    for outcome in outcomes:
        if not outcome.is_right:
            one = outcome.sentence
            wrong = ", ".join(dict.fromkeys(name for name, ok in outcome.checks if not ok))
            lines.append(f"{one.id} [{wrong or 'not refused'}] {one.text}{f' >> {one.edit}' if one.edit else ''}\n    {outcome.got}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Prints the table, then on request the failures and what the reader sees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", choices=("en", "zh"))
    parser.add_argument("--limit", type=int, help="only the first N sentences of each language")
    parser.add_argument("--seeds", type=int, default=1, help="every one of N seeds has to obey")
    parser.add_argument("--show", action="store_true", help="list the failures: who has seen them must not tune")
    parser.add_argument("--render", action="store_true", help="also read the people back from renders")
    chosen = parser.parse_args()
    sentences = load_sentences(chosen.language, chosen.limit)
    describers: dict[str, Describer] = {"keywords": KeywordBaseline()}
    if product := load_product():
        describers = {"fenshen": product, **describers}
    else:
        sys.stdout.write("stages.describe is not in this tree: only the baseline is measured\n\n")
    tables = {name: run(describer, sentences, chosen.seeds) for name, describer in describers.items()}
    sys.stdout.write(format_report(tables))
    if chosen.show:
        sys.stdout.write("\n" + list_failures(next(iter(tables.values()))))
    if chosen.render and product:
        from bench.describe_reader import read_back

        sys.stdout.write("\n" + read_back(product, sentences))


if __name__ == "__main__":
    main()

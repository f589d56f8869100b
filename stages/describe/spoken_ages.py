"""Ages as people put them without the word `years`: bare numbers, scores, birth years, and an age that is taken back."""

from __future__ import annotations

import re

THIS_YEAR = 2026
"""The year that birth years count from; fixed, because the same text gives the same person."""
_UNITS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fourty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORD = rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_UNITS)}))?|{'|'.join(_TEENS)})"
"""18 to 99 in words."""
_OLD = r"(?:[- ]*(?:years?|yrs?)[- ](?:old|of age))?"
_AFTER_SIZE = (
    r"(?<!size )(?<!sizes )(?<!number )(?<!no )(?<!no\. )(?<!# )(?<!room )(?<!level )(?<!page )(?<!bus )(?<!route )(?<!top )(?<!ic)"
)
_UNIT = (
    r"(?![\w%]|\.\d| ?(?:cm|kg|ft|feet|foot|inch|inches|lbs?|"
    r"pounds|kilos|m\b|percent|per cent|euros?|dollars?|"
    r"minutes?|hours?|days?|weeks?|months?|miles?|people|"
    r"times|cats|dogs|books|pages|floors?|storeys?|grams|"
    r"metres|meters|stone|something|thousand|hundred|years? (?:ago|"
    r"later|of (?:exp|serv)|in|on)|厘米|公斤|斤|公分))"
)
CORRECTION = re.compile(
    r"(?:,|\.|\?|!|-|吧|，|。|？|！| )*(?:\bno,? wait,?|"
    r"\bwait,? no,?|\bno,? make that|\bmake that|\bno,? sorry,?|"
    r"\bsorry,?|\bno,? i mean|\bi mean|\bscratch that,?|"
    r"\bor rather|"
    r"\bno, (?=barely|only|more like|rather|just)|\bcorrection:?|"
    r"\bactually,?|不对|哦不|噢不|不是不是|说错了|错了|"
    r"应该是|我是说|更正|不,(?=足|都|得|该|少说))[,，。 ]*(?:barely|"
    r"only|more like|rather|just|是|得有|足有|都有|该有|"
    r"少说有|少说|有)? *$"
)
"""What is between an age and the one that replaces it."""
_H = "一二三四五六七八九"
_BEFORE = r"(?:(?<=^)|(?<=[\s，。、；：,.;:/|()（）男女爸妈我他她婆爷叔姨娘孩女子生人今年际有是约概将快满已才刚龄岁儿友])) ?"
_NO_UNIT = (
    r"(?![\d十百千万几.%]| ?(?:米|厘|公|斤|克|千|个|位|"
    r"名|条|件|只|张|本|层|楼|路|班|级|后|码|寸|尺|里|代|"
    r"年|月|日|号|块|元|度|分|点|次|人|天|周|小时|cm|kg|"
    r"m\b|lb|多年|来年|世纪|秒|英|磅|mm))"
)
_PERSON_OR_END = r"(?=$|[\s，。、；,.;/|()（）]|咧|啦|了|吧|的|嘞|哩|呗|嘛|左右|上下|男|女|好几|来|多|几|出头|大|老)"

PATTERNS: tuple[tuple[str, str], ...] = (
    (r"\bhalf a century(?: old| of age)?", "score"),
    (r"\ba quarter of a century(?: old)?", "score"),
    (r"\b(?P<n>two|three|four|[2-4])[- ]?score(?: years)?(?:,? and (?P<m>[a-z]+))?(?: years)?", "score"),
    (rf"\b(?:wrong|other|far|shady) side of (?P<a>\d\d|{WORD})\b", "over"),
    (rf"\b(?:right|sunny|good) side of (?P<a>\d\d|{WORD})\b", "under"),
    (rf"\b(?:never|not) see (?:the age of )?(?P<a>\d\d|{WORD}) again\b", "over"),
    (
        r"\b(?:(?:couldn't|could not|can't|cannot) (?:have been|"
        r"be) |no |not )(?:a day )?(?:more than|over|older than|"
        rf"above) (?P<a>\d\d|{WORD})\b{_OLD}", "under"),
    (rf"\b(?:not|no) (?:a day )?(?:less than|under|younger than|below) (?P<a>\d\d|{WORD})\b{_OLD}", "over"),
    (rf"\bnot (?:yet|quite) (?P<a>\d\d|{WORD})\b{_OLD}{_UNIT}", "near"),
    (rf"\b(?P<a>{'|'.join(_TENS)}|[2-9]0)[- ](?:and (?:some|a few|odd)(?: years)?|some years|odd years|plus|and change)\b{_OLD}", "some"),
    (rf"\b(?P<a>{'|'.join(_TENS)}|[2-9]0)[- ](?:odd|something)\b{_OLD}", "some"),
    (r"\b(?P<a>[2-9]0)\+", "some"),
    (
        r"\b(?:born|b\.|dob|d\.o\.b\.|birth ?year|year of birth)"
        r"(?: in| on)?(?: the)?(?: year)?[: ]*(?:of )?(?:\d\d?[./-]\d\d?[./-]|"
        r"[a-z]+ (?:\d\d?,? )?|\d\d? [a-z]+ )?(?P<y>19\d\d|"
        r"200\d)\b", "born"),
    (r"(?P<y>19\d\d|200\d)年?(?:\d{1,2}月)?(?:\d{1,2}[日号])?(?:出生|生人|生于|生(?![活意])|年?生)", "born"),
    (r"(?:生于|出生于|出生年份|出生日期)[:：]?(?P<y>19\d\d|200\d)年?", "born"),
    (r"(?P<y>[一二]九?[〇零一二三四五六七八九]{2,3})年(?:出生|生人|生)", "born"),
    (rf"(?P<a>[二三四五六七八九]十)(?:又|有|零)(?P<b>[{_H}])岁?", "sum"),
    (rf"(?P<a>[二三四五六七八九]?十[{_H}])[、到至-]?(?P<b>(?:[二三四五六七八九]?十)[{_H}])岁?", "pair"),
    (r"(?:双十年华|双十|二十年华|二十芳华|二十妙龄)", "twenty"),
    (rf"{_BEFORE}(?P<a>[二三四五六七八九]十)好几", "late"),
    (
        rf"{_BEFORE}(?P<a>[二三四五六七八九]十[{_H}]?|十[八九]|"
        rf"廿[{_H}]?|卅[{_H}]?|1[89]|[2-9]\d){_NO_UNIT}(?:周?[岁碎睡])"
        rf"?{_PERSON_OR_END}", "bare"),
    (
        r"(?:\bage|\baged|年龄|年纪|岁数|芳龄|年方|现年)[:： ]*(?P<a>1[89]|"
        rf"[2-9]\d|[二三四五六七八九]十[{_H}]?|[廿卅][{_H}]?)"
        rf"{_NO_UNIT}", "bare"),
    (
        r"(?<![\w.'$-])(?P<a>1[89]|[2-9]\d)(?P<z>-|–|/| to |"
        rf" or )(?P<b>1[89]|[2-9]\d){_UNIT}(?:[- ]*(?:years?|"
        r"yrs?)(?:[- ]old)?\b)?", "range"),
    (rf"\b(?P<a>{WORD}) (?:or|to) (?P<b>{WORD})\b{_UNIT}{_OLD}", "range"),
    (rf"{_AFTER_SIZE}(?<![\w.'$/-])(?P<a>1[89]|[2-9]\d)(?:[mf]\b|{_UNIT})", "bare"),
    (rf"{_AFTER_SIZE}(?<![\w-])(?P<a>{WORD}){_UNIT}(?!-)", "bare"),
)  # fmt: skip
"""(pattern, how its numbers are read): tried after the ages that say years."""

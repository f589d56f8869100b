"""Chinese text -> the characters that are spoken: the classes of spans and their verbalisers.

A Latin word becomes [word](/pinyin/), the notation of `mandarin_symbols` for a given pronunciation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from stages.voice.reading.english_tables import FILE_ENDINGS, FRACTION_SIGNS, SPELT_DOMAINS, TOP_LEVEL_WORDS
from stages.voice.reading.latin_in_mandarin import say_latin_letters, say_latin_word
from stages.voice.reading.mandarin_numbers import say_amount, say_cardinal, say_digits, say_number
from stages.voice.reading.spans import Span, SpanClass, tokenize_line

_NUM = r"(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)"
_DASH = r"(?:[-–—−~～〜至到]|--)"
_MINUS = r"[-−–]"
_FRACTION_SIGN = "".join(FRACTION_SIGNS)
CURRENCIES = {
    "$": "美元", "US$": "美元", "USD": "美元", "¥": "元", "￥": "元", "CNY": "元", "RMB": "元", "€": "欧元", "EUR": "欧元",
    "£": "英镑", "GBP": "英镑",
    "HK$": "港元", "HKD": "港元", "₩": "韩元", "KRW": "韩元", "JPY": "日元", "₹": "卢比", "INR": "卢比", "₽": "卢布", "RUB": "卢布",
    "CHF": "瑞士法郎",
    "AUD": "澳元", "A$": "澳元", "CAD": "加元", "C$": "加元", "฿": "泰铢", "THB": "泰铢", "SGD": "新加坡元", "NT$": "新台币",
    "TWD": "新台币",
}  # fmt: skip
UNITS = {
    "km": "公里", "m": "米", "dm": "分米", "cm": "厘米", "mm": "毫米", "μm": "微米", "µm": "微米", "nm": "纳米", "kg": "公斤",
    "g": "克", "mg": "毫克",
    "t": "吨", "l": "升", "L": "升", "ml": "毫升", "mL": "毫升", "h": "小时", "min": "分钟", "s": "秒", "ms": "毫秒", "Hz": "赫兹",
    "kHz": "千赫",
    "MHz": "兆赫", "GHz": "吉赫", "W": "瓦", "kW": "千瓦", "MW": "兆瓦", "kWh": "千瓦时", "V": "伏", "mV": "毫伏", "kV": "千伏",
    "mA": "毫安", "mAh": "毫安时",
    "Ω": "欧姆", "kΩ": "千欧", "Pa": "帕", "kPa": "千帕", "hPa": "百帕", "J": "焦耳", "kJ": "千焦", "kcal": "千卡", "cal": "卡",
    "dB": "分贝", "ha": "公顷",
    "in": "英寸", "ft": "英尺", "lb": "磅", "oz": "盎司", "mph": "英里每小时", "rpm": "转每分", "℃": "摄氏度", "°C": "摄氏度",
    "℉": "华氏度", "°F": "华氏度",
    "°": "度", "㎡": "平方米", "㎥": "立方米", "㎞": "公里", "㎝": "厘米", "㎜": "毫米", "㎏": "公斤", "㎎": "毫克", "㏄": "毫升",
    "KB": "千字节", "MB": "兆",
    "GB": "吉字节", "TB": "太字节", "px": "像素", "fps": "帧每秒", "m²": "平方米", "m³": "立方米", "km²": "平方公里",
    "cm²": "平方厘米", "cm³": "立方厘米",
    "m2": "平方米", "m3": "立方米", "㎢": "平方公里", "㏎": "公里", "ml³": "毫升",
}  # fmt: skip
_UNIT_NAMES = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_CURRENCY_NAMES = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
MEASURES = (
    "个|位|本|张|次(?!列车)|件|条|只|名|家|间|杯|瓶|块|天|周(?!年)|岁|种|遍|小时|分钟|公里|公斤|千|万|亿|倍|斤|米|吨|克|升|元|人|座|"
    "辆|台|支|枝|把|部|场|节|门|首|幅|对|双|套|碗|"
    "盘|片|颗|棵|朵|份|层|页|句|行|步|口|头|匹|封|顿|趟|股|点(?!\\d)|处|项|批|组|队|排|年(?!级)|厘米|毫米|英寸|英尺|美元|欧元|毫升|秒"
    "|磅|分之"
)
_SIGNS = {
    "&": "和", "+": "加", "=": "等于", "×": "乘", "÷": "除以", "±": "正负", "≠": "不等于", "≈": "约等于", "≤": "小于等于",
    "≥": "大于等于", "<": "小于",
    ">": "大于", "√": "根号", "∞": "无穷大", "π": "派", "%": "百分号", "‰": "千分号", "@": "艾特", "°": "度", "℃": "摄氏度",
    "℉": "华氏度", "→": "到",
    "§": "第", "№": "第", "−": "减", "*": "乘", "$": "美元", "€": "欧元", "£": "英镑", "¥": "元", "￥": "元", "㎡": "平方米",
}  # fmt: skip
_PAUSES = {",": "，", ";": "；", ":": "：", "!": "！", "?": "？", ".": "。"}
_ADDRESS = {
    ".": "点",
    "/": "斜杠",
    "-": "杠",
    "_": "下划线",
    "@": "艾特",
    ":": "冒号",
    "#": "井号",
    "?": "问号",
    "=": "等于",
    "&": "和",
    "%": "百分号",
    "+": "加",
}


@lru_cache(maxsize=256)  # a line is read for its sound, its words and its warnings
def tokenize_mandarin(text: str) -> tuple[Span, ...]:
    """The spans of a line of Chinese."""
    plain = "".join(
        unicodedata.normalize("NFKC", c) if ("０" <= c <= "ｚ" and c.isalnum()) or c in "％＋－＝＜＞＃＠＄＆／．" else c for c in text
    )
    return tuple(tokenize_line(plain.replace("〇", "零"), CLASSES))


def _get_before(match: re.Match[str]) -> str:
    return match.string[: match.start()]


def _get_after(match: re.Match[str]) -> str:
    return match.string[match.end() :]


def _say_address(match: re.Match[str]) -> str:
    address = re.sub(r"^(?:https?://)?(?:www\.)?", "", match.group()).lstrip("#")
    parts = re.findall(r"[A-Za-z]+|\d+|.", address)
    return "".join(
        say_digits(part) if part.isdigit() else say_latin_word(part) if part.isascii() and part.isalpha() else _ADDRESS.get(part, "")
        for part in parts
    )


def _say_domain(match: re.Match[str]) -> str | None:
    ending = match.group("ending").lower()
    return _say_address(match) if ending in TOP_LEVEL_WORDS | SPELT_DOMAINS | FILE_ENDINGS else None


def _say_phone(match: re.Match[str]) -> str:
    return ("加" if match.group().startswith("+") else "") + say_digits(match.group(), one="幺")


def _say_emergency(match: re.Match[str]) -> str | None:
    called = re.search(r"(?:打|拨|拨打|呼叫|电话|报警|热线|致电|联系|急救|火警|匪警|或|和)\s*[:：是]?\s*$", _get_before(match))
    return say_digits(match.group(), one="幺") if called or re.match(r"(?:热线|电话|报警|急救|火警)", _get_after(match)) else None


def _say_date(match: re.Match[str]) -> str | None:
    year, month, day = match.group(1), int(match.group(3)), int(match.group(4))
    return f"{say_digits(year)}年{say_cardinal(month)}月{say_cardinal(day)}日" if 1 <= month <= 12 and 1 <= day <= 31 else None


def _say_clock(hour: str, minute: str, second: str | None) -> str:
    words = f"{'两' if int(hour) == 2 else say_cardinal(int(hour))}点"
    if second:
        return f"{words}{say_cardinal(int(minute))}分{say_cardinal(int(second))}秒"
    return words if not int(minute) else f"{words}{'零' if int(minute) < 10 else ''}{say_cardinal(int(minute))}分"


def _say_time(match: re.Match[str]) -> str | None:
    hour, minute, second = match.group(1), match.group(2), match.group(3)
    if int(hour) > 24 or int(minute) > 59 or re.search(r"(?:比分|比)[是为]?\s*$", _get_before(match)):
        return None
    until = f"到{_say_clock(match.group(4), match.group(5), None)}" if match.group(4) else ""
    return _say_clock(hour, minute, second) + until


def _say_ratio(match: re.Match[str]) -> str:
    return "比".join(say_cardinal(int(number)) for number in re.split("[:：]", match.group()))


def _say_year(match: re.Match[str]) -> str:
    until = f"到{say_digits(match.group(2))}" if match.group(2) else ""
    return say_digits(match.group(1)) + until


def _say_short_year(match: re.Match[str]) -> str | None:
    return say_digits(match.group()) if match.group()[0] in "06789" else None


def _say_ordinal(match: re.Match[str]) -> str:
    until = f"到{match.group(3) or ''}{say_cardinal(int(match.group(4)))}" if match.group(4) else ""
    return f"第{say_cardinal(int(match.group(1)))}{until}"


def _say_money(match: re.Match[str]) -> str:
    sign = CURRENCIES[match.group("before") or match.group("after")]
    number, scale, until = match.group("number"), match.group("scale") or "", match.group("until")
    digits = re.sub(r"(\.\d*?)0+$", r"\1", number).rstrip(".") if "." in number else number
    value = "两" if digits == "2" else say_number(digits)
    value += f"到{say_number(until)}" if until else ""
    return f"{'负' if match.group('minus') else ''}{value}{scale}{sign}"


def _say_percent(match: re.Match[str]) -> str:
    until = f"到{_get_percent_word(match)}{say_number(match.group('until'))}" if match.group("until") else ""
    return f"{_get_percent_word(match)}{'负' if match.group('minus') else ''}{say_number(match.group('number'))}{until}"


def _get_percent_word(match: re.Match[str]) -> str:
    return "百分之" if match.group("unit") in "%" else "千分之"


def _say_degrees(match: re.Match[str]) -> str:
    minus = "零下" if match.group("minus") else ""
    until = f"到{say_number(match.group('until'))}" if match.group("until") else ""
    unit = match.group("unit")
    return f"{minus}{say_number(match.group('number'))}{until}{UNITS.get(unit, unit)}"


def _say_measure(match: re.Match[str]) -> str | None:
    unit, per, number, until = match.group("unit"), match.group("per"), match.group("number"), match.group("until")
    value = (say_number(number) + f"到{say_number(until)}") if until else say_amount(number)
    minus = "负" if match.group("minus") else ""
    return f"{minus}{value}{UNITS[unit]}" + (f"每{UNITS.get(per, per)}" if per else "")


def _say_fraction(match: re.Match[str]) -> str | None:
    whole, top, bottom = match.group(1), int(match.group(2)), int(match.group(3))
    if not bottom:
        return None
    if not whole and 1 <= top <= 12 < bottom <= 31 and not re.match(r"[杯勺个碗斤小升]", _get_after(match)):
        return f"{say_cardinal(top)}月{say_cardinal(bottom)}日"
    return (f"{say_cardinal(int(whole))}又" if whole else "") + f"{say_cardinal(bottom)}分之{say_cardinal(top)}"


def _say_fraction_sign(match: re.Match[str]) -> str:
    top, bottom = FRACTION_SIGNS[match.group(2)]
    return (f"{say_cardinal(int(match.group(1)))}又" if match.group(1) else "") + f"{say_cardinal(bottom)}分之{say_cardinal(top)}"


def _say_version(match: re.Match[str]) -> str | None:
    if not match.group(1) and match.group(2).count(".") < 2:
        return None
    return (say_latin_letters("V") if match.group(1) else "") + "点".join(say_cardinal(int(part)) for part in match.group(2).split("."))


def _say_range(match: re.Match[str]) -> str:
    first, last = match.group(1), match.group(2)
    return f"{say_number(first)}到{say_number(last)}"


def _say_minus(match: re.Match[str]) -> str:
    before = _get_before(match).rstrip()
    return "减" if before and (before[-1].isdigit() or before[-1] in ")）") else "负"


def _say_power(match: re.Match[str]) -> str:
    exponent = (match.group(2) or "").lstrip("^") or unicodedata.normalize("NFKC", match.group(3))
    base = say_number(match.group(1))
    return (
        f"{base}的平方"
        if exponent == "2"
        else f"{base}的立方"
        if exponent == "3"
        else f"{base}的{'负' if exponent[0] in '-−' else ''}{say_cardinal(int(exponent.lstrip('-−')))}次方"
    )


def _say_digits_of_model(digits: str) -> str:
    return say_cardinal(int(digits)) if len(digits) <= 2 and not digits.startswith("0") else say_digits(digits)


def _say_model(match: re.Match[str]) -> str:
    parts = re.findall(r"[A-Za-z]+|\d+", match.group())
    return "".join(
        _say_digits_of_model(part)
        if part.isdigit()
        else say_latin_letters(part)
        if part.isupper() or len(part) == 1
        else say_latin_word(part)
        for part in parts
    )


def _say_number_word(match: re.Match[str]) -> str:
    text = match.group()
    if len(text) >= 9 and text.isdigit() and not re.match(r"[" + MEASURES[:1] + "万亿元人]", _get_after(match)):
        return say_digits(text)
    return say_number(text)


def _keep_han(match: re.Match[str]) -> str:
    return match.group()


def _rule(kind: str, pattern: str, verbalise: Callable[[re.Match[str]], str | None]) -> SpanClass:
    return SpanClass(kind, re.compile(pattern), verbalise)


_NO_DIGIT = r"(?![\d.]*\d)"
CLASSES: tuple[SpanClass, ...] = (
    _rule("e-mail", r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", _say_address),
    _rule("url", r"(?:https?://|www\.)[!-~]*[A-Za-z0-9/]", _say_address),
    _rule("domain", r"(?:[A-Za-z0-9][A-Za-z0-9_-]*\.)+(?P<ending>[A-Za-z]{2,5}\d?)(?:/[A-Za-z0-9_./-]*)?(?![A-Za-z0-9])", _say_domain),
    _rule("tag", r"@[A-Za-z0-9_]+", _say_address),
    _rule("tag", r"#(?=[\u4e00-\u9fff A-Za-z])", lambda m: "话题，" if not re.search(r"#[\u4e00-\u9fffA-Za-z ]*$", _get_before(m))
        else "，"),
    _rule("date", r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)[日号]?", _say_date),
    _rule("address", r"\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)", lambda m: "点".join(say_digits(part) for part in m.group().split("."))),
    _rule("version", r"([vV]\s?)?(\d{1,1000}(?:\.\d{1,1000})+)(?![\d%％‰]|\s?(?:元|万|亿|[A-Za-z]))", _say_version),
    _rule("version", r"([vV])(\d+)(?![\dA-Za-z.])", _say_version),
    _rule("telephone", r"\+?(?:86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", _say_phone),
    _rule("telephone", r"(?:400|800)[- ]?\d{3}[- ]?\d{4}(?!\d)|0\d{2,3}[- ]\d{7,8}(?!\d)|\+\d{1,3}(?:[- ]\d{2,5})+|\d{3,4}-\d{3,4}-\d{3,"
                       r"4}(?!\d)", _say_phone),
    _rule("telephone", r"(?:1[012]\d|911|999|12315|12306|12345|9\d{4})(?!\d|[.:,%]\d)", _say_emergency),
    _rule("time", rf"(\d{{1,2}})[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?!\d)(?:\s?{_DASH}\s?(\d{{1,2}})[:：]([0-5]\d)(?!\d))?", _say_time),
    _rule("ratio", r"\d+(?:[:：]\d+)+", _say_ratio),
    _rule("year", r"(\d{4})(?:\s?[-–—~～至到]\s?(\d{4}))?(?=年(?!代)|年代)", _say_year),
    _rule("decade", r"\d0(?=年代)", lambda m: say_cardinal(int(m.group()))),
    _rule("year", r"\d{2}(?=年(?:代|级)?(?:[春夏秋冬底初末的]|\d|[，。,]|$))", _say_short_year),
    _rule("ordinal", rf"第\s?(\d+)(?:\s?({_DASH})\s?(第)?(\d+))?", _say_ordinal),
    _rule("calendar", r"\d{1,2}(?=[月日号](?!\s?线))", lambda m: say_cardinal(int(m.group()))),
    _rule("range", rf"(?<=[月日号点分])\s?{_DASH}\s?(?=\d)", lambda m: "到"),
    _rule("room", r"\d{3,5}(?=号?(?:室|房|教室|包间|路(?![的上])|次列车|次航班|航班|宿舍))", lambda m: say_digits(m.group())),
    _rule("money", rf"(?P<minus>{_MINUS})?(?P<before>{_CURRENCY_NAMES})\s?(?P<number>{_NUM})(?:\s?{_DASH}\s?[¥￥$]?(?P<until>{_NUM}))?\s?"
                   rf"(?P<scale>[千百]?[万亿]|千)?(?P<after>(?!))?", _say_money),
    _rule("money", rf"(?P<minus>{_MINUS})?(?P<number>{_NUM})(?:\s?{_DASH}\s?(?P<until>{_NUM}))?\s?(?P<scale>[千百]?[万亿]|千)?\s?(?P<after>"
                   rf"{_CURRENCY_NAMES})(?![A-Za-z\d])(?P<before>(?!))?", _say_money),
    _rule("percent", rf"(?P<minus>{_MINUS}(?<![\d%].))?(?P<number>{_NUM})[%％‰]?(?:\s?{_DASH}\s?(?P<until>{_NUM}))?\s?(?P<unit>[%％‰])",
        lambda m: _say_percent(m)),
    _rule("degrees", rf"(?P<minus>{_MINUS})?(?P<number>{_NUM})(?:\s?(?:℃|°C)?\s?{_DASH}\s?(?P<until>{_NUM}))?\s?(?P<unit>℃|°C|℉|°F|°|度(?"
                     rf"!假|数))", _say_degrees),
    _rule("fraction", rf"(\d+)?\s?([{_FRACTION_SIGN}])", _say_fraction_sign),
    _rule("fraction", r"(?:(\d+)[ 又])?(\d+)\s?[/⁄]\s?(\d+)(?![\d/])", _say_fraction),
    _rule("measure", rf"(?P<minus>{_MINUS})?(?P<number>{_NUM})(?:\s?{_DASH}\s?(?P<until>{_NUM}))?\s?(?P<unit>{_UNIT_NAMES})(?:/(?P<per>"
                     rf"{_UNIT_NAMES}|[秒分天年人次米升]))?(?![A-Za-z0-9])", _say_measure),
    _rule("measure", r"(?<=[米秒克斤里升元瓦焦次人])/(?=[秒分时小天年月人次米升平立千公斤])", lambda m: "每"),
    _rule("measure", r"(\d+(?:\.\d+)?)([\"″′'])(?![A-Za-z])",
        lambda m: f"{say_amount(m.group(1))}英{'尺' if m.group(2) in chr(39) + '′' else '寸'}"),
    _rule("power", rf"({_NUM})(?:(\^[-−]?\d+)|(⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{{1,1000}}))", _say_power),
    _rule("range", rf"({_NUM})\s?{_DASH}\s?({_NUM})(?!\s?=)", _say_range),
    _rule("number sign", r"(?:No\.|NO\.|№|#)\s?(\d+)", lambda m: f"{say_cardinal(int(m.group(1)))}号"),
    _rule("model number", r"(?=[A-Za-z0-9-]*(?:[A-Za-z]-?\d|\d[A-Za-z]))[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", _say_model),
    _rule("digits", r"0\d+(?!\.?\d)", lambda m: say_digits(m.group())),
    _rule("cardinal", rf"2(?=(?:{MEASURES}))(?<![\d.]2)", lambda m: "两"),
    _rule("cardinal", _NUM, _say_number_word),
    _rule("signed", rf"{_MINUS}(?=\d)", _say_minus),
    _rule("sign", r"[+＋](?=\d)", lambda m: "加" if re.search(r"[\d)）]\s*$", _get_before(m)) else "正"),
    _rule("sign", r"~(?=\d)|约(?=\d)(?<!约约)", lambda m: "约"),
    _rule("power", r"[A-Za-z][²³]", lambda m: f"{say_latin_letters(m.group()[0].upper())}的{'平方' if m.group()[1] == '²' else '立方'}"),
    _rule("acronym", r"[A-Z]{1,5}(?![A-Za-zÀ-ɏ])|[A-Za-z](?![A-Za-zÀ-ɏ])", lambda m: say_latin_letters(m.group())),
    _rule("latin word", r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f]+(?:['’][A-Za-z]+)*", lambda m: say_latin_word(m.group())),
    _rule("circled number", r"[①-⑳]", lambda m: f"{say_cardinal(int(unicodedata.normalize('NFKC', m.group())))}，"),
    _rule("word", r"[\u3400-\u9fff\uf900-\ufaff]", _keep_han),
    _rule("space", r"\s+", lambda m: "，" if "\n" in m.group() else " "),
    _rule("punctuation", r"…+|\.{3,}|。{2,}", lambda m: "，"),
    _rule("punctuation", r"[—–-]{1,2}|[()（）\[\]［］{}【】]", lambda m: "，" if m.group() != "-" else " "),
    _rule("punctuation", r"[!?！？]{2,}", lambda m: "？" if re.search("[?？]", m.group()) else "！"),
    _rule("sign", r"\.(?=[A-Za-z]{2,4}(?![A-Za-z]))", lambda m: "点"),
    _rule("punctuation", r"[，。！？；：、,!?;:.．]", lambda m: _PAUSES.get(m.group(), "。" if m.group() == "．" else m.group())),
    _rule("sign", f"[{re.escape(''.join(_SIGNS))}]", lambda m: _SIGNS[m.group()]),
    _rule("sign", r"/", lambda m: "或"),
    _rule("mark", r"[\"“”„'‘’「」『』《》〈〉·•・_`\u200b-\u200d\ufeff\u00ad\ufe0e\ufe0f■◆●▪]", lambda m: ""),
)  # fmt: skip
"""In the order of their claims: the longer and the surer forms first."""

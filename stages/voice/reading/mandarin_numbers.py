"""Chinese numbers in characters."""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
LARGEST_CARDINAL = 10**16


def say_digits(digits: str, *, one: str = "一") -> str:
    """Digit by digit; telephone numbers say 幺 for one."""
    return "".join(one if digit == "1" else DIGITS[int(digit)] for digit in digits if digit.isdigit())


def say_cardinal(number: int) -> str:
    """A whole number: 一百二十三万四千零五."""
    if number >= LARGEST_CARDINAL:
        return say_digits(str(number))
    words = _say_below(number)
    return words.removeprefix("一") if 10 <= number < 20 else words


def _say_below(number: int) -> str:
    if number < 10:
        return DIGITS[number]
    for unit, name in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number >= unit:
            many, rest = divmod(number, unit)
            gap = "零" if rest and rest < unit // 10 else ""
            two = many == 2 and unit > 100
            return (
                f"{'两' if two else say_cardinal(many) if unit > 1000 else _say_below(many)}{name}{gap}{_say_below(rest) if rest else ''}"
            )
    raise AssertionError(number)


def say_number(text: str) -> str:
    """A number as it is written, with commas and decimals: 3.14 -> 三点一四."""
    whole, _, decimals = text.replace(",", "").partition(".")
    words = say_digits(whole) if len(whole) > 1 and whole.startswith("0") else say_cardinal(int(whole or 0))
    return f"{words}点{say_digits(decimals)}" if decimals else words


def say_amount(text: str) -> str:
    """A number before a measure word: 2 is 两."""
    return "两" if text == "2" else say_number(text)

"""English numbers in words, with hibari's word lists: without "and" and commas, as an American says them."""

from __future__ import annotations

from hibari.g2p import numbers

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+"
"""Pattern of a number with its commas and its decimals."""
LARGEST_CARDINAL = 10**15
"""From here on, a number is read digit by digit."""
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ROMAN_DIGITS = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_DENOMINATORS = {2: ("half", "halves"), 4: ("quarter", "quarters")}


def say_cardinal(number: int) -> str:
    """one thousand two hundred five."""
    if number >= LARGEST_CARDINAL:
        return say_digits(str(number))
    return _drop_joints(numbers.cardinal(number))


def say_ordinal(number: int) -> str:
    """one hundred twenty third; from LARGEST_CARDINAL on digit by digit, to the last one's."""
    if number >= LARGEST_CARDINAL:
        head, last = divmod(number, 10)
        return f"{say_digits(str(head))} {say_ordinal(last)}"
    return _drop_joints(numbers.ordinal(number))


def say_year(number: int) -> str:
    """nineteen oh five, two thousand five, twenty twenty six."""
    return _drop_joints(numbers.year(number))


def say_digits(digits: str) -> str:
    """Digit by digit."""
    return " ".join(_DIGITS[int(digit)] for digit in digits if digit.isdigit())


def say_number(text: str) -> str:
    """A number as it is written, with commas and decimals: 1,250.05 -> one thousand two hundred fifty point zero five."""
    whole, _, decimals = text.replace(",", "").partition(".")
    words = say_digits(whole) if len(whole) > 1 and whole.startswith("0") else say_cardinal(int(whole or 0))
    return f"{words} point {say_digits(decimals)}" if decimals else words


def say_fraction(numerator: int, denominator: int) -> str:
    """three eighths, one quarter, one half."""
    one, many = _DENOMINATORS.get(denominator) or (say_ordinal(denominator), say_ordinal(denominator) + "s")
    return f"{say_cardinal(numerator)} {one if numerator == 1 else many}"


def say_pairs(digits: str) -> str:
    """Digits of a model or a flight: 737 -> seven thirty seven, 4090 -> forty ninety, longer ones digit by digit."""
    if digits.startswith("0") or len(digits) > 4:
        return say_digits(digits)
    if len(digits) <= 2 or digits.endswith("00"):
        return say_cardinal(int(digits))
    head, tail = digits[:-2], digits[-2:]
    return f"{say_cardinal(int(head))} {say_cardinal(int(tail)) if tail[0] != '0' else 'oh ' + say_digits(tail[1])}"


def parse_roman(text: str) -> int:
    """Value of a Roman numeral."""
    values = [ROMAN_DIGITS[letter] for letter in text]
    return sum(-value if value < max(values[i:]) else value for i, value in enumerate(values))


def _drop_joints(words: str) -> str:
    return " ".join(word for word in words.replace(",", " ").replace("-", " ").split() if word != "and")

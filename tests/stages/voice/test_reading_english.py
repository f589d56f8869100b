"""Rows of the list of misread forms and their kinds: written -> the words that are spoken."""

from __future__ import annotations

import pytest

from stages.voice.english import phonemize_misaki
from stages.voice.reading.english_reader import tokenize_english
from stages.voice.text import clean_text, strip_notation


def read(text: str) -> str:
    return strip_notation(" ".join(clean_text(text, "en").sentences))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("2½ cups", "two and a half cups"),
        ("3¾ long", "three and three quarters long"),
        ("2 1/4 cups", "two and a quarter cups"),
        ("It is ¼.", "It is one quarter."),
        ("1⅛ inches", "one and an eighth inches"),
        ("−5", "minus five"),
        ("-18°C", "minus eighteen degrees Celsius"),
        ("5 - 3 = 2", "five minus three equals two"),
        ("250 g, 12 m², 5 l", "two hundred fifty grams, twelve square metres, five litres"),
        ('27", 3 in. deep', "twenty seven inches, three inches deep"),
        ("25 x 10 m", "twenty five by ten metres"),
        ("2h 30min", "two hours thirty minutes"),
        ("9.8 m/s²", "nine point eight metres per second squared"),
        ("1 kg", "one kilogram"),
        ("5'10\"", "five foot ten"),
        ("555-123-4567", "five five five, one two three, four five six seven"),
        ("(555) 123-4567", "five five five, one two three, four five six seven"),
        ("0800 123 4567", "zero eight zero zero, one two three, four five six seven"),
        ("Call 112.", "Call one one two."),
        ("112 pages", "one hundred twelve pages"),
        ("orders@crumb-bakery.co.uk", "orders at crumb dash bakery dot co dot U K"),
        ("crumb.co", "crumb dot co"),
        ("https://www.kiln.io/help.", "kiln dot I O slash help."),
        ("2.10.3", "two point ten point three"),
        ("v2.0.1", "version two point zero point one"),
        ("30.11.2026", "the thirtieth of November twenty twenty six"),
        ("2026/11/30", "the thirtieth of November twenty twenty six"),
        ("on 3 March", "on the third of March"),
        ("the 5th of May 2020", "the fifth of May twenty twenty"),
        ("Mon–Fri, Tue–Sat", "Monday to Friday, Tuesday to Saturday"),
        ("Sat & Sun", "Saturday and Sunday"),
        ("The sun sat.", "The sun sat."),
        ("9–5", "nine to five"),
        ("21–19", "twenty one nineteen"),
        ("1914–18", "nineteen fourteen to eighteen"),
        ("the XX century", "the twentieth century"),
        ("John XXIII", "John the twenty third"),
        ("Chapter IX", "Chapter nine"),
        ("I am", "I am"),
        ("20 €, 15$", "twenty euros, fifteen dollars"),
        ("$3.5bn", "three point five billion dollars"),
        ("CHF 12.80", "twelve francs eighty"),
        ("$1,250.05", "one thousand two hundred fifty dollars and five cents"),
        ("£1, $0.50", "one pound, fifty cents"),
        ("$5–10", "five to ten dollars"),
        ("p. 12", "page twelve"),
        ("no. 7, vol. 3", "number seven, volume three"),
        ("Mt. Everest, Ft. Worth", "Mount Everest, Fort Worth"),
        ("5 ft. wide", "five feet wide"),
        ("Mr. and Mrs. Jones", "Mister and Missis Jones"),
        ("e.g. tea, i.e. hot", "for example tea, that is hot"),
        ("≥ 18, > 5", "at least eighteen, more than five"),
        ("50/50, 24/7", "fifty fifty, twenty four seven"),
        ("10⁶, 10^6", "ten to the sixth, ten to the sixth"),
        ("~200", "about two hundred"),
        ("5‰", "five per mille"),
        ("C#, C++", "C sharp, C plus plus"),
        ("3:2, 16:9", "three to two, sixteen to nine"),
        ("10:30, 7:05, 12:00", "ten thirty, seven oh five, twelve o'clock"),
        ("9am–5pm", "nine A M to five P M"),
        ("the 1990s, the '80s", "the nineteen nineties, the eighties"),
        ("in 1642, 1200 pages", "in sixteen forty two, one thousand two hundred pages"),
        ("007", "zero zero seven"),
        ("H2O, A4, B737", "H two O, A four, B seven thirty seven"),
        ("NASA, BBC, PCs", "NASA, B B C, P Cs"),
        ("AT&T", "A T and T"),
        ("#bakery @crumb_co", "hashtag bakery at crumb underscore co"),
        ("report.pdf", "report dot P D F"),
        ("**Bold** and _soft_", "Bold and soft"),
        ("well-known rock 'n' roll", "well-known rock n' roll"),
        ("He met J. Doe in St. Ives. We left.", "He met J Doe in Saint Ives. We left."),
        ("It was cold in Jan. We met.", "It was cold in January. We met."),
        ("Main St. We like it.", "Main Street. We like it."),
        ("Say 你好 now", "Say 你 好 now"),
        ("①, x²", "one, X squared"),
    ],
)
def test_a_written_form_is_read_in_words(written: str, spoken: str) -> None:
    assert read(written) == spoken


def test_the_spans_cover_the_line_and_have_classes() -> None:
    spans = tokenize_english("Pay $5 by 9:30 — or 10% more.")
    assert "".join(span.text for span in spans) == "Pay $5 by 9:30 — or 10% more."
    kinds = {span.text: span.kind for span in spans}
    assert (kinds["$5"], kinds["9:30"], kinds["10%"], kinds["Pay"]) == ("money", "time", "percent", "word")


@pytest.mark.parametrize(
    ("text", "named"),
    [("I ❤ it", "❤ (heavy black heart)"), ("a \\ b", "\\ (reverse solidus)"), ("I <3 you", "<3 (less-than sign, digit three)"),
     ("note¹", "¹ (superscript one)"), ("Да", "Д (cyrillic capital letter de)")],
)  # fmt: skip
def test_a_character_without_a_reading_is_named(text: str, named: str) -> None:
    (warning,) = clean_text(text, "en").warnings
    assert warning.startswith("left out ")
    assert named in warning


@pytest.mark.parametrize("text", ["He said: “Hello”—and left… (Really?!)", "It's 5 o'clock, naïve café.", "A/B, 5 % & more: [yes]; no."])
def test_ordinary_punctuation_gives_no_warning(text: str) -> None:
    assert clean_text(text, "en").warnings == ()


def test_tags_are_left_out_with_a_warning() -> None:
    text = clean_text("a <b>bold</b> word", "en")
    assert text.sentences == ("a bold word",)
    assert text.warnings == ("left out the markup <b> </b>",)


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("Siobhan", "ʃəvˈɔn"), ("Niamh's", "nˈivz"), ("Joaquín", "wɑkˈin"), ("Nguyen", "wˈɪn"), ("Xiuying", "ʃjOjˈɪŋ"), ("Xi'an", "ʃiˈɑn"),
        ("Beauchamp", "bˈiʧəm"), ("crème brûlée", "kɹˈɛm bɹulˈA"), ("Champs-Élysées", "ʃˈɑnzAlizˈA"), ("Zhongguo", "ʤʊŋɡwˈɔ"),
        ("bass player", "bˈAs plˈAəɹ"), ("They object.", "əbʤˈɛkt"), ("an object", "ˈɑbʤəkt"), ("a bass swims", "bˈæs"), ("lead pipe",
        "lˈɛd pˈIp"),
    ],
)  # fmt: skip
def test_names_and_homographs_sound_right(text: str, sounds: str) -> None:
    assert sounds in phonemize_misaki(" ".join(clean_text(text, "en").sentences))


def test_a_name_that_no_list_has_is_read_by_the_rules_of_its_language() -> None:
    """Spelling rules, not English ones: ü, sch and w in German, ł and w in Polish, ñ in Spanish."""
    read_sounds = {word: phonemize_misaki(clean_text(word, "en").sentences[0]) for word in ("Schwäbisch", "Iwaszkiewicz", "Ibáñez")}
    assert "ʃv" in read_sounds["Schwäbisch"]
    assert "vˈi" in read_sounds["Iwaszkiewicz"]
    assert read_sounds["Iwaszkiewicz"].endswith("ʧ")
    assert "nj" in read_sounds["Ibáñez"]

from __future__ import annotations

import pytest

from stages.voice.english import misaki_to_ipa, phonemize_ipa, phonemize_misaki
from stages.voice.mandarin_symbols import verbalise_numbers
from stages.voice.text import MAX_CHARACTERS, clean_text


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello there. How are you?", ("Hello there.", "How are you?")),
        ("Dr. Smith met J. Doe at 10:30 a.m. in St. Ives.", ("Dr. Smith met J. Doe at 10:30 a.m. in St. Ives.",)),
        ("It costs 3.50 today.", ("It costs 3.50 today.",)),
        ("Hi 👋🏽 there 🏳️‍🌈!", ("Hi there !",)),
        ('<speak>Say <break time="1s"/>it</speak>', ("Say it",)),
        ("**Bold** and _soft_ words", ("Bold and soft words",)),
        ("See https://www.example.org/tea.", ("See example dot org slash tea.",)),
        ("ﬁne ½ cup", ("fine 1/2 cup",)),
        ("100%", ("100%",)),
        ("€20, $5.50, £1 and $3 million", ("20 euros, 5 dollars and 50 cents, 1 pound and $3 million",)),
        ("$1,250.05 for a < b and c > d", ("1,250 dollars and 5 cents for a < b and c > d",)),
        ("It was cold in Jan. We met on Jan. 5th.", ("It was cold in Jan.", "We met on Jan. 5th.")),
        ("Ask Sgt. Pepper. Tel. 555-0123", ("Ask Sgt. Pepper.", "Tel. 555-0123")),
        ("Open 10:00-18:00, 9am–5pm on May 1-3.", ("Open 10:00 to 18:00, 9 a.m. to 5 p.m. on May 1 to 3.",)),
        ("$0.50, £1.01", ("50 cents, 1 pound and 1 penny",)),
        ("Room 007 is #1, 24/7, at 0.5 on 03/04/2024", ("Room 0 0 7 is number 1, 24 7, at 0.5 on 03/04/2024",)),
        ("Room No. 5 is free. No. It is not.", ("Room No. 5 is free.", "No.", "It is not.")),
    ],
)
def test_english_is_cleaned_for_the_voice(text: str, sentences: tuple[str, ...]) -> None:
    assert clean_text(text, "en").sentences == sentences


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "...", "<b></b>", "?!", "你好", "\u200b\u200d", "- — -"])
def test_nothing_speakable_gives_no_sentence(text: str) -> None:
    assert clean_text(text, "en").sentences == ()


def test_foreign_script_is_left_out_with_a_warning() -> None:
    text = clean_text("I say 你好 to you", "en")
    assert text.sentences == ("I say to you",)
    assert text.warnings == ("left out 2 letters or words (你 好): an English voice cannot read them",)


def test_latin_words_are_left_out_of_chinese_but_initials_are_spelt() -> None:
    text = clean_text("我喜欢AI和coffee。", "zh")
    assert text.sentences == ("我喜欢诶爱和。",)
    assert text.warnings == ("left out one letter or word (coffee): the Mandarin voice cannot read it",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("10:30开门", "10点30分开门"),
        ("14:05", "14点零5分"),
        ("2:00见", "两点见"),
        ("$5", "5美元"),
        ("1,200元", "一千二百元"),
        ("1,234,567", "一百二十三万四千五百六十七"),
        ("2000人", "两千人"),
        ("10,005个", "一万零五个"),
        ("2024年", "2024年"),
        ("２５℃", "25摄氏度"),
        ("-5℃", "零下5摄氏度"),
        ("2024-03-05", "2024年3月5日"),
        ("9:00-17:00", "9点到17点"),
        ("3~5天", "3到5天"),
        ("￥12.50", "12元5角"),
        ("￥12.05", "12元零5分"),
        ("2个人", "两个人"),
        ("12个人", "12个人"),
        ("2月2日", "2月2日"),
        ("60km/h", "60公里每小时"),
        ("5kg", "5公斤"),
        ("007", "零零七"),
        ("No.5", "5号"),
    ],
)
def test_chinese_times_prices_and_units_are_written_out(text: str, sentence: str) -> None:
    assert clean_text(text, "zh").sentences == (sentence,)


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("120本书", "一百二十本书"),
        ("3.5公里", "三点五公里"),
        ("50%", "百分之五十"),
        ("2024年3月5日", "二零二四年三月五日"),
        ("第21届", "第二十一届"),
        ("1/2", "二分之一"),
        ("100万人", "一百万人"),
        ("8:05", "八点零五分"),
        ("电话13800138000", "电话一三八零零一三八零零零"),
    ],
)
def test_chinese_numbers_are_spoken_in_characters(text: str, characters: str) -> None:
    assert verbalise_numbers("".join(clean_text(text, "zh").sentences)) == characters


@pytest.mark.parametrize(("language", "word"), [("en", "word "), ("en", "word, "), ("en", "x"), ("zh", "字"), ("zh", "字，")])
def test_very_long_text_is_split_and_nothing_is_lost(language: str, word: str) -> None:
    sentences = clean_text(word * 1_500, language).sentences
    assert max(map(len, sentences)) <= MAX_CHARACTERS
    letter = word[0]
    assert sum(sentence.count(letter) for sentence in sentences) == 1_500


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("$5", "fˈIv dˈɑləɹz"),
        ("10:30", "tˈɛn θˈɜɹTi"),
        ("Dr. Smith", "dˈɑktəɹ smˈɪθ"),
        ("3 km", "θɹˈi kəlˈɑməTəɹz"),
        ("50%", "fˈɪfti pəɹsˈɛnt"),
        ("on May 3rd", "mˈA θˈɜɹd"),
        ("12:00", "twˈɛlv əklˈɑk"),
        ("at 7:05", "sˈɛvən ˈO fˈIv"),
        ("9am to 5pm", "nˈIn ˌAˈɛm tə fˈIv pˌiˈɛm"),
        ("in 1583", "fˌɪftˈin ˈATi θɹˈi"),
        ("in the 1990s", "nˌIntˈin nˈIndiz"),
        ("2024-03-05", "mˈɑɹʧ fˈɪfθ, twˈɛnti twˈɛnti fˈɔɹ"),
        ("on 3 March", "ðə θˈɜɹd ʌv mˈɑɹʧ"),
        ("the 22nd floor", "twˈɛnti sˈɛkənd flˈɔɹ"),
        ("Chapter IV", "ʧˈæptəɹ fˈɔɹ"),
        ("£12.50", "twˈɛlv pˈWndz ænd fˈɪfti pˈɛns"),
        ("1,250 metres", "wˈʌn θˈWzᵊnd tˈu hˈʌndɹəd fˈɪfti"),
        ("-5°C", "mˈInəs fˈIv dəɡɹˈiz sˈɛlsiəs"),
        ("3.14", "θɹˈi pYnt wˈʌn fˈɔɹ"),
        ("60 km/h", "kəlˈɑməTəɹz pɜɹ ˈWəɹ"),
        ("St. John's St.", "sˈAnt ʤˈɑnz stɹˈit"),
        ("Mrs. Jones, etc.", "mˈɪsɪz ʤˈOnz, ɛtsˈɛTəɹə"),
        ("0199", "zˈɪɹO wˈʌn nˈIn nˈIn"),
        ("$5, 300 people", "fˈIv dˈɑləɹz, θɹˈi hˈʌndɹəd pˈipᵊl"),
        ("café", "kæfˈA"),
    ],
)
def test_english_numbers_and_abbreviations_are_read(text: str, sounds: str) -> None:
    assert sounds in phonemize_misaki(" ".join(clean_text(text, "en").sentences))


def test_misaki_letters_become_espeak_style_ipa() -> None:
    assert misaki_to_ipa("həlˈO") == "həlˈoʊ"
    assert misaki_to_ipa("bˈɜɹd") == "bˈɜːd"
    assert "iː" in phonemize_ipa("see")
    assert "ɚ" not in misaki_to_ipa("ˈɛdənbəɹə")


def test_accents_unknown_to_the_dictionary_are_read_without_them() -> None:
    assert phonemize_misaki("Müller and Łódź") == phonemize_misaki("Muller and Lodz")

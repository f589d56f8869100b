"""Rows of the list of misread forms and their kinds: written -> characters, and characters -> pinyin with tones."""

from __future__ import annotations

import pytest

from stages.voice.mandarin_symbols import list_characters, read_pinyin, to_mandarin_symbols
from stages.voice.text import clean_text, strip_notation


def read(text: str) -> str:
    return strip_notation("".join(clean_text(text, "zh").sentences))


def speak(text: str) -> str:
    return " ".join(syllable for sentence in clean_text(text, "zh").sentences for syllable in read_pinyin(sentence))


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("票价¥120，很", "票价一百二十元，很"), ("票价100￥", "票价一百元"), ("¥1,234.56", "一千二百三十四点五六元"), ("5$", "五美元"),
        ("$5", "五美元"),
        ("¥3.5亿", "三点五亿元"), ("第2次", "第二次"), ("20世纪90年代", "二十世纪九十年代"), ("302室", "三零二室"), ("打110",
        "打幺幺零"), ("110页", "一百一十页"),
        ("400-820-8820", "四零零八二零八八二零"), ("电话13800138000", "电话幺三八零零幺三八零零零"), ("3:2", "三比二"), ("2/28",
        "二月二十八日"),
        ("1/2杯", "二分之一杯"), ("½杯", "二分之一杯"), ("1又1/2", "一又二分之一"), ("2024/10/01", "二零二四年十月一日"),
        ("2024-03-05", "二零二四年三月五日"),
        ("3.14159", "三点一四一五九"), ("1000多人", "一千多人"), ("50㎡", "五十平方米"), ("−5℃", "零下五摄氏度"), ("-3度", "零下三度"),
        ("10‰", "千分之十"),
        ("3×5=15", "三乘五等于十五"), ("10-3=7", "十减三等于七"), ("10:30开门", "十点三十分开门"), ("14:05", "十四点零五分"),
        ("2:00见", "两点见"),
        ("9:00-17:00", "九点到十七点"), ("3~5天", "三到五天"), ("2个人", "两个人"), ("12个人", "十二个人"), ("2月2日", "二月二日"),
        ("60km/h", "六十公里每小时"),
        ("5kg", "五公斤"), ("007", "零零七"), ("No.5", "五号"), ("10,005个", "一万零五个"), ("1,234,567",
        "一百二十三万四千五百六十七"), ("2万2千", "两万两千"),
        ("50%", "百分之五十"), ("5%~10%", "百分之五到百分之十"), ("3米/秒", "三米每秒"), ("10^6", "十的六次方"), ("≥18",
        "大于等于十八"), ("1998年", "一九九八年"),
        ("5G网络", "五G网络"), ("16G内存", "十六G内存"), ("①", "一"), ("Tom & Jerry", "Tom和Jerry"),
    ],
)  # fmt: skip
def test_a_written_form_is_read_in_characters(written: str, spoken: str) -> None:
    assert read(written) == spoken


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("跑得很快", "pao3 de5 hen3 kuai4"), ("说得好", "shuo1 de5 hao3"), ("你得去", "ni2 dei3 qu4"), ("请排成两行",
        "qing3 pai2 cheng2 liang3 hang2"),
        ("河很长", "he2 hen3 chang2"), ("很多人参加", "hen3 duo1 ren2 can1 jia1"), ("大夫", "dai4 fu5"), ("数了数", "shu3 le5 shu3"),
        ("姓单", "xing4 shan4"),
        ("他教了三年", "ta1 jiao1 le5 san1 nian2"), ("参差", "cen1 ci1"), ("头发", "tou2 fa5"), ("一下", "yi2 xia4"), ("一共",
        "yi2 gong4"), ("一样", "yi2 yang4"),
        ("一月", "yi1 yue4"), ("十一点", "shi2 yi1 dian3"), ("周一至周五", "zhou1 yi1 zhi4 zhou1 wu3"), ("一天", "yi4 tian1"), ("第一",
        "di4 yi1"),
        ("看一看", "kan4 yi5 kan4"), ("不对", "bu2 dui4"), ("不好", "bu4 hao3"), ("好不好", "hao3 bu5 hao3"), ("我很好",
        "wo3 hen2 hao3"), ("可以走", "ke2 yi2 zou3"),
        ("纸老虎", "zhi3 lao2 hu3"), ("玩儿", "wanr2"), ("点儿", "dianr3"), ("花儿", "huar1"), ("小孩儿", "xiao3 hair2"), ("女儿",
        "nü3 er2"),
        ("银行行长", "yin2 hang2 hang2 zhang3"), ("还书", "huan2 shu1"), ("还有", "hai2 you3"), ("5G", "wu3 ji2"),
    ],
)  # fmt: skip
def test_polyphones_sandhi_and_erhua(text: str, pinyin: str) -> None:
    assert speak(text) == pinyin


@pytest.mark.parametrize("word", ["Email", "Google", "iPhone", "WiFi", "Boston", "Müller"])
def test_a_latin_word_is_spoken_in_the_voices_syllables(word: str) -> None:
    text = clean_text(f"我用{word}。", "zh")
    assert text.warnings == ()
    (sentence,) = text.sentences
    assert word in [shown for shown, _ in list_characters(sentence)]
    assert len(to_mandarin_symbols(sentence)) > len(to_mandarin_symbols("我用。")) + 2


def test_every_symbol_of_a_latin_word_is_one_of_the_voice() -> None:
    from stages.voice.mandarin import _load_symbol_ids

    words = "Email Google iPhone WiFi Boston Wednesday yellow judge voice vision thirty quiz church measure Joy out azure young"
    for word in words.split():
        assert set(to_mandarin_symbols(clean_text(word, "zh").sentences[0])) <= set(_load_symbol_ids()), word


def test_erhua_is_one_syllable_of_the_voice() -> None:
    assert to_mandarin_symbols("玩儿") == ("sil", "^", "ua2", "er5", "sil")


def test_a_character_without_a_reading_is_named() -> None:
    assert clean_text("你好😀", "zh").warnings == ("left out one character, 😀 (grinning face): the Mandarin voice cannot read it",)

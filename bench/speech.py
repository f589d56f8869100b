"""How text is read, and how the voices sound: a table of reading errors, then word error rate (by Whisper base), loudness and speed of
each voice on fixed sentences as one JSON line.

python -m bench.speech [reading|coqui|coqui-espeak|hibari|mandarin ...]
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence

from assets.spec.behaviour import VoiceSpec
from bench.reading import format_table
from stages.voice.backend import VoiceBackend
from stages.voice.mastering import measure_loudness
from stages.voice.stage import BACKENDS, speak_line
from stages.voice.text import clean_text
from stages.voice.transcription import compute_error_rate, normalise_words, transcribe_speech

ENGLISH = (
    "The museum opens at 9:30 in the morning.", "Tickets cost 12 dollars for adults and 5 dollars for children.",
    "Dr. Katherine Johnson worked there for 33 years.", "Could you tell me where the library is?",
    "On the 3rd of March 2024 we moved to Boston.", "She sells seashells by the seashore.",
    "The quick brown fox jumps over the lazy dog.", "My phone number ends in 4 7 9.",
    "I'm sorry, I do not know the answer to that.", "What would you like to drink, tea or coffee?",
    "The oldest painting in the house is from 1642.", "Our bridge is 1,250 metres long.",
    "Please turn left at the second traffic light.", "How much is a return ticket to Edinburgh?",
    "Yesterday it rained, but today the sun is shining.", "We have 15 rooms, and three of them look out over the sea.",
    "Thank you for your visit, and goodbye!", "The library closes at a quarter past six.",
    "Bananas, oranges and apples are on the lower shelf.", "Is there anything else that you want to know?",
)  # fmt: skip
MANDARIN = (
    "你好，欢迎来到我们的茶馆。", "我们每天上午9:30开门。", "这座桥有120米长。", "请问您要喝什么茶？", "对不起，这个问题我不知道。",
    "图书馆在学校的右边。", "今天的天气非常好。", "我在北京工作了33年。", "明天我们一起去看电影吧。", "谢谢您，再见！",
)  # fmt: skip
SEEDS = (1, 2, 3)
"""A voice's noise decides single words: between takes, the rate over 20 lines differs by up to three points."""
VARIANTS = {"coqui-espeak": "coqui"}
"""Name on the command line -> backend, where they differ."""
SENTENCES = {"en": ENGLISH, "zh": MANDARIN}


def measure_voice(voice: str) -> dict[str, object]:
    """Word error rate over all words, computing time per second of sound, range of loudness, and the worst lines."""
    backend = BACKENDS.get(VARIANTS.get(voice, voice))
    language = backend.languages[0]
    takes = [list(_speak_and_transcribe(backend, language, seed)) for seed in SEEDS]
    lines = [line for take in takes for line in take]
    rates = [
        [(compute_error_rate(normalise_words(text, language), normalise_words(heard, language)), text, heard) for text, heard, *_ in take]
        for take in takes
    ]
    rows = [row for take in rates for row in take]
    worst = sorted((row for row in rows if row[0]), reverse=True)[:5]
    return {
        "voice": voice, "backend": backend.name, "lines": len(takes[0]), "seeds": len(SEEDS),
        "words": sum(len(normalise_words(text, language)) for _, text, _ in rows), "wer": round(_compute_mean_rate(rows, language), 4),
        "wer_by_seed": [round(_compute_mean_rate(take, language), 4) for take in rates],
        "real_time_factor": round(sum(work for *_, work, _, _ in lines) / sum(seconds for *_, seconds, _ in lines), 3),
        "lufs": [round(min(line[-1] for line in lines), 2), round(max(line[-1] for line in lines), 2)], "worst": worst,
    }  # fmt: skip


def _compute_mean_rate(rows: Sequence[tuple[float, str, str]], language: str) -> float:
    """Wrong words divided by all words, of rows (rate, text, heard)."""
    counts = [len(normalise_words(text, language)) for _, text, _ in rows]
    return sum(rate * count for (rate, *_), count in zip(rows, counts, strict=True)) / sum(counts)


def _speak_and_transcribe(backend: VoiceBackend, language: str, seed: int) -> Iterator[tuple[str, str, float, float, float]]:
    """Per line: text, transcript, seconds of computing, seconds of sound, LUFS; a first call loads the model and is not measured."""
    options, texts = VoiceSpec(), SENTENCES[language]
    backend.speak(clean_text(texts[0], language).sentences[0], language=language, options=options, seed=seed)
    for text in texts:
        begin = time.perf_counter()
        sound = speak_line(clean_text(text, language).sentences, language, options=options, backend=backend, seed=seed)
        work = time.perf_counter() - begin
        yield text, transcribe_speech(sound.samples, sound.rate, language), work, sound.seconds, measure_loudness(sound.samples, sound.rate)


def main(voices: list[str]) -> None:
    """Writes the table of reading errors and one JSON line per voice to stdout."""
    if not voices or "reading" in voices:
        sys.stdout.write(format_table())
    for voice in [voice for voice in voices if voice != "reading"] or ([] if voices else list(BACKENDS)):
        os.environ["FENSHEN_G2P"] = "espeak" if voice == "coqui-espeak" else ""
        sys.stdout.write(json.dumps(measure_voice(voice), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])

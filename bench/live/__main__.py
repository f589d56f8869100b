"""How long a person waits for a bundle's answer, through a real Chromium whose microphone plays questions from a file.

python -m bench.live BUNDLE [--questions 10] [--json]

Four parts: known lines (the bundle's own example questions, spoken by another voice), new sentences (the same answers, reworded so that
they must be spoken), interruptions, and four clients at once. First sound: from the last audible sample of the question in the
microphone to the first audible sample in the loudspeaker, both on the page's audio clock; the output's latency is printed next to it.
The server, Chromium and its software renderer share the machine's cores, as they would on a visitor's laptop without a GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from assets.formats.wav import export_wav
from bench.browser import Browser
from bench.live.crowd import talk_at_once
from bench.live.hosting import Rewording, serve_bundle
from bench.live.judge import Trace, find_first_sound, find_silence, find_sounds, measure_lips, summarise
from bench.live.sound import OTHER_VOICES, Recording, record_questions, speak_question
from flows.live.bundle import LiveBundle, open_bundle

LEAD_S = 12.0
"""Silence before the first question: the page is loaded meanwhile."""
MARGIN_S = 2.5
"""Silence after an answer."""
INTERRUPT_S = 1.6
"""After the end of a question: the answer is being spoken then."""
_TAPS = Path(__file__).with_name("taps.js").read_text("utf-8")


def choose_questions(bundle: LiveBundle, count: int) -> list[tuple[str, str]]:
    """(line, question) of the lines with facts: the first example question of each, then the second."""
    replies = [reply for reply in bundle.dialogue["replies"] if str(reply["line"]).startswith("fact")]
    pairs = [(reply["line"], reply["questions"][i]) for i in range(3) for reply in replies if i < len(reply["questions"])]
    return pairs[:count]


def run_page(address: str, recording: Recording) -> dict[str, Any]:
    """Opens the page, switches the microphone on, and returns what the taps wrote down once the recording has ended."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "microphone.wav"
        wav.write_bytes(export_wav(recording.samples, 16_000))
        flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={wav}%noloop",
                 "--autoplay-policy=no-user-gesture-required")  # fmt: skip
        with Browser(800, 600, flags) as browser:
            browser.call("Page.setBypassCSP", enabled=True)
            browser.open(address)
            browser.wait_for("document.body && document.body.dataset.connected && document.body.dataset.drawn")
            browser.click("#microphone")
            browser.wait_for("window.fenshenLive.ear.on")
            latencies = browser.evaluate(_TAPS)
            seconds = len(recording.samples) / 16_000
            browser.wait_for(f"window.bench.rows.length && window.bench.rows.at(-1)[0] - window.bench.rows[0][0] > {seconds}", seconds + 60)
            found = browser.evaluate(
                "({rows: window.bench.rows, clocks: window.bench.clocks, frames: window.bench.frames, events: window.fenshenLive.events, "
                "level: window.fenshenLive.loop.level})"
            )
    return dict(found) | {"latencies": latencies}


def judge_questions(found: dict[str, Any], expected: int) -> tuple[list[float], Trace]:
    """Waiting times of the questions that were answered."""
    trace = Trace.from_rows(found["rows"])
    heard = find_sounds(trace.times, trace.microphone)
    if len(heard) != expected:
        print(f"  warning: the microphone heard {len(heard)} questions, {expected} were played")
    waits = []
    for (_, end), following in zip(heard, [*heard[1:], (float("inf"), 0.0)], strict=True):
        first = find_first_sound(trace, end - 0.2, following[0])
        if first is not None:
            waits.append(first - end)
    return waits, trace


def print_shares(found: dict[str, Any], waits: list[float], trace: Trace) -> dict[str, float]:
    """The steps of an answer, as medians: what the server measured, then the times in the page."""
    timings = [event["timing"] for event in found["events"] if event["kind"] == "answer" and event.get("timing")]
    shares = {step: float(np.median([t[step] for t in timings if step in t])) for step in ("silence", "decode", "choose") if timings}
    if shares and waits:
        shares |= split_page_time(found, trace)
        print("  " + ", ".join(f"{step} {seconds:.2f}" for step, seconds in shares.items()))
    return shares


def split_page_time(found: dict[str, Any], trace: Trace) -> dict[str, float]:
    """Medians in seconds: end of the question -> start of the sound, which the loudspeaker's thread notes -> first audible sample."""
    ends = [end for _, end in find_sounds(trace.times, trace.microphone)]
    planned = [event["planned"] for event in found["events"] if event["kind"] == "segment" and event["index"] == 0]
    parts: list[tuple[float, float]] = []
    for end, following in zip(ends, [*ends[1:], float("inf")], strict=True):
        start = next((at for at in planned if end - 0.3 < at < following), None)
        first = find_first_sound(trace, start, start + 2) if start is not None else None
        if start is not None and first is not None:
            parts.append((start - end, first - start))
    if not parts:
        return {}
    start, first = np.median(parts, axis=0).tolist()
    return {"to the sound's start": start, "to its first audible sample": first}


def measure_answers(bundle: LiveBundle, questions: list[tuple[str, str]], *, new: bool) -> dict[str, Any]:
    """Known lines, or the same as new sentences."""
    voice = OTHER_VOICES[bundle.voice]
    sounds = [speak_question(text, voice, bundle.language) for _, text in questions]
    gaps = [float(bundle.lines[line]["seconds"]) + MARGIN_S + 2.5 * new for line, _ in questions]
    with serve_bundle(bundle, Rewording if new else None) as running:
        found = run_page(running.page, record_questions(sounds, gaps, LEAD_S))
    waits, trace = judge_questions(found, len(questions))
    answers = [event for event in found["events"] if event["kind"] == "answer"]
    right = sum(event["lines"][:1] == [line] for event, (line, _) in zip(answers, questions, strict=False))
    name = "new sentences" if new else "known lines"
    print(f"{name}: {summarise(waits)} after the end of the question; {len(waits)} of {len(questions)} answered, {right} by the right line")
    shares = print_shares(found, waits, trace)
    result = {"waits": waits, "shares": shares, "right": right, "latencies": found["latencies"], "level": found["level"]}
    return result if new else result | judge_lips(found, trace)


def judge_lips(found: dict[str, Any], trace: Trace) -> dict[str, Any]:
    """Lips against the sound that the tap heard."""
    planned = sorted({frame[2] for frame in found["frames"] if frame[2] > 0})
    heard = [start for start, _ in find_sounds(trace.times, trace.loudspeaker, join=0.6)]
    # The tap hears the first audible sample, a fixed silence after the start of the file: all starts are compared to the median.
    delays = {start: min((h - start for h in heard if -0.05 < h - start < 0.5), default=float("nan")) for start in planned}
    lead = float(np.nanmedian(list(delays.values()))) if delays else float("nan")
    starts = {start: start for start, delay in delays.items() if not np.isnan(delay)}
    ahead = measure_lips(found["frames"], found["clocks"], starts)
    intervals = np.diff([frame[0] for frame in found["frames"]])
    print(f"lips: pose of a frame {1000 * float(np.median(ahead)):+.0f} ms against the loudspeaker, "
          f"95 % within {1000 * float(np.percentile(np.abs(ahead), 95)):.0f} ms (n = {len(ahead)}); the sound begins as planned within "
          f"{1000 * float(np.nanmax(np.abs(np.array(list(delays.values())) - lead))):.0f} ms (its own silence included); "
          f"frames every {np.median(intervals):.0f} ms, p95 {np.percentile(intervals, 95):.0f} ms")  # fmt: skip
    return {"lips": ahead, "frame_ms": float(np.median(intervals))}


def measure_interruptions(bundle: LiveBundle, questions: list[tuple[str, str]]) -> dict[str, Any]:
    """Each question is followed by another while the answer is spoken."""
    voice = OTHER_VOICES[bundle.voice]
    sounds = [speak_question(text, voice, bundle.language) for _, text in questions for _ in range(2)]
    gaps = [gap for line, _ in questions for gap in (INTERRUPT_S, float(bundle.lines[line]["seconds"]) + MARGIN_S)]
    with serve_bundle(bundle) as running:
        found = run_page(running.page, record_questions(sounds, gaps, LEAD_S))
    trace = Trace.from_rows(found["rows"])
    waits = []
    for start, _ in find_sounds(trace.times, trace.microphone)[1::2]:
        silence = find_silence(trace, start)
        if silence is not None:
            waits.append(silence - start)
    print(f"interruptions: silence {summarise(waits)} after the person begins; {len(waits)} of {len(questions)} while it spoke")
    return {"waits": waits}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--questions", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=("known", "new", "interrupt", "crowd"), nargs="*", default=["known", "new", "interrupt", "crowd"])
    options = parser.parse_args()
    bundle = open_bundle(options.bundle)
    questions = choose_questions(bundle, options.questions)
    cores = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{bundle.title} ({bundle.voice}), questions by {OTHER_VOICES[bundle.voice]}; {cores}")
    found: dict[str, Any] = {}
    if "known" in options.only:
        found["known"] = measure_answers(bundle, questions, new=False)
    if "new" in options.only:
        found["new"] = measure_answers(bundle, questions[: max(1, len(questions) // 2)], new=True)
    if "interrupt" in options.only:
        found["interrupt"] = measure_interruptions(bundle, questions[: max(1, len(questions) // 2)])
    if "crowd" in options.only:
        found["crowd"] = talk_at_once(bundle, questions[:4])
    print(f"load at the end {os.getloadavg()[0]:.1f}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()

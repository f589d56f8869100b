"""The flow of a film: a bundle and a script in, an mp4 with captions out.

Speech and performance are the build's own stages, so that a line sounds and moves as in a bundle, and a line that was spoken before is
found in the store. The film is drawn in parts by two processes; parts that are done are found when a stopped run starts again.
"""

from __future__ import annotations

import math
import os
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from assets.artefact import Artefact, Ref
from assets.artefacts.geometry import Skeleton
from assets.artefacts.hair import HairRig
from assets.artefacts.motion import Clip, Motion
from assets.artefacts.talk import Performance, Speech, SpokenLine
from assets.digest import sha256_arrays
from assets.errors import SpecError
from assets.formats.gltf_reader import load_avatar
from assets.formats.wav import export_wav
from assets.markdown import escape_markdown, quote_code
from assets.spec.behaviour import PerformanceSpec
from assets.spec.film import FPS, FilmSpec
from assets.store import LocalStore, write_atomic
from assets.substage_cache import get_or_compute, use_cache
from assets.temporary_folder import open_temporary_folder
from assets.untrusted_media import load_untrusted_recording
from flows.engine.context import open_context
from flows.engine.events import Event, describe_outcome, emit_event, run_with_events
from flows.engine.lost_worker import outlive_worker
from flows.engine.publish import slugify
from flows.engine.run_records import end_lost_tasks
from flows.engine.server import add_tags
from flows.engine.task import run_stage
from flows.engine.worker_process import StageRequest, StageWorker
from flows.pipeline.definition import find_stage
from flows.pipeline.preflight import report_full_disk
from flows.pipeline.talk import Talk, TalkRequest, describe_warning, relocate, resolve_talk
from stages.execute import Job, Outcome, find_outcome
from stages.present.artefacts import AvatarFile, FilmPart, Footage
from stages.present.captions import TimedCaption, write_srt
from stages.present.h264 import write_mp4
from stages.present.timeline import NO_PAUSES, SOUND_RATE, Pauses, cut_parts, list_captions, mix_sound, plan_timeline, pose_frames
from stages.sway.clips import drop_sway, sway_frames

PROCESSES = 2
"""That draw: more would need as many cores."""
_RECORDING_VERSION = 1
"""Of a recording's cached lines: raise it when the same recording is read differently."""
RUNNER: Any = ThreadPoolTaskRunner(max_workers=PROCESSES + 4)


@dataclass(frozen=True)
class SpokenTalk:
    """What is heard and how it is moved."""

    sounds: dict[str, SpokenLine]
    clips: dict[str, Clip]
    """By line."""
    idle: Clip
    warnings: tuple[str, ...]
    skeleton: Skeleton
    rig: HairRig | None
    """The joints of its hair are the last ones of the skeleton."""


@dataclass(frozen=True)
class FilmSummary:
    """A finished film."""

    film: str
    captions: str
    seconds: float
    slides: int
    new_lines: int
    bundle_lines: int
    """Lines whose sound and movement are the bundle's own."""
    warnings: list[str] = field(default_factory=list)


def _make_run_name() -> str:
    return f"film · {Path(flow_run.parameters['script']).stem}"


@flow(
    name="present-talk",
    task_runner=RUNNER,
    log_prints=False,
    persist_result=False,
    flow_run_name=_make_run_name,
    on_running=[outlive_worker, end_lost_tasks],
)
def present_talk(
    bundle: str, script: str, out: str, audio: str | None = None, height: int = 720, store: str | None = None
) -> dict[str, Any]:
    """Makes a film of a bundle that presents a script; returns what a FilmSummary holds.

    Raises:
        FenshenError: with every finding; the film's file is left as it was.
    """
    options = FilmSpec(height=height)
    request = TalkRequest(Path(bundle), Path(script), Path(out), Path(audio) if audio else None, options, Path(store) if store else None)
    talk = resolve_talk(request)
    with report_full_disk(talk.store.root, request.out.parent), open_context(), _open_workers() as workers:
        avatar = _keep(talk.store, AvatarFile((request.bundle / "avatar.glb").read_bytes()))
        figure = add_tags(figure_task).submit(talk, avatar, workers)
        spoken = add_tags(speak_task)(talk)
        return asdict(add_tags(film_task)(talk, spoken, figure.result(), workers))


@task(persist_result=False, task_run_name="speak")
def speak_task(talk: Talk) -> SpokenTalk:
    """Every line's sound and movement: the bundle's own, the voice's, or those of a recording."""
    model, baked = load_avatar((talk.bundle.folder / "avatar.glb").read_bytes())
    # Without the movement of hair: that of the film is made of all its clips together.
    motion = drop_sway(baked)
    clips = {clip.name: clip for clip in motion.clips}
    idle = clips["idle"] if "idle" in clips else motion.clips[0]
    sounds = {name: talk.bundle.read_line(name) for name in talk.known}
    moves = {name: clips.get(f"say_{name}", idle) for name in talk.known}
    warnings: tuple[str, ...] = ()
    if talk.dialogue.lines:
        speech = _listen(talk) if talk.request.audio else _speak(talk)
        performance = _perform(talk, speech, motion)
        sounds |= {line.id: line for line in speech.lines}
        made = {clip.name: clip for clip in performance.clips}
        moves |= {line.id: made[f"say_{line.id}"] for line in talk.dialogue.lines}
        warnings = (*speech.warnings, *performance.warnings)
    described = tuple(dict.fromkeys(describe_warning(warning, talk) for warning in warnings))
    return SpokenTalk(sounds, moves, idle, described, model.skeleton, model.hair_rig)


def _speak(talk: Talk) -> Speech:
    """The new lines by the bundle's voice; raises SpecError for lines that cannot be spoken, at their places in the script."""
    assert talk.voice
    job = Job(talk.voice.options, talk.voice.seed, talk.voice.backend)
    try:
        made = run_stage("voice", job, str(talk.store.root), False, {"dialogue": _wrap(_keep(talk.store, talk.dialogue))})
    except SpecError as error:
        raise relocate(error, talk) from error
    speech: Speech = talk.store.get(made.ref, Speech)
    return speech


def _listen(talk: Talk) -> Speech:
    """The recording in lines, one for each slide; the same recording is listened to once."""
    from stages.voice.recording import read_recording
    from stages.voice.transcription import transcribe_words

    assert talk.request.audio
    samples, rate = load_untrusted_recording(talk.request.audio)
    texts = [(line.id, line.text) for line in talk.dialogue.lines]
    parts = {"part": "voice/recording", "version": _RECORDING_VERSION, "sound": sha256_arrays(samples), "rate": rate, "texts": texts}

    def listen() -> Speech:
        heard = read_recording(samples, rate, texts, transcribe_words)
        name = talk.request.audio.name if talk.request.audio else ""
        warning = f"no words that can be read were recognised in {name}: the mouth follows its loudness alone"
        return Speech(heard.lines, "recording", False, () if heard.recognised else (warning,))

    with use_cache(talk.store):
        return run_with_events("listen", lambda: get_or_compute(parts, Speech, listen))


def _perform(talk: Talk, speech: Speech, motion: Motion) -> Performance:
    """The new lines' clips, by the build's own stage."""
    options, seed = (talk.voice.performance, talk.voice.seed) if talk.voice else (PerformanceSpec(), int(talk.bundle.manifest["seed"]))
    artefacts = {"dialogue": talk.dialogue, "speech": speech, "motion": motion}
    inputs = {name: _wrap(_keep(talk.store, artefact)) for name, artefact in artefacts.items()}
    made = run_stage("performance", Job(options, seed), str(talk.store.root), False, inputs)
    performance = talk.store.get(made.ref, Performance)
    # That durations are estimated goes without saying for a recording.
    return performance if not talk.request.audio else Performance(performance.skeleton, performance.clips, performance.cues)


def _keep(store: LocalStore, artefact: Artefact) -> Ref[Any]:
    return store.put_unkeyed(artefact)


def _wrap(ref: Ref[Any]) -> Outcome:
    """An input that is not a stage's."""
    return Outcome(ref, "", "", True, 0.0)


@contextmanager
def _open_workers() -> Iterator[queue.Queue[StageWorker]]:
    """Processes that draw, free ones in a queue; they start when they are first needed and end with the block."""
    workers = [StageWorker() for _ in range(PROCESSES)]
    free: queue.Queue[StageWorker] = queue.Queue()
    for worker in workers:
        free.put(worker)
    try:
        yield free
    finally:
        for worker in workers:
            worker.close()


def _run_in_worker(workers: queue.Queue[StageWorker], request: StageRequest) -> Outcome:
    worker = workers.get()
    try:
        return worker.execute(request)
    finally:
        workers.put(worker)


@task(persist_result=False, task_run_name="figure")
def figure_task(talk: Talk, avatar: Ref[Any], workers: queue.Queue[StageWorker]) -> Outcome:
    """The figure, ready to be drawn."""
    request = StageRequest("figure", Job(talk.request.options, 0), str(talk.store.root), False, {"avatar": avatar})
    return run_with_events("figure", lambda: _run_in_worker(workers, request), lambda made: describe_outcome("figure", made))


@task(persist_result=False, task_run_name="film")
def film_task(talk: Talk, spoken: SpokenTalk, figure: Outcome, workers: queue.Queue[StageWorker]) -> FilmSummary:
    """Draws every part, and writes the film and its captions."""
    timeline = plan_timeline(talk.slides, spoken.sounds, NO_PAUSES if talk.request.audio else Pauses())
    captions = list_captions(timeline, spoken.sounds)
    poses = sway_frames(pose_frames(timeline, spoken.clips, spoken.idle), FPS, spoken.skeleton, spoken.rig)
    parts = cut_parts(timeline, poses, talk.pictures, captions)
    streams = run_with_events("film", lambda: _draw_parts(talk, parts, figure.ref, workers))
    run_with_events("mp4", lambda: _write_film(talk, streams, export_wav(mix_sound(timeline, spoken.sounds), SOUND_RATE), captions))
    summary = FilmSummary(
        str(talk.request.out), str(talk.request.out.with_suffix(".srt")), timeline.frames / FPS, len(talk.slides),
        len(talk.dialogue.lines), len(talk.known), list(spoken.warnings),
    )  # fmt: skip
    _publish(summary, talk)
    return summary


def _draw_parts(talk: Talk, parts: Sequence[FilmPart], figure: Ref[Any], workers: queue.Queue[StageWorker]) -> list[bytes]:
    """The streams of all parts in order, drawn by as many threads as there are workers."""
    progress = _PartProgress(slugify(talk.request.out.stem), len(parts))
    outcomes: list[Outcome | None] = [None] * len(parts)
    failures: list[BaseException] = []
    numbers = iter(range(len(parts)))
    lock = threading.Lock()

    def work() -> None:
        while not failures:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                outcomes[number] = _draw_part(talk, parts[number], figure, workers)
            except BaseException as error:
                failures.append(error)
                return
            progress.advance()

    threads = [threading.Thread(target=copy_context().run, args=(work,), name=f"fenshen-film-{i}") for i in range(PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return [talk.store.get(made.ref, Footage).stream for made in outcomes if made]


def _draw_part(talk: Talk, part: FilmPart, figure: Ref[Any], workers: queue.Queue[StageWorker]) -> Outcome:
    """Found in the store, or drawn in a worker; a worker that died is started again once."""
    refs = {"figure": figure, "part": _keep(talk.store, part)}
    job = Job(talk.request.options, 0)
    if found := find_outcome(talk.store, find_stage("film"), job, refs):
        return found
    request = StageRequest("film", job, str(talk.store.root), False, refs)
    try:
        return _run_in_worker(workers, request)
    except ChildProcessError:
        return _run_in_worker(workers, request)


class _PartProgress:
    """Parts done, as events and as a progress artifact of the run."""

    def __init__(self, key: str, total: int) -> None:
        self._total, self._done, self._started = total, 0, time.monotonic()
        self._lock = threading.Lock()
        self._artifact: Any = create_progress_artifact(0.0, key=f"{key}-film", description=f"Parts drawn of {total}")

    def advance(self) -> None:
        """Notes that a part is done."""
        with self._lock:
            self._done += 1
            left = (time.monotonic() - self._started) * (self._total / self._done - 1)
            emit_event(Event("film", "running", note=f"part {self._done} of {self._total}, about {math.ceil(left)} s left"))
            update_progress_artifact(self._artifact, 100 * self._done / self._total)


def _write_film(talk: Talk, streams: Sequence[bytes], sound: bytes, captions: Sequence[TimedCaption]) -> None:
    """Writes the mp4 and the SRT under other names, then renames both: a film that is there is never half of one."""
    with open_temporary_folder() as folder:
        (folder / "film.h264").write_bytes(b"".join(streams))
        (folder / "film.wav").write_bytes(sound)
        write_mp4(folder / "film.h264", folder / "film.wav", folder / "film.mp4")
        write_atomic(talk.request.out.with_suffix(".srt"), write_srt(captions).encode())
        write_atomic(talk.request.out, (folder / "film.mp4").read_bytes())


def _publish(summary: FilmSummary, talk: Talk) -> None:
    text = (
        f"# {escape_markdown(talk.bundle.name)}\n\n{summary.slides} slides, {summary.seconds:.1f} s, {summary.new_lines} new lines, "
        f"{summary.bundle_lines} of the bundle's own.\n\n{quote_code(os.fspath(summary.film))}\n"
    )
    create_markdown_artifact(markdown=text, key=f"{slugify(talk.request.out.stem)}-talk", description="What was filmed")

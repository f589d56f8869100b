"""Whose sound is recognised next: few threads, many sessions, and a person who has finished waits for the answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stages.voice.backend import Samples
    from stages.voice.listening.recogniser import Hypothesis

Recognise = Callable[["Samples", str], "Hypothesis"]


def count_workers() -> int:
    """Threads that recognise at once: two where there are two cores, and no more, since each decodes in a fraction of a second."""
    return max(1, min(2, os.cpu_count() or 1))


@dataclass(eq=False)
class _Job:
    owner: str
    samples: Samples
    language: str
    urgent: bool
    done: asyncio.Future[Hypothesis | None]


class RecognitionQueue:
    """Runs on one event loop; at most one sound of a session waits, the newest."""

    def __init__(self, recognise: Recognise, workers: int) -> None:
        self._recognise, self._workers = recognise, workers
        self._pool = ThreadPoolExecutor(workers, "recognise")
        self._waiting: dict[str, _Job] = {}
        self._running = self._running_partials = 0

    async def recognise(self, owner: str, samples: Samples, language: str, *, urgent: bool) -> Hypothesis | None:
        """The hypothesis of a sound; None where a newer sound of the same owner took its place in the queue.

        Args:
            urgent: the person has stopped: this comes before sounds of sentences that still continue.
        """
        if waiting := self._waiting.pop(owner, None):
            waiting.done.set_result(None)
        job = _Job(owner, samples, language, urgent, asyncio.get_running_loop().create_future())
        self._waiting[owner] = job
        self._start_next()
        return await job.done

    def forget(self, owner: str) -> None:
        """Drops what waits of a session."""
        if waiting := self._waiting.pop(owner, None):
            waiting.done.set_result(None)

    def _start_next(self) -> None:
        while self._running < self._workers and (job := self._choose()):
            del self._waiting[job.owner]
            self._running += 1
            self._running_partials += not job.urgent
            asyncio.get_running_loop().create_task(self._run(job))

    def _choose(self) -> _Job | None:
        """The oldest urgent job, else the oldest; one worker is kept free for urgent ones."""
        jobs = sorted(self._waiting.values(), key=lambda job: not job.urgent)
        free = [job for job in jobs if job.urgent or self._running_partials < max(1, self._workers - 1)]
        return free[0] if free else None

    async def _run(self, job: _Job) -> None:
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._pool, self._recognise, job.samples, job.language)
            if not job.done.done():
                job.done.set_result(found)
        except Exception as error:
            if not job.done.done():
                job.done.set_exception(error)
        finally:
            self._running -= 1
            self._running_partials -= not job.urgent
            self._start_next()

    def close(self) -> None:
        """Ends the threads; what runs ends with the process."""
        for owner in list(self._waiting):
            self.forget(owner)
        self._pool.shutdown(wait=False, cancel_futures=True)

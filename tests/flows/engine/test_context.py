"""Builds in one process share nothing that they do not mean to share: one after the other, and at once in threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assets.formats.bvh import export_bvh
from flows.engine import context as module
from flows.engine.context import RunContext, open_context
from flows.engine.events import Event, listen_to_events
from flows.engine.partial_build import PartialBuild, run_partial_build
from flows.pipeline.request import BuildRequest
from stages.motion.canonical_skeleton import build_canonical_skeleton
from stages.motion.clips import LIBRARY

pytestmark = pytest.mark.slow

FILM = Path(__file__).resolve().parents[3] / "assets" / "presets" / "kofi_reach.mp4"


@pytest.fixture
def ada(tmp_path: Path) -> BuildRequest:
    """A character with a captured clip; nothing to warn of."""
    (tmp_path / "nod.bvh").write_bytes(export_bvh(LIBRARY["nod"](30), build_canonical_skeleton()))
    (tmp_path / "ada.yaml").write_text("{name: Ada, seed: 3, motion: {clips: [{name: nod, bvh: nod.bvh}]}}")
    return BuildRequest(str(tmp_path / "ada.yaml"), store=tmp_path / "ada-store")


@pytest.fixture
def lin(tmp_path: Path) -> BuildRequest:
    """A character with a film that is cut off: her motion has a warning."""
    (tmp_path / "cut.mp4").write_bytes(FILM.read_bytes()[: FILM.stat().st_size // 2])
    (tmp_path / "lin.yaml").write_text("{name: Lin, motion: {clips: [{name: reach, video: cut.mp4}]}}")
    return BuildRequest(str(tmp_path / "lin.yaml"), store=tmp_path / "lin-store")


def build_motion(build: BuildRequest, barrier: threading.Barrier | None = None) -> tuple[PartialBuild, list[tuple[str, str]]]:
    """The motion, and the events that its own listener heard; two builds with a barrier run at the same time."""
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        if barrier and event.state == "running":
            barrier.wait(timeout=60)

    with listen_to_events(listen):
        made = run_partial_build(build, "motion")
    return made, [(event.stage, event.state) for event in heard]


RAN = [("motion", "running"), ("motion", "done")]
FOUND = [("motion", "running"), ("motion", "cached")]


def test_a_second_build_in_one_process_hears_and_warns_of_itself_alone(ada: BuildRequest, lin: BuildRequest) -> None:
    of_lin, heard_of_lin = build_motion(lin)
    of_ada, heard_of_ada = build_motion(ada)
    assert (heard_of_lin, heard_of_ada) == (RAN, RAN)
    assert [warning["stage"] for warning in of_lin.warnings] == ["motion"]
    assert of_ada.warnings == []
    again, heard_again = build_motion(lin)
    assert (again.outcome.ref, again.warnings, heard_again) == (of_lin.outcome.ref, of_lin.warnings, FOUND)


def test_two_builds_at_once_in_threads_hear_and_warn_of_themselves_alone(ada: BuildRequest, lin: BuildRequest) -> None:
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        (of_ada, heard_of_ada), (of_lin, heard_of_lin) = pool.map(lambda build: build_motion(build, barrier), (ada, lin))
    assert (heard_of_ada, heard_of_lin) == (RAN, RAN)
    assert of_ada.warnings == []
    assert [warning["stage"] for warning in of_lin.warnings] == ["motion"]
    alone = build_motion(BuildRequest(ada.spec, store=Path(ada.spec).parent / "alone"))[0]
    assert of_ada.outcome.ref == alone.outcome.ref, "the same bytes as without a neighbour"


def test_builds_inside_one_command_share_its_worker_process_and_slots() -> None:
    with open_context() as command, open_context() as first:
        with open_context() as second:
            assert first is second is command
        process = command.worker.start()
        with open_context():
            pass
        assert process.poll() is None, "an inner block closes nothing"


def test_commands_in_two_threads_share_none() -> None:
    def open_one(_: int) -> RunContext:
        with open_context() as context:
            return context

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(open_one, range(2))
    assert first.worker is not second.worker
    assert first.cpu_slots is not second.cpu_slots


def test_the_worker_process_ends_with_the_command() -> None:
    with open_context() as context:
        process = context.worker.start()
    assert process.wait(timeout=60) == 0
    assert module._CURRENT.get() is None

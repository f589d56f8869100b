"""Which runs this process has started, on disk: the next command ends those of a process that was killed before it could.

A killed build cannot say so to the server, and a server without automations.yaml (a temporary one among them) would show its runs as
running for ever. A record is a file under FENSHEN_HOME/run/flow-runs, held by a lock that ends with its process.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from assets.file_lock import try_lock
from assets.paths import get_home
from flows.engine.database import get_database_url
from flows.engine.server import has_persistent_server

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

LOST = "its process ended before the run did: it was killed, or the machine stopped"
_ID_BYTES = 37
"""Of a run's id and the end of its line: a line that a kill has cut off is not read."""


@contextmanager
def record_runs() -> Iterator[Callable[[UUID], None]]:
    """Yields what notes a run's id; the record is removed when the block ends, whatever the runs came to."""
    folder = _get_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{_name_server()}-{secrets.token_hex(8)}"
        handle = _create_locked(path)
    except OSError:  # a home that cannot be written: nothing can be noted
        yield lambda run: None
        return
    try:
        yield lambda run: _append(handle, run)
    finally:
        path.unlink(missing_ok=True)
        os.close(handle)


def _create_locked(path: Path) -> int:
    """A new file that has its lock when others first see it."""
    hidden = path.with_name(f".{path.name}")
    handle = os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    hidden.rename(path)
    return handle


def _append(handle: int, run: UUID) -> None:
    os.write(handle, f"{run}\n".encode())


def end_lost_runs() -> int:
    """Sets what killed processes have left on this server to Crashed; returns how many runs that were.

    Raises:
        whatever Prefect's client raises; what is not ended yet is ended the next time.
    """
    ended = 0
    with suppress(FileNotFoundError):
        for path in sorted(_get_folder().glob(f"{_name_server()}-*")):
            with path.open("rb") as stream:
                if not try_lock(stream):
                    continue  # its process lives
                ended += _crash_runs(_read_ids(stream.read()))
                path.unlink(missing_ok=True)
    return ended


def _read_ids(data: bytes) -> list[UUID]:
    found = []
    for line in data.splitlines(keepends=True):
        with suppress(ValueError):
            if len(line) == _ID_BYTES:
                found.append(UUID(line.decode("ascii").strip()))
    return found


def end_lost_tasks(flow: Any, flow_run: Any, state: Any) -> None:
    """A flow's `on_running` hook: ends what an earlier start of this run has left, whose machine was lost; Prefect leaves it Running."""
    if not has_persistent_server():
        return  # nobody starts a run of a temporary server again
    from prefect.client.orchestration import get_client

    with suppress(Exception), get_client(sync_client=True) as client:
        _crash_tasks(client, [flow_run.id, *(inside.id for inside in _read_runs_inside(client, [flow_run.id]))])


def _crash_runs(runs: Sequence[UUID]) -> int:
    """Ends the runs and those inside them that are still running, with their tasks; a run that Prefect no longer knows is none."""
    if not runs:
        return 0
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
    from prefect.states import Crashed

    with get_client(sync_client=True) as client:
        own = client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=list(runs))))
        found = [run for run in (*_read_runs_inside(client, runs), *own) if run.state and not run.state.is_final()]
        _crash_tasks(client, [run.id for run in found])
        for run in found:
            client.set_flow_run_state(run.id, Crashed(message=LOST))
    return len(found)


def _read_runs_inside(client: SyncPrefectClient, runs: Sequence[UUID]) -> list[FlowRun]:
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId

    return client.read_flow_runs(flow_run_filter=FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=list(runs))))


def _crash_tasks(client: SyncPrefectClient, runs: Sequence[UUID]) -> None:
    """Ends the tasks of the runs that are running or about to."""
    from prefect.client.schemas import StateType
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, TaskRunFilter, TaskRunFilterState, TaskRunFilterStateType
    from prefect.states import Crashed

    if not runs:
        return
    alive = TaskRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])
    tasks = client.read_task_runs(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=list(runs))),
        task_run_filter=TaskRunFilter(state=TaskRunFilterState(type=alive)),
    )
    for task in tasks:
        client.set_task_run_state(task.id, Crashed(message=LOST), force=True)


def _get_folder() -> Path:
    return get_home() / "run" / "flow-runs"


def _name_server() -> str:
    """Which server's database holds the runs; a digest, because its address may hold a password."""
    from prefect.settings import PREFECT_API_URL

    own = get_database_url() or os.environ["PREFECT_HOME"]
    address = str(PREFECT_API_URL.value()) if has_persistent_server() else own
    return hashlib.sha256(address.encode()).hexdigest()[:16]

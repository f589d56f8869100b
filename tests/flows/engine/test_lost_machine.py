"""What a Prefect server makes of runs whose machine says nothing more, by automations.yaml. `python -m bench.lost_machine` kills real ones.

No process is killed here: a machine that was lost is one that sends no heartbeat. Prefect's own engine sends one every 30 s at most,
so that a test with a real run would take minutes.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from bench.farm import Farm, open_farm, wait_for
from flows.engine.automations import read_automations
from flows.engine.run_records import end_lost_tasks

pytestmark = pytest.mark.slow

SHORTEST_S = 10.0
"""Of an automation that waits for something to be missing."""


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A server with our automations, which wait for ten seconds each."""
    within = {one["name"]: SHORTEST_S for one in read_automations() if one["trigger"]["posture"] == "Proactive"}
    with open_farm(tmp_path_factory.mktemp("farm") / "farm", within) as made:
        yield made


@dataclass(frozen=True)
class Run:
    """A run on that server, as its worker and its machine would treat it."""

    farm: Farm
    id: str

    def set_state(self, kind: str, name: str | None = None) -> None:
        self.farm.post(f"flow_runs/{self.id}/set_state", {"state": {"type": kind, "name": name or kind.capitalize()}, "force": True})

    def wait_for_state(self, name: str, seconds: float = 120) -> str:
        """The message of the state, once the run has it."""
        return str(wait_for(lambda: self.farm.read_run(self.id)["state_name"] == name and self.read_message(), seconds))

    def schedule_again(self) -> None:
        """A worker takes the run, and is lost before it starts."""
        self.set_state("PENDING")
        self.set_state("SCHEDULED", "AwaitingRetry")

    def wait_until_given_up(self) -> str:
        """The message; lost once more where nothing happens, since Prefect's SQLite on a busy machine loses an event now and then."""
        for _ in range(5):
            with contextlib.suppress(TimeoutError):
                return self.wait_for_state("GaveUp", 20)
            self.schedule_again()
        return self.wait_for_state("GaveUp")

    def read_message(self) -> str:
        return str(self.farm.read_run(self.id)["state"]["message"])


def make_run(farm: Farm, flow: str = "assemble-batch", *, deployed: bool = True) -> Run:
    """A new run of that flow, of a deployment or of a command."""
    flow_id = farm.post("flows/", {"name": flow})["id"]
    if not deployed:
        return Run(farm, farm.post("flow_runs/", {"flow_id": flow_id})["id"])
    deployment = farm.post("deployments/", {"name": "nightly", "flow_id": flow_id})["id"]
    return Run(farm, farm.post(f"deployments/{deployment}/create_flow_run", {"parameters": {"folder": "a {{ b }}"}})["id"])


def send_heartbeat(run: Run, flow: str) -> None:
    """What Prefect's engine sends for a run that is alive."""
    event = {
        "id": str(uuid4()), "occurred": datetime.datetime.now(datetime.UTC).isoformat(), "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run.id}"},
        "related": [{"prefect.resource.id": f"prefect.flow.{uuid4()}", "prefect.resource.role": "flow", "prefect.resource.name": flow}],
    }  # fmt: skip
    httpx.post(f"{run.farm.url}/events", json=[event], timeout=60).raise_for_status()


def test_runs_of_lost_machines_end_and_start_again(farm: Farm) -> None:
    """All at once, because each waits for a time in which nothing happens."""
    cancelled, silent, tired, restless, unstarted, done = (make_run(farm) for _ in range(6))
    command, foreign = make_run(farm, deployed=False), make_run(farm, "another-project")
    cancelled.set_state("RUNNING")  # one that never ran is cancelled at once
    cancelled.set_state("CANCELLING")
    unstarted.set_state("PENDING")
    for run in (silent, command, foreign, done):
        run.set_state("RUNNING")
    send_heartbeat(foreign, "another-project")
    for run in (silent, done):
        send_heartbeat(run, "assemble-batch")
    done.set_state("COMPLETED")
    for _ in range(6):
        restless.schedule_again()
    for _ in range(2):
        for state in ("RUNNING", "CRASHED"):
            tired.set_state(state)
        tired.wait_for_state("AwaitingRetry")
    for state in ("RUNNING", "CRASHED"):
        tired.set_state(state)

    assert silent.wait_for_state("AwaitingRetry") == "it crashed; the next free worker starts it again"
    assert farm.list_states(silent.id)[-3:] == ["Running", "Crashed", "AwaitingRetry"]
    assert farm.read_run(silent.id)["parameters"] == {"folder": "a {{ b }}"}
    assert unstarted.wait_for_state("AwaitingRetry") == "the worker that took it was lost before it started"
    assert restless.wait_until_given_up() == "it was to start again for the sixth time in a day"
    assert cancelled.wait_for_state("Cancelled") == "its machine was lost while it was cancelled"
    assert command.wait_for_state("Crashed") == "no heartbeat for two minutes: its machine was lost"
    # Lost after all the others: when it is scheduled again, those that must not be have had their time.
    last = make_run(farm)
    last.set_state("RUNNING")
    last.wait_for_state("AwaitingRetry")
    states = [farm.read_run(run.id)["state_name"] for run in (tired, restless, command, foreign, done)]
    assert states == ["Crashed", "GaveUp", "Crashed", "Running", "Completed"]


def start_task(farm: Farm, run: str, key: str) -> str:
    """Id of a running task of the run."""
    task = {"flow_run_id": run, "task_key": key, "dynamic_key": "0", "state": {"type": "RUNNING", "name": "Running"}}
    return str(farm.post("task_runs/", task)["id"])


def test_a_second_start_ends_the_tasks_of_the_first(farm: Farm) -> None:
    """They were shown as running next to those of the second start, in a run that was completed."""
    run = make_run(farm)
    build = start_task(farm, run.id, "build")
    flow_id = farm.post("flows/", {"name": "assemble-avatar"})["id"]
    inside = farm.post("flow_runs/", {"flow_id": flow_id, "parent_task_run_id": build})["id"]
    stage = start_task(farm, inside, "stage")
    other = start_task(farm, make_run(farm).id, "build")
    with temporary_settings({PREFECT_API_URL: farm.url}), get_client(sync_client=True) as client:
        end_lost_tasks(None, client.read_flow_run(UUID(run.id)), None)
        states = [client.read_task_run(UUID(task)).state_name for task in (build, stage, other)]
    assert states == ["Crashed", "Crashed", "Running"]

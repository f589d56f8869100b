"""prefect.yaml and automations.yaml: Prefect accepts them, and they are about our flows alone. What they do: test_lost_machine.py."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.events.schemas.automations import AutomationCore, EventTrigger
from prefect.events.schemas.events import Resource
from prefect.settings import PREFECT_API_URL, temporary_settings

from assets.errors import BackendError
from assets.paths import PROJECT_ROOT
from flows.engine import prefect_plugin
from flows.engine.automations import read_automations, register_automations

DEPLOYMENTS = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
AUTOMATIONS = read_automations()
FLOW_MODULES = ("assemble", "batch", "training", "retraining")


@pytest.mark.parametrize("automation", AUTOMATIONS, ids=lambda automation: automation["name"])
def test_prefect_accepts_the_automation(automation: dict[str, object]) -> None:
    made = AutomationCore.model_validate(automation)
    assert made.enabled
    assert [action.type for action in made.actions] == ["change-flow-run-state"]


@pytest.mark.parametrize("automation", AUTOMATIONS, ids=lambda automation: automation["name"])
def test_an_automation_judges_our_flows_and_no_others(automation: dict[str, Any]) -> None:
    """Flows of another project, with Prefect's heartbeat of three minutes, were all ended after two."""
    modules = [importlib.import_module(f"flows.engine.{name}") for name in FLOW_MODULES]
    ours = {value.name for module in modules for value in vars(module).values() if isinstance(value, Flow)}
    related = automation["trigger"]["match_related"]
    named = related[0] if isinstance(related, list) else related
    assert named["prefect.resource.role"] == "flow"
    assert set(named["prefect.resource.name"]) == ours


@pytest.mark.parametrize("automation", AUTOMATIONS, ids=lambda automation: automation["name"])
def test_no_automation_makes_a_template_of_a_name(automation: dict[str, Any]) -> None:
    assert "{{" not in yaml.safe_dump(automation)


@pytest.mark.parametrize(("count", "matches"), [("0", False), ("1", True), ("2", True), ("3", False)])
def test_a_run_is_started_again_twice_at_most(count: str, matches: bool) -> None:
    """One that kills its machine would do so for ever; one that never ran would be tried without end."""
    automation = next(one for one in AUTOMATIONS if one["name"] == "fenshen retries")
    trigger = AutomationCore.model_validate(automation).trigger
    assert isinstance(trigger, EventTrigger)
    assert trigger.match.matches(Resource({"prefect.resource.id": "prefect.flow-run.a", "prefect.run-count": count})) == matches


def test_only_runs_of_deployments_are_started_again() -> None:
    """A run of `fenshen build` would be scheduled, and no worker would ever take it."""
    for automation in AUTOMATIONS:
        if automation["actions"][0]["state"] == "SCHEDULED":
            assert {"prefect.resource.role": "deployment"} in automation["trigger"]["match_related"]


def test_every_command_sends_heartbeats_often_enough() -> None:
    """A training from the command line sent one in three minutes, and would have been ended after two."""
    program = "import flows, os; print(os.environ['PREFECT_FLOWS_HEARTBEAT_FREQUENCY'])"
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_FLOWS")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert 3 * int(done.stdout) < AUTOMATIONS[0]["trigger"]["within"]


def test_without_a_server_that_stays_there_is_nothing_to_register() -> None:
    with temporary_settings({PREFECT_API_URL: None}), pytest.raises(BackendError) as caught:
        register_automations(AUTOMATIONS)
    assert str(caught.value) == (
        "error[build/server] automations belong to a Prefect server, and PREFECT_API_URL names none; start one with "
        "`prefect server start` and set PREFECT_API_URL=http://127.0.0.1:4200/api"
    )


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_every_run_sends_heartbeats_and_no_telemetry(deployment: dict[str, dict[str, dict[str, dict[str, str]]]]) -> None:
    env = deployment["work_pool"]["job_variables"]["env"]
    assert (env["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"], env["PYTHONSAFEPATH"], env["ORT_DISABLE_TELEMETRY"]) == ("30", "1", "1")


def test_a_server_reads_the_list_of_integrations_from_its_own_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fetched it from a public host when a worker started."""
    from prefect.server.api import collections

    monkeypatch.setattr(collections, "get_collection_view", None)
    prefect_plugin.close_registry()
    view = asyncio.run(collections.get_collection_view("aggregate-worker-metadata"))
    assert "process" in view["prefect"]
    assert asyncio.run(collections.get_collection_view("demo-flows")) == {}
    with pytest.raises(KeyError):
        asyncio.run(collections.get_collection_view("../../../secret"))


def test_elsewhere_the_plugin_loads_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "prefect.server.api.collections", raising=False)
    prefect_plugin.close_registry()
    assert "prefect.server.api.collections" not in sys.modules

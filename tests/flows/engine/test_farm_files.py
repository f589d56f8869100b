"""prefect.yaml and automations.yaml: Prefect accepts them, and no lost machine leaves a run running."""

from __future__ import annotations

import asyncio
import sys

import pytest
import yaml
from prefect.events.schemas.automations import AutomationCore

from assets.paths import PROJECT_ROOT
from flows.engine import prefect_plugin

DEPLOYMENTS = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
AUTOMATIONS = yaml.safe_load((PROJECT_ROOT / "automations.yaml").read_text("utf-8"))["automations"]


@pytest.mark.parametrize("automation", AUTOMATIONS, ids=lambda automation: automation["name"])
def test_prefect_accepts_the_automation(automation: dict[str, object]) -> None:
    made = AutomationCore.model_validate(automation)
    assert made.enabled
    assert [action.type for action in made.actions] == ["change-flow-run-state"]


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

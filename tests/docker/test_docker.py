"""The image and the compose file, as far as they can be checked without a daemon."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"


def compose() -> dict:
    return yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())


def test_hadolint_finds_nothing_in_the_dockerfile():
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_service_builds_a_stage_that_the_dockerfile_has():
    stages = set(re.findall(r"^FROM \S+ AS (\S+)", DOCKERFILE.read_text(), re.MULTILINE))
    targets = {service["build"]["target"] for service in compose()["services"].values() if "build" in service}
    assert targets <= stages
    assert {"worker-cpu", "worker-gpu", "server"} <= stages


def test_services_volumes_and_dependencies_of_the_compose_file_exist():
    file = compose()
    for service in file["services"].values():
        assert set(service.get("depends_on", ())) <= file["services"].keys()
        named = {volume.split(":")[0] for volume in service.get("volumes", ()) if not volume.startswith((".", "/"))}
        assert named <= file["volumes"].keys()


def builders() -> list[str]:
    return [stage for stage in re.split(r"^FROM ", DOCKERFILE.read_text(), flags=re.MULTILINE) if stage.startswith("base AS builder")]


def test_the_image_runs_as_a_user_without_rights():
    assert len(builders()) == 2
    assert all("USER 1000" in stage for stage in builders())


def test_a_volume_finds_its_folder_made_by_that_user():
    """Docker would make it, as root, and the worker could not write its store."""
    stores = [volume.split(":")[1] for volume in compose()["services"]["worker"]["volumes"] if volume.startswith("store:")]
    assert stores == ["/app/.fenshen/store"]
    assert all("mkdir -p .fenshen/store" in stage for stage in builders())
    assert compose()["services"]["folder"]["user"] == "root"
    assert compose()["services"]["worker"]["depends_on"]["folder"]["condition"] == "service_completed_successfully"


def test_the_worker_makes_its_pool_before_it_registers_deployments():
    """Without the pool `prefect deploy` fails; the pool of every deployment is the one that the worker serves."""
    command = compose()["services"]["worker"]["command"]
    made, started = (
        re.findall(r"work-pool create (\S+)", command),
        re.findall(r"exec prefect worker start --pool (\S+?)\W*$", command),
    )
    expected = {deployment["work_pool"]["name"] for deployment in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]}
    assert set(made) == set(started) == expected
    assert command.index("work-pool create") < command.index("deploy --all") < command.index("worker start")
    assert "python -m flows.engine.automations" in command


def test_the_number_of_runs_is_limited_by_the_pool_and_not_by_the_worker():
    """A worker with `--limit` ends with an error where a run that it still holds is scheduled again."""
    assert "work-pool set-concurrency-limit fenshen 2" in compose()["services"]["worker"]["command"]


def test_no_password_is_written_down():
    environment = compose()["services"]["server"]["environment"]
    assert not any("${" in value for name, value in environment.items() if not name.endswith("PASSWORD")), "a URL would need it quoted"
    assert "${POSTGRES_PASSWORD:?" in (ROOT / "docker" / "compose.yaml").read_text()

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


def test_the_image_runs_as_a_user_without_rights():
    for stage in re.split(r"^FROM ", DOCKERFILE.read_text(), flags=re.MULTILINE)[2:4]:
        assert "USER 1000" in stage


def test_no_password_is_written_down():
    assert "${POSTGRES_PASSWORD:?" in (ROOT / "docker" / "compose.yaml").read_text()

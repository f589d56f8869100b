"""`fenshen train` and `fenshen tune` from the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from assets.errors import SpecError
from flows import INTERRUPTED
from flows.cli.app import app
from flows.cli.train import parse_duration, parse_settings
from stages.nets.weights_io import load_net
from tests.stages.train.evaluation.tiny_weights import write_disc_set
from tests.stages.train.tiny import write_tiny_set

pytestmark = pytest.mark.slow

SMALL = [f"--set={pair}" for pair in ("width=8", "widest=16", "latent=8", "batch=8")]


def invoke(*words: str, code: int = 0) -> str:
    """The output, on one line."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize("command", ["train", "tune"])
def test_every_command_shows_an_example(command: str) -> None:
    assert f"fenshen {command}" in invoke(command, "--help")


def test_train_makes_weights_and_resumes(tmp_path: Path) -> None:
    data = write_tiny_set(tmp_path / "set", count=24)
    line = ["train", "dcgan", "--data", str(data), "--out", str(tmp_path / "out"), "--budget", "2m", "--steps", "4", *SMALL]
    assert "face-dcgan.safetensors" in invoke(*line)
    before = (tmp_path / "out" / "face-dcgan.safetensors").read_bytes()
    invoke(*line)
    assert (tmp_path / "out" / "face-dcgan.safetensors").read_bytes() == before


def test_few_images_adapt_a_net_of_other_settings_at_its_full_resolution(tmp_path: Path) -> None:
    """A start with `--set width=8` was refused in 400 characters, and one that fitted was published at half its size."""
    data = write_tiny_set(tmp_path / "set", count=24)
    line = ["train", "stylegan", "--data", str(data), "--steps", "1", "--set", "batch=8"]
    invoke(*line, "--out", str(tmp_path / "first"), *SMALL)
    start = tmp_path / "first" / "face-stylegan.safetensors"
    invoke(*line, "--out", str(tmp_path / "few"), "--start", str(start), "--few-shot")
    net = load_net(tmp_path / "few" / "face-stylegan.safetensors").nets["generator"]
    assert net.grown.tolist() == [len(net.first), 1.0]


PROGRAM = """
import os, signal, sys, threading
os.environ.pop("PREFECT_API_URL", None)
signal.signal(signal.SIGINT, signal.default_int_handler)
import psutil
from flows.cli.app import app
from flows.engine.events import listen_to_events
def interrupt(event):
    if event.note.startswith("step"):
        print(*[child.pid for child in psutil.Process().children()], flush=True)
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait()  # a step that never ends
with listen_to_events(interrupt):
    app(sys.argv[1:])
"""


def test_an_interrupted_training_ends_at_once_with_one_sentence_and_no_child(tmp_path: Path) -> None:
    data = write_tiny_set(tmp_path / "set", count=24)
    line = ["train", "dcgan", "--data", str(data), "--out", str(tmp_path / "out"), "--steps", "4000", *SMALL]
    command = [sys.executable, "-c", PROGRAM, *line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (130, f"{INTERRUPTED}\n")
    servers = [int(pid) for pid in done.stdout.split()]
    assert servers
    assert not [pid for pid in servers if psutil.pid_exists(pid)]
    assert not list((tmp_path / "out").glob("*.safetensors"))


@pytest.mark.parametrize("command", ["train", "tune", "retrain"])
def test_a_missing_data_set_is_one_line(command: str, tmp_path: Path) -> None:
    """It was reported after half a minute, below two tracebacks of Prefect's."""
    line = invoke(command, "vae", "--data", str(tmp_path), code=2)
    assert line.startswith(f"error[data/unfinished] {tmp_path} ")
    assert line.endswith("; make one with `fenshen data`")


def start_no_server(*_: object) -> None:
    raise AssertionError("Prefect was started")


@pytest.mark.parametrize(("words", "sentence"), [
    (["train", "cats"], "train/family] unknown net 'cats'; the nets are bodygan, bodyvae, classifier, clip, dcgan, dcgan-hinge, "
     "dcgan-lsgan, dcgan-wgan-gp, diffusion, stylegan, textdiffusion, textgan, textstylegan, unet, vae"),
    (["train", "dcgan", "--set", "batch=0"],
     "train/setting] batch cannot be 0: input should be greater than or equal to 1; write a JSON value: --set batch=32"),
    (["train", "bodyvae"], "train/vectors] bodyvae learns body vectors, not images; give a data set of `fenshen data bodies`"),
    (["tune", "classifier"], "train/tune] classifier has no search space; the families with one are dcgan, dcgan-lsgan, dcgan-hinge, "
     "dcgan-wgan-gp, stylegan, vae, unet, diffusion, textdiffusion, clip, textgan, textstylegan, bodygan, bodyvae"),
    (["tune", "vae", "--folds", "50"],
     "train/folds] 10 people cannot be split into 50 folds; give fewer --folds or a larger data set"),
])  # fmt: skip
def test_what_does_not_fit_is_reported_before_prefect_starts(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.engine.run_flow.run_training", start_no_server)
    assert invoke(*words, "--data", str(write_tiny_set(tmp_path, count=24)), code=2) == f"error[{sentence}"


@pytest.mark.parametrize(("words", "sentence"), [
    (["train", "vae", "--data", "x", "--budget", "soon"], "train/budget] 'soon' is not a length of time; write 90s, 60m or 2h"),
    (["train", "vae", "--data", "x", "--set", "a"], "train/setting] 'a' is not a setting; write --set NAME=VALUE"),
    (["train", "identity", "--resume", "nowhere.pt"],
     "train/resume] there is no checkpoint nowhere.pt; use --resume auto or --resume never"),
    (["train", "vae"], "train/data] vae needs a data set; give --data FOLDER; `fenshen data` makes one"),
    (["train", "vae", "--data", "x", "--few-shot"], "train/few-shot] --few-shot adapts trained weights; give them as --start"),
    (["train", "bodygan", "--data", "x", "--few-shot", "--start", __file__],
     "train/few-shot] bodygan has no few-shot recipe; the nets with one are stylegan, dcgan, vae, unet, diffusion"),
    (["train", "vae", "--data", "x", "--start", "gone.safetensors"],
     "train/start] there is no file gone.safetensors; give weights or a checkpoint as --start"),
])  # fmt: skip
def test_a_mistake_in_the_command_is_one_sentence(words: list[str], sentence: str) -> None:
    assert invoke(*words, code=2) == f"error[{sentence}"


def test_conditions_that_the_data_set_lacks_are_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.engine.run_flow.run_training", lambda *_: "face-dcgan.safetensors")
    data = write_disc_set(tmp_path / "mine", "mine", "folder", (8, 4, 4), ("tone",), {"person": "nobody", "given": "2026-01-01"})
    result = CliRunner().invoke(app, ["train", "dcgan", "--data", str(data), *SMALL])
    assert (result.exit_code, result.stdout) == (0, "face-dcgan.safetensors\n")
    assert result.stderr == (
        "warning[train/condition-unknown] mine does not record age_years, gender: dcgan trains with 0.5 instead and will not respond "
        "to them; give `fenshen data folder` a table of them with --attributes\n"
    )


def test_tune_prints_its_trials_and_the_command_of_the_best(tmp_path: Path) -> None:
    data = write_tiny_set(tmp_path / "set", count=24)
    output = invoke("tune", "vae", "--data", str(data), "--trials", "2", "--folds", "2", "--steps", "3")
    assert f"fenshen train vae --data {data} --set lr=" in output


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("60m", 3600), ("1.5h", 5400), ("20", 1200)])
def test_budgets_are_lengths_of_time(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


def test_settings_are_numbers_booleans_lists_and_strings() -> None:
    settings = parse_settings(["a=1e-3", "b=true", "c=[1, 2]", "d=hinge"])
    assert settings == {"a": 1e-3, "b": True, "c": (1, 2), "d": "hinge"}
    with pytest.raises(SpecError):
        parse_settings(["a"])

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
from tests.stages.train.tiny import tiny_set

SMALL = [f"--set={pair}" for pair in ("width=8", "widest=16", "latent=8", "batch=8")]


def said(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize("command", ["train", "tune"])
def test_every_command_shows_an_example(command: str) -> None:
    assert f"fenshen {command}" in said(command, "--help")


def test_train_makes_weights_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    data = tiny_set(tmp_path / "set", count=24)
    line = ["train", "dcgan", "--data", str(data), "--out", str(tmp_path / "out"), "--budget", "2m", "--steps", "4", *SMALL]
    assert "face-dcgan.safetensors" in said(*line)
    before = (tmp_path / "out" / "face-dcgan.safetensors").read_bytes()
    said(*line)
    assert (tmp_path / "out" / "face-dcgan.safetensors").read_bytes() == before


def test_few_pictures_adapt_a_net_of_other_settings_at_its_whole_resolution(tmp_path: Path) -> None:
    """A start at `--set width=8` was refused in 400 characters, and one that fitted was shipped at half its size."""
    data = tiny_set(tmp_path / "set", count=24)
    line = ["train", "stylegan", "--data", str(data), "--steps", "1", "--set", "batch=8"]
    said(*line, "--out", str(tmp_path / "first"), *SMALL)
    start = tmp_path / "first" / "face-stylegan.safetensors"
    said(*line, "--out", str(tmp_path / "few"), "--start", str(start), "--few-shot")
    net = load_net(tmp_path / "few" / "face-stylegan.safetensors").nets["generator"]
    assert net.grown.tolist() == [len(net.first), 1.0]


PROGRAM = """
import os, signal, sys, threading
os.environ.pop("PREFECT_API_URL", None)
signal.signal(signal.SIGINT, signal.default_int_handler)
import psutil
from flows.cli.app import app
from flows.engine.events import listen_to_events
def end(event):
    if event.note.startswith("step"):
        print(*[child.pid for child in psutil.Process().children()], flush=True)
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait()  # a step that never comes back
with listen_to_events(end):
    app(sys.argv[1:])
"""


def test_an_interrupted_training_ends_at_once_with_one_sentence_and_no_child(tmp_path: Path) -> None:
    data = tiny_set(tmp_path / "set", count=24)
    line = ["train", "dcgan", "--data", str(data), "--out", str(tmp_path / "out"), "--steps", "4000", *SMALL]
    command = [sys.executable, "-c", PROGRAM, *line]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (130, f"{INTERRUPTED}\n")
    servers = [int(pid) for pid in done.stdout.split()]
    assert servers
    assert not [pid for pid in servers if psutil.pid_exists(pid)]
    assert not list((tmp_path / "out").glob("*.safetensors"))


@pytest.mark.parametrize("command", ["train", "tune", "retrain"])
def test_a_data_set_that_is_not_there_is_one_sentence(command: str, tmp_path: Path) -> None:
    """It was told after half a minute, below two tracebacks of Prefect's."""
    told = said(command, "vae", "--data", str(tmp_path), code=2)
    assert told == f"error[data/unfinished] {tmp_path} holds no finished data set; make one with `fenshen data`"


@pytest.mark.parametrize(("words", "sentence"), [
    (["train", "cats"], "there is no net 'cats'"),
    (["train", "dcgan", "--set", "batch=0"], "batch cannot be 0: input should be greater than or equal to 1"),
    (["train", "bodyvae"], "bodyvae learns body vectors, not pictures"),
    (["tune", "cats"], "no search space is written for 'cats'"),
    (["tune", "vae", "--folds", "50"], "10 people cannot be split into 50 folds"),
])  # fmt: skip
def test_what_does_not_fit_is_told_before_prefect_starts(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object) -> None:
        raise AssertionError("Prefect was started")

    monkeypatch.setattr("flows.engine.run_flow.run_training", started)
    assert sentence in said(*words, "--data", str(tiny_set(tmp_path, count=24)), code=2)


def test_tune_prints_its_trials_and_the_command_of_the_best(tmp_path: Path) -> None:
    data = tiny_set(tmp_path / "set", count=24)
    told = said("tune", "vae", "--data", str(data), "--trials", "2", "--folds", "2", "--steps", "3")
    assert "fenshen train vae" in told
    assert "--set lr=" in told


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("60m", 3600), ("1.5h", 5400), ("20", 1200)])
def test_budgets_are_lengths_of_time(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


def test_settings_are_read_as_numbers_truths_lists_and_words() -> None:
    told = parse_settings(["a=1e-3", "b=true", "c=[1, 2]", "d=hinge"])
    assert told == {"a": 1e-3, "b": True, "c": (1, 2), "d": "hinge"}
    with pytest.raises(SpecError, match="'a' is no setting"):
        parse_settings(["a"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "vae", "--data", "x", "--budget", "soon"], "'soon' is no length of time"),
        (["train", "identity", "--resume", "nowhere.pt"], "there is no checkpoint nowhere.pt"),
        (["train", "vae"], "vae needs a data set"),
        (["train", "vae", "--data", "x", "--few-shot"], "--few-shot adapts trained weights"),
        (["train", "vae", "--data", "x", "--start", "gone.safetensors"], "there is no file gone.safetensors"),
    ],
)
def test_what_is_wrong_is_told_before_training(words: list[str], sentence: str) -> None:
    assert sentence in said(*words, code=2)

"""Real commands, disturbed: nothing is lost, half written or made twice. `python -m bench.faults` does the same in greater numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.store import LocalStore
from bench.faults.__main__ import main
from bench.faults.checks import find_doubles, take_snapshot
from bench.faults.launcher import FILLER, fill_disk
from bench.faults.trial import ZEROES, Trial, format_table, read_trials
from tests.assets.test_codec import identity

QUICK = ("--only", "body", "--seed", "1")
"""Two stages, without a server."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder that keeps the undisturbed build for all tests."""
    return str(tmp_path_factory.mktemp("faults") / "reference")


def run(capsys: pytest.CaptureFixture[str], reference: str, *words: str) -> list[Trial]:
    """The trials of one call, all of which are clean."""
    code = main([*words, *QUICK, "--reference", reference])
    trials = read_trials(capsys.readouterr().out.splitlines())
    assert [trial.notes for trial in trials if not trial.is_clean()] == []
    assert code == 0
    return trials


@pytest.mark.slow
def test_killed_builds_and_sweeps(capsys: pytest.CaptureFixture[str], reference: str) -> None:
    trials = run(capsys, reference, "--kind", "kill", "--commands", "build,gc", "--count", "2")
    commands = [trial.command.split(",")[0] for trial in trials]
    assert commands == ["build --only body", "cache gc"]


@pytest.mark.slow
def test_damaged_results(capsys: pytest.CaptureFixture[str], reference: str) -> None:
    assert len(run(capsys, reference, "--kind", "damage", "--count", "2")) == 2


@pytest.mark.slow
def test_builds_at_once_make_each_result_once(capsys: pytest.CaptureFixture[str], reference: str) -> None:
    """Each of two builds at the same time computed every stage."""
    assert len(run(capsys, reference, "--kind", "crowd", "--crowd", "2")) == 2


def test_the_table_sums_up_and_one_count_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clean, bad = Trial("kill", "build, KILL", seconds=2), Trial("kill", "build, INT", seconds=4)
    bad.count("lost", ["voice"])
    lines = tmp_path / "lines.jsonl"
    lines.write_text(f"{clean.to_json()}\n{bad.to_json()}\n")
    assert main(["--table", str(lines)]) == 1
    table = capsys.readouterr().out.splitlines()
    assert table[2] == "| kill | build | 2 | 2 | 1 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 3.0 |"
    assert table == format_table([clean, bad]).splitlines()
    assert json.loads(bad.to_json())["notes"] == ["lost: voice"]
    assert len(table[0].split("|")) == len(ZEROES) + 7


def test_a_result_that_was_stored_again_counts_as_lost(store: LocalStore) -> None:
    for letter in "abc":
        store.put(letter * 64, identity(ord(letter)), {"stage": letter})
    before = take_snapshot(store)
    assert before.find_lost(take_snapshot(store)) == []
    store.put("a" * 64, identity(1), {"stage": "a"})
    (store.root / "keys" / "bb" / ("b" * 64 + ".json")).unlink()
    assert before.find_lost(take_snapshot(store)) == ["a", "b"]


def test_two_logs_of_one_key_are_a_double(tmp_path: Path) -> None:
    logs = [tmp_path / name for name in "abc"]
    for log, key in zip(logs, "001", strict=True):
        log.write_text(f"10:00 INFO voice: running with hibari under key {key * 64}\n")
    assert find_doubles(logs) == ["voice 2 times"]


def test_a_filled_disk_takes_no_byte_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk of 70 MB, as far as the filler can see."""
    written, real_open = [0], open

    class Disk:
        def __enter__(self) -> Disk:
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def write(self, data: bytes) -> int:
            if written[0] + len(data) > 70_000_001:
                raise OSError(28, "No space left on device")
            written[0] += len(data)
            return len(data)

    monkeypatch.setattr("builtins.open", lambda path, *mode, **options: Disk() if Path(path).name == FILLER else real_open(path, *mode))
    fill_disk(tmp_path)
    assert written[0] == 70_000_001

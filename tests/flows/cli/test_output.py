"""`--quiet`, `--verbose` and `--log-file`."""

from __future__ import annotations

import json
import logging
import logging.config
import re
from pathlib import Path

import pytest

from assets.errors import StoreError
from flows.cli import output
from flows.cli.console import PRINT_LOGGER, err, out
from flows.cli.live_display import EVENT_LOGGER
from flows.cli.output import STAGE_LOGGER, OutputOptions, apply_output_options
from tests.flows.cli.command import TINY, invoke, run_fenshen

pytestmark = pytest.mark.usefixtures("empty_home")
BUILD = ("build", str(TINY), "--only", "body")
SECONDS = re.compile(r"\d+\.\d s")


def read_lines(text: str) -> list[str]:
    """The lines, times and digests replaced."""
    return [re.sub(r"\b[0-9a-f]{12,}\b", "DIGEST", SECONDS.sub("N s", line)) for line in text.splitlines()]


def test_off_a_terminal_each_finished_stage_is_a_plain_line() -> None:
    result = invoke(*BUILD)
    assert read_lines(result.stderr) == ["identity: done in N s (unet)", "body: done in N s (anny)"]
    assert read_lines(result.stdout) == ["body: body/1 DIGEST (made)"]
    assert read_lines(invoke(*BUILD).stderr) == ["identity: found (unet)", "body: found (anny)"]


def test_quiet_prints_nothing_where_nothing_is_wrong() -> None:
    result = invoke(*BUILD, "--quiet")
    assert (result.stdout, result.stderr) == ("", "")


def test_quiet_still_prints_errors_and_json() -> None:
    assert run_fenshen("build", "kofi", "--only", "soul", "-q", code=2).startswith("error[build/stage] there is no stage soul")
    assert json.loads(invoke(*BUILD, "--quiet", "--json").stdout)["stage"] == "body"


def test_verbose_prints_what_the_stages_log() -> None:
    assert read_lines(invoke(*BUILD, "-v").stderr) == [
        "identity: running with unet under key DIGEST", "identity: stored identity/1 DIGEST after N s", "identity: done in N s (unet)",
        "body: running with anny under key DIGEST", "body: stored body/1 DIGEST after N s", "body: done in N s (anny)",
    ]  # fmt: skip


def test_a_warning_of_a_stage_is_printed_without_verbose_and_hidden_by_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    for options in (OutputOptions(), OutputOptions(quiet=True)):
        with apply_output_options(options):
            STAGE_LOGGER.warning("voice: the stored result is damaged")
            STAGE_LOGGER.info("voice: running")
    assert capsys.readouterr().err == "voice: the stored result is damaged\n"


def test_a_log_file_holds_everything_with_timestamps(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "build.log"
    invoke(*BUILD, "--quiet", "--log-file", str(log))
    invoke("build", "kofi", "--only", "soul", "--log-file", str(log), code=2)
    lines = log.read_text(encoding="utf-8").splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (INFO|DEBUG) ", line) for line in lines)
    messages = [line.split(" ", 3)[3] for line in read_lines("\n".join(lines))]
    assert messages[:4] == [
        "identity: running", "identity: running with unet under key DIGEST", "identity: stored identity/1 DIGEST after N s",
        "identity: done in N s (unet)",
    ]  # fmt: skip
    assert messages[8] == "body: body/1 DIGEST (made)"
    assert messages[9].startswith("error[build/stage] there is no stage soul")


def test_a_log_file_outlives_a_library_that_closes_all_handlers(tmp_path: Path) -> None:
    """Prefect does, when it is imported."""
    log = tmp_path / "build.log"
    with apply_output_options(OutputOptions(quiet=True, log_file=log)):
        logging.config.dictConfig({"version": 1, "incremental": False, "disable_existing_loggers": False})
        STAGE_LOGGER.info("voice: running")
    assert log.read_text(encoding="utf-8").endswith("INFO voice: running\n")


@pytest.mark.parametrize(("words", "code", "sentence"), [
    (("--quiet", "--verbose"), 2, "error[cli/output] --quiet and --verbose contradict each other; use one of them"),
    (("--log-file", "{folder}"), 4, "error[cli/log-file] the log file {folder} cannot be written: Is a directory; choose another file"),
])  # fmt: skip
def test_options_that_cannot_be_followed_are_one_sentence(words: tuple[str, ...], code: int, sentence: str, tmp_path: Path) -> None:
    given = [word.format(folder=tmp_path) for word in words]
    assert run_fenshen(*BUILD, *given, code=code) == sentence.format(folder=tmp_path)


def test_afterwards_everything_is_as_before(tmp_path: Path) -> None:
    loggers = (logging.getLogger(), STAGE_LOGGER, PRINT_LOGGER, EVENT_LOGGER)
    before = [(list(logger.handlers), logger.level, logger.propagate) for logger in loggers]
    with apply_output_options(OutputOptions(quiet=True, log_file=tmp_path / "a.log")):
        assert out.quiet
        assert err.quiet
    assert not out.quiet
    assert not err.quiet
    assert [(list(logger.handlers), logger.level, logger.propagate) for logger in loggers] == before
    assert output.LogFileHandler.__name__[0] != "_", "Prefect replaces the root's handlers unless one has a public name"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_log_file_on_a_full_disk_is_one_sentence_after_the_work() -> None:
    """Each line was a traceback, and the last one said that the output was full."""
    with pytest.raises(StoreError) as caught, apply_output_options(OutputOptions(quiet=True, log_file=Path("/dev/full"))):
        STAGE_LOGGER.info("a line")
    assert str(caught.value).startswith(
        "error[cli/log-file] the log file /dev/full cannot be written: No space left on device (a build needs"
    )

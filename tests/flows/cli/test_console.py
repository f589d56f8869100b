"""Printing: names as they are, errors as one line and an exit code."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest
import typer
from rich.table import Table

from assets.errors import BackendError, Finding, FormatError, GateError, RightsError, Severity, SpecError, StoreError
from flows import INTERRUPTED
from flows.cli.console import err, out, report_findings
from flows.cli.live_display import LiveDisplay
from flows.engine.events import Event


def test_cells_rows_and_bars_hold_names_as_they_are(capfd: pytest.CaptureFixture[str]) -> None:
    table = Table("spec", title="a :cat: [b]")
    table.add_row(":dog: [red]x")
    display = LiveDisplay({})
    display.handle_event(Event(":cow: [i]", "running"))
    for console in (out, err):
        console.print(table)
        console.print(display)
        printed = "".join(capfd.readouterr())
        assert [name for name in ("a :cat: [b]", ":dog: [red]x", ":cow: [i]") if name not in printed] == []


@pytest.mark.parametrize(("kind", "code"), [
    (SpecError, 2), (FormatError, 2), (RightsError, 2), (GateError, 3), (BackendError, 4), (StoreError, 4),
])  # fmt: skip
def test_each_class_of_error_has_its_exit_code_and_a_line_per_finding(
    kind: type[SpecError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught, report_findings():
        raise kind(Finding("a/b", "it is wrong", fix="fix it"), Finding("a/c", "this too", Severity.WARNING))
    assert caught.value.exit_code == code
    assert capsys.readouterr().err.splitlines() == ["error[a/b] it is wrong; fix it", "warning[a/c] this too"]


def test_ctrl_c_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, report_findings():
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130
    assert capsys.readouterr().err == f"{INTERRUPTED}\n"


def test_a_library_that_cannot_be_loaded_is_one_sentence_and_exit_code_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(typer.Exit) as caught, report_findings():
        import_module("torch")
    assert caught.value.exit_code == 4
    assert capsys.readouterr().err.startswith("error[backend/library] this command needs a library that cannot be loaded: import of torch")


def test_a_module_of_our_own_that_cannot_be_loaded_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flows.pipeline.request", None)
    with pytest.raises(ImportError, match=r"flows\.pipeline\.request"), report_findings():
        import_module("flows.pipeline.request")
